"""Backpropagation in software: the baseline that the chip is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from archsim.components.cell import FloatArray
from archsim.seeds import stream
from archsim.spec import Description
from archsim.workload.evaluation import Goal, Samples

__all__ = ["BackpropDescription", "BackpropResult", "Kernel", "backprop", "kernels"]

_WORD = 4
"""Bytes of a float32."""

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


class Kernel(NamedTuple):
    """One kernel of a training step, with its arithmetic and its traffic in float32."""

    name: str
    flops: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackpropResult:
    """How far the baseline came."""

    batch: int
    """Patterns in a step."""
    steps: int
    epochs: int
    met: bool
    """Whether the criterion was reached."""
    kernels: tuple[Kernel, ...]
    """Kernels of each step, in order."""
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
        Steps taken and what each of them computes.

    Notes
    -----
    a_l = tanh(W_lᵀ a_(l−1)); logistic loss Σ ln(1 + e^(−2 t z)) of the outputs, whose derivative
    by z is −(t − tanh z), so δ_L = t − a_L, δ_l = (W_(l+1) δ_(l+1)) (1 − a_l²) and
    W_l += η a_(l−1) ⊗ δ_l, averaged over the batch ([1]_). Float64, no momentum. The criterion is looked at after every
    step, free of charge: the fewest steps possible, in favour of the baseline.

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


def kernels(shapes: Sequence[tuple[int, int]], *, batch: int) -> tuple[Kernel, ...]:
    """Return the kernels of one training step: one for each product, activation and update.

    Parameters
    ----------
    shapes : sequence of tuple of int
        (rows, columns) of each layer of weights.
    batch : int
        Patterns in the step.

    Notes
    -----
    A product of (n, r) with (r, c) takes 2 n r c operations and moves each operand once; an
    activation is taken as 8 operations. Neither fusing nor caching between kernels is assumed.
    """
    result = []
    last = len(shapes)
    for layer, (rows, columns) in enumerate(shapes, start=1):
        product = _WORD * (rows * columns + batch * (rows + columns))
        result.append(Kernel(f"forward{layer}", 2 * batch * rows * columns, product))
        act = batch * columns
        result.append(Kernel(f"activation{layer}", 8 * act, 2 * _WORD * act))
    act = batch * shapes[-1][1]
    result.append(Kernel("error", act, 3 * _WORD * act))
    for layer in range(last, 0, -1):
        rows, columns = shapes[layer - 1]
        product = _WORD * (rows * columns + batch * (rows + columns))
        if layer > 1:
            act = batch * rows
            result.append(Kernel(f"backward{layer}", 2 * batch * rows * columns, product))
            result.append(Kernel(f"derivative{layer - 1}", 3 * act, 3 * _WORD * act))
        result.append(Kernel(f"gradient{layer}", 2 * batch * rows * columns, product))
        result.append(Kernel(f"update{layer}", 2 * rows * columns, 3 * _WORD * rows * columns))
    return tuple(result)


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
        kernels=kernels(shapes, batch=batch),
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
