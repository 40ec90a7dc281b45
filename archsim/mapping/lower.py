"""Lowering: ops of a trace segment to tasks and visits; the only rounding of times to ticks.

Each op becomes one task on the tile that does it, with one visit per kind of component that takes
time. A result that a dependent op needs on another tile becomes a packet along the route.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from archsim.chip.chip import Chip, Link
from archsim.components.component import Action, Component
from archsim.errors import InputError
from archsim.mapping.place import Placement
from archsim.mapping.program import (
    AccountTable,
    Segment,
    SegmentBuilder,
    Station,
    StationTable,
    Visit,
)
from archsim.trace import Block, Op, OpKind, TraceSegment

__all__ = ["Lowering", "ticks"]

FEMTOSECONDS = 10**15
FRONT_END = ("array", "dac", "tia", "sample_hold", "write_driver", "analog_neuron")
"""Roles that act as one piece of hardware with the array; in one visit."""
PACE = {
    OpKind.READ: "cell_read",
    OpKind.READ_TRANSPOSED: "cell_read",
    OpKind.SETTLE: "cell_settle",
    OpKind.WRITE: "cell_pulse",
    OpKind.VERIFY: "verify_read",
}
"""Action of the array whose time one slot of an op takes."""


def ticks(seconds: float) -> int:
    """Return a time in whole femtoseconds, rounded to the nearest."""
    return round(seconds * FEMTOSECONDS)


@dataclass(frozen=True, slots=True)
class _Act:
    """One count of an op, with the component that it falls on."""

    tile: str
    component: Component
    action: Action
    count: int


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
    """

    chip: Chip
    placement: Placement
    joined: bool
    accounts: AccountTable = field(default_factory=AccountTable)
    stations: StationTable = field(init=False)
    source: str = field(init=False)
    """Tile that tells the others what to do where nothing went before."""
    _numbers: dict[str, int] = field(default_factory=dict)
    _front_ends: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open a station for every front end, component and link."""
        table: list[Station] = []
        for station in self._all_stations():
            self._numbers[station.name] = len(table)
            table.append(station)
        self.stations = StationTable(stations=tuple(table))
        controllers = self.chip.providers("controller") or self.chip.tiles
        self.source = controllers[0].name

    @property
    def timed(self) -> frozenset[str]:
        """Acts, ``role.action``, of which more take more time."""
        return frozenset(
            f"{role}.{action.name}"
            for tile in self.chip.tiles
            for role, part in tile.components.items()
            for action in part.actions.values()
            if role not in FRONT_END and action.latency
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
        done: list[tuple[int, str]] = []
        carried: dict[tuple[int, str], int] = {}
        for op in trace.ops:
            visits, begin, end = self._visits(op, self._acts(op), trace.repeat)
            if op.input_bits:
                after = self._told(builder, op, [done[number] for number in op.after], begin)
            else:
                after = []
                for number in op.after:
                    task, tile = done[number]
                    bits = trace.ops[number].output_bits
                    if bits and begin and tile and tile != begin:
                        if (number, begin) not in carried:
                            packet = self._packet(builder, op, bits, [task], tile, begin)
                            carried[number, begin] = packet
                        task = carried[number, begin]
                    after.append(task)
            label = f"{op.phase} {op.kind}"
            done.append((builder.task(visits, after=after, label=label), end or begin))
        return builder.build()

    def _told(
        self, builder: SegmentBuilder, op: Op, before: Sequence[tuple[int, str]], begin: str
    ) -> list[int]:
        """Return what `op` waits for: packets that tell its tiles, or the ops before."""
        tasks = [task for task, _ in before]
        source = before[-1][1] if before else self.source
        targets = dict.fromkeys(
            tile for block in op.blocks for tile in self.placement.tiles[block]
        ) or {begin: None}
        packets = [
            self._packet(builder, op, op.input_bits, tasks, source, target)
            for target in targets
            if source and target != source
        ]
        return packets or tasks

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
        return self._numbers[f"{tile}.{component.name}"]

    def front_end(self, tile: str) -> int:
        """Return the station of the array of a tile and of what acts as one with it."""
        return self._numbers[self._front_ends[tile]]

    def link_station(self, link: Link) -> int:
        """Return the station of a link."""
        return self._numbers[link.name]

    def link_account(self, phase: str, link: Link) -> int:
        """Return the account of bits on a link."""
        return self.accounts.number(phase, link.name, link.component.name, "transfer")

    def routed(self, phase: str, link: Link) -> int | None:
        """Return the account of flits in the router at the far end of a link; None without one."""
        if not (link.target and self.chip.has_router(link.target)):
            return None
        return self.accounts.number(phase, link.target, "router", "route")

    def _all_stations(self) -> Iterator[Station]:
        groups = list(self.placement.tiles.values())
        if self.joined and groups:
            groups = [tuple(tile for tiles in groups for tile in tiles)]
        placed = {tile for tiles in groups for tile in tiles}
        for tiles in groups:
            name = "+".join(f"{tile}.array" for tile in tiles)
            self._front_ends.update(dict.fromkeys(tiles, name))
            yield Station(name=name, tile=tiles[0], component="array")
        for tile in self.chip.tiles:
            for role, part in tile.components.items():
                if not (role in FRONT_END and tile.name in placed):
                    name, states = f"{tile.name}.{role}", tuple(part.leakage_aw)
                    yield Station(name=name, tile=tile.name, component=role, states=states)
        for link in self.chip.links():
            yield Station(
                name=link.name,
                channels=link.channels,
                depth=link.depth,
                credit_ticks=max(ticks(link.credit_time), 1),
                tile=link.name,
                component=link.component.name,
            )

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
            station = self._numbers[f"{act.tile}.{act.component.name}"]
            visits.append(Visit(station, occupancy, latency, number, act.count))
            places.append(act.tile)
        if untimed and not visits:
            act = rest[0]
            station = self._numbers[f"{act.tile}.{act.component.name}"]
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
        station = self._numbers[self._front_ends[first.tile]]
        side = tuple((self._account(op, act), act.count) for act in acts if act is not first)
        return Visit(station, length, length, self._account(op, first), first.count, side=side)

    def _account(self, op: Op, act: _Act) -> int:
        return self.accounts.number(op.phase.value, act.tile, act.component.name, act.action.name)

    def _packet(
        self,
        builder: SegmentBuilder,
        op: Op,
        bits: int,
        after: Sequence[int],
        source: str,
        target: str,
    ) -> int:
        """Add the task that carries what `op` needs from tile to tile; return its number."""
        route = self.chip.route(source, target)
        flits = max(-(-bits // link.width_bits) for link in route)
        visits = [
            self._hop(op, link, bits, flits, last=link is route[-1], repeat=builder.repeat)
            for link in route
        ]
        label = f"{op.phase} {source} to {target}"
        return builder.task(visits, after=after, flits=flits, label=label)

    def _hop(self, op: Op, link: Link, bits: int, flits: int, *, last: bool, repeat: int) -> Visit:
        """Return the visit of a packet on one link, with the router at its far end."""
        transfer = link.component.actions["transfer"]
        cycle = max(ticks(transfer.interval), 1)
        latency = max(ticks(transfer.latency), 1) + ticks(link.head_time)
        if last:
            latency += (flits - 1) * cycle
        phase = op.phase.value
        side: tuple[tuple[int, int], ...] = ()
        if link.target and self.chip.has_router(link.target):
            side = ((self.accounts.number(phase, link.target, "router", "route"), repeat * flits),)
        account = self.accounts.number(phase, link.name, link.component.name, "transfer")
        station = self._numbers[link.name]
        return Visit(station, flits * cycle, latency, account, repeat * bits, side=side)


def _duration(action: Action, count: int, servers: int) -> tuple[int, int]:
    """Return the ticks of occupancy and latency of acts spread over a bank of units."""
    interval, latency = ticks(action.interval), ticks(action.latency)
    rounds = -(-count // servers)
    occupancy = rounds * interval
    return occupancy, max(occupancy - interval + latency, 1) if latency else 0
