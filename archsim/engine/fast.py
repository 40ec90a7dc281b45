"""The fast engine: the contract's rules compiled; equal to the reference engine to the last tick."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

import numpy as np

from archsim.engine import _kernel as kernel
from archsim.engine import _layout as layout
from archsim.engine.check import TICK_LIMIT, check_segment, check_stations
from archsim.engine.contract import StartSink, Timing
from archsim.engine.reference import ReferenceEngine
from archsim.errors import ModelError, ResourceError
from archsim.mapping.program import IntArray, Segment, SegmentBuilder, Station, StationTable, Visit

__all__ = ["FastEngine"]

_LIMIT = 1 << 30
"""Visits, tasks, stations, channels and depths must be fewer; codes of events fit an int32 then."""
_PATIENCE = 1.0
"""After how long somebody who waits for the compiler is told why. [s]"""
_compiled: set[bool] = set()
"""Kinds of calendar, packed or not, that the loops are compiled for in this process."""
_NONE = np.zeros(0, dtype=np.int64)


def _tell(message: str) -> None:
    sys.stderr.write(f"archsim: {message}\n")


class FastEngine:
    """Simulate segments one after another in compiled code.

    The first engine on a machine waits for the compiler; its code is kept for later processes in
    numba's cache: beside the modules or, where that cannot be written, in the user's cache folder.

    Parameters
    ----------
    stations : StationTable
        The stations of the chip.
    tell : callable, optional
        Told when the user has to wait for the compiler; writes to standard error if not given.

    Raises
    ------
    ProgramError
        If a station is impossible.
    ResourceError
        If there are too many stations or channels, or one is too deep.
    """

    def __init__(self, stations: StationTable, *, tell: Callable[[str], None] = _tell) -> None:
        check_stations(stations)
        self._stations = stations
        self._plant = _Plant(stations)
        self._tell = tell
        self.event_count = 0
        """Events that the engine handled so far."""

    def run(self, segment: Segment, *, started: StartSink | None = None) -> Timing:
        """Return the timing of the next segment (see `archsim.engine.contract.Engine.run`).

        `started` is told of all visits when the segment is over, in the order of the contract.
        """
        work = _Work(self._stations, self._plant, segment)
        if work.packed not in _compiled:
            _compiled.add(work.packed)
            with _patience(self._tell):
                for stations, example in _examples(packed=work.packed):
                    FastEngine(stations).run(example)
        end_tick = work.run()
        self.event_count += work.events
        if end_tick < 0:
            ReferenceEngine(self._stations).run(segment)
            raise ModelError("the fast engine is stuck where the reference engine is not")
        arrival_ticks = np.empty(segment.visit_count, dtype=np.int64)
        layout.arrivals(work.arrays, work.ready, work.unit, work.starts, arrival_ticks)
        arrival_ticks.flags.writeable = work.starts.flags.writeable = False
        if started is not None:
            order = np.lexsort((arrival_ticks, segment.station, work.starts))
            columns = (order, arrival_ticks[order], work.starts[order])
            for visit, arrival, start in zip(*(c.tolist() for c in columns), strict=True):
                started(visit, arrival, start)
        return Timing(
            arrival_ticks=arrival_ticks, start_ticks=work.starts, end_tick=end_tick * work.unit
        )


class _Plant:
    """The stations and channels of a chip as records: as they are when idle, and in use."""

    def __init__(self, stations: StationTable) -> None:
        rows = [
            (s.servers, s.channels, s.depth, s.head_ticks, s.credit_ticks)
            for s in stations.stations
        ]
        servers, channels, depth, head_ticks, credit_ticks = (
            np.ascontiguousarray(column)
            for column in np.array(rows, dtype=np.int64).reshape(-1, 5).T
        )
        self.delays = np.unique(np.concatenate((head_ticks, credit_ticks)))
        """All delays of buffers, ascending. [fs]"""
        self.delay = int((head_ticks + credit_ticks).max(initial=0))
        """The longest delay that one packet meets at one buffer. [fs]"""
        total = int(channels.sum())
        largest = max(len(rows), total, int(depth.max(initial=0)), int(servers.sum()))
        if largest >= _LIMIT:
            raise ResourceError(
                f"chip: expected fewer than {_LIMIT} stations, servers, channels, and flits in a "
                f"channel, got {len(rows)}, {servers.sum()}, {total} and {depth.max()}"
            )
        several = np.where(servers > 1, servers, 0)
        idle = np.zeros(len(rows), dtype=layout.STATION)
        idle["wake"] = layout.FAR
        idle["servers"] = servers
        idle["first_server"] = np.cumsum(several) - several
        idle["heads"] = idle["queue"] = idle["tail"] = -1
        self._idle_stations, self.stations = idle, idle.copy()
        first_channel = np.concatenate(([0], np.cumsum(channels)))
        self.buffers = layout.Buffers(first_channel=first_channel, depth=depth)
        owner = np.repeat(np.arange(len(rows)), channels)
        idle = np.zeros(total, dtype=layout.CHANNEL)
        idle["station"] = owner
        idle["head"] = idle["tail"] = idle["back"] = idle["back_tail"] = -1
        idle["room"] = depth[owner]
        idle["head_ticks"] = head_ticks[owner]
        idle["credit_ticks"] = credit_ticks[owner]
        self._idle_channels, self.channels = idle, idle.copy()
        self.servers = np.zeros(int(several.sum()), dtype=np.int64)
        self.awake = np.empty(len(rows), dtype=np.int64)

    def rest(self, stations: IntArray, channels: IntArray, unit: int) -> None:
        """Make these stations and channels idle, with delays in units of `unit`."""
        self.servers[:] = 0
        _copy(self._idle_stations, self.stations, stations)
        _copy(self._idle_channels, self.channels, channels)
        if unit > 1:
            for name in ("head_ticks", "credit_ticks"):
                self.channels[name] = self._idle_channels[name] // unit


def _copy(source: layout.Records, target: layout.Records, places: IntArray) -> None:
    if len(places) < len(source):
        target[places] = source[places]
    else:
        target[:] = source


class _Work:
    """One segment laid out for the loops."""

    def __init__(self, stations: StationTable, plant: _Plant, segment: Segment) -> None:
        self._plant = plant
        self._check = lambda: check_segment(segment, stations)
        if max(segment.visit_count, segment.task_count) >= _LIMIT:
            raise ResourceError(
                f"segment of {segment.visit_count} visits and {segment.task_count} tasks: expected "
                f"fewer than {_LIMIT}; cut it into shorter ones"
            )
        self.events = 0
        self.arrays = arrays = _arrays(segment)
        sound, total = layout.survey(arrays, len(stations))
        total += float(plant.delay) * segment.visit_count
        self._forked = np.flatnonzero(segment.fork_of != -1)
        if not sound or len(self._forked) or segment.gap_ticks < 0 or total >= TICK_LIMIT * 0.999:
            self._check()
        self._bounds, self._dependents = self._invert()
        self.unit, self.bits = self._calendar(int(total * 1.001) + 1)
        self.packed = self.bits > 0
        self.ready = arrays.release_ticks // self.unit
        self.starts = np.full(segment.visit_count, -1, dtype=np.int64)
        self._visits = np.empty(segment.visit_count if len(plant.channels) else 0, layout.VISIT)
        self._buffered = False
        if len(plant.channels):
            sound, self._buffered = layout.fill(
                self._visits, arrays, plant.buffers, self._bounds, self.unit
            )
            if not sound:
                self._check()
        self._trunks = segment.fork_of[self._forked]

    def run(self) -> int:
        """Find all starts; return when the segment ends, -1 if it cannot."""
        return self._run_buffers() if self._buffered or len(self._forked) else self._run_queues()

    def _invert(self) -> tuple[IntArray, IntArray]:
        """Return the dependents of all tasks: slices, and one after another."""
        if not len(self.arrays.dependencies):
            return _NONE, _NONE
        bounds = np.zeros(len(self.arrays.release_ticks) + 1, dtype=np.int64)
        dependents = np.empty(len(self.arrays.dependencies), dtype=np.int64)
        if not layout.invert(self.arrays, bounds, dependents):
            self._check()
        return bounds, dependents

    def _calendar(self, last: int) -> tuple[int, int]:
        """Return the unit of time, and the width of codes if both fit a word in it, else 0."""
        bits = (2 * len(self.arrays.station) + len(self._plant.stations)).bit_length()
        if last.bit_length() + bits < 64:
            return 1, bits
        arrays = self.arrays
        times = (arrays.release_ticks, arrays.occupancy_ticks, arrays.latency_ticks)
        unit = int(np.gcd.reduce([np.gcd.reduce(t) for t in (*times, self._plant.delays)]))
        if (last // unit).bit_length() + bits < 64:
            return unit, bits
        return 1, 0

    def _tasks(self) -> layout.Tasks:
        arrays = self.arrays
        tasks = len(self.ready)
        visits = np.diff(arrays.visit_offsets)
        free = np.ones(tasks, dtype=np.bool_)
        pending = _NONE
        if len(arrays.dependencies):
            pending = np.diff(arrays.dependency_offsets)
            free = pending == 0
        going = np.flatnonzero(free & (visits > 0))
        ticks = self.ready[going]
        order = np.argsort(ticks, kind="stable")
        far = np.array([layout.FAR])
        return layout.Tasks(
            ready=self.ready,
            pending=pending,
            first=arrays.visit_offsets,
            bounds=self._bounds if len(self._bounds) else np.zeros(tasks + 1, dtype=np.int64),
            dependents=self._dependents,
            stack=np.empty(tasks, dtype=np.int64),
            release_ticks=np.concatenate((ticks[order], far)),
            release_visits=np.concatenate((arrays.visit_offsets[going[order]], far)),
            roots=np.flatnonzero(free & (visits == 0)),
        )

    def _keys(self, size: int) -> tuple[IntArray, IntArray | None, int]:
        codes = None if self.packed else np.empty(size, dtype=np.int64)
        return np.empty(size, dtype=np.int64), codes, self.bits

    def _run_queues(self) -> int:
        arrays = self.arrays
        self._plant.rest(arrays.station, _NONE, 1)
        then = np.empty(len(arrays.station), dtype=np.int32)
        layout.mark_ends(arrays, self._bounds, then)
        scale = self.unit
        queues = layout.Queues(
            station=arrays.station,
            occupancy=_scaled(arrays.occupancy_ticks, scale),
            latency=_scaled(arrays.latency_ticks, scale),
            then=then,
            stations=self._plant.stations,
            servers=self._plant.servers,
            starts=self.starts,
        )
        self.events = len(arrays.station)
        return int(kernel.run_queues(queues, self._tasks(), *self._keys(len(self.ready) + 1)))

    def _run_buffers(self) -> int:
        plant, tasks = self._plant, len(self.ready)
        if len(self._forked):
            layout.split(self._visits, self.arrays, plant.buffers, self._trunks, self._forked)
        takes = self._visits["takes"]
        wakes = 4 * len(plant.stations) + tasks + 64
        while True:
            plant.rest(self.arrays.station, takes[takes >= 0], self.unit)
            floor = self._floor()
            kernel.run_buffers(floor, *self._keys(tasks + wakes))
            if not floor.numbers[kernel.FULL]:
                break
            wakes *= 4
            self.ready[:] = self.arrays.release_ticks // self.unit
            self._visits["arrival"] = -1
        self.events = int(floor.numbers[kernel.EVENTS])
        stuck = floor.numbers[kernel.STARTED] < len(self.starts)
        return -1 if stuck else int(floor.numbers[kernel.END])

    def _floor(self) -> layout.Floor:
        tasks = len(self.ready)
        left, bounds, branches = _NONE, _NONE, _NONE
        if len(self._forked):
            left = np.bincount(self._trunks, minlength=tasks)
            bounds = np.concatenate(([0], np.cumsum(left)))
            branches = self._forked[np.argsort(self._trunks, kind="stable")]
        numbers = np.zeros(7, dtype=np.int64)
        numbers[kernel.BASE] = 2 * len(self.starts)
        return layout.Floor(
            tasks=self._tasks(),
            visits=self._visits,
            stations=self._plant.stations,
            channels=self._plant.channels,
            servers=self._plant.servers,
            awake=self._plant.awake,
            starts=self.starts,
            numbers=numbers,
            fork_bounds=bounds,
            branches=branches,
            left=left,
        )


def _arrays(segment: Segment) -> layout.Arrays:
    """Return the arrays of a segment in the one form that the loops are compiled for."""
    arrays = []
    for name in layout.Arrays._fields:
        array = np.ascontiguousarray(getattr(segment, name), dtype=np.int64).view()
        array.flags.writeable = False
        arrays.append(array)
    return layout.Arrays(*arrays)


def _scaled(ticks: IntArray, unit: int) -> IntArray:
    if unit == 1:
        return ticks
    scaled = ticks // unit
    scaled.flags.writeable = False
    return scaled


@contextmanager
def _patience(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell why it takes so long, if it does."""
    begin = time.perf_counter()
    text = "compiling the fast engine; this takes some 15 s, once on this machine ..."
    timer = Timer(_PATIENCE, tell, [text])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    waited = time.perf_counter() - begin
    if waited > _PATIENCE:
        tell(f"compiled the fast engine in {waited:.1f} s; later runs load it from a cache")


def _examples(*, packed: bool) -> Iterator[tuple[StationTable, Segment]]:
    """Yield short programs that use everything the loops have."""
    late = 0 if packed else TICK_LIMIT >> 1
    for depth in (0, 1):
        link = Station(name="link", channels=depth, depth=depth)
        stations = StationTable(stations=(link, Station(name="sink", servers=2)))
        builder = SegmentBuilder()
        first = builder.task([Visit(0, 1, 1), Visit(1, 1, 1)], release=late)
        trunk = builder.task([Visit(0, 1, 1)], after=[first])
        builder.task([Visit(1, 1, 1)], after=[trunk], fork_of=trunk if depth else -1)
        yield stations, builder.build()
