"""Layered networks on a substrate, and how their activities relax."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from archsim.components.cell import FloatArray
from archsim.components.substrate import Coupled, Substrate
from archsim.spec import Description

__all__ = ["Network", "NetworkDescription", "State"]

Gain = Annotated[float, Field(gt=0.0, le=100.0)]


@dataclass(frozen=True, slots=True)
class State:
    """Where a network came to rest; each array has the shape (samples, units)."""

    activities: tuple[FloatArray, ...]
    """Activities of all layers, input first."""
    values: tuple[FloatArray, ...]
    """The same as the converters report them."""
    held: FloatArray
    """Weighted sum of the inputs, read once."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What is held while a network relaxes."""

    held: FloatArray
    targets: FloatArray | None = None
    nudge: float = 0.0
    clamp: bool = False
    evaluate: bool = False


class NetworkDescription(Description):
    """Sizes and gains of a layered network; all activities lie in [−1, 1]."""

    hidden: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = ()
    """Units of each hidden layer; empty for one layer of weights."""
    gains: tuple[Gain, ...]
    """κ of each layer of weights: from weighted sum to activity, set at the amplifiers."""
    feedback: tuple[Gain, ...] = ()
    """κ_b of each hidden layer: gain of the weights above it, read backwards."""
    sweeps: Annotated[int, Field(ge=0, le=1000)] = 0
    """K: how often all layers are updated again after the first pass."""
    initial_spread: Annotated[float, Field(ge=0.0, le=1.0)]
    """Standard deviation of the weights written at the start."""

    @model_validator(mode="after")
    def _lengths_fit(self) -> Self:
        for name, length in (("gains", len(self.hidden) + 1), ("feedback", len(self.hidden))):
            found = len(getattr(self, name))
            if found != length:
                message = (
                    f"{name}: expected {length} for {len(self.hidden)} hidden layers, got {found}"
                )
                raise ValueError(message)
        return self


class Network:
    """A layered network whose weights lie on a substrate.

    Parameters
    ----------
    description : NetworkDescription
        Sizes and gains.
    substrate : Substrate
        Holds the matrices that `shapes` names.

    Notes
    -----
    With s_0 = (x, 1), s_L the output and clip to [−1, 1],

        s_l = clip(κ_l W_lᵀ s_(l−1) + κ_b,l W_(l+1) s_(l+1)),   0 < l < L
        s_L = clip(κ_L W_Lᵀ s_(L−1) + β (t − s_L)),

    a Hopfield-like energy minimisation with inputs held ([1]_, [2]_). The first pass runs upwards
    without feedback; then come K sweeps upwards. The weighted sum of the inputs is read once and
    held. When neurons settle in analog their currents are summed and clipped without conversion and
    the outcome is digitised once; when clocked, every sum passes the converters. Neglected:
    dynamics in time (K sweeps stand for the settling), amplifier noise and offsets.

    References
    ----------
    .. [1] J. J. Hopfield, "Neurons with graded response have collective computational properties
       like those of two-state neurons", PNAS 81 (1984) 3088, doi:10.1073/pnas.81.10.3088.
    .. [2] B. Scellier, Y. Bengio, "Equilibrium propagation", Frontiers in Computational
       Neuroscience 11 (2017) 24, doi:10.3389/fncom.2017.00024.
    """

    def __init__(self, description: NetworkDescription, substrate: Substrate) -> None:
        self.description = description
        self.substrate = substrate
        self.matrices = tuple(substrate.shapes)
        self._one_bit = substrate.behaviour.error == "one_bit"
        self._analog = substrate.behaviour.settling == "analog" and len(self.matrices) > 1

    @staticmethod
    def shapes(
        description: NetworkDescription, *, inputs: int, outputs: int
    ) -> dict[str, tuple[int, int]]:
        """Return matrix name → (rows, columns); the first matrix has one more row, the bias."""
        sizes = (inputs + 1, *description.hidden, outputs)
        pairs = itertools.pairwise(sizes)
        return {f"layer{number}": pair for number, pair in enumerate(pairs, start=1)}

    def free(self, inputs: FloatArray, *, evaluate: bool = False) -> State:
        """Relax with nothing held but the inputs.

        Parameters
        ----------
        inputs : ndarray, shape (samples, inputs)
            Inputs in [−1, 1], without the bias.
        evaluate : bool
            Draw read noise from the evaluation's stream, and digitise the outputs only.
        """
        x = np.concatenate((inputs, np.ones((len(inputs), 1))), axis=1)
        x = self.substrate.driven(x)
        held = self._up(0, x, evaluate=evaluate)
        activities = [x, self._neuron(held)]
        for layer in range(1, len(self.matrices)):
            activities.append(self._neuron(self._up(layer, activities[layer], evaluate=evaluate)))
        task = _Task(held=held, evaluate=evaluate)
        sweeps = self.description.sweeps if len(activities) > 2 else 0
        return self._relaxed(activities, sweeps, task)

    def clamped(self, start: State, targets: FloatArray) -> State:
        """Relax the hidden layers from `start`, with the outputs held at the targets.

        One layer of weights has nothing to relax: no array is read.
        """
        activities = [*start.activities[:-1], targets]
        if len(activities) == 2:
            return State(tuple(activities), tuple(activities), start.held)
        task = _Task(held=start.held, targets=targets, clamp=True)
        return self._relaxed(activities, 1, task)

    def nudged(self, start: State, targets: FloatArray, *, nudge: float) -> State:
        """Relax from `start` with the outputs drawn towards the targets by β = `nudge`.

        Parameters
        ----------
        start : State
            Where the network is.
        targets : ndarray, shape (samples, outputs)
            Wanted outputs.
        nudge : float
            β: how strongly the outputs are drawn.
        """
        task = _Task(held=start.held, targets=targets, nudge=nudge)
        return self._relaxed(list(start.activities), max(1, self.description.sweeps), task)

    def _relaxed(self, activities: list[FloatArray], sweeps: int, task: _Task) -> State:
        last = len(activities) - 1
        for _ in range(sweeps):
            for layer in range(1, last):
                drive = task.held
                if layer > 1:
                    drive = self._up(layer - 1, activities[layer - 1], evaluate=task.evaluate)
                above = self._down(layer, activities[layer + 1], evaluate=task.evaluate)
                activities[layer] = self._neuron(drive + above)
            if not task.clamp:
                drive = task.held
                if last > 1:
                    drive = self._up(last - 1, activities[last - 1], evaluate=task.evaluate)
                if task.targets is not None:
                    drive = drive + task.nudge * (task.targets - activities[last])
                activities[last] = self._neuron(drive)
        values = self._digitised(activities, task, feedback=sweeps > 0)
        return State(tuple(activities), values, task.held)

    def _digitised(
        self, activities: list[FloatArray], task: _Task, *, feedback: bool
    ) -> tuple[FloatArray, ...]:
        """Record the settling and convert its outcome; values are digital already if clocked."""
        if not self._analog:
            return self._reported(activities, task)
        coupled = []
        last = len(activities) - 1
        for number, matrix in enumerate(self.matrices):
            columns = activities[number + 1] if number and feedback else None
            driven = (number == 0, task.clamp and number == last - 1)
            coupled.append(Coupled(matrix, activities[number], columns, driven))
        neurons = sum(part.shape[1] for part in activities[1 : last + (not task.clamp)])
        self.substrate.settled(coupled, neurons=neurons, evaluate=task.evaluate)
        values = list(activities)
        first = last if task.evaluate else 1
        for layer in range(first, last + (not task.clamp)):
            values[layer] = self.substrate.convert(self.matrices[layer - 1], activities[layer])
        return self._reported(values, task)

    def _reported(self, values: list[FloatArray], task: _Task) -> tuple[FloatArray, ...]:
        """Return what learning gets to see: values, or comparator outputs."""
        if self._one_bit and not task.evaluate:
            return (values[0], *(np.where(value >= 0.0, 1.0, -1.0) for value in values[1:]))
        return tuple(values)

    def compare(self) -> None:
        """Record one subtraction for every hidden and output unit."""
        units = sum(columns for _, columns in self.substrate.shapes.values())
        self.substrate.operate({"alu.operate": units})

    def _up(self, number: int, values: FloatArray, *, evaluate: bool) -> FloatArray:
        """Return κ times the weighted sums of what lies below, as current or as codes."""
        matrix, gain = self.matrices[number], self.description.gains[number]
        if self._analog:
            return gain * self.substrate.sums(matrix, values, evaluate=evaluate)
        return self.substrate.read(matrix, values, gain=gain, evaluate=evaluate)

    def _down(self, layer: int, values: FloatArray, *, evaluate: bool) -> FloatArray:
        """Return κ_b times what lies above `layer`, read backwards."""
        matrix, gain = self.matrices[layer], self.description.feedback[layer - 1]
        if self._analog:
            return gain * self.substrate.sums(matrix, values, transposed=True, evaluate=evaluate)
        return self.substrate.read(matrix, values, gain=gain, transposed=True, evaluate=evaluate)

    def _neuron(self, drive: FloatArray) -> FloatArray:
        if not self._analog:
            self.substrate.operate({"neuron.operate": drive.size})
        return np.clip(drive, -1.0, 1.0)
