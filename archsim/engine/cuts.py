"""Cuts: a stretch in which the chip is never idle, simulated part by part, with equal ticks.

What is loaded is simulated as far as nothing that is not loaded could matter: up to the first tick
at which a later task might be ready. From there on the state of the chip is written as tasks
(`archsim.engine.past`), so it needs neither a format of its own nor an engine that knows of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from archsim.engine.contract import Engine, Timing
from archsim.engine.past import Loaded, Past, leaving
from archsim.engine.rows import Mask, joined, owners, taken
from archsim.errors import DeadlockError, ProgramError
from archsim.mapping.program import IntArray, Segment, SegmentBuilder, Station, StationTable

__all__ = ["Cutter", "Part", "parts"]

_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some tasks of a stretch, and what the later ones wait for."""

    segment: Segment
    """The tasks. Releases count from the stretch's begin; `dependencies` and `fork_of` are numbers
    of the stretch, whose tasks are counted on from part to part. A trunk and all its branches
    belong to one part."""
    later: tuple[tuple[int, tuple[int, ...]], ...] = ()
    """(release, tasks), …: no task of a later part is ready before one of these releases and one
    of the completions of the tasks named beside it. Empty: there are no later tasks."""


def parts(segment: Segment, limit: int) -> Iterator[Part]:
    """Cut a segment into parts of at least `limit` visits, without parting trunk and branches.

    Parameters
    ----------
    segment : Segment
        A whole stretch.
    limit : int
        Visits after which the next part begins.
    """
    tasks, whole = np.arange(segment.task_count), np.maximum.accumulate
    owner = owners(segment.dependency_offsets)
    newest = np.full(segment.task_count, -1, dtype=np.int64)
    np.maximum.at(newest, owner, segment.dependencies)
    open_until = tasks.copy()
    forked = segment.fork_of >= 0
    np.maximum.at(open_until, segment.fork_of[forked], tasks[forked])
    open_until = whole(open_until) if len(tasks) else open_until
    begin = 0
    while True:
        enough = int(segment.visit_offsets[begin]) + max(limit, 1)
        end = int(np.searchsorted(segment.visit_offsets, enough))
        while end < len(tasks) and open_until[end - 1] >= end:
            end = int(open_until[end - 1]) + 1
        end = min(end, len(tasks))
        own = (tasks >= begin) & (tasks < end)
        heads = np.flatnonzero((tasks >= end) & (newest < end)).tolist()
        bounds = segment.dependency_offsets
        yield Part(
            segment=taken(segment, own, own[owners(segment.visit_offsets)]),
            later=tuple(
                (
                    int(segment.release_ticks[head]),
                    tuple(segment.dependencies[bounds[head] : bounds[head + 1]].tolist()),
                )
                for head in heads
            ),
        )
        if end == len(tasks):
            return
        begin = end


class Cutter:
    """Simulate a stretch part by part.

    Parameters
    ----------
    stations : StationTable
        The stations of the chip.
    make_engine : callable
        Returns an engine for a table of stations; one without custom policies.
    """

    def __init__(
        self, stations: StationTable, make_engine: Callable[[StationTable], Engine]
    ) -> None:
        self._stations = stations
        self._aside = len(stations)
        buffers = int((stations.columns.channels > 0).sum())
        if buffers:
            aside = Station(name="past", servers=buffers)
            table = StationTable(stations=(*stations.stations, aside))
        self._engine = make_engine(table if buffers else stations)
        self._restart()

    def _restart(self) -> None:
        self._loaded = Loaded(SegmentBuilder().build(), _NONE, _NONE, _NONE)
        self._tick = 0
        """The latest cut. [fs]"""
        self._clock = 0
        """The latest cut, or when all was over before. [fs]"""
        self._count = 0
        """Tasks of the stretch so far."""

    @property
    def held(self) -> int:
        """Tasks that were passed on at the latest cut."""
        return len(self._loaded.number)

    def add(self, part: Part, *, ordered: bool = False) -> tuple[Segment, Timing]:
        """Return what the chip does from the latest cut to the next one.

        Parameters
        ----------
        part : Part
            The next tasks of the stretch; after one without `later` a new stretch begins.
        ordered : bool
            Whether the order of starts is wanted, too.

        Returns
        -------
        Segment
            The visits that start in between, for the ledger; its tasks depend on nothing.
        Timing
            Their ticks, from the latest cut on: what arrived before has a negative arrival.

        Raises
        ------
        ProgramError
            If the part breaks a rule, or a task is ready earlier than was promised.
        DeadlockError
            If the tasks of the stretch cannot all finish.
        """
        past = Past(self._loaded, self._tick, self._stations, self._aside)
        window = self._window(part.segment, past)
        loaded = self._load(part.segment)
        new = np.arange(self._loaded.segment.visit_count, loaded.segment.visit_count)
        origin = np.concatenate((np.array(past.origin, dtype=np.int64), new))
        fresh, real = loaded.start < 0, origin >= 0
        try:
            timing = self._run(window, past, part.segment.task_count)
            loaded.arrival[origin[real]] = timing.arrival_ticks[real] + past.base
            loaded.start[origin[real]] = timing.start_ticks[real] + past.base
            self._check_promise(loaded)
            over = past.base + timing.end_tick
        except DeadlockError:
            if not part.later:
                raise
            over = -1  # later tasks might turn it away: go no further until they are loaded
        self._count += part.segment.task_count
        completions = self._completions(loaded)
        begin, end = self._clock, max(self._clock, over)
        if over >= 0:
            self._tick = self._next_cut(part, loaded, completions, end)
            self._clock = min(self._tick, end)
        started = fresh & (loaded.start >= 0) & (loaded.start < self._tick)
        gap = 0 if part.later else part.segment.gap_ticks
        done = _done(loaded, started, (begin, self._clock), gap, ordered=ordered)
        if not part.later:
            self._restart()
        elif over >= 0:
            self._forget(loaded, completions)
        else:
            self._loaded = loaded
        return done

    def _load(self, segment: Segment) -> Loaded:
        """Return what was passed on, with the tasks of a part."""
        old, unknown = self._loaded, np.full(segment.visit_count, -1, dtype=np.int64)
        return Loaded(
            segment=joined(old.segment, segment),
            number=np.concatenate((old.number, self._count + np.arange(segment.task_count))),
            arrival=np.concatenate((old.arrival, unknown)),
            start=np.concatenate((old.start, unknown)),
        )

    def _window(self, segment: Segment, past: Past) -> Segment:
        """Return the past written as tasks, with those of a part."""
        written = past.write()
        far = segment.fork_of[(segment.fork_of >= 0) & (segment.fork_of < self._count)]
        wrong = [*segment.dependencies[segment.dependencies < 0].tolist(), *far.tolist()]
        if wrong:
            raise ProgramError(
                f"part from task {self._count} on: expected dependencies >= 0, and forks of its "
                f"own, got {wrong[0]}"
            )
        shift = written.task_count - self._count
        needed = segment.dependencies + shift
        for place in np.flatnonzero(segment.dependencies < self._count).tolist():
            needed[place] = past.task_of.get(int(segment.dependencies[place]), -1)
        known = needed >= 0
        before = np.concatenate(([0], np.cumsum(known)))
        free = np.diff(before[segment.dependency_offsets]) == 0
        early = np.flatnonzero(free & (segment.release_ticks < self._tick))
        if len(early):
            self._refuse_early(self._count + int(early[0]))
        return joined(
            written,
            replace(
                segment,
                release_ticks=np.maximum(segment.release_ticks, self._tick) - past.base,
                fork_of=np.where(segment.fork_of >= 0, segment.fork_of + shift, segment.fork_of),
                dependencies=needed[known],
                dependency_offsets=before[segment.dependency_offsets],
                labels=(),
            ),
        )

    def _run(self, window: Segment, past: Past, new: int) -> Timing:
        """Return the timing of a window; errors give the numbers that tasks have in the stretch."""
        try:
            return self._engine.run(window)
        except (DeadlockError, ProgramError):
            known = {task: number for number, task in past.task_of.items()}
            known |= {window.task_count - new + n: self._count + n for n in range(new)}
            names = tuple(
                f"task {known[task]} of the stretch" if task in known else "of the past"
                for task in range(window.task_count)
            )
            self._engine.run(replace(window, labels=names))
            raise

    def _check_promise(self, loaded: Loaded) -> None:
        """Raise ProgramError if a new task was ready before the latest cut."""
        new = np.flatnonzero(loaded.number >= self._count)
        first, end = loaded.segment.visit_offsets[new], loaded.segment.visit_offsets[new + 1]
        new, first = new[end > first], first[end > first]
        early = np.flatnonzero(loaded.arrival[first] < self._tick)
        if len(early):
            self._refuse_early(int(loaded.number[new[early[0]]]))

    def _refuse_early(self, number: int) -> None:
        raise ProgramError(
            f"task {number} of the stretch: expected to be ready at {self._tick} fs or later, as "
            f"the part before promised, got one that is ready earlier"
        )

    def _completions(self, loaded: Loaded) -> IntArray:
        """Return when each task completes [fs]; too early where it did before the latest cut."""
        segment = loaded.segment
        first, end = segment.visit_offsets[:-1], segment.visit_offsets[1:]
        found = segment.release_ticks.copy()
        visits = end > first
        last = end[visits] - 1
        found[visits] = loaded.start[last] + segment.latency_ticks[last]
        bounds = segment.dependency_offsets
        for task in np.flatnonzero(~visits).tolist():
            for number in segment.dependencies[bounds[task] : bounds[task + 1]].tolist():
                place = loaded.place(number)
                if place >= 0:
                    found[task] = max(found[task], found[place])
        return found

    def _next_cut(self, part: Part, loaded: Loaded, completions: IntArray, end: int) -> int:
        """Return the first tick at which a later task might be ready; of none, when all is over."""
        if not part.later:
            return end + 1
        ticks = []
        for release, tasks in part.later:
            places = [loaded.place(number) for number in tasks]
            ticks.append(max([release, *(int(completions[p]) for p in places if p >= 0)]))
        return max(self._tick, min(ticks))

    def _forget(self, loaded: Loaded, completions: IntArray) -> None:
        """Pass on what is not over at the cut."""
        segment, tick = loaded.segment, self._tick
        for column in (loaded.arrival, loaded.start):
            column[column >= tick] = -1
        owner, known = owners(segment.visit_offsets), loaded.start >= 0
        over = loaded.start + segment.occupancy_ticks
        station = leaving(loaded, self._stations)
        columns = self._stations.columns
        delay = np.maximum(columns.head_ticks, columns.credit_ticks)[station]
        left = (station >= 0) & (~known | (over + delay >= tick))
        kept = completions >= tick
        kept[owner[known & ((over > tick) | left)]] = True
        for branch in np.flatnonzero(segment.fork_of >= 0).tolist():
            trunk = loaded.place(int(segment.fork_of[branch]))
            if trunk >= 0 and left[segment.visit_offsets[branch]]:
                kept[trunk] = True
        visits = kept[owner]
        rest = taken(segment, kept, visits)
        number = loaded.number[kept]
        fork = np.where(np.isin(rest.fork_of, number), rest.fork_of, -1)
        self._loaded = Loaded(
            segment=replace(rest, fork_of=fork),
            number=number,
            arrival=loaded.arrival[visits],
            start=loaded.start[visits],
        )


def _done(
    loaded: Loaded, visits: Mask, span: tuple[int, int], gap: int, *, ordered: bool
) -> tuple[Segment, Timing]:
    """Return some visits, with their ticks from the begin of a span on."""
    tasks = np.zeros(len(loaded.number), dtype=np.bool_)
    tasks[owners(loaded.segment.visit_offsets)[visits]] = True
    segment = taken(loaded.segment, tasks, visits)
    segment = replace(
        segment,
        gap_ticks=gap,
        fork_of=np.full_like(segment.fork_of, -1),
        dependency_offsets=np.zeros(segment.task_count + 1, dtype=np.int64),
        dependencies=_NONE,
    )
    arrival, start = loaded.arrival[visits] - span[0], loaded.start[visits] - span[0]
    order = np.lexsort((arrival, segment.station, start)) if ordered else None
    return segment, Timing(
        arrival_ticks=arrival, start_ticks=start, end_tick=span[1] - span[0], order=order
    )
