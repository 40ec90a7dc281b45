"""The state of a chip at a cut, written as tasks: whoever does them finds the chip in that state.

Before the cut nothing may start but what did. So what matters of the past is replayed by tasks that
no rule can disturb:

- A server that is held is held by a task of its own from long before. Where visits wait, all
  servers are held until the cut, so none of these starts early.
- A packet in a finite buffer, or on its way there, enters it again by a visit without occupancy,
  long before, with the latency that lets it arrive when it did.
- A packet that left a buffer shortly before is a trunk there, and a branch that is released when it
  left, and goes where nobody else does: port, head and credit come out as they did.
- All else are the visits that are left of a task, released when the first of them arrived or will.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from archsim.engine.rows import owners
from archsim.mapping.program import IntArray, Segment, SegmentBuilder, StationTable, Visit

__all__ = ["Loaded", "Past", "leaving"]


@dataclass(slots=True)
class Loaded:
    """Tasks that are loaded and may still matter; ticks count from the stretch's begin."""

    segment: Segment
    """The tasks; `dependencies` and `fork_of` are numbers of the stretch."""
    number: IntArray
    """(n,) number of each task in the stretch, ascending."""
    arrival: IntArray
    """(m,) when each visit arrived; -1: not before the cut. [fs]"""
    start: IntArray
    """(m,) when each visit started; -1: not before the cut. [fs]"""

    def place(self, number: int) -> int:
        """Return where the task of this number stands; -1 if it is forgotten."""
        place = int(np.searchsorted(self.number, number))
        return place if place < len(self.number) and self.number[place] == number else -1


def leaving(loaded: Loaded, stations: StationTable) -> IntArray:
    """Return the station in whose finite buffer each visit begins, (m,); -1: in none."""
    segment = loaded.segment
    before = np.full(segment.visit_count, -1, dtype=np.int64)
    before[1:] = segment.station[:-1]
    first, end = segment.visit_offsets[:-1], segment.visit_offsets[1:]
    before[first[end > first]] = -1
    for branch in np.flatnonzero(segment.fork_of >= 0).tolist():
        trunk = loaded.place(int(segment.fork_of[branch]))
        if trunk >= 0:
            before[first[branch]] = segment.station[end[trunk] - 1]
    channels = stations.columns.channels
    return np.where((before >= 0) & (channels[before] > 0), before, -1)


@dataclass(slots=True, eq=False)
class _Entry:
    """A packet that enters a buffer again."""

    visit: int
    """The visit that brought it there."""
    back: int = -1
    """When its places return, if that is known."""
    start: int = -1
    """When the visit starts in the replay."""


@dataclass(slots=True, eq=False)
class _Plan:
    """A task to be written."""

    release: int
    number: int = -1
    """Number in the stretch of the task that others know it as; -1: none."""
    entry: _Entry | None = None
    visits: range = range(0)
    aside: int = 0
    """Occupancy of a visit where nobody else goes; 0: it makes none."""
    flits: int = 1
    after: list[int] = field(default_factory=list)
    """What it depends on, as far as that is not complete."""
    fork: _Plan | None = None


class Past:
    """What is loaded, written as tasks that bring a chip into the state it has at a cut.

    Parameters
    ----------
    loaded : Loaded
        What the chip has done, and has yet to do.
    tick : int
        The cut; all that started before is known. [fs]
    stations : StationTable
        The stations of the chip.
    aside : int
        Number of a station where nobody else goes.
    """

    def __init__(self, loaded: Loaded, tick: int, stations: StationTable, aside: int) -> None:
        self._loaded, self._tick, self._stations, self._aside = loaded, tick, stations, aside
        self._segment = loaded.segment
        self._leaving = leaving(loaded, stations)
        self._plans: list[_Plan] = []
        self._known: dict[int, _Plan] = {}
        """Number in the stretch → plan."""
        self._held: dict[int, list[int]] = defaultdict(list)
        """Station → until when its servers are held."""
        self._waited: set[int] = set()
        """Stations that visits wait for."""
        self._branches: dict[int, list[int]] = defaultdict(list)
        for branch in np.flatnonzero(self._segment.fork_of >= 0).tolist():
            self._branches[int(self._segment.fork_of[branch])].append(branch)
        self.base = tick
        """Tick at which the tasks begin. [fs]"""
        self.origin: list[int] = []
        """Visit of `loaded` that each visit stands for; -1: none."""
        self.task_of: dict[int, int] = {}
        """Number in the stretch → task here."""

    def write(self) -> Segment:
        """Return the tasks."""
        for task in range(self._segment.task_count):
            self._plan(task)
        shift = self._settle()
        builder = SegmentBuilder()
        for station in sorted({*self._held, *self._waited}):
            self._hold(builder, station)
        tasks: dict[int, int] = {}
        for plan in self._plans:
            tasks[id(plan)] = self._add(builder, plan, tasks, shift)
        return builder.build()

    def _hold(self, builder: SegmentBuilder, station: int) -> None:
        """Hold the servers of a station, all of them at least until the cut if visits wait."""
        until = list(self._held[station])
        if station in self._waited:
            missing = int(self._stations.columns.servers[station]) - len(until)
            until += [self._tick] * missing
        for tick in until:
            builder.task([Visit(station, tick - self.base, 1)])
            self.origin.append(-1)

    def _add(self, builder: SegmentBuilder, plan: _Plan, tasks: dict[int, int], shift: int) -> int:
        """Add the task of a plan."""
        segment, visits, release = self._segment, [], plan.release
        if plan.entry is not None:
            one = plan.entry.visit
            release = int(self._loaded.start[one]) - shift
            enters = int(self._loaded.start[one] + segment.latency_ticks[one])
            station, channel = int(segment.station[one]), int(segment.channel[one])
            visits.append(Visit(station, 0, enters - plan.entry.start, channel=channel))
            self.origin.append(-1)
        for visit in plan.visits:
            station, channel = int(segment.station[visit]), int(segment.channel[visit])
            held, latency = int(segment.occupancy_ticks[visit]), int(segment.latency_ticks[visit])
            visits.append(Visit(station, held, latency, channel=channel))
            self.origin.append(visit)
        if plan.aside:
            visits.append(Visit(self._aside, plan.aside, 1))
            self.origin.append(-1)
        fork = -1 if plan.fork is None else tasks[id(plan.fork)]
        after = [self.task_of[number] for number in plan.after if number in self.task_of]
        number = builder.task(
            visits,
            release=release - self.base,
            after=after if fork < 0 else [*after, fork],
            flits=plan.flits,
            fork_of=fork,
        )
        if plan.number >= 0:
            self.task_of[plan.number] = number
        return number

    def _plan(self, task: int) -> None:
        """Plan what is left of a task, and what it did that still has an effect."""
        segment, start = self._segment, self._loaded.start
        first, end = segment.visit_offsets[task : task + 2].tolist()
        done = first + int((start[first:end] >= 0).sum())
        for visit in range(first, done):
            over = int(start[visit] + segment.occupancy_ticks[visit])
            if segment.occupancy_ticks[visit] and over > self._tick:
                self._held[int(segment.station[visit])].append(over)
            if visit > first and self._matters(visit):
                self._leave(task, visit - 1, visit)
        if done < end or first == end:
            self._remain(task, first, done, end)
        else:
            self._finish(task, end - 1)

    def _remain(self, task: int, first: int, done: int, end: int) -> None:
        """Plan the visits that are left of a task."""
        segment, loaded = self._segment, self._loaded
        plan = _Plan(int(segment.release_ticks[task]), int(loaded.number[task]))
        plan.visits, plan.flits = range(done, end), int(segment.flits[task])
        arrival = -1 if done == end else int(loaded.arrival[done])
        if done > first:
            arrival = plan.release = int(loaded.start[done - 1] + segment.latency_ticks[done - 1])
            if self._leaving[done] >= 0:
                plan.entry = _Entry(done - 1)
        else:
            bounds = segment.dependency_offsets[task : task + 2].tolist()
            plan.after = segment.dependencies[slice(*bounds)].tolist()
            plan.release = arrival if arrival >= 0 else max(plan.release, self._tick)
            if segment.fork_of[task] >= 0:
                plan.fork = self._known[int(segment.fork_of[task])]
        if 0 <= arrival < self._tick:
            self._waited.add(int(segment.station[done]))
        self._put(plan)

    def _finish(self, task: int, last: int) -> None:
        """Plan a task that is over, or on the way to its end: a fork, or a time to wait for."""
        segment, start = self._segment, self._loaded.start
        number, over = (
            int(self._loaded.number[task]),
            int(start[last] + segment.latency_ticks[last]),
        )
        branches = self._branches.get(number, [])
        firsts = {branch: int(segment.visit_offsets[branch]) for branch in branches}
        started = [branch for branch in branches if start[firsts[branch]] >= 0]
        if len(started) < len(branches):
            flits = int(segment.flits[task])
            trunk = _Plan(over, number, _Entry(last), flits=flits)
            self._put(trunk)
            for first in (firsts[branch] for branch in started):
                if start[first] + segment.occupancy_ticks[first] > self._tick:
                    self._aside_from(trunk, first)
        elif started:
            latest = max((firsts[branch] for branch in started), key=start.__getitem__)
            if self._matters(latest):
                self._leave(task, last, latest)
        if len(started) == len(branches) and over >= self._tick:
            self._put(_Plan(over, number))

    def _matters(self, visit: int) -> bool:
        """Return whether a buffer still feels at the cut that this visit left it."""
        station = int(self._leaving[visit])
        if station < 0:
            return False
        columns = self._stations.columns
        delay = int(max(columns.head_ticks[station], columns.credit_ticks[station]))
        over = self._loaded.start[visit] + self._segment.occupancy_ticks[visit]
        return bool(over + delay >= self._tick)

    def _leave(self, task: int, entered: int, left: int) -> None:
        """Plan a packet that entered a buffer by one visit and left it by another."""
        station = int(self._segment.station[entered])
        over = int(self._loaded.start[left] + self._segment.occupancy_ticks[left])
        entry = _Entry(entered, over + int(self._stations.columns.credit_ticks[station]))
        trunk = _Plan(0, entry=entry, flits=int(self._segment.flits[task]))
        self._put(trunk)
        self._aside_from(trunk, left)

    def _aside_from(self, trunk: _Plan, visit: int) -> None:
        """Plan a branch that starts when this visit did."""
        occupancy = int(self._segment.occupancy_ticks[visit])
        release = int(self._loaded.start[visit])
        self._put(_Plan(release, aside=occupancy, flits=trunk.flits, fork=trunk))

    def _put(self, plan: _Plan) -> None:
        self._plans.append(plan)
        if plan.number >= 0:
            self._known[plan.number] = plan

    def _settle(self) -> int:
        """Find out when packets enter buffers again; return how much earlier they try to [fs].

        They try in the order in which they did, before all else. A packet waits only for places
        that return before the cut, which it really took later.
        """
        loaded, segment = self._loaded, self._segment
        entries = [plan.entry for plan in self._plans if plan.entry is not None]
        ticks = [int(loaded.start[entry.visit]) for entry in entries]
        ticks += [p.release for p in self._plans if p.entry is None and p.release < self._tick]
        shift = self._tick - min(ticks, default=self._tick)
        self.base = self._tick - (2 if entries else 1) * shift
        owner = owners(segment.visit_offsets)
        latest: dict[int, int] = {}
        inside: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        entries.sort(key=lambda entry: (int(loaded.start[entry.visit]), entry.visit))
        for entry in entries:
            visit = entry.visit
            station, flits = int(segment.station[visit]), int(segment.flits[owner[visit]])
            tick = max(int(loaded.start[visit]) - shift, latest.get(station, self.base))
            places = inside[station, int(segment.channel[visit])]
            room = int(self._stations.columns.depth[station])
            room -= sum(taken for back, taken in places if back < 0 or back > tick)
            for back, taken in sorted(places):
                if room < flits and back > tick:
                    tick, room = back, room + taken
            entry.start = latest[station] = tick
            places.append((entry.back, flits))
        return shift
