"""Sampled runs: simulate a random part of the segments, and say how sure the totals are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from archsim.analysis.estimate import Estimate, Group, estimate
from archsim.chip.build import build
from archsim.chip.description import ChipDescription
from archsim.engine import Timing
from archsim.errors import InputError
from archsim.frames import cost_share
from archsim.ledger import Prices
from archsim.mapping.program import Segment, StationTable
from archsim.runs import Hooks, Run, run
from archsim.runs.fold import AnySegment, Fold
from archsim.runs.price import prices
from archsim.seeds import stream
from archsim.trace import SpikeSegment, TraceSegment
from archsim.workload import WorkloadDescription

__all__ = ["SampledRun", "sampled_run"]

_KEPT = 4
"""Segments that are simulated of each group; two would often fall on one side of a jump."""
_DIGITS = 4
"""Leading binary digits in which segments of one kind agree on how much they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledRun:
    """What a run costs, as far as a sample of its segments tells."""

    run: Run
    """The run; its ledger holds what was simulated only."""
    energy: Mapping[str, Estimate]
    """Part of the cost (training, evaluate, …; static apart) → energy. [J]"""
    time: Mapping[str, Estimate]
    """Part of the cost → time. [s]"""
    segments: int
    """How many there were."""
    simulated: int
    """How many of them were simulated."""


def sampled_run(
    workload: str | WorkloadDescription,
    chip: str | ChipDescription,
    *,
    fraction: float,
    seed: int = 0,
    sample_seed: int = 0,
    settings: Mapping[str, str] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> SampledRun:
    """Train a workload on a chip, and simulate only some of its segments.

    Parameters
    ----------
    workload, chip, seed, settings, progress
        As for `archsim.run`.
    fraction : float
        About which share of the segments to simulate, above 0 and up to 1.
    sample_seed : int
        Seed of the choice.

    Returns
    -------
    SampledRun
        Totals with 95 % intervals of what chance left out; constants are nominal.

    Raises
    ------
    InputError
        If `fraction` is out of range, or the workload is paced in real time, where the time
        between two segments depends on all before them.

    Notes
    -----
    Learning is done in full; lowering and timing are spared. Of a group of consecutive segments of
    one phase and size (to four binary digits) four are chosen, each four with equal chance, while
    they come (reservoir sampling, [1]_): neither slow changes through training nor large segments
    among small ones widen the intervals. Groups grow from 4 to 4/fraction, so that of few segments
    most are simulated: of a small sample a rare segment is missed too often for any interval.

    References
    ----------
    .. [1] J. S. Vitter, "Random sampling with a reservoir", ACM TOMS 11 (1985) 37,
       doi:10.1145/3147.3165.
    """
    if not 0 < fraction <= 1:
        raise InputError(f"sample: expected a share above 0 and up to 1, got {fraction:g}")
    sampler = _Sampler(group=max(math.ceil(_KEPT / fraction), _KEPT), seed=sample_seed)
    done = run(
        workload,
        chip,
        seed=seed,
        settings=settings,
        hooks=Hooks(watch=sampler.watch, through=sampler.before),
        progress=progress,
    )
    return sampler.result(done)


class _Cost(NamedTuple):
    """What one simulated segment came to."""

    counts: dict[int, int]
    """Account → count."""
    ticks: int


class _Kind(NamedTuple):
    """What segments of a group have in common."""

    phase: str
    repeat: int
    size: int
    """How much they do, in slots rounded down to four binary digits: time goes by slots."""


@dataclass(slots=True)
class _Reservoir:
    """The present group of a kind of segments."""

    size: int = 0
    kept: list[AnySegment] = field(default_factory=list)


@dataclass(slots=True)
class _Sampler:
    """Stands before the fold, and lets a random part of each group pass."""

    group: int
    """Segments of a full group."""
    seed: int
    segments: int = 0
    simulated: int = 0
    _generator: np.random.Generator = field(init=False)
    _fold: Fold | None = None
    _open: dict[_Kind, _Reservoir] = field(default_factory=dict)
    _closed: dict[_Kind, int] = field(default_factory=dict)
    _groups: dict[str, list[tuple[int, list[_Cost]]]] = field(default_factory=dict)
    _costs: list[_Cost] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the stream of the choice."""
        self._generator = stream(self.seed, "sample")

    def before(self, fold: Fold) -> Callable[[AnySegment], None]:
        """Return what receives the segments instead of `fold`."""
        self._fold = fold
        return self._take

    def watch(self, stations: StationTable, segment: Segment, timing: Timing) -> None:
        """Keep the cost of a segment that was simulated."""
        del stations
        counts: dict[int, int] = {}
        for accounts, values in (
            (segment.account, segment.count),
            (segment.side_account, segment.side_count),
        ):
            for account, value in zip(accounts.tolist(), values.tolist(), strict=True):
                if account >= 0:
                    counts[account] = counts.get(account, 0) + value
        self._costs.append(_Cost(counts, segment.repeat * (timing.end_tick + segment.gap_ticks)))

    def result(self, done: Run) -> SampledRun:
        """Simulate what is left over, and return the estimates."""
        for kind in tuple(self._open):
            self._close(kind)
        assert self._fold is not None  # noqa: S101  (a run has begun)
        assert done.machine is not None  # noqa: S101  (only crossbars are run)
        table = prices(build(done.machine), self._fold.lowering.accounts)
        energy, time = self._estimates(self._fold, table)
        return SampledRun(
            run=done,
            energy=energy,
            time=time,
            segments=self.segments,
            simulated=self.simulated,
        )

    def _take(self, segment: AnySegment) -> None:
        """Choose the segment, or let it go."""
        if getattr(segment, "window", 0.0):
            raise InputError(
                "sample: expected a workload that is paced as fast as possible; in real time, what "
                "lies between two segments depends on all before them"
            )
        kind = _kind(segment)
        reservoir = self._open.setdefault(kind, _Reservoir())
        reservoir.size += 1
        self.segments += kind.repeat
        if len(reservoir.kept) < _KEPT:
            reservoir.kept.append(segment)
        else:
            place = int(self._generator.integers(reservoir.size))
            if place < _KEPT:
                reservoir.kept[place] = segment
        if reservoir.size == min(_KEPT + self._closed.get(kind, 0), self.group):
            self._close(kind)

    def _close(self, kind: _Kind) -> None:
        """Simulate what a group kept."""
        reservoir = self._open.pop(kind)
        self._closed[kind] = self._closed.get(kind, 0) + 1
        assert self._fold is not None  # noqa: S101  (it stands before one)
        self._costs = []
        for segment in reservoir.kept:
            self._fold(segment)
            self.simulated += kind.repeat
        self._groups.setdefault(kind.phase, []).append((reservoir.size, self._costs))

    def _estimates(
        self, fold: Fold, table: Prices
    ) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
        accounts = fold.lowering.accounts
        leakage = _usual_leakage(table)
        energies: dict[str, list[Group]] = {}
        times: dict[str, list[Group]] = {}

        def joules(cost: _Cost, share: str) -> float:
            found = Fraction(0)
            for number, count in cost.counts.items():
                account = accounts[number]
                if cost_share(account.phase, account.action) == share:
                    price, scale = table.actions[account[1:]]
                    found += Fraction(count * price, scale)
            return float(found / 10**24)

        for phase, groups in self._groups.items():
            share = cost_share(phase, "")
            for size, costs in groups:
                ticks = tuple(cost.ticks / 10**15 for cost in costs)
                times.setdefault(share, []).append(Group(size, ticks))
                values = tuple(joules(cost, share) for cost in costs)
                energies.setdefault(share, []).append(Group(size, values))
                static = tuple(tick * leakage for tick in ticks)
                energies.setdefault("static", []).append(Group(size, static))
        return _all(energies), _all(times)


def _kind(segment: AnySegment) -> _Kind:
    if isinstance(segment, TraceSegment):
        repeat, size = segment.repeat, sum(op.slots for op in segment.ops)
    elif isinstance(segment, SpikeSegment):
        repeat, size = 1, len(segment.arrivals) + len(segment.moments)
    else:
        repeat, size = 1, 0
    scale = max(size.bit_length() - _DIGITS, 0)
    return _Kind(segment.phase.value, repeat, size >> scale << scale)


def _all(parts: Mapping[str, Sequence[Group]]) -> dict[str, Estimate]:
    return {part: estimate(groups) for part, groups in parts.items()}


def _usual_leakage(table: Prices) -> float:
    """Return what all parts leak in their usual states. [W]."""
    usual: dict[tuple[str, str], int] = {}
    for (tile, component, _), power in table.leakage_aw.items():
        usual.setdefault((tile, component), power)
    return sum(usual.values()) / 10**18
