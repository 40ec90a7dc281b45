"""Messages between ops of batches as packets: their ways, flits, channels, and who waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError
from archsim.mapping.accounts import Accounts
from archsim.mapping.lower import Lowering, too_long
from archsim.mapping.multicast import Packets, packets
from archsim.mapping.program import IntArray
from archsim.mapping.rows import Rows, Sides
from archsim.mapping.ticks import ticks
from archsim.trace import Messages

__all__ = ["Ways", "ways"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Tasks that carry messages: first all packets, then the rests of those taken off at forks."""

    legs: Packets
    leg_flits: IntArray
    leg_bits: IntArray
    producer: IntArray
    """(packets,) op that each packet carries a result of; -1: none."""
    rest_of: IntArray
    """(rests,) packet that each is the rest of."""
    rest_ticks: IntArray
    """(rests,) how long after its head the last flit is there. [fs]"""
    arrives: IntArray
    """(pairs,) task, as numbered here, that a consumer waits for."""
    consumer: IntArray
    """(pairs,) op that waits for it."""
    direct: tuple[IntArray, IntArray]
    """Ops that wait for another op itself, and which."""
    batch: IntArray
    """(tasks,) batch that each stands before."""
    held: NDArray[np.bool_]
    """(packets,) whether it ends before a finite buffer."""

    @property
    def visits(self) -> IntArray:
        """(tasks,) number of visits."""
        ones = np.ones(len(self.rest_of), dtype=np.int64)
        return np.concatenate((np.diff(self.legs.offsets), ones))

    @property
    def flits(self) -> IntArray:
        """(tasks,) length of each in flits."""
        return np.concatenate((self.leg_flits, np.ones(len(self.rest_of), dtype=np.int64)))

    def forks(self, task: IntArray) -> IntArray:
        """Return the trunk, if any, whose last buffer place each task leaves from."""
        trunk = self.legs.trunk
        branch = (trunk >= 0) & self.held[trunk]
        none = np.full(len(self.rest_of), -1)
        return np.concatenate((np.where(branch, task[trunk], -1), none))

    def dependencies(self, task: IntArray, op: IntArray) -> tuple[IntArray, IntArray]:
        """Return (waiting task, what it waits for), in any order."""
        legs = len(self.legs.trunk)
        branches = np.flatnonzero(self.legs.trunk >= 0)
        roots = np.flatnonzero((self.legs.trunk < 0) & (self.producer >= 0))
        owners = (
            task[branches],
            task[roots],
            task[legs:],
            op[self.consumer],
            op[self.direct[0]],
        )
        waits = (
            task[self.legs.trunk[branches]],
            op[self.producer[roots]],
            task[self.rest_of],
            task[self.arrives],
            op[self.direct[1]],
        )
        return np.concatenate(owners), np.concatenate(waits)

    def rows(
        self, lowering: Lowering, accounts: Accounts, task: IntArray, repeat: int
    ) -> tuple[list[Rows], list[Sides]]:
        """Return the visits of all packets on their links, and what routers count."""
        legs, chip, fabric = self.legs, lowering.chip, lowering.fabric
        sizes = np.diff(legs.offsets)
        owner = np.repeat(np.arange(len(sizes)), sizes)
        place = np.arange(len(owner)) - legs.offsets[owner]
        last = (place == sizes[owner] - 1) & ~legs.forks[owner]
        rows: list[Rows] = []
        sides: list[Sides] = []
        kinds = chip.kind_of_link[legs.links]
        for number, kind in enumerate(chip.link_kinds):
            at = np.flatnonzero(kinds == number)
            if not len(at):
                continue
            mine, links = owner[at], legs.links[at]
            transfer = kind.component.actions["transfer"]
            cycle = max(ticks(transfer.interval), 1)
            flits, number_of = self.leg_flits[mine], task[mine]
            delay = kind.router.actions["route"].latency if kind.router else 0.0
            head = max(ticks(transfer.latency), 1) + ticks(delay)
            rows.append(
                Rows(
                    task=number_of,
                    place=place[at],
                    station=links + fabric.first_link,
                    occupancy=flits * cycle,
                    latency=head + last[at] * (flits - 1) * cycle,
                    account=accounts.of_links(links, kind.component.name),
                    counts=repeat * self.leg_bits[mine],
                    channel=chip.channel(kind.wire.channels, past=legs.past[at], packet=number_of),
                )
            )
            if kind.router:
                nodes = chip.topology.links().target[links]
                account = accounts.of_nodes(nodes, "router", "route")
                sides.append(Sides(number_of, account, repeat * flits, place[at]))
        rests = task[len(sizes) :]
        if len(rests):
            zero, none = np.zeros_like(rests), np.full_like(rests, -1)
            station = np.full_like(rests, fabric.delivery)
            rows.append(Rows(rests, zero, station, zero, self.rest_ticks, none, zero))
        return rows, sides


def ways(
    lowering: Lowering,
    messages: Messages,
    batch: IntArray,
    begin: IntArray,
    end: IntArray,
    source: int,
) -> Ways:
    """Return the packets of all messages.

    Parameters
    ----------
    lowering : Lowering
        Chip and placement.
    messages : Messages
        What is sent from op to op.
    batch : ndarray of int64
        (ops,) batch of each op.
    begin, end : ndarray of int64
        (ops,) tile at which each op begins, and the one at which it ends.
    source : int
        Tile that messages of no op come from.

    Raises
    ------
    InputError
        If a packet is longer than a buffer on its way.
    """
    messages = _cut(messages, lowering.chip.packet_bits)
    number = np.repeat(np.arange(len(messages.producer)), np.diff(messages.offsets))
    producer, target = messages.producer[number], begin[messages.consumers]
    start = np.where(producer >= 0, end[producer], source)
    near = (messages.bits[number] == 0) | (start == target)
    own, far = near & (producer >= 0), np.flatnonzero(~near)
    nodes = len(lowering.chip.topology.nodes)
    pairs, turn = _distinct(number[far] * nodes + target[far])
    message, goal = np.divmod(pairs, nodes)
    made = messages.producer[message]
    starts = np.where(made >= 0, end[made], source)
    routes = lowering.chip.topology.routes(starts, goal)
    legs = packets(routes, message, lowering.chip.topology.links())
    earliest = np.full(len(messages.producer), len(batch) + 1)
    np.minimum.at(earliest, number, batch[messages.consumers])
    flits = _flits(lowering, messages, legs)
    arrives, rest_of = _taken(legs, flits)
    return Ways(
        legs=legs,
        leg_flits=flits,
        leg_bits=messages.bits[legs.message],
        producer=messages.producer[legs.message],
        rest_of=rest_of,
        rest_ticks=_tail(lowering, legs, rest_of) * (flits[rest_of] - 1),
        arrives=arrives[turn],
        consumer=messages.consumers[far],
        direct=(messages.consumers[own], producer[own]),
        batch=earliest[np.concatenate((legs.message, legs.message[rest_of]))],
        held=_held(lowering, legs),
    )


def _cut(messages: Messages, longest: int) -> Messages:
    """Return messages of at most so many bits, each consumer waiting for all parts of its own."""
    parts = np.maximum(-(-messages.bits // longest), 1) if longest else np.ones(1, dtype=np.int64)
    if (parts == 1).all():
        return messages
    whole = np.repeat(np.arange(len(parts)), parts)
    turn = np.arange(len(whole)) - (np.cumsum(parts) - parts)[whole]
    sizes = np.diff(messages.offsets)[whole]
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    shift = np.repeat(messages.offsets[whole] - offsets[:-1], sizes)
    return Messages(
        producer=messages.producer[whole],
        bits=np.minimum(messages.bits[whole] - turn * longest, longest),
        offsets=offsets,
        consumers=messages.consumers[np.arange(offsets[-1]) + shift],
    )


def _distinct(keys: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct of some keys, rising, and which of them each is (sorts, so no hash)."""
    order = np.argsort(keys, kind="stable")
    fresh = np.diff(keys[order], prepend=-1) > 0
    turn = np.empty_like(order)
    turn[order] = np.cumsum(fresh) - 1
    return keys[order][fresh], turn


def _taken(legs: Packets, flits: IntArray) -> tuple[IntArray, IntArray]:
    """Return the task at which each route arrives, and the packets whose rest is waited for."""
    late = legs.forks[legs.delivered] & (flits[legs.delivered] > 1)
    rest_of, place = np.unique(legs.delivered[late], return_inverse=True)
    arrives = legs.delivered.copy()
    arrives[late] = len(legs.trunk) + place
    return arrives, rest_of


def _by_kind(lowering: Lowering, links: IntArray, values: list[int]) -> IntArray:
    chosen: IntArray = np.array(values, dtype=np.int64)[lowering.chip.kind_of_link[links]]
    return chosen


def _last_links(legs: Packets) -> IntArray:
    return np.asarray(legs.links[legs.offsets[1:] - 1])


def _tail(lowering: Lowering, legs: Packets, which: IntArray) -> IntArray:
    """Return the time from flit to flit on the last links of some packets. [fs]."""
    cycles = [
        max(ticks(kind.component.actions["transfer"].interval), 1)
        for kind in lowering.chip.link_kinds
    ]
    return _by_kind(lowering, _last_links(legs)[which], cycles)


def _held(lowering: Lowering, legs: Packets) -> NDArray[np.bool_]:
    """Return which packets end before a finite buffer."""
    channels = [kind.wire.channels for kind in lowering.chip.link_kinds]
    return _by_kind(lowering, _last_links(legs), channels) > 0


def _flits(lowering: Lowering, messages: Messages, legs: Packets) -> IntArray:
    """Return the length of every packet in flits of the narrowest link that its message passes."""
    chip = lowering.chip
    owner = np.repeat(np.arange(len(legs.message)), np.diff(legs.offsets))
    narrow = np.full(len(messages.producer), 1 << 20)
    widths = [kind.wire.width for kind in chip.link_kinds]
    if len(set(widths)) == 1:
        narrow[:] = widths[0]
    else:
        np.minimum.at(narrow, legs.message[owner], _by_kind(lowering, legs.links, widths))
    flits: IntArray = -(-messages.bits[legs.message] // narrow[legs.message])
    depth = [kind.wire.depth for kind in chip.link_kinds]
    if not any(depth):
        return flits
    kept = np.ones(len(owner), dtype=np.bool_)
    kept[(legs.offsets[1:] - 1)[~legs.forks]] = False
    room = _by_kind(lowering, legs.links, depth)
    bad = np.flatnonzero(kept & (room > 0) & (flits[owner] > room))
    if len(bad):
        packet = int(owner[bad[0]])
        link = chip.link(int(legs.links[bad[0]]))
        bits = int(messages.bits[legs.message[packet]])
        raise InputError(too_long(chip, link, bits, int(flits[packet])))
    return flits
