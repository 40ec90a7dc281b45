"""Critical path: what each tick of a run's time was spent on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from archsim.analysis.walk import Piece, walk
from archsim.chip.description import ChipDescription
from archsim.engine import Policy, Timing
from archsim.engine.replay import timing_key
from archsim.mapping.program import Segment, StationTable
from archsim.runs import Hooks, Run, run
from archsim.trace import TRAINING_PHASES
from archsim.workload import WorkloadDescription

__all__ = ["GAP", "CriticalPath", "Handover", "Part", "Spent", "critical_path"]

GAP = "gap"
"""Kind of the time between segments, in which the chip waits for the next input."""
_Key = TypeVar("_Key")
_KEPT = 10_000
"""Paths of so many different segments are remembered."""


class Part(NamedTuple):
    """What a stretch of the critical path is about."""

    phase: str
    tile: str
    """Empty for releases and gaps."""
    component: str
    """Likewise."""
    kind: str
    """``service``; ``server``, ``place``, ``port`` or ``turn`` for waiting; ``credit``;
    ``release``; ``gap``."""


class Handover(NamedTuple):
    """Who waited for whom on the critical path."""

    phase: str
    before: str
    """What was waited for."""
    after: str
    """What waited for it; ``end`` where the segment ends."""


class Spent(NamedTuple):
    """How often, and how long."""

    times: int
    ticks: int
    """[fs]"""


class _Sums(NamedTuple):
    """A walked path, summed where that loses nothing."""

    stations: tuple[tuple[tuple[int, str], Spent], ...]
    """(station, or −1, and kind) → spent."""
    tasks: tuple[tuple[int, int, int], ...]
    """Task, the one after it or −1, ticks."""


@dataclass(slots=True)
class CriticalPath:
    """The critical path of a run, gathered segment by segment; a `watch` of `archsim.run`.

    Segments of equal timing are walked once and multiplied.
    """

    parts: dict[Part, Spent] = field(default_factory=dict)
    """What the time was spent on; the ticks sum to the time of the run."""
    handovers: dict[Handover, Spent] = field(default_factory=dict)
    """Whom was waited for; the ticks, of the one before, sum to that without gaps."""
    walked: int = 0
    """Segments whose path was walked."""
    _known: OrderedDict[bytes, _Sums] = field(default_factory=OrderedDict)

    def watch(self, stations: StationTable, segment: Segment, timing: Timing) -> None:
        """Add one segment.

        Parameters
        ----------
        stations, segment, timing
            As a hook of `archsim.run` gets them.
        """
        sums = self._sums(stations, segment, timing)
        repeat, phase = segment.repeat, segment.phase
        for (number, kind), spent in sums.stations:
            tile, component = "", ""
            if number >= 0:
                tile, component = stations[number].tile, stations[number].component
            _add(self.parts, Part(phase, tile, component, kind), spent, repeat)
        for task, after, ticks in sums.tasks:
            names = _label(segment, task), _label(segment, after) if after >= 0 else "end"
            _add(self.handovers, Handover(phase, *names), Spent(1, ticks), repeat)
        if segment.gap_ticks:
            _add(self.parts, Part(phase, "", "", GAP), Spent(1, segment.gap_ticks), repeat)

    def ticks(self, phases: Iterable[str] | None = None) -> int:
        """Return the time of some phases, or of all. [fs]."""
        chosen = None if phases is None else frozenset(phases)
        return sum(
            spent.ticks
            for part, spent in self.parts.items()
            if chosen is None or part.phase in chosen
        )

    def by_component(self, phases: Iterable[str] = TRAINING_PHASES) -> dict[tuple[str, str], Spent]:
        """Return (component, kind) → spent, tiles and some phases added up, largest first."""
        chosen = frozenset(phases)
        found: dict[tuple[str, str], Spent] = {}
        for part, spent in self.parts.items():
            if part.phase in chosen:
                _add(found, (part.component, part.kind), spent, 1)
        return dict(sorted(found.items(), key=lambda item: (-item[1].ticks, item[0])))

    def _sums(self, stations: StationTable, segment: Segment, timing: Timing) -> _Sums:
        key = timing_key(segment)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        self.walked += 1
        sums = self._known[key] = _summed(segment, walk(segment, stations, timing))
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return sums


def critical_path(
    workload: str | WorkloadDescription,
    chip: str | ChipDescription,
    *,
    seed: int = 0,
    settings: Mapping[str, str] | None = None,
    policies: Mapping[str, str | Policy] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[CriticalPath, Run]:
    """Run a workload on a chip, and return its critical path beside the run.

    Parameters
    ----------
    workload, chip, seed, settings, policies, progress
        As for `archsim.run`.

    Raises
    ------
    InputError
        If a description is wrong, or the network does not fit the chip.
    """
    path = CriticalPath()
    done = run(
        workload,
        chip,
        seed=seed,
        settings=settings,
        policies=policies,
        hooks=Hooks(watch=path.watch),
        progress=progress,
    )
    return path, done


def _add(sums: dict[_Key, Spent], key: _Key, spent: Spent, repeat: int) -> None:
    old = sums.get(key, Spent(0, 0))
    sums[key] = Spent(old.times + repeat * spent.times, old.ticks + repeat * spent.ticks)


def _label(segment: Segment, task: int) -> str:
    return (segment.labels[task] if segment.labels else "") or "task"


def _summed(segment: Segment, pieces: Iterable[Piece]) -> _Sums:
    stations: dict[tuple[int, str], Spent] = {}
    tasks: list[tuple[int, int, int]] = []
    for piece in pieces:
        number = int(segment.station[piece.visit]) if piece.visit >= 0 else -1
        _add(stations, (number, piece.kind), Spent(1, piece.ticks), 1)
        if tasks and tasks[-1][0] == piece.task:
            task, after, ticks = tasks[-1]
            tasks[-1] = (task, after, ticks + piece.ticks)
        else:
            tasks.append((piece.task, tasks[-1][0] if tasks else -1, piece.ticks))
    return _Sums(tuple(stations.items()), tuple(tasks))
