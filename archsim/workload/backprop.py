"""Backpropagation in software: the baseline that the chip is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
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
    goal : Goal
        Targets and scores.
    validation : Samples
        Distorted patterns of the criterion.
    near : float
        Fraction of them that must be right.
    batch : int
        1, or the number of patterns.
    seed : int
        Seed of weights and order.

    Returns
    -------
    BackpropResult
        Steps taken, and the weights.

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
    weights = [
        description.initial_spread
        / rows**0.5
        * stream(seed, "rule", "backprop", number).standard_normal((rows, columns))
        for number, (rows, columns) in enumerate(shapes)
    ]
    order = stream(seed, "input", "backprop", batch)
    rate = description.online_rate if batch == 1 else description.batch_rate
    labels = np.arange(len(patterns))
    steps = 0
    for epoch in range(1, description.max_epochs + 1):
        shuffled = order.permutation(len(patterns))
        for start in range(0, len(patterns), batch):
            part = shuffled[start : start + batch]
            _step(weights, patterns[part], goal.targets[part], rate)
            steps += 1
            clean = goal.score(_forward(weights, patterns)[-1], labels)
            if goal.clean(clean) < 1.0:
                continue
            score = goal.score(_forward(weights, validation.inputs)[-1], validation.labels)
            if score.near >= near:
                return _result(batch, steps, epoch, shapes, weights, met=True)
    return _result(batch, steps, description.max_epochs, shapes, weights, met=False)


def _result(
    batch: int,
    steps: int,
    epochs: int,
    shapes: Sequence[tuple[int, int]],
    weights: list[FloatArray],
    *,
    met: bool,
) -> BackpropResult:
    return BackpropResult(
        batch=batch,
        steps=steps,
        epochs=epochs,
        met=met,
        shapes=tuple(shapes),
        weights=tuple(weights),
    )


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
