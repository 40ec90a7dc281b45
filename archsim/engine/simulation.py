"""One segment under simulation on SimPy, without finite buffers: calendar, queues, servers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush

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


class Phase(simpy.Event):
    """One phase of a tick: an event that may lie in SimPy's calendar many times at once.

    SimPy clears an event's callbacks when it fires; this one keeps its only callback, so no event
    is allocated while a segment runs.
    """

    _ok = True
    _value = None

    def __init__(self, callback: Callable[[simpy.Event], None]) -> None:
        self._calls = [callback]

    @property
    def callbacks(self) -> list[Callable[[simpy.Event], None]]:
        """The one callback."""
        return self._calls

    @callbacks.setter
    def callbacks(self, _: object) -> None:
        """Ignore SimPy's clearing."""


class SegmentRun:
    """One segment under simulation, without finite buffers; all ticks are absolute.

    The calendar is three dictionaries from tick to what is due; the first entry of a tick and
    phase puts one event into SimPy.
    """

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
        self.event_count = 0
        self.tick = int(env.now)
        """The present tick."""
        self.end_tick = base
        self.release_ticks = [base + tick for tick in segment.release_ticks.tolist()]
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
        self._free_phase = Phase(self._frees)
        self._arrive_phase = Phase(self._arrivals)
        self._start_phase = Phase(self._starts)
        self._arriving: dict[int, list[int]] = {}
        self._freeing: dict[int, list[int]] = {}
        self._waking: dict[int, set[int]] = {}
        bounds: list[int] = segment.dependency_offsets.tolist()
        dependencies: list[int] = segment.dependencies.tolist()
        self.pending = [end - begin for begin, end in itertools.pairwise(bounds)]
        self.dependents: list[list[int]] = [[] for _ in self.pending]
        for task, (begin, end) in enumerate(itertools.pairwise(bounds)):
            for dependency in dependencies[begin:end]:
                self.dependents[dependency].append(task)

    def simulate(self) -> None:
        """Run until every task is complete."""
        for control in self.controls.values():
            control.begin(self._policy_start)
        for task, count in enumerate(self.pending):
            if not count:
                self.arrive_at(self.release_ticks[task], task)
        step = self.env.step
        idle = 0
        try:
            while self.unfinished:
                before = self.event_count
                step()
                idle = 0 if self.event_count != before else idle + 1
                if idle > _PATIENCE:
                    raise ModelError(f"{self._stuck()} while custom policies go on without end")
        except EmptySchedule:
            raise DeadlockError(self._stuck()) from None

    def arrive_at(self, tick: int, task: int) -> None:
        """Let `task` arrive at its next station, or complete, in phase 2 of `tick`."""
        batch = self._arriving.get(tick)
        if batch is None:
            self._arriving[tick] = [task]
            self.schedule(tick, ARRIVE, self._arrive_phase)
        else:
            batch.append(task)

    def wake(self, tick: int, station: int) -> None:
        """Let `station` look for visits to start in phase 3 of `tick`."""
        awake = self._waking.get(tick)
        if awake is None:
            self._waking[tick] = {station}
            self.schedule(tick, START, self._start_phase)
        else:
            awake.add(station)

    def enqueue(self, tick: int, task: int, visit: int) -> None:
        """Put an arriving visit into the queue of its station."""
        station = self.station[visit]
        if station in self.controls:
            segment = self.segment
            arrival = Arrival(
                task,
                visit,
                tick,
                self.occupancy[visit],
                self.latency[visit],
                int(segment.count[visit]),
            )
            self.controls[station].arrived(arrival)
            return
        heappush(self.queues[station], (tick, task))
        if self.free[station] or not self.occupancy[visit]:
            self.wake(tick, station)

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
        end = tick + latency
        if visit + 1 == self.visit_end[task] and not self.dependents[task]:
            self.unfinished -= 1
        else:
            self.arrive_at(end, task)
        if occupancy:
            self.free[station] -= 1
            over = tick + occupancy
            batch = self._freeing.get(over)
            if batch is None:
                self._freeing[over] = [station]
                self.schedule(over, FREE, self._free_phase)
            else:
                batch.append(station)
            end = max(end, over)
        self.end_tick = max(self.end_tick, end)

    def completed(self, tick: int, task: int, due: list[int]) -> None:
        """Mark `task` complete; dependents ready in this very tick join the heap `due`."""
        self.unfinished -= 1
        self.end_tick = max(self.end_tick, tick)
        for dependent in self.dependents[task]:
            self.pending[dependent] -= 1
            if not self.pending[dependent]:
                ready = self.release_ticks[dependent]
                if ready > tick:
                    self.arrive_at(ready, dependent)
                else:
                    heappush(due, dependent)

    def schedule(self, tick: int, priority: EventPriority, phase: simpy.Event) -> None:
        """Put a phase of `tick` into SimPy's calendar."""
        self.event_count += 1
        self.env.schedule(phase, priority, tick - self.tick)

    def _frees(self, _: simpy.Event) -> None:
        tick = self.tick = int(self.env.now)
        for station in self._freeing.pop(tick):
            self.free[station] += 1
            if station in self.controls:
                self.controls[station].freed()
            else:
                self.server_freed(tick, station)

    def server_freed(self, tick: int, station: int) -> None:
        """Look at the queue of a station that has a server again."""
        if self.queues[station]:
            self.wake(tick, station)

    def _arrivals(self, _: simpy.Event) -> None:
        tick = self.tick = int(self.env.now)
        due = self._arriving.pop(tick)
        heapify(due)
        while due:
            task = heappop(due)
            visit = self.position[task]
            if visit == self.visit_end[task]:
                self.completed(tick, task, due)
            else:
                self.arrival_ticks[visit] = tick
                self.enqueue(tick, task, visit)

    def _starts(self, _: simpy.Event) -> None:
        tick = self.tick = int(self.env.now)
        awake = self._waking.pop(tick)
        for station in sorted(awake) if len(awake) > 1 else awake:
            self.serve(tick, station)

    def _policy_start(self, control: StationControl, arrival: Arrival) -> None:
        tick = self.tick = int(self.env.now)
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
