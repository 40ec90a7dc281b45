"""Waiting: what a visit waited for at every tick between its arrival and its start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.engine import Timing
from archsim.mapping.program import IntArray, Segment, StationTable

__all__ = ["Credit", "Wait", "WaitKind", "Waiting"]

WaitKind = Literal["server", "place", "port", "turn"]
_Cause = tuple[IntArray, NDArray[np.bool_], WaitKind]
"""Ticks, whether it holds from each on, and what it is."""


class Wait(NamedTuple):
    """A stretch of a visit's waiting with one cause."""

    kind: WaitKind
    """``server``: all servers are held; ``place``: its channel at the far end lacks room;
    ``port``: the buffer that it stands in is being read; ``turn``: it is not the head of its
    channel, or an earlier arrival or a policy holds it back."""
    ticks: int
    """[fs]"""


class Credit(NamedTuple):
    """Places that a visit's start gives back."""

    visit: int
    """Visit that leaves the buffer."""
    station: int
    """Station that the buffer stands behind."""
    tick: int
    """When the places count again. [fs]"""


class _Holds:
    """Resources by key, each held for some stretches with some weight."""

    def __init__(self, keys: IntArray, begins: IntArray, ends: IntArray, weights: IntArray) -> None:
        self._sides = []
        for ticks, sign in ((begins, 1), (ends, -1)):
            order = np.lexsort((ticks, keys))
            total = np.concatenate(([0], np.cumsum(sign * weights[order])))
            self._sides.append((keys[order], ticks[order], total))

    def levels(self, key: int, begin: int, end: int) -> tuple[IntArray, IntArray]:
        """Return the ticks in (begin, end) at which a level changes, and what it is from there.

        The first tick is `begin` itself.
        """
        changes = [np.array([begin])]
        for keys, ticks, _ in self._sides:
            low, high = np.searchsorted(keys, [key, key + 1])
            mine = ticks[low:high]
            changes.append(mine[np.searchsorted(mine, begin, "right") : np.searchsorted(mine, end)])
        points = np.unique(np.concatenate(changes))
        level = np.zeros(len(points), dtype=np.int64)
        for keys, ticks, total in self._sides:
            low, high = np.searchsorted(keys, [key, key + 1])
            level += total[low + np.searchsorted(ticks[low:high], points, "right")] - total[low]
        return points, level


class Waiting:
    """Tells, for one segment and its timing, what visits waited for.

    Parameters
    ----------
    segment : Segment
        What was done.
    stations : StationTable
        Where.
    timing : Timing
        When.

    Notes
    -----
    Where several causes hold at once the first of server, place, port, turn is named. Everything
    follows from arrivals and starts by the rules of `archsim.engine.contract`; no engine is asked.
    """

    def __init__(self, segment: Segment, stations: StationTable, timing: Timing) -> None:
        self._segment, self._timing = segment, timing
        self._table = stations
        self._servers = np.array([one.servers for one in stations.stations], dtype=np.int64)
        channels = np.array([one.channels for one in stations.stations], dtype=np.int64)
        self._first_channel = np.concatenate(([0], np.cumsum(channels)))
        self._buffered = channels > 0
        offsets = segment.visit_offsets
        visits = np.arange(segment.visit_count)
        self._task = np.repeat(np.arange(segment.task_count), np.diff(offsets))
        is_last = np.zeros(segment.visit_count, dtype=bool)
        is_last[offsets[1:][np.diff(offsets) > 0] - 1] = True
        self._before = visits - 1
        first = offsets[:-1][np.diff(offsets) > 0]
        trunk = segment.fork_of[self._task[first]]
        self._before[first] = np.where(trunk >= 0, offsets[1:][trunk] - 1, -1)
        is_trunk = np.zeros(segment.task_count, dtype=bool)
        is_trunk[segment.fork_of[segment.fork_of >= 0]] = True
        behind = segment.station[np.maximum(self._before, 0)]
        self._leaves = (self._before >= 0) & self._buffered[behind]
        goes_on = ~is_last | is_trunk[self._task]
        self._takes = self._buffered[segment.station] & goes_on
        self._held: dict[str, _Holds] = {}

    def of(self, visit: int) -> list[Wait]:
        """Return the waiting of a visit, from its arrival to its start."""
        arrival = int(self._timing.arrival_ticks[visit])
        start = int(self._timing.start_ticks[visit])
        if arrival == start:
            return []
        station = int(self._segment.station[visit])
        if not (self._buffered[station] or self._leaves[visit]):
            points, level = self._servers_held().levels(station, arrival, start)
            blocked: list[_Cause] = [(points, level >= self._servers[station], "server")]
        else:
            blocked = list(self._causes(visit, arrival, start))
        return list(_joined(blocked, arrival, start))

    def credits(self) -> Iterator[Credit]:
        """Give all returns of places; of a trunk's, one for each branch."""
        for visit in np.flatnonzero(self._leaves).tolist():
            station = int(self._segment.station[self._before[visit]])
            tick = self._timing.start_ticks[visit] + self._segment.occupancy_ticks[visit]
            yield Credit(visit, station, int(tick) + self._table[station].credit_ticks)

    def _causes(self, visit: int, arrival: int, start: int) -> Iterator[_Cause]:
        segment = self._segment
        station = int(segment.station[visit])
        if segment.occupancy_ticks[visit]:
            points, level = self._servers_held().levels(station, arrival, start)
            yield points, level >= self._servers[station], "server"
        if self._takes[visit]:
            channel = int(self._first_channel[station] + segment.channel[visit])
            points, taken = self._places_held().levels(channel, arrival, start)
            room = self._table[station].depth - taken
            yield points, room < segment.flits[self._task[visit]], "place"
        if self._leaves[visit]:
            behind = int(segment.station[self._before[visit]])
            points, level = self._ports_held().levels(behind, arrival, start)
            yield points, level > 0, "port"

    def _servers_held(self) -> _Holds:
        if "server" not in self._held:
            begins = self._timing.start_ticks
            ends = begins + self._segment.occupancy_ticks
            self._held["server"] = _Holds(self._segment.station, begins, ends, np.ones_like(begins))
        return self._held["server"]

    def _ports_held(self) -> _Holds:
        if "port" not in self._held:
            mine = self._leaves
            begins = self._timing.start_ticks[mine]
            ends = begins + self._segment.occupancy_ticks[mine]
            behind = self._segment.station[self._before[mine]]
            self._held["port"] = _Holds(behind, begins, ends, np.ones_like(begins))
        return self._held["port"]

    def _places_held(self) -> _Holds:
        if "place" not in self._held:
            segment, starts = self._segment, self._timing.start_ticks
            ends = np.zeros_like(starts)
            leaving = np.flatnonzero(self._leaves)
            before = self._before[leaving]
            order = np.argsort(starts[leaving], kind="stable")  # of branches the last one counts
            credit = np.array([one.credit_ticks for one in self._table.stations], dtype=np.int64)
            over = starts[leaving] + segment.occupancy_ticks[leaving]
            ends[before[order]] = (over + credit[segment.station[before]])[order]
            taken = self._takes
            channels = self._first_channel[segment.station] + segment.channel
            flits = segment.flits[self._task]
            self._held["place"] = _Holds(channels[taken], starts[taken], ends[taken], flits[taken])
        return self._held["place"]


def _joined(blocked: list[_Cause], begin: int, end: int) -> Iterator[Wait]:
    """Give the stretches between two ticks, each with the first cause that holds."""
    points = np.unique(np.concatenate([np.array([begin]), *(one[0] for one in blocked)]))
    kinds: list[WaitKind] = ["turn"] * len(points)
    for ticks, holds, kind in reversed(blocked):
        now = holds[np.searchsorted(ticks, points, "right") - 1]
        kinds = [kind if here else other for here, other in zip(now, kinds, strict=True)]
    bounds = [*points.tolist(), end]
    since = begin
    for number, kind in enumerate(kinds):
        if number + 1 == len(kinds) or kinds[number + 1] != kind:
            yield Wait(kind, bounds[number + 1] - since)
            since = bounds[number + 1]
