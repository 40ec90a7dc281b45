"""Task of a layered workload: its examples as a network takes them, and what counts as right."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.components.cell import FloatArray
from archsim.errors import InputError
from archsim.trace.ops import Phase
from archsim.workload.data import Dataset, Examples
from archsim.workload.layered import LayeredDescription
from archsim.workload.layered_stream import Sensor
from archsim.workload.layers import Layers
from archsim.workload.rules import OpenPhase

__all__ = ["LayeredTask", "answers"]

_CHUNK = 1000
"""Examples that are evaluated at once."""


def _plain(values: FloatArray) -> FloatArray:
    return values


@dataclass(frozen=True, slots=True)
class LayeredTask:
    """Examples of a workload, as a network takes them."""

    workload: LayeredDescription
    data: Dataset
    targets: FloatArray
    """Wanted outputs of each class, shape (classes, outputs)."""

    @classmethod
    def of(cls, workload: LayeredDescription, data: Dataset) -> LayeredTask:
        """Return the task of a workload on these examples.

        Raises
        ------
        InputError
            If the network has not as many inputs or outputs as the data ask for.
        """
        return cls(workload, data, _targets(workload, data))

    def inputs(self, examples: Examples, rows: slice | NDArray[np.int64]) -> FloatArray:
        """Return some examples as inputs in [−1, 1]."""
        return self.coded(examples.values(rows))

    def coded(self, values: FloatArray) -> FloatArray:
        """Return pixels in [0, 1] as inputs in [−1, 1]."""
        return values if self.workload.network.coding == "unipolar" else 2.0 * values - 1.0

    def accuracy(self, layers: Layers, seen: Callable[[FloatArray], FloatArray] = _plain) -> float:
        """Return the share of the test examples that the network has right; call in a segment.

        Parameters
        ----------
        layers : Layers
            The network.
        seen : callable, optional
            What a sensor makes of pixels.
        """
        test, right = self.data.test, 0
        for start in range(0, len(test), _CHUNK):
            part = slice(start, start + _CHUNK)
            inputs = self.coded(seen(test.values(part)))
            outputs = layers.forward(inputs, evaluate=True)[-1]
            right += int(np.count_nonzero(answers(outputs) == test.labels[part]))
        return right / len(test)

    def follow(
        self, layers: Layers, *, seed: int, phase: OpenPhase, begin: Callable[[], None]
    ) -> Iterator[tuple[float, float]]:
        """Meet the stream; yield drift and accuracy after each part, nothing without a stream.

        Parameters
        ----------
        layers : Layers
            The network.
        seed : int
            Seed of the sensor's draws.
        phase : callable
            Opens the segment of a phase.
        begin : callable
            Called before each sample.
        """
        described = self.workload.stream
        if described is None:
            return
        sensor = Sensor(described, self.data.pixels, seed=seed)
        for part in sensor.parts(self.data.train):
            samples = zip(self.coded(part.values), part.labels, part.learns, strict=True)
            for inputs, label, learns in samples:
                begin()
                if learns:
                    self.workload.rule.step(layers, inputs, self.targets[label], phase)
                else:
                    with phase(Phase.INFERENCE):
                        layers.forward(inputs[None])
            with phase(Phase.EVALUATE):
                seen = functools.partial(sensor.seen, times=part.end)
                accuracy = self.accuracy(layers, seen)
            yield part.end, accuracy


def _targets(workload: LayeredDescription, data: Dataset) -> FloatArray:
    """Return the wanted outputs of each class, after checking that the network fits the data."""
    network = workload.network
    if network.inputs != data.pixels:
        raise InputError(
            f"network.inputs: expected {data.pixels}, the pixels of an image of {data.shape[0]} x "
            f"{data.shape[1]}, got {network.inputs}"
        )
    if network.outputs == 1 and data.classes == 2:
        return np.array([[0.0], [1.0]])
    if network.outputs != data.classes:
        raise InputError(
            f"network.outputs: expected {data.classes}, one for each class, got {network.outputs}"
        )
    return np.eye(data.classes)


def answers(outputs: FloatArray) -> NDArray[np.intp]:
    """Return the class that each row of outputs stands for."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0.5).astype(np.intp)
    best: NDArray[np.intp] = np.argmax(outputs, axis=1)
    return best
