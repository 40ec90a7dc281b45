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
from archsim.mapping.lower import Lowering, ticks, too_long
from archsim.mapping.program import IntArray, Segment
from archsim.trace.steps import StepSegment, Wiring

__all__ = ["StepLowering", "cores_of"]

_NONE = np.zeros(0, dtype=np.int64)


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
    ways: _Ways
    flits: int
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
        visits, at = _packets(
            self.lowering.chip, table, source, table.target[chosen], table.events[chosen]
        )
        runs, packets = len(ends), len(chosen)
        sender = np.searchsorted(ends, trace.fired + 1)[spike]
        tasks = runs + packets
        joined = {
            name: np.concatenate((updates[name], visits[name]))
            for name in ("station", "occupancy_ticks", "latency_ticks", "account", "count")
        }
        channel = np.concatenate((np.zeros(runs, dtype=np.int64), visits["channel"]))
        routed = np.flatnonzero(visits["router"] >= 0)
        side = {
            "side_visit": np.concatenate((np.arange(runs), runs + routed)),
            "side_account": np.concatenate((updates["side_account"], visits["router"][routed])),
            "side_count": np.concatenate(
                (updates["side_count"], np.full(len(routed), table.flits))
            ),
        }
        arrays = (
            joined
            | side
            | {
                "channel": channel,
                "release_ticks": np.zeros(tasks, dtype=np.int64),
                "flits": np.concatenate(
                    (np.ones(runs, dtype=np.int64), np.full(packets, table.flits))
                ),
                "fork_of": np.full(tasks, -1),
                "dependency_offsets": np.concatenate(
                    (np.zeros(runs, dtype=np.int64), np.arange(packets + 1))
                ),
                "dependencies": sender,
                "visit_offsets": np.concatenate((np.arange(runs), runs + at)),
            }
        )
        for array in arrays.values():
            array.flags.writeable = False
        return Segment(
            epoch=trace.epoch,
            step=trace.step,
            phase=trace.phase.value,
            gap_ticks=ticks(self._described().barrier.value),
            **arrays,
        )

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
        return _Table(
            wiring=wiring,
            bounds=np.searchsorted(wiring.part, np.arange(parts + 1)),
            packets=np.searchsorted(neuron, np.arange(wiring.neurons + 1)),
            target=target,
            events=events,
            somas=self._somas(cores, phase),
            ways=self._ways(cores, pairs, phase),
            flits=self._flits,
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
            way = [*self._links(source.name, target.name, phase), self._synapses(target, phase)]
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
        lowering, bits, flits = self.lowering, self._described().spike_bits, self._flits
        route = lowering.chip.route(source, target)
        rows: list[tuple[int, ...]] = []
        for link, past in zip(route, self._past(route), strict=True):
            transfer = link.component.actions["transfer"]
            if link.channels and flits > link.depth:
                raise InputError(too_long(lowering.chip, link, bits, flits))
            cycle = max(ticks(transfer.interval), 1)
            latency = max(ticks(transfer.latency), 1) + ticks(link.head_time)
            if link is route[-1]:
                latency += (flits - 1) * cycle
            router = lowering.routed(phase, link)
            account = lowering.link_account(phase, link)
            station = lowering.link_station(link)
            rows.append(
                (
                    *(station, flits * cycle, latency, account, bits, link.channels),
                    *(past, -1 if router is None else router),
                )
            )
        return rows

    def _past(self, route: tuple[Link, ...]) -> list[bool]:
        """Return whether each link of a route lies past the dateline of its ring."""
        chip, numbers = self.lowering.chip, [link.number for link in route]
        if not chip.wraps:
            return [False] * len(route)
        routes = Routes(np.array([0, len(route)]), np.array(numbers, dtype=np.int64))
        return [bool(past) for past in past_dateline(routes, chip.topology.links())]

    def _synapses(self, core: Tile, phase: str) -> tuple[int, ...]:
        part = core.components["synapses"]
        event = part.actions["event"]
        station = self.lowering.station(core.name, part)
        account = self.lowering.account(phase, core.name, part, event)
        return (station, ticks(event.interval), max(ticks(event.latency), 1), account, 1, 0, 0, -1)


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
        "side_account": somas.inactive_account,
        "side_count": inactive,
    }


def _packets(
    chip: Chip, table: _Table, source: IntArray, target: IntArray, events: IntArray
) -> tuple[dict[str, IntArray], IntArray]:
    """Return the visits of packets, and the slices that each packet has of them."""
    ways = table.ways
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
