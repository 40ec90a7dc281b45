"""Backpropagation in software: the baseline that the chip is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from archsim.components.cell import FloatArray
from archsim.seeds import stream
from archsim.spec import Description
from archsim.workload.evaluation import Goal, Samples

__all__ = ["BackpropDescription", "BackpropResult", "backprop"]

Rate = Annotated[float, Field(gt=0.0, le=1000.0)]


class BackpropDescription(Description):
    """Settings of the software baseline; its criterion to stop is the workload's."""

    online_rate: Rate
    """η when each pattern is a step."""
    batch_rate: Rate
    """η when all patterns are one step; the gradient is averaged over them."""
    initial_spread: Rate = 1.0
    """Standard deviation of the initial weights times √fan-in."""
    max_epochs: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Training ends after so many epochs in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackpropResult:
    """How far the baseline came."""

    batch: int
    """Patterns in a step."""
    steps: int
    epochs: int
    met: bool
    """Whether the criterion was reached."""
    shapes: tuple[tuple[int, int], ...]
    """(rows, columns) of each layer of weights."""
    weights: tuple[FloatArray, ...]
    """Trained weights, bias in the last row of the first."""


def backprop(
    description: BackpropDescription,
    shapes: Sequence[tuple[int, int]],
    *,
    patterns: FloatArray,
    goal: Goal,
    validation: Samples,
    near: float,
    batch: int,
    seed: int,
) -> BackpropResult:
    """Train a network by stochastic gradient descent until it meets the workload's criterion.

    Parameters
    ----------
    description : BackpropDescription
        Rates and limits.
    shapes : sequence of tuple of int
        (rows, columns) of each layer of weights; the first has a row for the bias.
    patterns : ndarray, shape (patterns, inputs)
        Clean patterns, as ±1.
    goal, validation, near
        Targets; distorted patterns; fraction of these that must be right.
    batch : int
        1, or the number of patterns.
    seed : int
        Seed of weights and order.

    Notes
    -----
    a_l = tanh(W_lᵀ a_(l−1)); logistic loss Σ ln(1 + e^(−2 t z)) of the outputs, whose derivative
    by z is −(t − tanh z), so δ_L = t − a_L, δ_l = (W_(l+1) δ_(l+1)) (1 − a_l²) and
    W_l += η a_(l−1) ⊗ δ_l, averaged over the batch ([1]_). Float64, no momentum. The criterion is
    looked at after every step, free of charge: the fewest steps possible, in the baseline's favour.

    References
    ----------
    .. [1] D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by
       back-propagating errors", Nature 323 (1986) 533, doi:10.1038/323533a0.
    """
    weights = _initial(description, shapes, seed)
    rate = description.online_rate if batch == 1 else description.batch_rate
    steps = epochs = 0
    met = False
    for epoch, part in _parts(len(patterns), batch, description.max_epochs, seed):
        _step(weights, patterns[part], goal.targets[part], rate)
        steps, epochs = steps + 1, epoch
        met = _meets(weights, patterns, goal, validation, near)
        if met:
            break
    trained = tuple(weights)
    return BackpropResult(
        batch=batch, steps=steps, epochs=epochs, met=met, shapes=tuple(shapes), weights=trained
    )


def _initial(
    description: BackpropDescription, shapes: Sequence[tuple[int, int]], seed: int
) -> list[FloatArray]:
    return [
        description.initial_spread
        / rows**0.5
        * stream(seed, "rule", "backprop", number).standard_normal((rows, columns))
        for number, (rows, columns) in enumerate(shapes)
    ]


def _parts(
    patterns: int, batch: int, max_epochs: int, seed: int
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield the epoch, from 1, and the patterns of each step."""
    order = stream(seed, "input", "backprop", batch)
    for epoch in range(1, max_epochs + 1):
        shuffled = order.permutation(patterns)
        for start in range(0, patterns, batch):
            yield epoch, shuffled[start : start + batch]


def _meets(
    weights: list[FloatArray], patterns: FloatArray, goal: Goal, validation: Samples, near: float
) -> bool:
    """Return whether clean patterns are all right and distorted ones often enough."""
    clean = goal.score(_forward(weights, patterns)[-1], np.arange(len(patterns)))
    if goal.clean(clean) < 1.0:
        return False
    score = goal.score(_forward(weights, validation.inputs)[-1], validation.labels)
    return score.near >= near


def _forward(weights: list[FloatArray], inputs: FloatArray) -> list[FloatArray]:
    """Return the activities of all layers, the input with its bias first."""
    result = [np.concatenate((inputs, np.ones((len(inputs), 1))), axis=1)]
    for matrix in weights:
        result.append(np.tanh(result[-1] @ matrix))
    return result


def _step(weights: list[FloatArray], inputs: FloatArray, targets: FloatArray, rate: float) -> None:
    """Change the weights by one step of gradient descent."""
    activities = _forward(weights, inputs)
    delta = targets - activities[-1]
    for layer in range(len(weights) - 1, -1, -1):
        gradient = activities[layer].T @ delta / len(inputs)
        if layer:
            delta = (delta @ weights[layer].T) * (1.0 - activities[layer] ** 2)
        weights[layer] += rate * gradient
