"""Lowering: ops of a trace segment to tasks and visits; the only rounding of times to ticks.

Each op becomes one task on the tile that does it, with one visit per kind of component that takes
time. A result that dependent ops need on other tiles becomes a packet along the route; where routes
to several tiles run together, one packet takes them, which branches at every fork.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from archsim.chip.chip import Chip, Link
from archsim.chip.links import IntArray, joined
from archsim.components.component import Action, Component
from archsim.errors import InputError
from archsim.mapping.accounts import LinkNames
from archsim.mapping.multicast import packets
from archsim.mapping.place import Placement
from archsim.mapping.program import (
    AccountTable,
    Segment,
    SegmentBuilder,
    StationTable,
    Visit,
)
from archsim.mapping.stations import FRONT_END, ChipStations
from archsim.mapping.ticks import FEMTOSECONDS, ticks
from archsim.trace import Block, Op, OpKind, TraceSegment

__all__ = ["FEMTOSECONDS", "FRONT_END", "PACE", "Lowering", "ticks", "too_long"]

PACE = {
    OpKind.READ: "cell_read",
    OpKind.READ_TRANSPOSED: "cell_read",
    OpKind.SETTLE: "cell_settle",
    OpKind.WRITE: "cell_pulse",
    OpKind.VERIFY: "verify_read",
}
"""Action of the array whose time one slot of an op takes."""


@dataclass(frozen=True, slots=True)
class _Act:
    """One count of an op, with the component that it falls on."""

    tile: str
    component: Component
    action: Action
    count: int


class _Leg(NamedTuple):
    """Links that a packet passes between two forks."""

    links: tuple[Link, ...]
    past: tuple[bool, ...]
    """Whether each lies past the dateline of its ring."""
    trunk: int
    """Leg at whose end it branches off; -1: none."""
    forks: bool
    """Whether others branch off at its end."""


class _Plan(NamedTuple):
    """The way of a packet from one tile to others."""

    legs: tuple[_Leg, ...]
    delivered: dict[str, int]
    """Target → leg at whose end it stands."""
    width_bits: int
    """Bits of a flit: the narrowest link's."""


@dataclass(slots=True)
class Lowering:
    """Turns trace segments into program segments for one chip and placement.

    Parameters
    ----------
    chip : Chip
        The chip.
    placement : Placement
        Where the blocks stand.
    joined : bool
        Whether all arrays act as one piece of hardware, because analog neurons connect them.
    each_tile : bool
        Whether batches on a chip of very many tiles are booked tile by tile nevertheless.
    """

    chip: Chip
    placement: Placement
    joined: bool
    each_tile: bool = False
    """Whether a chip of very many tiles is booked tile by tile nevertheless."""
    accounts: AccountTable = field(default_factory=AccountTable)
    stations: StationTable = field(init=False)
    fabric: ChipStations = field(init=False)
    """Finds stations by number."""
    link_names: LinkNames = field(init=False)
    source: str = field(init=False)
    """Tile that tells the others what to do where nothing went before."""
    _plan: Callable[[str, tuple[str, ...]], _Plan] = field(init=False)

    def __post_init__(self) -> None:
        """Give every front end, component and link its station."""
        fronts = self.placement.numbers
        if self.joined and fronts.size:
            fronts = fronts.reshape(1, -1)
        self.fabric = ChipStations(self.chip, fronts)
        self.stations = self.fabric.table()
        self.link_names = LinkNames(self.chip)
        controllers = self.chip.providers("controller") or self.chip.tiles
        self.source = controllers[0].name
        self._plan = functools.lru_cache(maxsize=1 << 16)(self._planned)

    @property
    def timed(self) -> frozenset[str]:
        """Acts, ``role.action``, of which more take more time."""
        return frozenset(
            f"{role}.{action.name}"
            for name, table in self.chip.tables.items()
            for role, part in table.items()
            for action in part.actions.values()
            if name != "network" and role not in FRONT_END and action.latency
        )

    def segment(self, trace: TraceSegment) -> Segment:
        """Return the program segment of one trace segment.

        Raises
        ------
        InputError
            If an op needs a component that the chip lacks.
        """
        builder = SegmentBuilder(
            epoch=trace.epoch, step=trace.step, phase=trace.phase.value, repeat=trace.repeat
        )
        lowered = [self._visits(op, self._acts(op), trace.repeat) for op in trace.ops]
        wanted = self._wanted(trace, lowered)
        done: list[tuple[int, str]] = []
        carried: dict[tuple[int, str], list[int]] = {}
        for op, (visits, begin, end) in zip(trace.ops, lowered, strict=True):
            if op.input_bits:
                after = self._told(builder, op, [done[number] for number in op.after], begin)
            else:
                after = []
                for number in op.after:
                    task, tile = done[number]
                    bits = trace.ops[number].output_bits
                    if bits and begin and tile and tile != begin:
                        if (number, begin) not in carried:
                            beside = self._beside(tile, begin, wanted[number])
                            sent = self._message(builder, op, bits, [task], tile, beside)
                            carried |= {(number, target): tasks for target, tasks in sent.items()}
                        after += carried[number, begin]
                    else:
                        after.append(task)
            label = f"{op.phase} {op.kind}"
            done.append((builder.task(visits, after=after, label=label), end or begin))
        return builder.build()

    def _wanted(
        self, trace: TraceSegment, lowered: Sequence[tuple[list[Visit], str, str]]
    ) -> dict[int, dict[str, None]]:
        """Return the tiles that want the result of each op, in the order in which they do."""
        wanted: dict[int, dict[str, None]] = {}
        for op, (_, begin, _) in zip(trace.ops, lowered, strict=True):
            if begin and not op.input_bits:
                for number in op.after:
                    wanted.setdefault(number, {})[begin] = None
        return wanted

    def _beside(self, tile: str, begin: str, wanted: dict[str, None]) -> tuple[str, ...]:
        """Return which tiles one packet from `tile` serves: `begin` and those on its way."""
        if len(wanted) == 1:
            return (begin,)
        first = self.chip.route(tile, begin)[0]
        return tuple(
            target
            for target in wanted
            if target != tile and self.chip.route(tile, target)[0] is first
        )

    def _told(
        self, builder: SegmentBuilder, op: Op, before: Sequence[tuple[int, str]], begin: str
    ) -> list[int]:
        """Return what `op` waits for: packets that tell its tiles, or the ops before."""
        tasks = [task for task, _ in before]
        source = before[-1][1] if before else self.source
        tiles = [tile for block in op.blocks for tile in self.placement.tiles[block]] or [begin]
        targets = tuple(dict.fromkeys(tile for tile in tiles if tile != source))
        if not (source and targets):
            return tasks
        sent = self._message(builder, op, op.input_bits, tasks, source, targets)
        return [task for target in targets for task in sent[target]]

    def located(
        self, blocks: Sequence[Block], name: str, block: int, plane: int
    ) -> tuple[str, Component, Action]:
        """Return the tile, component and action that a count of an op on blocks falls on.

        Raises
        ------
        InputError
            If the chip lacks it.
        """
        role, _, action = name.partition(".")
        if block >= 0:
            wanted = self.placement.tiles[blocks[block]][max(plane, 0)]
        else:
            wanted = self.placement.tiles[blocks[0]][0] if blocks else ""
        tile = self._provider(role, wanted)
        component = self.chip.tile(tile).components[role]
        if action not in component.actions:
            message = (
                f"chip {self.chip.name}: {tile}.{role} cannot {action}, which the workload needs"
            )
            raise InputError(message)
        return tile, component, component.actions[action]

    def account(self, phase: str, tile: str, component: Component, action: Action) -> int:
        """Return the account of an action."""
        return self.accounts.number(phase, tile, component.name, action.name)

    def station(self, tile: str, component: Component) -> int:
        """Return the station of a component that acts on its own."""
        return int(self.fabric.part(self._tile(tile), component.name)[0])

    def front_end(self, tile: str) -> int:
        """Return the station of the array of a tile and of what acts as one with it."""
        return int(self.fabric.front(self._tile(tile))[0])

    def link_station(self, link: Link) -> int:
        """Return the station of a link."""
        return self.fabric.first_link + link.number

    def link_account(self, phase: str, link: Link) -> int:
        """Return the account of bits on a link."""
        return self.accounts.number(phase, link.name, link.component.name, "transfer")

    def routed(self, phase: str, link: Link) -> int | None:
        """Return the account of flits in the router at the far end of a link; None without one."""
        if not (link.target and self.chip.has_router(link.target)):
            return None
        return self.accounts.number(phase, link.target, "router", "route")

    def _tile(self, name: str) -> IntArray:
        return np.array([self.chip.number(name)])

    def _acts(self, op: Op) -> list[_Act]:
        """Return the counts of an op with their components, in the order they were recorded."""
        return [
            _Act(*self.located(op.blocks, name, block, plane), count)
            for name, block, plane, count in op.counts
        ]

    def _provider(self, role: str, wanted: str) -> str:
        """Return the tile whose `role` serves `wanted`: itself, else the first that has one."""
        if wanted and role in self.chip.tile(wanted).components:
            return wanted
        providers = self.chip.providers(role)
        if not providers:
            message = (
                f"chip {self.chip.name}: no tile has a component {role!r}, which the workload needs"
            )
            raise InputError(message)
        return providers[0].name

    def _visits(self, op: Op, acts: Sequence[_Act], repeat: int) -> tuple[list[Visit], str, str]:
        """Return the visits of an op, the tile where it begins and the one where it ends.

        Counts are those of `repeat` ops that take the same time, one after another; a visit takes
        the time of one of them.
        """
        front = [act for act in acts if act.component.name in FRONT_END]
        rest = [act for act in acts if act.component.name not in FRONT_END]
        visits: list[Visit] = []
        untimed: list[tuple[int, int]] = []
        places: list[str] = []
        if front:
            visits.append(self._front_visit(op, front))
            places.append(front[0].tile)
        for act in rest:
            number = self._account(op, act)
            each, odd = divmod(act.count, repeat)
            assert not (odd and act.action.latency)  # noqa: S101 (the recorder merges no such)
            occupancy, latency = _duration(act.action, each, act.component.servers)
            if not latency or not act.count:
                untimed.append((number, act.count))
                continue
            station = self.station(act.tile, act.component)
            visits.append(Visit(station, occupancy, latency, number, act.count))
            places.append(act.tile)
        if untimed and not visits:
            act = rest[0]
            station = self.station(act.tile, act.component)
            visits.append(Visit(station, 0, 1))
            places.append(act.tile)
        if untimed:
            visits[0] = replace(visits[0], side=(*visits[0].side, *untimed))
        return visits, places[0] if places else "", places[-1] if places else ""

    def _front_visit(self, op: Op, acts: Sequence[_Act]) -> Visit:
        """Return the one visit in which an array and what surrounds it act together."""
        first = next((act for act in acts if act.component.name == "array"), acts[0])
        slot = first.component.actions.get(PACE.get(op.kind, ""), first.action)
        length = max(ticks(slot.latency), 1) * op.slots
        station = self.front_end(first.tile)
        side = tuple((self._account(op, act), act.count) for act in acts if act is not first)
        return Visit(station, length, length, self._account(op, first), first.count, side=side)

    def _account(self, op: Op, act: _Act) -> int:
        return self.accounts.number(op.phase.value, act.tile, act.component.name, act.action.name)

    def _planned(self, source: str, targets: tuple[str, ...]) -> _Plan:
        """Return the way from a tile to others, every shared link once."""
        routes = [self.chip.route(source, target) for target in targets]
        found = packets(
            joined([[link.number for link in route] for route in routes]),
            np.zeros(len(routes), dtype=np.int64),
            self.chip.topology.links(),
        )
        links = {link.number: link for route in routes for link in route}
        legs = tuple(
            _Leg(
                tuple(links[number] for number in found.links[low:high].tolist()),
                tuple(found.past[low:high].tolist()),
                trunk,
                forks,
            )
            for (low, high), trunk, forks in zip(
                itertools.pairwise(found.offsets.tolist()),
                found.trunk.tolist(),
                found.forks.tolist(),
                strict=True,
            )
        )
        delivered = dict(zip(targets, found.delivered.tolist(), strict=True))
        return _Plan(legs, delivered, min(link.width_bits for link in links.values()))

    def _message(
        self,
        builder: SegmentBuilder,
        op: Op,
        bits: int,
        after: Sequence[int],
        source: str,
        targets: tuple[str, ...],
    ) -> dict[str, list[int]]:
        """Add what carries something `op` needs from tile to tiles; return target → its tasks."""
        longest = self.chip.packet_bits or bits
        found: dict[str, list[int]] = {target: [] for target in targets}
        for begin in range(0, bits, longest):
            size = min(longest, bits - begin)
            packet = self._packet(builder, op, size, after, source, targets)
            for target, task in packet.items():
                found[target].append(task)
        return found

    def _packet(
        self,
        builder: SegmentBuilder,
        op: Op,
        bits: int,
        after: Sequence[int],
        source: str,
        targets: tuple[str, ...],
    ) -> dict[str, int]:
        """Add a packet from tile to tiles; return target → the task that ends when it is there.

        Raises
        ------
        InputError
            If the packet is longer than a buffer on its way.
        """
        plan = self._plan(source, targets)
        flits = -(-bits // plan.width_bits)
        tasks: list[int] = []
        for leg in plan.legs:
            trunk = tasks[leg.trunk] if leg.trunk >= 0 else -1
            number = builder.task_count
            visits = []
            for link, past in zip(leg.links, leg.past, strict=True):
                last = link is leg.links[-1] and not leg.forks
                if not last and link.channels and flits > link.depth:
                    raise InputError(too_long(self.chip, link, bits, flits))
                visit = self._hop(op, link, bits, flits, last=last, repeat=builder.repeat)
                channel = int(self.chip.channel(link.channels, past=past, packet=number))
                visits.append(replace(visit, channel=channel))
            held = trunk >= 0 and plan.legs[leg.trunk].links[-1].channels
            label = f"{op.phase} {source} to {', '.join(targets)}"
            task = builder.task(
                visits,
                after=after if trunk < 0 else [trunk],
                flits=flits,
                fork_of=trunk if held else -1,
                label=label,
            )
            tasks.append(task)
        return {
            target: self._taken(builder, plan.legs[leg], tasks[leg], flits)
            for target, leg in plan.delivered.items()
        }

    def _taken(self, builder: SegmentBuilder, leg: _Leg, task: int, flits: int) -> int:
        """Return the task that ends when the last flit is there, not only the head."""
        if not leg.forks or flits == 1:
            return task
        cycle = max(ticks(leg.links[-1].component.actions["transfer"].interval), 1)
        rest = Visit(self.fabric.delivery, 0, (flits - 1) * cycle)
        return builder.task([rest], after=[task], label="rest of a packet at a fork")

    def _hop(self, op: Op, link: Link, bits: int, flits: int, *, last: bool, repeat: int) -> Visit:
        """Return the visit of a packet on one link, with the router at its far end."""
        transfer = link.component.actions["transfer"]
        cycle = max(ticks(transfer.interval), 1)
        latency = max(ticks(transfer.latency), 1) + ticks(link.head_time)
        if last:
            latency += (flits - 1) * cycle
        phase = op.phase.value
        router = self.routed(phase, link)
        side = () if router is None else ((router, repeat * flits),)
        account = self.link_account(phase, link)
        station = self.link_station(link)
        return Visit(station, flits * cycle, latency, account, repeat * bits, side=side)


def too_long(chip: Chip, link: Link, bits: int, flits: int) -> str:
    """Return what to say of a packet that no buffer behind a link can hold."""
    return (
        f"chip {chip.name}: network.{link.component.name}.depth: expected room for {flits} flits, "
        f"the packet of {bits} bits that passes {link.name}, got {link.depth}; make channels "
        f"deeper or links wider, or cut messages with network.{link.component.name}.packet"
    )


def _duration(action: Action, count: int, servers: int) -> tuple[int, int]:
    """Return the ticks of occupancy and latency of acts spread over a bank of units."""
    interval, latency = ticks(action.interval), ticks(action.latency)
    rounds = -(-count // servers)
    occupancy = rounds * interval
    return occupancy, max(occupancy - interval + latency, 1) if latency else 0
