"""Sampled runs: simulate a random part of the segments, and say how sure the totals are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from archsim.chip.build import build
from archsim.chip.description import ChipDescription
from archsim.engine import Timing
from archsim.errors import InputError
from archsim.frames import cost_share
from archsim.ledger import Prices
from archsim.mapping.program import Segment, StationTable
from archsim.runs import Run, run
from archsim.runs.fold import AnySegment, Fold
from archsim.runs.price import prices
from archsim.seeds import stream
from archsim.trace import SpikeSegment, TraceSegment
from archsim.workload import WorkloadDescription

__all__ = [
    "Estimate",
    "Group",
    "SampledRun",
    "estimate",
    "mean_interval",
    "sampled_run",
    "student_quantile",
]

_SIDE = 0.975
"""Quantile at the upper end of a 95 % interval."""
_FEWEST_SEEDS = 2
_CAUCHY_END, _EXPANDED = 2, 3
"""Degrees of freedom at which the next form of Student's quantile begins."""
_KEPT = 4
"""Segments that are simulated of each group; two would often fall on one side of a jump."""
_DIGITS = 4
"""Leading binary digits in which segments of one kind agree on how much they do."""
_ROUNDING = 1e-12
"""Share of a total by which floats may miss it."""


class Group(NamedTuple):
    """Consecutive segments of one kind, of which some were simulated."""

    size: int
    """How many there were."""
    values: tuple[float, ...]
    """What those that were simulated came to."""


class Estimate(NamedTuple):
    """A total, from a sample."""

    value: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end."""

    def holds(self, truth: float) -> bool:
        """Return whether the interval covers a value, up to rounding (10⁻¹² of it)."""
        slack = _ROUNDING * abs(truth)
        return self.low - slack <= truth <= self.high + slack


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


def student_quantile(probability: float, freedom: float) -> float:
    """Return a quantile of Student's t distribution.

    Parameters
    ----------
    probability : float
        Between 0 and 1.
    freedom : float
        Degrees of freedom, 1 or more.

    Notes
    -----
    Below 3 degrees of freedom that of 1 or 2, which are in closed form; from there on an expansion
    about the normal quantile ([1]_, 26.7.5), within 0.4 % at 0.975 for 3 degrees of freedom, 10⁻⁴
    from 6 on.

    References
    ----------
    .. [1] M. Abramowitz, I. A. Stegun, "Handbook of mathematical functions", 1964.
    """
    if freedom < _CAUCHY_END:
        return math.tan(math.pi * (probability - 0.5))
    if freedom < _EXPANDED:
        return (2 * probability - 1) / math.sqrt(2 * probability * (1 - probability))
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (number + 1) for number, term in enumerate(terms))


def mean_interval(values: Sequence[float]) -> Estimate:
    """Return the mean of independent values, such as those of several seeds, with a 95 % interval.

    Parameters
    ----------
    values : sequence of float
        At least two; the fewer, the wider the interval.

    Raises
    ------
    InputError
        If there are fewer.

    Notes
    -----
    Student's interval, x̄ ± t s / √n with n − 1 degrees of freedom.

    Examples
    --------
    >>> tuple(round(end, 3) for end in mean_interval([0.9, 0.92, 0.94, 0.96, 0.98]))
    (0.94, 0.901, 0.979)
    """
    number = len(values)
    if number < _FEWEST_SEEDS:
        raise InputError(f"mean: expected at least {_FEWEST_SEEDS} values, got {number}")
    mean = math.fsum(values) / number
    spread = float(np.std(values, ddof=1)) / math.sqrt(number)
    reach = student_quantile(_SIDE, number - 1) * spread
    return Estimate(mean, mean - reach, mean + reach)


def estimate(groups: Sequence[Group]) -> Estimate:
    """Return the total over groups, with a 95 % interval.

    Parameters
    ----------
    groups : sequence of Group
        Each with at least one value, and with all of them where it has but one.

    Notes
    -----
    Stratified sampling without replacement ([1]_, eqs. 5.1, 5.6 and 5.16): the total is
    Σ N x̄, its variance Σ N² (1 − n/N) s²/n, with N segments in a group of which n were simulated;
    the interval is Student's, with Satterthwaite's degrees of freedom.

    References
    ----------
    .. [1] W. G. Cochran, "Sampling techniques", 3rd ed., Wiley, 1977.
    """
    total = variance = weight = 0.0
    for size, values in groups:
        number = len(values)
        total += size * math.fsum(values) / number
        if number < size:
            part = size**2 * (1 - number / size) * float(np.var(values, ddof=1)) / number
            variance += part
            weight += part**2 / (number - 1)
    if not weight:
        return Estimate(total, total, total)
    reach = student_quantile(_SIDE, variance**2 / weight) * math.sqrt(variance)
    return Estimate(total, total - reach, total + reach)


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
        watch=sampler.watch,
        through=sampler.before,
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
