"""Variables: constants as random numbers, drawn from their ranges, each one wherever it is used."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from archsim.seeds import stream
from archsim.spec import Constant, constants

__all__ = ["Draws", "FloatArray", "Variable", "draw", "variables"]

FloatArray = NDArray[np.float64]

_NORMAL = NormalDist()
_END = _NORMAL.inv_cdf(0.95)
"""Standard deviations from the middle to either end of a range."""
_WIDE = 1.5
"""high / low above which a range is log-normal."""
_GUESSES = ("assumption", "set by user")
"""Sources that say nothing about what a number is of."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One constant with a range, wherever it is used.

    Two fields hold the same variable if they give the same number with the same range from the same
    source; guesses must share field name and note as well.

    Notes
    -----
    low and high are the 5 % and 95 % points: of a log-normal distribution through both if
    high / low > 1.5, else of a normal one. The nominal value plays no part in the distribution. A
    range that begins at 0 is normal, with what falls below 0 counted as 0.
    """

    key: tuple[str, ...]
    """What tells it from others."""
    constant: Constant = field(compare=False)
    label: str = field(compare=False)
    """Where it is first used."""

    @classmethod
    def of(cls, constant: Constant, path: str, *, owner: str = "") -> Variable:
        """Return the variable behind a constant that stands at `path`.

        Parameters
        ----------
        constant : Constant
            A constant with a range.
        path : str
            Field path, as `archsim.spec.constants` gives it.
        owner : str, optional
            Name of the chip, for the label.
        """
        numbers = (constant.value, constant.low, constant.high)
        key = (constant.dimension, *map(repr, numbers), constant.source)
        if constant.source.strip().lower() in _GUESSES:
            key += (path.rpartition(".")[2], constant.note)
        return cls(key, constant, f"{owner} {path}".strip())

    @property
    def wide(self) -> bool:
        """Whether the distribution is log-normal."""
        return self._low > 0 and self._high / self._low > _WIDE

    @property
    def _low(self) -> float:
        return self.constant.value if self.constant.low is None else self.constant.low

    @property
    def _high(self) -> float:
        return self.constant.value if self.constant.high is None else self.constant.high

    @property
    def _middle_and_spread(self) -> tuple[float, float]:
        """Mean and standard deviation, of the logarithm where the distribution is log-normal."""
        low, high = self._low, self._high
        if self.wide:
            low, high = math.log(low), math.log(high)
        return (low + high) / 2, (high - low) / (2 * _END)

    def at(self, scores: FloatArray) -> FloatArray:
        """Return the values that lie so many standard deviations from the middle.

        Parameters
        ----------
        scores : ndarray
            Standard normal numbers.
        """
        middle, spread = self._middle_and_spread
        values = middle + spread * np.asarray(scores, dtype=np.float64)
        return np.exp(values) if self.wide else np.maximum(values, 0.0)

    def moment(self, power: float) -> float | None:
        """Return the mean of the value to a power, or None where it has no closed form.

        Parameters
        ----------
        power : float
            Any number for a log-normal variable; a whole number from 0 on for a normal one.

        Notes
        -----
        Log-normal: exp(a μ + a² σ² / 2). Normal, x counted from 0 on ([1]_, 13.10.1):
        m_0 = Φ(μ/σ), m_1 = μ m_0 + σ φ(μ/σ), m_k = μ m_(k−1) + (k − 1) σ² m_(k−2); and 1 for the
        power 0.

        References
        ----------
        .. [1] N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous univariate distributions",
           vol. 1, Wiley, 1994.
        """
        middle, spread = self._middle_and_spread
        if power == 0:
            return 1.0
        if self.wide:
            return math.exp(power * middle + (power * spread) ** 2 / 2)
        if power < 0 or power != int(power):
            return None
        score = middle / spread
        below, here = _NORMAL.cdf(score), spread * _NORMAL.pdf(score)
        here += middle * below
        for number in range(2, int(power) + 1):
            below, here = here, middle * here + (number - 1) * spread**2 * below
        return here


Draws = Mapping[Variable, FloatArray]
"""Variable → drawn values, all of one shape."""


def variables(
    model: BaseModel, *, owner: str = "", skip: Iterable[str] = ()
) -> dict[Variable, tuple[str, ...]]:
    """Return the constants of a model that have a range: variable → paths where it is used.

    Parameters
    ----------
    model : Description
        Chip, or any other model.
    owner : str, optional
        Name for the labels.
    skip : iterable of str
        Top-level fields that are left out.
    """
    found: dict[Variable, tuple[str, ...]] = {}
    left_out = tuple(skip)
    for path, constant in constants(model).items():
        if constant.low == constant.high or path.partition(".")[0] in left_out:
            continue
        variable = Variable.of(constant, path, owner=owner)
        found[variable] = (*found.get(variable, ()), path)
    return found


def draw(chosen: Sequence[Variable], *, draws: int, seed: int) -> dict[Variable, FloatArray]:
    """Return random values of variables.

    Parameters
    ----------
    chosen : sequence of Variable
        Which variables; each has a stream of its own, so adding one changes no other.
    draws : int
        How many values of each.
    seed : int
        Seed of all streams.

    Notes
    -----
    Latin hypercube ([1]_): each variable has one value in each of `draws` strata of equal
    probability, in random order.

    References
    ----------
    .. [1] M. D. McKay, R. J. Beckman, W. J. Conover, "A comparison of three methods for selecting
       values of input variables", Technometrics 21 (1979) 239, doi:10.1080/00401706.1979.10489755.
    """
    drawn = {}
    for variable in chosen:
        generator = stream(seed, "constant", *variable.key)
        places = (generator.permutation(draws) + generator.random(draws)) / draws
        scores = np.array([_NORMAL.inv_cdf(place) for place in places])
        drawn[variable] = variable.at(scores)
    return drawn
