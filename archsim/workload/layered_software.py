"""Learning of layered workloads in software: what the same rule does without cells."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np

from archsim.components.cell import FloatArray
from archsim.seeds import stream
from archsim.trace.ops import Phase
from archsim.workload.data import Dataset
from archsim.workload.layered import LayeredDescription
from archsim.workload.layered_task import LayeredTask
from archsim.workload.layers import FloatLayers
from archsim.workload.training import Progress

__all__ = ["SoftwareResult", "initial_weights", "learn_in_software"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwareResult:
    """What came of the same learning in float64."""

    accuracy: float
    """Share of the test examples that are right after training."""
    course: tuple[float, ...]
    """The same after each epoch."""
    weights: Mapping[str, FloatArray]
    """Matrix → weights after training, as a share of a full conductance window."""
    stream: tuple[float, ...] = ()
    """Share of the test examples that are right after each part of the stream, drifted as then."""


def learn_in_software(
    workload: LayeredDescription,
    *,
    seed: int,
    data: Dataset | None = None,
    clip: bool = True,
    progress: Progress | None = None,
) -> SoftwareResult:
    """Learn a layered workload in float64, from the same first weights and in the same order.

    Parameters
    ----------
    workload : LayeredDescription
        What to learn, and how; pulses play no part.
    seed : int
        Seed of order and first weights.
    data : Dataset, optional
        The examples, if they were loaded already.
    clip : bool
        Whether weights stay within what a conductance window can hold.
    progress : callable, optional
        Told how far it is.
    """
    task = LayeredTask.of(workload, workload.dataset.load(progress) if data is None else data)
    first = initial_weights(workload, seed)
    scales = workload.scales
    layers = FloatLayers(
        workload.network,
        {name: scale * part for (name, part), scale in zip(first.items(), scales, strict=True)},
        rate=workload.rate,
        bounds=scales if clip else None,
    )
    order, train, course = stream(seed, "input", "order"), task.data.train, []
    for epoch in range(workload.stop.max_epochs):
        if progress is not None:
            progress(f"software, epoch {epoch + 1}", epoch / workload.stop.max_epochs)
        for number in order.permutation(len(train)):
            inputs = task.inputs(train, slice(number, number + 1))[0]
            target = task.targets[train.labels[number]]
            workload.rule.step(layers, inputs, target, _nowhere)
        course.append(task.accuracy(layers))
        if workload.stop.accuracy is not None and course[-1] >= workload.stop.accuracy:
            break
    learnt = zip(workload.shapes, layers.weights, scales, strict=True)
    weights = {name: np.clip(part / scale, -1.0, 1.0) for name, part, scale in learnt}
    followed = task.follow(layers, seed=seed, phase=_nowhere, begin=_nothing)
    return SoftwareResult(
        accuracy=course[-1],
        course=tuple(course),
        weights=weights,
        stream=tuple(accuracy for _, accuracy in followed),
    )


def initial_weights(workload: LayeredDescription, seed: int) -> dict[str, FloatArray]:
    """Return the first weights, as a share of a full conductance window."""
    bound = workload.network.initial_spread / workload.network.full_weight
    return {
        matrix: stream(seed, "rule", "initial", matrix).uniform(-bound, bound, shape)
        for matrix, shape in workload.shapes.items()
    }


def _nothing() -> None:
    pass


def _nowhere(phase: Phase) -> AbstractContextManager[None]:
    del phase
    return nullcontext()
