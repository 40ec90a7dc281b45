"""One segment laid out for the compiled loops, and run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from archsim.engine import _kernel as kernel
from archsim.engine._kernel import IntArray
from archsim.engine.check import TICK_LIMIT
from archsim.engine.plant import RECORD_LIMIT, Plant
from archsim.engine.room import check_room
from archsim.errors import ResourceError
from archsim.mapping.program import Segment

__all__ = ["Work"]

_NONE = np.zeros(0, dtype=np.int64)
_VISIT_BYTES = kernel.VISIT.itemsize + 4 * 8
"""A record, two columns of results, and as much while they are sorted or summed. [bytes]"""
_TASK_BYTES = 9 * 8
"""What `kernel.Tasks` and the calendar hold of a task. [bytes]"""
_WORD = 63
"""Bits of a key of the calendar."""


class Work:
    """One segment on its way through a loop.

    Parameters
    ----------
    plant : Plant
        The chip.
    segment : Segment
        What to do.
    refuse : callable
        Called where something is not allowed, or might not be; raises the error that says what.

    Raises
    ------
    ResourceError
        If the segment is too long, or takes more memory than is free.
    """

    def __init__(self, plant: Plant, segment: Segment, refuse: Callable[[], None]) -> None:
        visits, tasks = segment.visit_count, segment.task_count
        if max(visits, tasks) >= RECORD_LIMIT:
            raise ResourceError(
                f"segment of {visits} visits and {tasks} tasks: expected fewer than "
                f"{RECORD_LIMIT} of each; cut it into shorter ones"
            )
        check_room(segment, visit_bytes=_VISIT_BYTES, task_bytes=_TASK_BYTES)
        self._settled = 0
        self.events = 0
        """Events that the loop handled."""
        self.arrays = arrays = _arrays(segment)
        self._plant, self._refuse = plant, refuse
        self._forked = np.flatnonzero(segment.fork_of != -1)
        self._trunks = segment.fork_of[self._forked]
        sound, total = kernel.survey(arrays, len(plant.stations))
        total += float(plant.delay) * visits
        sound &= segment.gap_ticks >= 0 and bool((segment.count >= 0).all())
        if not sound or len(self._forked) or total > 0.999 * TICK_LIMIT:
            refuse()
        self._links = self._invert()
        self.unit, self.bits = self._calendar(int(1.001 * total) + 1)
        self.ready = np.empty(tasks, dtype=np.int64)
        """When each task is ready; final once its first visit has arrived. [unit]"""
        self._count, self._buffered = visits, False
        if len(plant.channels):
            self._visits = plant.records(visits, kernel.VISIT)
            sound, takes = kernel.fill_visits(
                self._visits, arrays, plant.buffers, self._links[0], self.unit
            )
            if not sound:
                refuse()
            self._buffered = takes or len(self._forked) > 0

    def run(self) -> int:
        """Find all starts; return when the segment ends, or -1 if it is stuck [unit]."""
        end = self._run_buffers() if self._buffered else self._run_queues()
        return max(end, self._settled) if end >= 0 else end

    def ticks(self) -> tuple[IntArray, IntArray]:
        """Return when each visit arrived and started [fs]."""
        found = (np.empty(self._count, np.int64), np.empty(self._count, np.int64))
        kernel.unroll(self.arrays, self.ready, self.unit, self._visits, found)
        for column in found:
            column.flags.writeable = False  # the form that sorting is compiled for
        return found

    def order(self, arrival_ticks: IntArray, start_ticks: IntArray) -> IntArray:
        """Return the visits in the order of the contract, by (start, station, arrival, task)."""
        station = self.arrays.station
        order = _sorted(station, start_ticks)
        start, place, arrival = start_ticks[order], station[order], arrival_ticks[order]
        together = (start[1:] == start[:-1]) & (place[1:] == place[:-1])
        if (together & (arrival[1:] < arrival[:-1])).any():
            order = _sorted(arrival_ticks, station, start_ticks)
        return order

    def _invert(self) -> tuple[IntArray, IntArray]:
        """Return the dependents of all tasks: slices, and one after another."""
        bounds = np.zeros(len(self.arrays.release_ticks) + 1, dtype=np.int64)
        dependents = np.empty(len(self.arrays.dependencies), dtype=np.int64)
        if len(dependents) and not kernel.invert(self.arrays, bounds, dependents):
            self._refuse()
        return bounds, dependents

    def _calendar(self, last: int) -> tuple[int, int]:
        """Return the unit of time [fs], and the width of codes if tick and code fit one word.

        The width is 0 if they do not, not even with the common divisor of all times as unit.
        """
        bits = (2 * len(self.arrays.station) + len(self._plant.stations)).bit_length()
        if last.bit_length() + bits <= _WORD:
            return 1, bits
        arrays = self.arrays
        times = (arrays.release_ticks, arrays.occupancy_ticks, arrays.latency_ticks)
        unit = int(np.gcd.reduce([np.gcd.reduce(t) for t in (*times, self._plant.delays)]))
        if (last // unit).bit_length() + bits <= _WORD:
            return unit, bits
        return 1, 0

    def _keys(self, size: int) -> tuple[IntArray, IntArray | None, int]:
        """Return an empty calendar of this size."""
        codes = None if self.bits else np.empty(size, dtype=np.int64)
        return np.empty(size, dtype=np.int64), codes, self.bits

    def _tasks(self, scale: int) -> kernel.Tasks:
        """Return the tasks, those done that wait for no visit, with releases in order."""
        arrays = self.arrays
        visits = np.diff(arrays.visit_offsets)
        pending = np.diff(arrays.dependency_offsets)
        self.ready[:] = arrays.release_ticks // self.unit
        if not visits.all():
            self._settled = kernel.settle(arrays, self.ready, pending, self._links)
        going = np.flatnonzero((pending == 0) & (visits > 0))
        ticks = self.ready[going]
        order = np.argsort(ticks, kind="stable")
        far = np.array([kernel.FAR])
        return kernel.Tasks(
            ready=self.ready,
            pending=pending,
            first=arrays.visit_offsets,
            bounds=self._links[0],
            dependents=self._links[1],
            stack=np.empty(len(visits), dtype=np.int64),
            release_ticks=np.concatenate((ticks[order], far)),
            release_visits=np.concatenate((arrays.visit_offsets[going[order]], far)),
            scale=scale,
        )

    def _run_queues(self) -> int:
        self._plant.rest(self.arrays.station, _NONE, 1)
        self._visits = self._plant.records(self._count, kernel.STOP)
        kernel.fill_stops(self._visits, self.arrays, self._links[0], self.unit)
        queues = kernel.Queues(
            visits=self._visits, stations=self._plant.stations, servers=self._plant.servers
        )
        self.events = self._count
        return int(kernel.run_queues(queues, self._tasks(1), *self._keys(len(self.ready) + 1)))

    def _run_buffers(self) -> int:
        plant, tasks = self._plant, len(self.ready)
        if len(self._forked):
            kernel.split(self._visits, self.arrays, plant.buffers, self._trunks, self._forked)
        takes = self._visits["takes"]
        wakes = 4 * len(plant.stations) + tasks + 64
        while True:
            plant.rest(self.arrays.station, takes[takes >= 0], self.unit)
            floor = self._floor()
            full, stuck, self.events, end = kernel.run_buffers(floor, *self._keys(tasks + wakes))
            if not full:
                return -1 if stuck else int(end)
            wakes *= 4
            self._visits["tick"] = -1

    def _floor(self) -> kernel.Floor:
        left, bounds, branches = _NONE, _NONE, _NONE
        if len(self._forked):
            left = np.bincount(self._trunks, minlength=len(self.ready))
            bounds = np.concatenate(([0], np.cumsum(left)))
            branches = self._forked[np.argsort(self._trunks, kind="stable")]
        return kernel.Floor(
            tasks=self._tasks(2),
            visits=self._visits,
            stations=self._plant.stations,
            channels=self._plant.channels,
            servers=self._plant.servers,
            awake=np.empty(len(self._plant.stations), dtype=np.int64),
            numbers=np.zeros(kernel.NUMBERS, dtype=np.int64),
            fork_bounds=bounds,
            branches=branches,
            left=left,
        )


def _arrays(segment: Segment) -> kernel.Arrays:
    """Return the arrays of a segment in the one form that the loops are compiled for."""
    arrays = []
    for name in kernel.Arrays._fields:
        array = np.ascontiguousarray(getattr(segment, name), dtype=np.int64)
        array.flags.writeable = False
        arrays.append(array)
    return kernel.Arrays(*arrays)


def _sorted(*columns: IntArray) -> IntArray:
    """Return places in the order of these columns, the last one first; equal ones stay."""
    order = np.arange(len(columns[0]))
    room = np.empty_like(order)
    counts = np.empty(1 << kernel.DIGIT, dtype=np.int64)
    for column in columns:
        kernel.sort(column, order, room, counts)
    return order
