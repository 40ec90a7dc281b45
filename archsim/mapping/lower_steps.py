"""Lowering of time steps: neurons are updated core by core, and spikes go to cores in packets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.chip.chip import Chip, Link, Tile
from archsim.chip.description import NeuronChipDescription
from archsim.chip.links import Routes, past_dateline
from archsim.components.soma import Soma
from archsim.errors import InputError
from archsim.mapping.lower import Lowering, ticks
from archsim.mapping.program import IntArray, Segment
from archsim.mapping.spike_trees import Deliveries, LinkRows, Sent, branched
from archsim.trace.steps import StepSegment, Wiring

__all__ = ["StepLowering", "cores_of"]

_NONE = np.zeros(0, dtype=np.int64)
_TIMES = ("station", "occupancy_ticks", "latency_ticks")


def cores_of(chip: Chip, wiring: Wiring) -> tuple[Tile, ...]:
    """Return the tile of each part of a network: the chip's cores, in their order.

    Raises
    ------
    InputError
        If the chip has no cores, too few of them, or too small ones; the text says how many are
        needed and how many there are.
    """
    cores = chip.providers("soma")
    if not cores:
        raise InputError(
            f"chip {chip.name}: no tile has a component 'soma', which the workload needs; take a "
            "chip of kind neuron_cores"
        )
    room = min(_soma(core).neurons for core in cores)
    neurons, parts = wiring.neurons, wiring.parts
    largest = int(np.bincount(wiring.part).max(initial=0))
    least = -(-neurons // room)
    if largest > room or parts > len(cores):
        cut = f"cut into {parts} parts of at most {largest}"
        raise InputError(
            f"the network has {neurons} neurons, {cut}, each for a core; chip {chip.name} has "
            f"{len(cores)} cores of {room} neurons, and the network needs at least {least} of "
            f"them: choose cores from {least} to {len(cores)}"
            if least <= len(cores)
            else f"the network has {neurons} neurons and needs {least} cores of {room}; chip "
            f"{chip.name} has {len(cores)}; take a larger chip or a smaller network"
        )
    return cores[:parts]


def _soma(core: Tile) -> Soma:
    description = core.components["soma"].description
    assert isinstance(description, Soma)  # noqa: S101 (a check of the chip sees to it)
    return description


class _Somas(NamedTuple):
    """The somas of all cores, by part."""

    station: IntArray
    active_account: IntArray
    inactive_account: IntArray
    active_ticks: IntArray
    inactive_ticks: IntArray


class _Synapses(NamedTuple):
    """What one synaptic event is on each core, by part."""

    station: IntArray
    occupancy_ticks: IntArray
    latency_ticks: IntArray
    account: IntArray


@dataclass(frozen=True, slots=True)
class _Ways:
    """Routes between parts: links, then the synapses at the end."""

    begin: IntArray
    """(parts × parts,) where the way from one part to another begins in the arrays below."""
    length: IntArray
    """(parts × parts,) its visits; 0 where no spike goes."""
    station: IntArray
    occupancy: IntArray
    """Of synapses: of one event."""
    latency: IntArray
    """Of synapses: of one event."""
    account: IntArray
    count: IntArray
    """Bits on a link; 1 for synapses."""
    channels: IntArray
    """Channels of the buffer behind a link; 0: without bound."""
    past: NDArray[np.bool_]
    """Whether a link lies past the dateline of its ring."""
    router: IntArray
    """Account of flits in the router at the far end of a link; -1: none."""


@dataclass(slots=True)
class _Table:
    """What lowering a step needs to know of a network on a chip."""

    wiring: Wiring
    bounds: IntArray
    """(parts+1,) first neuron of each part."""
    packets: IntArray
    """(neurons+1,) slices of the packets that each neuron's spike becomes."""
    target: IntArray
    """Part that each packet goes to."""
    events: IntArray
    """Synaptic events that it brings about there."""
    somas: _Somas
    ways: _Ways | None
    """Ways between parts; None where packets branch."""
    synapses: _Synapses
    tiles: IntArray
    """Number of the tile of each part."""
    phase: str
    servers: int
    """Synaptic events that a core takes at once."""


@dataclass(slots=True)
class StepLowering:
    """Turns time steps of a network into program segments.

    Notes
    -----
    A core updates its neurons in turn; those up to the next one that fires are one visit of as long
    a time. When that is done, a packet sets out to every core with targets of the neuron that
    fired, its own included, and there takes the synapses for as many events. All is over before
    the next step begins, behind the chip's barrier.
    """

    lowering: Lowering
    _table: _Table | None = field(default=None)

    def segment(self, trace: StepSegment) -> Segment:
        """Return the program segment of one time step.

        Raises
        ------
        InputError
            If the network does not fit the chip, or a packet no buffer on its way.
        """
        if self._table is None or self._table.wiring is not trace.wiring:
            self._table = self._made(trace.wiring, trace.phase.value)
        table = self._table
        ends, updates = _updates(table, trace)
        chosen, spike = _ranges(table.packets, trace.fired)
        source = trace.wiring.part[trace.fired][spike]
        target, events = table.target[chosen], table.events[chosen]
        if self._described().multicast:
            sent = self._branched(table, spike, source, target, events)
        else:
            sent = self._alone(table, spike, source, target, events)
        return self._joined(trace, ends, updates, sent)

    def _joined(
        self, trace: StepSegment, ends: IntArray, updates: dict[str, IntArray], sent: Sent
    ) -> Segment:
        """Return updates and packets as one segment."""
        runs, tasks = len(ends), len(ends) + len(sent.spike)
        flits = np.full(tasks, self._flits)
        flits[:runs] = 1
        none = np.zeros(runs, dtype=np.int64)
        sender = np.searchsorted(ends, trace.fired + 1)[sent.spike]
        routed = np.flatnonzero(sent.visits["router"] >= 0)
        passed = np.full(len(routed), self._flits)
        arrays = {
            name: np.concatenate((updates.get(name, none), sent.visits[name]))
            for name in (*_TIMES, "account", "count", "channel")
        } | {
            "side_visit": np.concatenate((np.arange(runs), runs + routed)),
            "side_account": np.concatenate(
                (updates["rest_account"], sent.visits["router"][routed])
            ),
            "side_count": np.concatenate((updates["rest"], passed)),
            "release_ticks": np.zeros(tasks, dtype=np.int64),
            "flits": flits,
            "fork_of": np.concatenate(
                (none - 1, np.where(sent.fork_of < 0, -1, runs + sent.fork_of))
            ),
            "dependency_offsets": np.concatenate((none, np.arange(tasks - runs + 1))),
            "dependencies": np.where(sent.after < 0, sender, runs + sent.after),
            "visit_offsets": np.concatenate((np.arange(runs), runs + sent.offsets)),
        }
        return Segment(
            epoch=trace.epoch,
            step=trace.step,
            phase=trace.phase.value,
            gap_ticks=ticks(self._described().barrier.value),
            **arrays,
        )

    def _alone(
        self, table: _Table, spike: IntArray, source: IntArray, target: IntArray, events: IntArray
    ) -> Sent:
        """Return a packet for each spike and core."""
        visits, offsets = _packets(self.lowering.chip, table, source, target, events)
        nothing = np.full(len(spike), -1)
        return Sent(visits, offsets, spike, nothing, nothing)

    def _branched(
        self, table: _Table, spike: IntArray, source: IntArray, target: IntArray, events: IntArray
    ) -> Sent:
        """Return a packet for each spike, which branches on its way to all its cores."""
        phase = table.phase
        rounds = -(-events // table.servers)
        interval = table.synapses.occupancy_ticks[target]
        given = Deliveries(
            spike=spike,
            source=table.tiles[source],
            target=table.tiles[target],
            synapses={
                "station": table.synapses.station[target],
                "occupancy_ticks": rounds * interval,
                "latency_ticks": table.synapses.latency_ticks[target] + (rounds - 1) * interval,
                "account": table.synapses.account[target],
                "count": events,
            },
        )
        return branched(self._rows(phase), given)

    def _rows(self, phase: str) -> LinkRows:
        return LinkRows(self.lowering, phase, self._described().spike_bits, self._flits)

    @property
    def _flits(self) -> int:
        """Length of a packet: that on the narrowest links."""
        width = min(kind.wire.width for kind in self.lowering.chip.link_kinds)
        return -(-self._described().spike_bits // width)

    def _described(self) -> NeuronChipDescription:
        description = self.lowering.chip.description
        assert isinstance(description, NeuronChipDescription)  # noqa: S101 (only such have somas)
        return description

    def _made(self, wiring: Wiring, phase: str) -> _Table:
        cores = cores_of(self.lowering.chip, wiring)
        parts = len(cores)
        sources = np.repeat(np.arange(wiring.neurons), np.diff(wiring.offsets))
        keys = sources * parts + wiring.part[wiring.targets]
        found, events = np.unique(keys, return_counts=True)
        neuron, target = np.divmod(found, max(parts, 1))
        pairs = np.unique(wiring.part[neuron] * parts + target)
        multicast = self._described().multicast
        synapses = [self._synapses(core, phase) for core in cores]
        return _Table(
            wiring=wiring,
            bounds=np.searchsorted(wiring.part, np.arange(parts + 1)),
            packets=np.searchsorted(neuron, np.arange(wiring.neurons + 1)),
            target=target,
            events=events,
            somas=self._somas(cores, phase),
            ways=None if multicast else self._ways(cores, pairs, phase),
            synapses=_Synapses(*np.array(synapses, dtype=np.int64).reshape(-1, 4).T),
            tiles=np.array([self.lowering.chip.number(core.name) for core in cores]),
            phase=phase,
            servers=min((core.components["synapses"].servers for core in cores), default=1),
        )

    def _somas(self, cores: tuple[Tile, ...], phase: str) -> _Somas:
        lowering = self.lowering
        rows = []
        for core in cores:
            part = core.components["soma"]
            active, inactive = (part.actions[f"update_{state}"] for state in ("active", "inactive"))
            rows.append(
                (
                    lowering.station(core.name, part),
                    lowering.account(phase, core.name, part, active),
                    lowering.account(phase, core.name, part, inactive),
                    ticks(active.interval),
                    ticks(inactive.interval),
                )
            )
        return _Somas(*np.array(rows, dtype=np.int64).reshape(-1, 5).T)

    def _ways(self, cores: tuple[Tile, ...], pairs: IntArray, phase: str) -> _Ways:
        """Return the ways between the pairs of parts that packets go between."""
        parts = len(cores)
        rows: list[tuple[int, ...]] = []
        begin, length = np.zeros((2, parts * parts), dtype=np.int64)
        for pair in pairs.tolist():
            source, target = (cores[number] for number in divmod(pair, parts))
            last = (*self._synapses(target, phase), 1, 0, 0, -1)
            way = [*self._links(source.name, target.name, phase), last]
            begin[pair], length[pair] = len(rows), len(way)
            rows += way
        columns = np.array(rows, dtype=np.int64).reshape(-1, 8).T
        past: NDArray[np.bool_] = columns[6].astype(np.bool_)
        station, occupancy, latency, account, count, channels = columns[:6]
        return _Ways(
            begin=begin,
            length=length,
            station=station,
            occupancy=occupancy,
            latency=latency,
            account=account,
            count=count,
            channels=channels,
            past=past,
            router=columns[7],
        )

    def _links(self, source: str, target: str, phase: str) -> list[tuple[int, ...]]:
        route, rows = self.lowering.chip.route(source, target), self._rows(phase)
        found: list[tuple[int, ...]] = []
        for link, past in zip(route, self._past(route), strict=True):
            station, occupancy, latency, account, bits, channels, router, tail = rows.row(link)
            latency += tail if link is route[-1] else 0
            found.append((station, occupancy, latency, account, bits, channels, past, router))
        return found

    def _past(self, route: tuple[Link, ...]) -> list[bool]:
        """Return whether each link of a route lies past the dateline of its ring."""
        chip, numbers = self.lowering.chip, [link.number for link in route]
        if not chip.wraps:
            return [False] * len(route)
        routes = Routes(np.array([0, len(route)]), np.array(numbers, dtype=np.int64))
        return [bool(past) for past in past_dateline(routes, chip.topology.links())]

    def _synapses(self, core: Tile, phase: str) -> tuple[int, int, int, int]:
        part = core.components["synapses"]
        event = part.actions["event"]
        station = self.lowering.station(core.name, part)
        account = self.lowering.account(phase, core.name, part, event)
        return station, ticks(event.interval), max(ticks(event.latency), 1), account


def _ranges(offsets: IntArray, chosen: IntArray) -> tuple[IntArray, NDArray[np.intp]]:
    """Return all that the slices of those chosen hold, and which of them each is from."""
    begins, lengths = offsets[chosen], offsets[chosen + 1] - offsets[chosen]
    ends = np.cumsum(lengths)
    owner = np.repeat(np.arange(len(chosen)), lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + (begins - ends + lengths)[owner], owner


def _updates(table: _Table, trace: StepSegment) -> tuple[IntArray, dict[str, IntArray]]:
    """Return where runs of updates end, each at a neuron that fires or a core's last, as visits."""
    ends = np.union1d(trace.fired + 1, table.bounds[1:])
    ends = ends[ends > 0]
    begins = np.concatenate((_NONE, [0], ends[:-1])) if len(ends) else _NONE
    seen = np.concatenate(([0], np.cumsum(trace.active)))
    active = seen[ends] - seen[begins]
    inactive = ends - begins - active
    part = trace.wiring.part[begins]
    somas = _Somas(*(column[part] for column in table.somas))
    occupancy = active * somas.active_ticks + inactive * somas.inactive_ticks
    return ends, {
        "station": somas.station,
        "occupancy_ticks": occupancy,
        "latency_ticks": np.maximum(occupancy, 1),
        "account": somas.active_account,
        "count": active,
        "rest_account": somas.inactive_account,
        "rest": inactive,
    }


def _packets(
    chip: Chip, table: _Table, source: IntArray, target: IntArray, events: IntArray
) -> tuple[dict[str, IntArray], IntArray]:
    """Return the visits of packets, and the slices that each packet has of them."""
    ways = table.ways
    assert ways is not None  # noqa: S101 (packets do not branch)
    pair = source * len(table.somas.station) + target
    length = ways.length[pair]
    at = np.concatenate(([0], np.cumsum(length)))
    place = np.arange(at[-1]) + np.repeat(ways.begin[pair] - at[:-1], length)
    columns = {
        "station": ways.station[place],
        "occupancy_ticks": ways.occupancy[place],
        "latency_ticks": ways.latency[place],
        "account": ways.account[place],
        "count": ways.count[place],
        "router": ways.router[place],
    }
    last = at[1:] - 1
    rounds = -(-events // table.servers)
    waits = (rounds - 1) * columns["occupancy_ticks"][last]
    columns["occupancy_ticks"][last] *= rounds
    columns["latency_ticks"][last] += waits
    columns["count"][last] = events
    channels = ways.channels[place]
    if channels.any():
        packet = np.repeat(np.arange(len(pair)), length)
        columns["channel"] = chip.channel(channels, past=ways.past[place], packet=packet)
    else:
        columns["channel"] = np.zeros_like(place)
    return columns, at
