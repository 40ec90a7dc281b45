"""Uncertainty: intervals of energies, times and ratios from the ranges of the constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel

from archsim.analysis.quantity import Quantity, constant_quantity, quotient
from archsim.analysis.variable import draw, variables
from archsim.errors import InputError
from archsim.spec import Constant, constants

__all__ = [
    "CANNOT_TELL",
    "Interval",
    "Share",
    "Verdict",
    "as_quantity",
    "dominant",
    "interval",
    "ratio_interval",
    "time_interval",
    "verdict",
]

CANNOT_TELL: Final = "cannot tell apart"
"""What is said of two intervals that overlap."""

Verdict = Literal["lower", "higher", "cannot tell apart"]
Simulate = Callable[[Mapping[str, float]], float]
"""From constants by path, others nominal, to a time. [s]"""

_FEWEST = 20
"""Fewest draws whose 5 % and 95 % points are taken."""


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
    return constant_quantity(name, interval.unit, interval.nominal, constant, "")


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
