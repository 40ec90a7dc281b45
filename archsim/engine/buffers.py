"""Finite buffers for the reference engine: channels, heads, read ports, places, multicast."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop

import simpy

from archsim.engine.policy import StationControl
from archsim.engine.simulation import FREE, Phase, SegmentRun
from archsim.mapping.program import Segment, StationTable

__all__ = ["BufferedRun"]


@dataclass(slots=True)
class _Channel:
    """One channel of the buffer behind a station."""

    station: int
    room: int
    """Free places. [flits]"""
    entries: deque[int] = field(default_factory=deque)
    """Tasks inside, head first; a trunk stands for all its branches."""
    open_tick: int = 0
    """From when on the head may ask."""


class BufferedRun(SegmentRun):
    """One segment under simulation on a chip with finite buffers."""

    def __init__(
        self,
        env: simpy.Environment,
        base: int,
        stations: StationTable,
        segment: Segment,
        controls: Mapping[int, StationControl],
    ) -> None:
        super().__init__(env, base, stations, segment, controls)
        self.flits: list[int] = segment.flits.tolist()
        self.channel_of: list[int] = segment.channel.tolist()
        self.fork_of: list[int] = segment.fork_of.tolist()
        self.first: list[int] = segment.visit_offsets[:-1].tolist()
        self.channels = [
            [_Channel(number, station.depth) for _ in range(station.channels)]
            for number, station in enumerate(stations.stations)
        ]
        self.port_until = [0] * len(stations)
        self.heads: list[dict[int, tuple[int, int, _Channel]]] = [{} for _ in stations.stations]
        """Station → task → (arrival, from when it asks, channel it is head of)."""
        self.branches: dict[int, list[int]] = {}
        """Trunk → its branches that have not started."""
        for task, trunk in enumerate(self.fork_of):
            if trunk >= 0:
                self.branches.setdefault(trunk, []).append(task)
        self.returning = Phase(self, FREE, self._take_back)
        """Channels with the places that they have again; 0: the port is free."""

    @property
    def event_count(self) -> int:
        """How many events the run put into SimPy's calendar so far."""
        return super().event_count + self.returning.event_count

    def enqueue(self, tick: int, task: int, visit: int) -> None:
        """Put an arriving visit into its channel, or into the queue if it comes from none."""
        trunk = self.fork_of[task]
        if visit > self.first[task]:
            channel = self._behind(visit - 1)
            if channel is not None:
                self._enter(tick, channel, task)
                return
        elif trunk >= 0:
            channel = self._behind(self.visit_end[trunk] - 1)
            if channel is not None and channel.entries and channel.entries[0] == trunk:
                self._ask(channel, task)
            return
        super().enqueue(tick, task, visit)

    def completed(self, tick: int, task: int, due: list[int]) -> None:
        """Let a trunk enter the buffer at its fork before its branches become ready."""
        if task in self.branches:
            channel = self._behind(self.visit_end[task] - 1)
            if channel is not None:
                self._enter(tick, channel, task)
        super().completed(tick, task, due)

    def serve(self, tick: int, station: int) -> None:
        """Start the earliest that can start, of heads and queue, until none can."""
        queue, heads = self.queues[station], self.heads[station]
        while True:
            waiting = [(arrival, task) for task, (arrival, _, _) in heads.items()]
            if queue:
                waiting.append(queue[0])
            chosen = next(
                (t for _, t in sorted(waiting) if self._can_start(tick, station, t)), None
            )
            if chosen is None:
                return
            if chosen in heads:
                channel = heads.pop(chosen)[2]
                self._leave(tick, channel, chosen)
            else:
                heappop(queue)
            taken = self._wanted(chosen)
            if taken is not None:
                taken.room -= self.flits[chosen]
            self.begin(tick, station, chosen)

    def server_freed(self, tick: int, station: int) -> None:
        """Look at the queue and the heads of a station that has a server again."""
        if self.queues[station] or self.heads[station]:
            self.starting.add(tick, station)

    def _behind(self, visit: int) -> _Channel | None:
        """Return the channel that `visit` puts its packet into; None if that is unbounded."""
        channels = self.channels[self.station[visit]]
        return channels[self.channel_of[visit]] if channels else None

    def _wanted(self, task: int) -> _Channel | None:
        """Return the channel that the next visit of `task` takes places in, if any."""
        visit = self.position[task]
        if visit + 1 == self.visit_end[task] and task not in self.branches:
            return None
        return self._behind(visit)

    def _can_start(self, tick: int, station: int, task: int) -> bool:
        head = self.heads[station].get(task)
        if head is not None and (head[1] > tick or self.port_until[head[2].station] > tick):
            return False
        if self.occupancy[self.position[task]] and not self.free[station]:
            return False
        wanted = self._wanted(task)
        return wanted is None or wanted.room >= self.flits[task]

    def _forks(self, task: int) -> bool:
        """Return whether `task` is a trunk that has come to its fork."""
        return task in self.branches and self.position[task] == self.visit_end[task]

    def _enter(self, tick: int, channel: _Channel, task: int) -> None:
        channel.entries.append(task)
        if len(channel.entries) == 1:
            channel.open_tick = max(channel.open_tick, tick)
            self._promote(channel)

    def _promote(self, channel: _Channel) -> None:
        """Let the head of `channel` ask; of a trunk, every branch that is ready."""
        head = channel.entries[0]
        if self._forks(head):
            for branch in self.branches[head]:
                if self.arrival_ticks[self.first[branch]] >= 0:
                    self._ask(channel, branch)
        else:
            self._ask(channel, head)

    def _ask(self, channel: _Channel, task: int) -> None:
        visit = self.position[task]
        arrival = self.arrival_ticks[visit]
        asking = max(channel.open_tick, arrival)
        self.heads[self.station[visit]][task] = (arrival, asking, channel)
        self.starting.add(asking, self.station[visit])

    def _leave(self, tick: int, channel: _Channel, task: int) -> None:
        """Take the port, and give back the places unless further branches wait."""
        visit = self.position[task]
        over = tick + self.occupancy[visit]
        self.port_until[channel.station] = over
        head = channel.entries[0]
        if self._forks(head):
            left = self.branches[head]
            left.remove(task)
            if left:
                self.returning.add(over, (channel, 0))
                return
        channel.entries.popleft()
        station = self.stations[channel.station]
        channel.open_tick = over + station.head_ticks
        self.returning.add(over, (channel, 0))
        self.returning.add(over + station.credit_ticks, (channel, self.flits[head]))
        self.end_tick = max(self.end_tick, over + station.credit_ticks)
        if channel.entries:
            self._promote(channel)

    def _take_back(self, tick: int, due: list[tuple[_Channel, int]]) -> None:
        for channel, places in due:
            channel.room += places
            if places:
                self.starting.add(tick, channel.station)
                continue
            for sibling in self.channels[channel.station]:
                for task in self._asking(sibling):
                    self.starting.add(tick, self.station[self.position[task]])

    def _asking(self, channel: _Channel) -> list[int]:
        if not channel.entries:
            return []
        head = channel.entries[0]
        tasks = self.branches[head] if self._forks(head) else [head]
        return [t for t in tasks if t in self.heads[self.station[self.position[t]]]]

    def cycle(self) -> str:
        """Return a text that names a cycle of waiting tasks and stations."""
        inside = {task: c for row in self.channels for c in row for task in c.entries}
        task = next(t for t, v in enumerate(self.position) if v < self.visit_end[t])
        seen: dict[int, str] = {}
        while task not in seen:
            blocker, why = self._blocker(task, inside)
            seen[task] = f"{self.segment.label(task)} {why}"
            if blocker < 0:
                return seen[task]
            task = blocker
        numbers = list(seen)
        ring = [seen[number] for number in numbers[numbers.index(task) :]]
        return "; ".join([*ring, f"back to {self.segment.label(task)}"])

    def _blocker(self, task: int, inside: Mapping[int, _Channel]) -> tuple[int, str]:
        """Return the task that `task` waits for (-1: none found) and a text that says how."""
        if self.pending[task]:
            bounds = self.segment.dependency_offsets[task : task + 2]
            for needed in self.segment.dependencies[bounds[0] : bounds[1]].tolist():
                if task in self.dependents[needed] and self._open(needed):
                    return needed, f"depends on task {needed}"
        if self._forks(task):
            branch = self.branches[task][0]
            return branch, f"holds places until its branch, task {branch}, has started"
        holder = task if task in inside else self.fork_of[task]
        channel = inside.get(holder)
        if channel is not None and channel.entries[0] != holder:
            name = self.stations[channel.station].name
            return channel.entries[0], f"stands behind the head of a channel of {name}"
        station = self.station[self.position[task]]
        name = self.stations[station].name
        wanted = self._wanted(task)
        if wanted is not None and wanted.room < self.flits[task] and wanted.entries:
            return wanted.entries[0], f"waits for {self.flits[task]} places behind {name}"
        queue = self.queues[station]
        if queue and queue[0][1] != task and channel is None:
            return queue[0][1], f"stands in the queue of {name}"
        return -1, f"waits at {name}"

    def _open(self, task: int) -> bool:
        """Return whether `task` has not come to its end."""
        return self.pending[task] > 0 or self.position[task] < self.visit_end[task]
