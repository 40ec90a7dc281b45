"""Lowering of spikes: every input spike a task, every output spike a chain of tasks, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.chip.chip import Link
from archsim.mapping.lower import FEMTOSECONDS, FRONT_END, PACE, Lowering, ticks
from archsim.mapping.program import IntArray, Segment
from archsim.trace import Op, OpSeries, SpikeSegment

__all__ = ["spike_segment"]


class _Visits(NamedTuple):
    """One visit at each moment."""

    station: int
    occupancy: IntArray
    latency: IntArray
    account: int
    counts: IntArray
    side: tuple[tuple[int, IntArray], ...] = ()


class _Tasks(NamedTuple):
    """One task at each moment."""

    visits: tuple[_Visits, ...]
    flits: IntArray
    after: tuple[int, ...]
    """Places in the chain of the tasks it waits for; empty: what comes before the chain."""


@dataclass(slots=True)
class _Chain:
    """The tasks of an output spike, for all output spikes of a segment at once."""

    lowering: Lowering
    moments: int
    tasks: list[_Tasks] = field(default_factory=list)
    _last: tuple[int, ...] = ()

    def add(self, series: OpSeries) -> None:
        """Add the task of an op, and the packets that tell it what to do."""
        visits, tiles = self._visits(series)
        before = self._last
        packets: list[int] = []
        if series.input_bits is not None:
            source = self.lowering.source
            for tile in tiles:
                if tile != source:
                    route = self.lowering.chip.route(source, tile)
                    packets.append(len(self.tasks))
                    self.tasks.append(self._packet(series, route, before))
        ones = np.ones(self.moments, dtype=np.int64)
        self._last = (len(self.tasks),)
        self.tasks.append(_Tasks(visits, ones, tuple(packets) or before))

    def _visits(self, series: OpSeries) -> tuple[tuple[_Visits, ...], list[str]]:
        lowering = self.lowering
        acts = [
            (*lowering.located(series.blocks, *name), series.counts[:, column])
            for column, name in enumerate(series.names)
        ]
        front = [act for act in acts if act[1].name in FRONT_END]
        visits: list[_Visits] = []
        untimed: list[tuple[int, IntArray]] = []
        phase = series.phase.value
        if front:
            first = next((act for act in front if act[1].name == "array"), front[0])
            slot = first[1].actions.get(PACE.get(series.kind, ""), first[2])
            length = max(ticks(slot.latency), 1) * series.slots
            side = tuple(
                (lowering.account(phase, *act[:3]), act[3]) for act in front if act is not first
            )
            visits.append(
                _Visits(
                    station=lowering.front_end(first[0]),
                    occupancy=length,
                    latency=np.maximum(length, 1),
                    account=lowering.account(phase, *first[:3]),
                    counts=first[3],
                    side=side,
                )
            )
        for tile, component, action, counts in acts:
            if component.name in FRONT_END:
                continue
            number = lowering.account(phase, tile, component, action)
            interval, latency = ticks(action.interval), ticks(action.latency)
            if not latency:
                untimed.append((number, counts))
                continue
            rounds = -(-counts // component.servers)
            occupancy = rounds * interval
            done = np.maximum(occupancy - interval + latency, 1)
            station = lowering.station(tile, component)
            visits.append(
                _Visits(station, occupancy, np.where(counts > 0, done, 1), number, counts)
            )
        if untimed:
            visits[0] = visits[0]._replace(side=(*visits[0].side, *untimed))
        return tuple(visits), list(dict.fromkeys(act[0] for act in front))

    def _packet(self, series: OpSeries, route: tuple[Link, ...], after: tuple[int, ...]) -> _Tasks:
        assert series.input_bits is not None  # noqa: S101 (the caller looks)
        bits = series.input_bits
        flits = np.maximum(1, -(-bits // min(link.width_bits for link in route)))
        visits = []
        for link in route:
            transfer = link.component.actions["transfer"]
            cycle = max(ticks(transfer.interval), 1)
            latency = np.full(len(bits), max(ticks(transfer.latency), 1) + ticks(link.head_time))
            if link is route[-1]:
                latency += (flits - 1) * cycle
            side = self.lowering.routed(series.phase.value, link)
            visits.append(
                _Visits(
                    station=self.lowering.link_station(link),
                    occupancy=flits * cycle,
                    latency=latency,
                    account=self.lowering.link_account(series.phase.value, link),
                    counts=bits,
                    side=() if side is None else ((side, flits),),
                )
            )
        return _Tasks(tuple(visits), flits, after)


def spike_segment(lowering: Lowering, trace: SpikeSegment) -> Segment:
    """Return the program segment of spikes.

    Parameters
    ----------
    lowering : Lowering
        Chip, placement and accounts.
    trace : SpikeSegment
        Spikes and what they bring about.

    Notes
    -----
    Tasks are numbered in the order of time. The first tasks of an output spike wait for the last
    input spike before it (and so for all: their station serves in order) and for the output spike
    before. In real time tasks are released at their spike's time; else an input spike waits for the
    output spike before it.
    """
    spikes, fires = len(trace.arrivals), len(trace.moments)
    one = _Chain(lowering, 1)
    one.add(_single(trace.arrival))
    chain = _Chain(lowering, fires)
    for series in trace.series:
        chain.add(series)
    earlier = np.searchsorted(trace.moments, trace.arrivals, side="right")
    before = np.searchsorted(trace.arrivals, trace.moments, side="left")
    place = _Places(
        spike=np.arange(spikes) + len(chain.tasks) * earlier,
        fire=before + len(chain.tasks) * np.arange(fires),
        earlier=earlier,
        before=before,
    )
    offsets, dependencies = _dependencies(trace, chain, place)
    release = np.zeros(spikes + fires * len(chain.tasks), dtype=np.int64)
    flits = np.ones_like(release)
    if trace.real_time:
        release[place.spike] = np.rint(trace.arrivals * FEMTOSECONDS).astype(np.int64)
    for number, task in enumerate(chain.tasks):
        flits[place.fire + number] = task.flits
        if trace.real_time and not task.after:
            moments = np.rint(trace.moments * FEMTOSECONDS).astype(np.int64)
            release[place.fire + number] = moments
    arrays = _visit_arrays(one, chain, place)
    arrays |= {
        "release_ticks": release,
        "flits": flits,
        "fork_of": np.full_like(release, -1),
        "dependency_offsets": offsets,
        "dependencies": dependencies,
    }
    return Segment(
        epoch=trace.epoch,
        step=trace.step,
        phase=trace.phase.value,
        gap_ticks=0,
        repeat=1,
        labels=(),
        **arrays,
    )


class _Places(NamedTuple):
    """Where spikes stand among the tasks."""

    spike: IntArray
    """Task of each input spike."""
    fire: IntArray
    """First task of each output spike."""
    earlier: NDArray[np.intp]
    """Output spikes before each input spike."""
    before: NDArray[np.intp]
    """Input spikes before each output spike."""


def _single(op: Op) -> OpSeries:
    """Return an op as a series of one."""
    return OpSeries(
        kind=op.kind,
        phase=op.phase,
        names=tuple(item[:3] for item in op.counts),
        counts=np.array([[item[3] for item in op.counts]], dtype=np.int64),
        slots=np.array([op.slots], dtype=np.int64),
        blocks=op.blocks,
    )


def _dependencies(trace: SpikeSegment, chain: _Chain, place: _Places) -> tuple[IntArray, IntArray]:
    """Return what each task waits for."""
    length, fires = len(chain.tasks), len(trace.moments)
    number = np.zeros(len(place.spike) + fires * length, dtype=np.int64)
    waits = np.zeros_like(place.spike) if trace.real_time else (place.earlier > 0).astype(np.int64)
    number[place.spike] = waits
    follows = np.arange(fires) > 0
    led = place.before > 0
    for local, task in enumerate(chain.tasks):
        first = follows.astype(np.int64) + led
        number[place.fire + local] = len(task.after) if task.after else first
    offsets = np.concatenate(([0], np.cumsum(number)))
    result = np.empty(int(offsets[-1]), dtype=np.int64)
    held = waits > 0
    last = place.fire + length - 1
    result[offsets[place.spike[held]]] = last[place.earlier[held] - 1]
    previous = np.concatenate(([0], last[:-1])) if fires else last
    spike = place.spike[np.maximum(place.before - 1, 0)] if len(place.spike) else previous
    low, high = np.minimum(previous, spike), np.maximum(previous, spike)
    for local, task in enumerate(chain.tasks):
        at = offsets[place.fire + local]
        if task.after:
            for turn, other in enumerate(task.after):
                result[at + turn] = place.fire + other
            continue
        both = follows & led
        result[at[both]], result[at[both] + 1] = low[both], high[both]
        result[at[follows & ~led]] = previous[follows & ~led]
        result[at[led & ~follows]] = spike[led & ~follows]
    return offsets, result


def _visit_arrays(one: _Chain, chain: _Chain, place: _Places) -> dict[str, IntArray]:
    """Return the arrays of visits, task after task."""
    single = [visit for task in one.tasks for visit in task.visits]
    many = [visit for task in chain.tasks for visit in task.visits]
    spikes, fires = len(place.spike), len(place.fire)
    total = spikes * len(single) + fires * len(many)
    at_spike = np.arange(spikes) * len(single) + len(many) * place.earlier
    at_fire = np.arange(fires) * len(many) + len(single) * place.before
    columns = {
        name: np.zeros(total, dtype=np.int64)
        for name in ("station", "occupancy_ticks", "latency_ticks", "account", "count", "channel")
    }
    side: list[tuple[IntArray, IntArray, IntArray]] = []
    for begin, visits in ((at_spike, single), (at_fire, many)):
        for number, visit in enumerate(visits):
            rows = begin + number
            columns["station"][rows] = visit.station
            columns["occupancy_ticks"][rows] = visit.occupancy
            columns["latency_ticks"][rows] = visit.latency
            columns["account"][rows] = visit.account
            columns["count"][rows] = visit.counts
            for account, count in visit.side:
                counts = np.broadcast_to(count, rows.shape)
                side.append((rows, np.full_like(rows, account), counts))
    offsets = np.empty(spikes + fires * len(chain.tasks) + 1, dtype=np.int64)
    offsets[-1] = total
    offsets[place.spike] = at_spike
    seen = 0
    for number, task in enumerate(chain.tasks):
        offsets[place.fire + number] = at_fire + seen
        seen += len(task.visits)
    parts = [np.concatenate(column) for column in zip(*side, strict=True)] if side else []
    empty = np.zeros(0, dtype=np.int64)
    visits_of, accounts, counts = parts or (empty, empty, empty)
    return columns | {
        "visit_offsets": offsets,
        "side_visit": visits_of,
        "side_account": accounts,
        "side_count": counts,
    }
