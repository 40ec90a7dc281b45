"""Multicast of spikes: one packet to many cores, which branches where their ways part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.chip.chip import Link
from archsim.errors import InputError
from archsim.mapping.lower import Lowering, ticks, too_long
from archsim.mapping.multicast import packets
from archsim.mapping.program import IntArray

__all__ = ["LINK_COLUMNS", "Deliveries", "LinkRows", "Sent", "branched"]

LINK_COLUMNS = (
    *("station", "occupancy_ticks", "latency_ticks", "account", "count"),
    *("channels", "router", "tail_ticks"),
)
"""Columns of `LinkRows`: of the visit of a packet's head, with the bits that it counts; channels
behind the link; account of flits in the router at its far end, or -1; and how long the tail takes
after the head."""


@dataclass(slots=True)
class LinkRows:
    """What a spike does on each link, worked out when it is asked for."""

    lowering: Lowering
    phase: str
    bits: int
    flits: int

    def row(self, link: Link) -> tuple[int, ...]:
        """Return the columns of one link.

        Raises
        ------
        InputError
            If the packet is longer than the buffer behind it.
        """
        lowering = self.lowering
        if link.channels and self.flits > link.depth:
            raise InputError(too_long(lowering.chip, link, self.bits, self.flits))
        transfer = link.component.actions["transfer"]
        cycle = max(ticks(transfer.interval), 1)
        latency = max(ticks(transfer.latency), 1) + ticks(link.head_time)
        router = lowering.routed(self.phase, link)
        return (
            lowering.link_station(link),
            self.flits * cycle,
            latency,
            lowering.link_account(self.phase, link),
            self.bits,
            link.channels,
            -1 if router is None else router,
            (self.flits - 1) * cycle,
        )

    def gathered(self, numbers: IntArray) -> dict[str, IntArray]:
        """Return the columns of many links by number, an entry each."""
        known, place = np.unique(numbers, return_inverse=True)
        rows = [self.row(self.lowering.chip.link(number)) for number in known.tolist()]
        table = np.array(rows, dtype=np.int64).reshape(-1, len(LINK_COLUMNS))
        return dict(zip(LINK_COLUMNS, table[place].T.copy(), strict=True))


class Deliveries(NamedTuple):
    """Where the spikes of a step go, an entry for each spike and core, spike by spike."""

    spike: IntArray
    """Which spike it is, rising."""
    source: IntArray
    """Number of the tile that it comes from."""
    target: IntArray
    """Number of the tile that it goes to."""
    synapses: dict[str, IntArray]
    """Visit of the synapses there: station, occupancy_ticks, latency_ticks, account, count."""


class Sent(NamedTuple):
    """Packets of a step as tasks."""

    visits: dict[str, IntArray]
    """Columns of visits; ``router`` is an account, or -1."""
    offsets: IntArray
    """(tasks+1,) slices of them."""
    spike: IntArray
    """(tasks,) spike that each is part of."""
    after: IntArray
    """(tasks,) which of these tasks each waits for; -1: the update of its neuron."""
    fork_of: IntArray
    """(tasks,) which of them it branches off from, out of a buffer; -1: none."""


def branched(rows: LinkRows, given: Deliveries) -> Sent:
    """Return spikes as trees of packets, every link passed once.

    Notes
    -----
    A packet that goes no further takes the synapses as its last visit. At a fork that is a core as
    well the synapses are one of the branches; their results wait for the packet's tail.
    """
    chip = rows.lowering.chip
    away = np.flatnonzero(given.source != given.target)
    home = np.flatnonzero(given.source == given.target)
    routes = chip.topology.routes(given.source[away], given.target[away])
    found = packets(routes, given.spike[away], chip.topology.links())
    legs = len(found.message)
    links = rows.gathered(found.links)
    at_fork = found.forks[found.delivered]
    ending, forked = np.flatnonzero(~at_fork), np.flatnonzero(at_fork)
    passed = np.diff(found.offsets)
    closes = np.zeros(legs, dtype=np.int64)
    closes[found.delivered[ending]] = 1
    extra = np.concatenate((away[forked], home))
    offsets = np.concatenate(
        ([0], np.cumsum(np.concatenate((passed + closes, np.ones_like(extra)))))
    )
    owner = np.repeat(np.arange(legs), passed)
    place = offsets[owner] + np.arange(len(owner)) - found.offsets[owner]
    last = found.offsets[1:] - 1
    links["latency_ticks"][last] += np.where(found.forks, 0, links["tail_ticks"][last])
    links["channel"] = chip.channel(links["channels"], past=found.past, packet=owner)
    synapses = offsets[:-1][found.delivered[ending]] + passed[found.delivered[ending]]
    alone = offsets[legs:-1]
    visits = {}
    for name in ("station", "occupancy_ticks", "latency_ticks", "account", "count", "channel"):
        column = np.zeros(int(offsets[-1]), dtype=np.int64)
        column[place] = links[name]
        if name != "channel":
            column[synapses] = given.synapses[name][away[ending]]
            column[alone] = given.synapses[name][extra]
        visits[name] = column
    tails = links["tail_ticks"][last[found.delivered[forked]]]
    visits["latency_ticks"][alone[: len(forked)]] += tails
    visits["router"] = np.full(int(offsets[-1]), -1)
    visits["router"][place] = links["router"]
    trunk = np.concatenate((found.trunk, found.delivered[forked], np.full(len(home), -1)))
    return Sent(
        visits=visits,
        offsets=offsets,
        spike=np.concatenate((found.message, given.spike[extra])),
        after=trunk,
        fork_of=_buffered(trunk, links["channels"][last]),
    )


def _buffered(trunk: IntArray, channels: IntArray) -> IntArray:
    """Return the trunks that end before a finite buffer; -1 for others."""
    ends: NDArray[np.bool_] = np.append(channels > 0, values=False)  # the last one: no trunk
    return np.where(ends[trunk], trunk, -1)
