"""Walk: from a segment's last tick back to its first, along what each moment had to wait for."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Literal, NamedTuple

import numpy as np

from archsim.analysis.waiting import Waiting, WaitKind
from archsim.engine import Timing
from archsim.errors import ModelError
from archsim.mapping.program import Segment, StationTable

__all__ = ["Piece", "PieceKind", "walk"]

PieceKind = Literal["service", "credit", "release"] | WaitKind


class Piece(NamedTuple):
    """A stretch of the critical path."""

    kind: PieceKind
    """``service``: the visit is served; ``credit``: places come back after the last work;
    ``release``: the task is not to begin earlier; else what the visit waits for."""
    task: int
    visit: int
    """−1 for a release."""
    ticks: int
    """[fs]"""


def walk(segment: Segment, stations: StationTable, timing: Timing) -> tuple[Piece, ...]:
    """Return the critical path of a segment, from its end to its begin.

    Parameters
    ----------
    segment : Segment
        What was done.
    stations : StationTable
        Where.
    timing : Timing
        When.

    Returns
    -------
    tuple of Piece
        Stretches without a gap between them: their ticks sum to the end of the segment.

    Notes
    -----
    The path begins at whatever ended last, the lowest visit of several. It goes back through the
    service and the waiting of each visit, then through the visit before it; from a task's first
    visit it goes to the dependency that completed last, the lowest task of several, or to the
    release if that came later. Waiting is charged to the visit that waits, not to whom it waited
    for ([1]_ calls this the program activity graph's path).

    References
    ----------
    .. [1] C.-Q. Yang, B. P. Miller, "Critical path analysis for the execution of parallel and
       distributed programs", ICDCS 1988, doi:10.1109/DCS.1988.12538.
    """
    return tuple(piece for piece in _Walk(segment, stations, timing).pieces() if piece.ticks)


class _Walk:
    def __init__(self, segment: Segment, stations: StationTable, timing: Timing) -> None:
        self._segment, self._timing = segment, timing
        self._waiting = Waiting(segment, stations, timing)
        self._bounds: list[int] = segment.visit_offsets.tolist()
        self._completed = self._completions()

    def pieces(self) -> Iterator[Piece]:
        """Give the path from end to begin."""
        task, visit, tick = yield from self._end()
        while True:
            if visit >= 0:
                yield from self._through(task, visit, tick)
                tick = int(self._timing.arrival_ticks[visit])
                if visit > self._bounds[task]:
                    visit -= 1
                    continue
            if not tick:
                return
            before = self._last_dependency(task, tick)
            if before < 0:
                yield Piece("release", task, -1, tick)
                return
            task, visit = before, self._bounds[before + 1] - 1
            if visit < self._bounds[before]:
                visit = -1

    def _through(self, task: int, visit: int, tick: int) -> Iterator[Piece]:
        """Give the service of a visit until `tick`, and its waiting before that."""
        yield Piece("service", task, visit, tick - int(self._timing.start_ticks[visit]))
        for wait in reversed(self._waiting.of(visit)):
            yield Piece(wait.kind, task, visit, wait.ticks)

    def _end(self) -> Generator[Piece, None, tuple[int, int, int]]:
        """Give what comes after the last service; return task, visit and tick to go on from."""
        segment, end = self._segment, self._timing.end_tick
        last = self._timing.start_ticks + np.maximum(segment.occupancy_ticks, segment.latency_ticks)
        hits = np.flatnonzero(last == end)
        if len(hits):
            return self._task_of(int(hits[0])), int(hits[0]), end
        for credit in self._waiting.credits():
            if credit.tick == end:
                over = self._timing.start_ticks[credit.visit]
                tick = int(over + segment.occupancy_ticks[credit.visit])
                task = self._task_of(credit.visit)
                yield Piece("credit", task, credit.visit, end - tick)
                return task, credit.visit, tick
        for task, tick in enumerate(self._completed):
            if tick == end and self._bounds[task] == self._bounds[task + 1]:
                return task, -1, end
        raise ModelError(f"critical path: nothing in the segment ends at its end, tick {end}")

    def _task_of(self, visit: int) -> int:
        return int(np.searchsorted(self._segment.visit_offsets, visit, "right")) - 1

    def _last_dependency(self, task: int, tick: int) -> int:
        """Return the lowest dependency of `task` that completed at `tick`, or −1."""
        low, high = self._segment.dependency_offsets[task : task + 2].tolist()
        for before in self._segment.dependencies[low:high].tolist():
            if self._completed[before] == tick:
                return int(before)
        return -1

    def _completions(self) -> list[int]:
        """Return when each task completed. [fs]."""
        segment, bounds = self._segment, self._segment.visit_offsets
        has = np.diff(bounds) > 0
        last = np.maximum(bounds[1:] - 1, 0)
        done = segment.release_ticks.copy()
        done[has] = (self._timing.start_ticks + segment.latency_ticks)[last[has]]
        ends: list[int] = done.tolist()
        offsets = segment.dependency_offsets
        for task in np.flatnonzero(~has).tolist():
            needed = segment.dependencies[offsets[task] : offsets[task + 1]].tolist()
            ends[task] = max([ends[task], *(ends[one] for one in needed)])
        return ends
