"""Uncertainty: intervals of energies, times and ratios from the ranges of the constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel

from archsim.analysis.repricing import Keep, repricing
from archsim.analysis.variable import Draws, FloatArray, Variable, draw, variables
from archsim.baseline import Baseline, GpuDescription, TrainingWork, evaluate
from archsim.errors import InputError
from archsim.runs import Run, run
from archsim.spec import Constant, constants, with_values
from archsim.trace import TRAINING_PHASES

__all__ = [
    "CANNOT_TELL",
    "Interval",
    "Quantity",
    "Share",
    "Verdict",
    "as_quantity",
    "baseline_energy",
    "baseline_time",
    "dominant",
    "energy",
    "energy_interval",
    "interval",
    "quotient",
    "ratio_interval",
    "resimulation",
    "time_interval",
    "verdict",
    "work_energy",
]

CANNOT_TELL: Final = "cannot tell apart"
"""What is said of two intervals that overlap."""

Verdict = Literal["lower", "higher", "cannot tell apart"]
Simulate = Callable[[Mapping[str, float]], float]
"""From constants by path, others nominal, to a time. [s]"""

_FEWEST = 20
"""Fewest draws whose 5 % and 95 % points are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number that depends on constants with ranges."""

    name: str
    unit: str
    """SI unit; empty for a ratio."""
    nominal: float
    """Value with all constants nominal."""
    variables: tuple[Variable, ...]
    """Constants with a range that it depends on."""
    evaluate: Callable[[Draws], FloatArray]
    """Its values for drawn constants; those that are not drawn are nominal."""
    moments: tuple[float, float] | None = None
    """Exact mean and variance, where they have a closed form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A value with its 5 % and 95 % points."""

    low: float
    nominal: float
    high: float
    kind: Literal["monte carlo", "sampled", "point"]
    """Drawn from all ranges; simulated at chosen points, which bounds nothing; or without any
    range."""
    unit: str = ""
    draws: int = 0
    """Draws behind it, chosen points not counted."""
    mean: float | None = None
    """Mean: exact where `exact_moments`, else of the draws."""
    variance: float | None = None
    """Variance, likewise."""
    exact_moments: bool = False
    """Whether mean and variance are exact."""
    samples: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    """Chosen points: what was set, and the value."""

    def overlaps(self, other: Interval) -> bool:
        """Return whether some value lies in both."""
        return self.low <= other.high and other.low <= self.high

    def holds(self, value: float) -> bool:
        """Return whether `value` lies in it."""
        return self.low <= value <= self.high


class Share(NamedTuple):
    """How much of a quantity's spread comes from one constant."""

    label: str
    """Where the constant stands."""
    constant: Constant
    share: float
    """Part of the variance of the logarithm, 0 to 1, others nominal."""
    low: float
    """The quantity with the constant at its low end."""
    high: float
    """The quantity with the constant at its high end."""


def energy(
    done: Run,
    *,
    static: bool = False,
    keep: Keep | None = None,
    phases: Collection[str] = TRAINING_PHASES,
) -> Quantity:
    """Return the training energy of a run as a quantity. [J].

    Parameters
    ----------
    done : Run
        A run on a crossbar chip.
    static : bool
        Add the static energy of the training phases, over the run's own time.
    keep : callable, optional
        Which accounts count; None: all.
    phases : collection of str
        Phases that count, instead of those of training.

    Raises
    ------
    InputError
        If the run was not done on a crossbar chip.

    Notes
    -----
    Constants of ``behaviour`` are held: another value needs training, not another price.
    """
    model = repricing(done, static=static, keep=keep, phases=phases)
    return Quantity(
        name=f"training energy on {done.chip}" + (", static included" if static else ""),
        unit="J",
        nominal=float(model.nominal),
        variables=tuple(model.paths),
        evaluate=model.evaluate,
        moments=model.moments(),
    )


def baseline_energy(baseline: Baseline) -> Quantity:
    """Return the energy of a baseline as a quantity. [J]."""
    return _baseline(baseline, "energy", float(baseline.training_energy), "J")


def baseline_time(baseline: Baseline) -> Quantity:
    """Return the time of a baseline as a quantity. [s]."""
    return _baseline(baseline, "time", float(baseline.training_time), "s")


def _baseline(
    baseline: Baseline, what: Literal["energy", "time"], nominal: float, unit: str
) -> Quantity:
    gpu, work, name = baseline.gpu, baseline.work, f"{baseline.gpu.name} {baseline.name}"
    if work is None:
        constant = baseline.measured_energy if what == "energy" else baseline.measured_time
        if constant is None:
            raise InputError(f"{name}: expected a baseline that was priced or measured")
        return _constant(f"training {what} of {name}", unit, nominal, constant, name)
    return _priced(gpu, work, what, name=name, nominal=nominal, nets=baseline.nets)


def work_energy(gpu: GpuDescription, work: TrainingWork, *, name: str) -> Quantity:
    """Return the energy of any work on a GPU as a quantity, of whatever size. [J].

    Parameters
    ----------
    gpu : GpuDescription
        Constants.
    work : TrainingWork
        What is done.
    name : str
        Name of the work.
    """
    nominal = float(evaluate(gpu, work).energy)
    return _priced(gpu, work, "energy", name=f"{gpu.name} {name}", nominal=nominal)


def _priced(
    gpu: GpuDescription,
    work: TrainingWork,
    what: Literal["energy", "time"],
    *,
    name: str,
    nominal: float,
    nets: int = 1,
) -> Quantity:
    paths = variables(gpu, owner=gpu.name)

    def values(draws: Draws) -> FloatArray:
        drawn = {
            path: draws[variable]
            for variable, places in paths.items()
            if variable in draws
            for path in places
        }
        cost = evaluate(gpu, work, nets=nets, values=drawn)
        return cost.energy if what == "energy" else cost.time

    matters = [one for one in paths if _moves(values, one)]
    return Quantity(
        name=f"training {what} of {name}",
        unit="J" if what == "energy" else "s",
        nominal=nominal,
        variables=tuple(matters),
        evaluate=values,
    )


def _moves(values: Callable[[Draws], FloatArray], variable: Variable) -> bool:
    """Return whether a variable changes anything between the far ends of its range."""
    ends = np.atleast_1d(values({variable: variable.at(np.array([-3.0, 0.0, 3.0]))}))
    return bool(np.ptp(ends) > 0)


def _constant(name: str, unit: str, nominal: float, constant: Constant, owner: str) -> Quantity:
    """Return a quantity that is one constant."""
    if constant.low == constant.high:
        return Quantity(
            name=name,
            unit=unit,
            nominal=nominal,
            variables=(),
            evaluate=lambda _: np.asarray(nominal),
        )
    variable = Variable.of(constant, name, owner=owner)
    mean, square = variable.moment(1), variable.moment(2)
    return Quantity(
        name=name,
        unit=unit,
        nominal=nominal,
        variables=(variable,),
        evaluate=lambda draws: draws.get(variable, np.asarray(nominal)),
        moments=None if mean is None or square is None else (mean, square - mean**2),
    )


def as_quantity(interval: Interval, *, name: str) -> Quantity:
    """Return a quantity of its own with the ends of an interval, independent of all others.

    Parameters
    ----------
    interval : Interval
        Its low and high become the 5 % and 95 % points.
    name : str
        Name of the quantity; two of one name and interval are one variable.
    """
    has_range = interval.low < interval.high
    constant = Constant(
        value=interval.nominal,
        low=interval.low if has_range else None,
        high=interval.high if has_range else None,
        source=f"interval of {name}",
    )
    return _constant(name, interval.unit, interval.nominal, constant, "")


def quotient(first: Quantity, second: Quantity) -> Quantity:
    """Return first / second; a constant that both depend on is one variable in both.

    Parameters
    ----------
    first, second : Quantity
        `second` is nowhere 0.
    """

    def values(draws: Draws) -> FloatArray:
        return first.evaluate(draws) / second.evaluate(draws)

    return Quantity(
        name=f"{first.name} / {second.name}",
        unit="" if first.unit == second.unit else f"{first.unit}/{second.unit}",
        nominal=first.nominal / second.nominal,
        variables=tuple(dict.fromkeys((*first.variables, *second.variables))),
        evaluate=values,
    )


def interval(quantity: Quantity, *, draws: int = 1000, seed: int = 0) -> Interval:
    """Return the 5 % to 95 % interval of a quantity, by drawing all its constants.

    Parameters
    ----------
    quantity : Quantity
        What depends on them.
    draws : int
        How many times they are drawn, at least 20.
    seed : int
        Seed of the draws; two quantities with the same seed share the draws of shared constants.

    Raises
    ------
    InputError
        If `draws` is too small.

    Notes
    -----
    Each constant is one independent variable wherever it is used (`archsim.analysis.variable`).
    Where the quantity is a sum of products of powers of constants, mean and variance are exact;
    the ends are always those of the draws.
    """
    if draws < _FEWEST:
        raise InputError(f"interval: expected at least {_FEWEST} draws, got {draws}")
    if not quantity.variables:
        value = quantity.nominal
        return Interval(low=value, nominal=value, high=value, kind="point", unit=quantity.unit)
    values = quantity.evaluate(draw(quantity.variables, draws=draws, seed=seed))
    low, high = (float(end) for end in np.quantile(values, (0.05, 0.95)))
    mean, variance = quantity.moments or (float(values.mean()), float(values.var(ddof=1)))
    return Interval(
        low=low,
        nominal=quantity.nominal,
        high=high,
        kind="monte carlo",
        unit=quantity.unit,
        draws=draws,
        mean=mean,
        variance=variance,
        exact_moments=quantity.moments is not None,
    )


def energy_interval(
    done: Run, *, static: bool = False, draws: int = 1000, seed: int = 0
) -> Interval:
    """Return the interval of a run's training energy, by pricing it anew without simulating. [J].

    Parameters
    ----------
    done : Run
        A run on a crossbar chip.
    static : bool
        Add the static energy of the training phases, over the run's own time.
    draws, seed : int
        As for `interval`.
    """
    return interval(energy(done, static=static), draws=draws, seed=seed)


def ratio_interval(
    first: Quantity, second: Quantity, *, draws: int = 1000, seed: int = 0
) -> Interval:
    """Return the interval of first / second, constants that both share drawn once.

    Parameters
    ----------
    first, second : Quantity
        Such as the energy of a baseline and that of a run.
    draws, seed : int
        As for `interval`.
    """
    return interval(quotient(first, second), draws=draws, seed=seed)


def time_interval(
    model: BaseModel, simulate: Simulate, *, draws: int = 0, seed: int = 0
) -> Interval:
    """Return what simulated times range over: nominal, all constants low, all high, and draws. [s].

    Parameters
    ----------
    model : Description
        The chip; constants of ``behaviour`` are held, as they need training.
    simulate : callable
        From path → value to the time of a simulation with these constants.
    draws : int
        Further simulations with drawn constants.
    seed : int
        Seed of the draws.

    Returns
    -------
    Interval
        Sampled, not a bound: a schedule may be slower on faster parts. From 20 draws on the ends
        are their 5 % and 95 % points, else the extremes of all that was simulated.
    """
    paths = variables(model, skip=("behaviour",))
    known = constants(model)
    nominal = simulate({})
    samples = [("nominal", nominal)]
    for end in ("low", "high"):
        values = {path: getattr(known[path], end) for places in paths.values() for path in places}
        samples.append((f"all {end}", simulate(values)))
    drawn = draw(tuple(paths), draws=draws, seed=seed) if draws else {}
    for number in range(draws):
        values = {
            path: float(drawn[variable][number])
            for variable, places in paths.items()
            for path in places
        }
        samples.append((f"draw {number}", simulate(values)))
    times = [time for _, time in samples]
    low, high = min(times), max(times)
    if draws >= _FEWEST:
        low, high = (float(end) for end in np.quantile(times[-draws:], (0.05, 0.95)))
    return Interval(
        low=low,
        nominal=nominal,
        high=high,
        kind="sampled",
        unit="s",
        draws=draws,
        samples=tuple(samples),
    )


def resimulation(done: Run) -> Simulate:
    """Return what repeats a run with other constants and gives its training time. [s].

    Parameters
    ----------
    done : Run
        A run on a crossbar chip.

    Raises
    ------
    InputError
        If the run was not done on a crossbar chip.

    Notes
    -----
    The workload is trained again from the same seed; as long as no constant of ``behaviour``
    changes, every learnt bit and so the trace is the same.
    """
    machine, task = done.machine, done.task
    if machine is None or task is None:
        raise InputError(f"run on {done.chip}: expected a crossbar chip, to be simulated again")

    def simulate(values: Mapping[str, float]) -> float:
        return run(task, with_values(machine, values), seed=done.seed).totals.training_time

    return simulate


def verdict(first: Interval, second: Interval) -> Verdict:
    """Return whether the first is lower or higher than the second, or cannot be told apart."""
    if first.overlaps(second):
        return CANNOT_TELL
    return "lower" if first.high < second.low else "higher"


def dominant(quantity: Quantity) -> tuple[Share, ...]:
    """Return which constants a quantity's spread comes from, the largest share first.

    Parameters
    ----------
    quantity : Quantity
        Positive for all values of its constants.

    Notes
    -----
    One constant at a time goes from its 5 % to its 95 % point, others nominal; shares are those of
    the squared change of the logarithm. Exact where the quantity is a product of powers; what two
    constants do only together is not seen.
    """
    ends = []
    for variable in quantity.variables:
        low, high = (variable.constant.low, variable.constant.high)
        if low is None or high is None:
            continue
        values = np.atleast_1d(quantity.evaluate({variable: np.array([low, high])}))
        ends.append((variable, float(values[0]), float(values[-1])))
    squares = [math.log(high / low) ** 2 for _, low, high in ends]
    total = math.fsum(squares) or 1.0
    shares = [
        Share(variable.label, variable.constant, square / total, low, high)
        for (variable, low, high), square in zip(ends, squares, strict=True)
    ]
    return tuple(sorted(shares, key=lambda one: (-one.share, one.label)))
