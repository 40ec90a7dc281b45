"""Feed-forward layers that learn: on the cells of a substrate, or in software as floats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field

from archsim.components.cell import FloatArray
from archsim.spec import Description

__all__ = [
    "Change",
    "FloatLayers",
    "Layers",
    "LayersDescription",
    "derivative_of",
    "hidden_of",
    "output_of",
]

Gain = Annotated[float, Field(gt=0.0, le=1000.0)]
Units = Annotated[int, Field(ge=1, le=100_000)]


class LayersDescription(Description):
    """Sizes, activations and scales of a feed-forward network; every layer has a bias."""

    inputs: Units
    """Input units; pixels of an image."""
    hidden: Annotated[tuple[Units, ...], Field(min_length=1, max_length=64)]
    """Units of each hidden layer."""
    outputs: Units
    """Output units: one for each class, or a single one for two classes."""
    activation: Literal["tanh", "relu"] = "tanh"
    """Of hidden units; ``relu`` saturates at full drive, 1."""
    output: Literal["sigmoid", "linear"] = "sigmoid"
    """Of output units."""
    coding: Literal["unipolar", "bipolar"] = "unipolar"
    """Whether a pixel of 0 is driven as 0 or as −1; full scale is 1."""
    full_weight: Gain
    """W: a conductance at the end of its window is a weight of W √(3/rows), with the rows of the
    matrix, bias included. It sets the amplifiers."""
    initial_spread: Annotated[float, Field(ge=0.0, le=1000.0)] = 1.0
    """First weights are uniform with this standard deviation times 1/√rows."""
    error_gain: Gain = 1.0
    """κ: errors are read back with so many times the amplification of a forward read, and divided
    by it digitally, to use the converters' range."""


class Change(NamedTuple):
    """One wanted change of a matrix: η times the outer product of activities and errors."""

    layer: int
    rows: FloatArray
    """Activities before the weights, bias included, shape (rows,)."""
    errors: FloatArray
    """Errors behind the weights, shape (columns,)."""


def hidden_of(description: LayersDescription, sums: FloatArray) -> FloatArray:
    """Return activities of hidden units: tanh z, or z clipped to [0, 1]."""
    return np.tanh(sums) if description.activation == "tanh" else np.clip(sums, 0.0, 1.0)


def derivative_of(description: LayersDescription, activities: FloatArray) -> FloatArray:
    """Return the derivative of hidden units, from their activities: 1 − a², or 1 inside (0, 1)."""
    if description.activation == "tanh":
        slope: FloatArray = 1.0 - activities * activities
        return slope
    return ((activities > 0.0) & (activities < 1.0)).astype(np.float64)


def output_of(description: LayersDescription, sums: FloatArray) -> FloatArray:
    """Return activities of output units: 1 / (1 + e^−z), or z."""
    if description.output == "linear":
        return sums
    return 1.0 / (1.0 + np.exp(-sums))


class Layers(ABC):
    """Weights in layers, with what a learning rule may ask of them.

    Parameters
    ----------
    description : LayersDescription
        Sizes, activations and scales.
    matrices : sequence of str
        Names of the matrices, from the inputs on.
    """

    def __init__(self, description: LayersDescription, matrices: Sequence[str]) -> None:
        self.description = description
        self.matrices = tuple(matrices)

    @property
    def last(self) -> int:
        """Number of the last layer of weights."""
        return len(self.matrices) - 1

    def forward(self, inputs: FloatArray, *, evaluate: bool = False) -> list[FloatArray]:
        """Return the activities of all layers, as the lines of the next one are driven.

        Parameters
        ----------
        inputs : ndarray, shape (samples, inputs)
            Inputs in [−1, 1].
        evaluate : bool
            Draw read noise from the evaluation's stream.

        Returns
        -------
        list of ndarray
            Inputs first; all but the outputs with the bias, 1, at the end.
        """
        activities = [_with_bias(self.driven(inputs))]
        for layer in range(self.last + 1):
            values = self.activated(layer, self.sums(layer, activities[layer], evaluate=evaluate))
            activities.append(values if layer == self.last else _with_bias(values))
        return activities

    def send_back(self, layer: int, errors: FloatArray, activities: FloatArray) -> FloatArray:
        """Return the errors below a layer of weights.

        Parameters
        ----------
        layer : int
            Number of the layer.
        errors : ndarray, shape (columns,)
            Errors behind it.
        activities : ndarray, shape (rows,)
            Activities before it, bias included.

        Returns
        -------
        ndarray, shape (rows − 1,)
            δ_i = f′(z_i) Σ_j W_ij δ_j; the bias has none.
        """
        below = self.sums_back(layer, errors)[:-1]
        slope: FloatArray = below * derivative_of(self.description, activities[:-1])
        return slope

    @abstractmethod
    def driven(self, values: FloatArray) -> FloatArray:
        """Return values as they can be put on lines."""

    @abstractmethod
    def sums(self, layer: int, values: FloatArray, *, evaluate: bool) -> FloatArray:
        """Return weighted sums Σ_i W_ij a_i, shape (samples, columns).

        Parameters
        ----------
        layer : int
            Number of the layer.
        values : ndarray, shape (samples, rows)
            Activities below it.
        evaluate : bool
            Whether it is a test, not learning.
        """

    @abstractmethod
    def activated(self, layer: int, sums: FloatArray) -> FloatArray:
        """Return the activities that follow from weighted sums; hidden ones as they are driven."""

    @abstractmethod
    def sums_back(self, layer: int, errors: FloatArray) -> FloatArray:
        """Return weighted sums Σ_j W_ij δ_j of errors, shape (rows,)."""

    @abstractmethod
    def update(self, changes: Sequence[Change]) -> None:
        """Add η a ⊗ δ to the weights, all changes at once, as well as the weights can."""

    def output_error(
        self, targets: FloatArray, outputs: FloatArray, *, squared: bool
    ) -> FloatArray:
        """Return δ of the outputs: t − a; with `squared`, times the derivative of the sigmoid.

        Parameters
        ----------
        targets, outputs : ndarray, shape (outputs,)
            What was wanted, and what came.
        squared : bool
            Whether it is the gradient of the squared error.
        """
        error = targets - outputs
        if squared and self.description.output == "sigmoid":
            error = error * (outputs * (1.0 - outputs))
        return error

    def record(self, acts: Mapping[str, int]) -> None:  # noqa: B027 (floats cost nothing)
        """Record digital acts: ``role.action`` → how many."""


def _with_bias(values: FloatArray) -> FloatArray:
    return np.concatenate((values, np.ones((len(values), 1))), axis=1)


class FloatLayers(Layers):
    """Layers in float64: the ideal limit of cells, converters and pulses.

    Parameters
    ----------
    description : LayersDescription
        Sizes and activations.
    weights : mapping of str to ndarray
        Matrix → first weights, shape (rows, columns).
    rate : float
        η.
    bounds : sequence of float, optional
        Largest weight of each matrix; absent: none.
    steps : sequence of float, optional
        Smallest change of a weight of each matrix; changes are rounded to whole multiples of it,
        half to even, as numbers of pulses are. Absent: changes are not rounded.
    """

    def __init__(
        self,
        description: LayersDescription,
        weights: Mapping[str, FloatArray],
        *,
        rate: float,
        bounds: Sequence[float] | None = None,
        steps: Sequence[float] | None = None,
    ) -> None:
        super().__init__(description, tuple(weights))
        self.weights = [np.array(part, dtype=np.float64) for part in weights.values()]
        self._rate = rate
        self._bounds = bounds
        self._steps = steps

    def driven(self, values: FloatArray) -> FloatArray:
        """Return the values themselves."""
        return values

    def sums(self, layer: int, values: FloatArray, *, evaluate: bool) -> FloatArray:
        """Return exact weighted sums."""
        del evaluate
        result: FloatArray = values @ self.weights[layer]
        return result

    def activated(self, layer: int, sums: FloatArray) -> FloatArray:
        """Return exact activities."""
        return (output_of if layer == self.last else hidden_of)(self.description, sums)

    def sums_back(self, layer: int, errors: FloatArray) -> FloatArray:
        """Return exact weighted sums of errors."""
        result: FloatArray = self.weights[layer] @ errors
        return result

    def update(self, changes: Sequence[Change]) -> None:
        """Add η a ⊗ δ, and clip to the bounds if there are any."""
        for change in changes:
            weights = self.weights[change.layer]
            wanted = np.multiply.outer(change.rows, self._rate * change.errors)
            if self._steps is not None:
                step = self._steps[change.layer]
                wanted = np.rint(wanted / step) * step
            weights += wanted
            if self._bounds is not None:
                bound = self._bounds[change.layer]
                np.clip(weights, -bound, bound, out=weights)
