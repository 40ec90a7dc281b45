"""One segment under simulation on SimPy, without finite buffers: calendar, queues, servers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeVar

import numpy as np
import simpy
from simpy.core import EmptySchedule
from simpy.events import EventPriority

from archsim.engine.policy import Arrival, StationControl
from archsim.errors import DeadlockError, ModelError
from archsim.mapping.program import Segment, StationTable

__all__ = ["FREE", "Phase", "SegmentRun"]

FREE, ARRIVE, START = EventPriority(0), EventPriority(2), EventPriority(3)
"""SimPy priorities of the three phases of a tick; users' plain events run at 1."""

_PATIENCE = 1_000_000
"""SimPy events of custom policies in a row, without a start, after which a run counts as stuck."""


Due = TypeVar("Due")


class Phase(simpy.Event, Generic[Due]):
    """One phase of every tick: the calendar of what is due in it.

    It lies in SimPy's calendar once for each tick at which something is due. SimPy takes the
    callbacks of an event that fires; this one takes its only one back, so no event is allocated
    while a segment runs.
    """

    _ok = True
    _value = None

    def __init__(
        self,
        run: SegmentRun,
        priority: EventPriority,
        act: Callable[[int, list[Due]], None],
    ) -> None:
        self._run = run
        self._schedule = run.env.schedule
        self._priority = priority
        self._act = act
        self._due: dict[int, list[Due]] = {}
        self.callbacks = _CALLS
        self.event_count = 0
        """How often it was put into SimPy's calendar."""

    def add(self, tick: int, what: Due) -> None:
        """Let `what` be due in this phase of `tick`."""
        due = self._due.get(tick)
        if due is None:
            self._due[tick] = [what]
            self.event_count += 1
            self._schedule(self, self._priority, tick - self._run.tick)
        else:
            due.append(what)

    def fire(self) -> None:
        """Do what is due now."""
        self.callbacks = _CALLS
        run = self._run
        run.tick = tick = int(run.env.now) - run.base
        self._act(tick, self._due.pop(tick))


_CALLS: list[Callable[[Any], None]] = [Phase.fire]
"""What SimPy calls when a phase fires, with the phase."""


class SegmentRun:
    """One segment under simulation, without finite buffers; ticks count from its begin."""

    def __init__(
        self,
        env: simpy.Environment,
        base: int,
        stations: StationTable,
        segment: Segment,
        controls: Mapping[int, StationControl],
    ) -> None:
        self.env = env
        self.stations = stations
        self.segment = segment
        self.controls = controls
        self.base = base
        """The segment's begin on SimPy's clock."""
        self.tick = int(env.now) - base
        """The present tick."""
        self.end_tick = 0
        """When the last thing happened; visits count when all have started."""
        self.release_ticks: list[int] = segment.release_ticks.tolist()
        self.station: list[int] = segment.station.tolist()
        self.occupancy: list[int] = segment.occupancy_ticks.tolist()
        self.latency: list[int] = segment.latency_ticks.tolist()
        offsets: list[int] = segment.visit_offsets.tolist()
        self.position = offsets[:-1]
        """Next visit of each task."""
        self.visit_end = offsets[1:]
        self.start_ticks = [-1] * len(self.station)
        self.arrival_ticks = [-1] * len(self.station)
        self.order: list[int] = []
        """Visits that started."""
        self.free = [station.servers for station in stations.stations]
        self.queues: list[list[tuple[int, int]]] = [[] for _ in stations.stations]
        self.unfinished = segment.task_count
        self.freeing = Phase(self, FREE, self._free)
        """Stations that have a server again."""
        self.arriving = Phase(self, ARRIVE, self._arrive)
        """Tasks that arrive at their next station, or complete."""
        self.starting = Phase(self, START, self._start)
        """Stations that look for visits to start."""
        bounds: list[int] = segment.dependency_offsets.tolist()
        dependencies: list[int] = segment.dependencies.tolist()
        self.pending = [end - begin for begin, end in itertools.pairwise(bounds)]
        self.dependents: list[list[int]] = [[] for _ in self.pending]
        for task, (begin, end) in enumerate(itertools.pairwise(bounds)):
            for dependency in dependencies[begin:end]:
                self.dependents[dependency].append(task)
        ready = [task for task, count in enumerate(self.pending) if not count]
        self.releases = sorted(ready, key=self.release_ticks.__getitem__, reverse=True)
        """Tasks that wait for nothing but their release, the last first."""
        self.released = 0
        """Release of those of them that are in the calendar; the others come later."""

    def simulate(self) -> None:
        """Run until every task is complete."""
        for control in self.controls.values():
            control.begin(self._policy_start)
        self._release()
        try:
            while self.unfinished:
                self._go_on()
        except EmptySchedule:
            raise DeadlockError(self._stuck()) from None
        longer = np.maximum(self.segment.occupancy_ticks, self.segment.latency_ticks)
        ends = np.array(self.start_ticks, dtype=np.int64) + longer
        self.end_tick = max(self.end_tick, int(ends.max(initial=0)))

    def _go_on(self) -> None:
        """Let SimPy handle so many events that some of the engine's own must follow from them."""
        before, step = self.event_count, self.env.step
        for _ in range(_PATIENCE):
            step()
            if not self.unfinished:
                return
        if self.event_count == before:
            raise ModelError(f"{self._stuck()} while custom policies go on without end")

    @property
    def event_count(self) -> int:
        """How many events the run put into SimPy's calendar so far."""
        phases = (self.freeing, self.arriving, self.starting)
        return sum(phase.event_count for phase in phases)

    def _release(self) -> None:
        """Let those tasks arrive that wait for nothing but their release, the next to come."""
        if self.releases:
            tick = self.released = self.release_ticks[self.releases[-1]]
            while self.releases and self.release_ticks[self.releases[-1]] == tick:
                self.arriving.add(tick, self.releases.pop())

    def enqueue(self, tick: int, task: int, visit: int) -> None:
        """Put an arriving visit into the queue of its station."""
        station = self.station[visit]
        if station in self.controls:
            segment = self.segment
            arrival = Arrival(
                task,
                visit,
                self.base + tick,
                self.occupancy[visit],
                self.latency[visit],
                int(segment.count[visit]),
            )
            self.controls[station].arrived(arrival)
            return
        heappush(self.queues[station], (tick, task))
        if self.free[station] or not self.occupancy[visit]:
            self.starting.add(tick, station)

    def serve(self, tick: int, station: int) -> None:
        """Start visits of the queue of `station` in order until one cannot start."""
        queue = self.queues[station]
        while queue:
            task = queue[0][1]
            if self.occupancy[self.position[task]] and not self.free[station]:
                return
            heappop(queue)
            self.begin(tick, station, task)

    def begin(self, tick: int, station: int, task: int) -> None:
        """Start the next visit of `task`, at `station`, now."""
        visit = self.position[task]
        occupancy, latency = self.occupancy[visit], self.latency[visit]
        self.start_ticks[visit] = tick
        self.order.append(visit)
        self.position[task] = visit + 1
        if visit + 1 == self.visit_end[task] and not self.dependents[task]:
            self.unfinished -= 1
        else:
            self.arriving.add(tick + latency, task)
        if occupancy:
            self.free[station] -= 1
            over = tick + occupancy
            self.freeing.add(over, station)

    def completed(self, tick: int, task: int, due: list[int]) -> None:
        """Mark `task` complete; dependents ready in this very tick join the heap `due`."""
        self.unfinished -= 1
        self.end_tick = max(self.end_tick, tick)
        for dependent in self.dependents[task]:
            self.pending[dependent] -= 1
            if not self.pending[dependent]:
                ready = self.release_ticks[dependent]
                if ready > tick:
                    self.arriving.add(ready, dependent)
                else:
                    heappush(due, dependent)

    def _free(self, tick: int, due: list[int]) -> None:
        for station in due:
            self.free[station] += 1
            if station in self.controls:
                self.controls[station].freed()
            else:
                self.server_freed(tick, station)

    def server_freed(self, tick: int, station: int) -> None:
        """Look at the queue of a station that has a server again."""
        if self.queues[station]:
            self.starting.add(tick, station)

    def _arrive(self, tick: int, due: list[int]) -> None:
        if tick == self.released:
            self._release()
        heapify(due)
        while due:
            task = heappop(due)
            visit = self.position[task]
            if visit == self.visit_end[task]:
                self.completed(tick, task, due)
            else:
                self.arrival_ticks[visit] = tick
                self.enqueue(tick, task, visit)

    def _start(self, tick: int, awake: list[int]) -> None:
        for station in sorted(set(awake)) if len(awake) > 1 else awake:
            self.serve(tick, station)

    def _policy_start(self, control: StationControl, arrival: Arrival) -> None:
        tick = self.tick = int(self.env.now) - self.base
        station = self.station[arrival.visit]
        if (
            self.stations[station] != control.station
            or self.position[arrival.task] != arrival.visit
        ):
            raise ModelError(
                f"station {control.name}: its policy starts visit {arrival.visit} twice"
            )
        if arrival.occupancy_ticks and not self.free[station]:
            what = f"its policy starts visit {arrival.visit} with no free server"
            raise ModelError(f"station {control.name}: {what}")
        self.begin(tick, station, arrival.task)

    def _stuck(self) -> str:
        """Return who waits for whom."""
        for station, control in self.controls.items():
            if control.waiting:
                name = self.segment.label(control.waiting[0].task)
                place = self.stations[station].name
                return f"{name} waits at station {place}, whose policy never starts it"
        return f"{self.unfinished} tasks cannot finish: {self.cycle()}"

    def cycle(self) -> str:
        """Return a text that names a cycle of waiting tasks and stations."""
        return "no station can start any of them"
