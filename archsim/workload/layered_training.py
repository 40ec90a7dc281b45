"""Training of layered workloads: examples are learnt one by one, on cells or in software."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from archsim.components.cell import FloatArray
from archsim.components.substrate import Substrate
from archsim.errors import InputError
from archsim.seeds import stream
from archsim.trace.ops import Phase
from archsim.workload.cell_layers import CellLayers, check_abilities
from archsim.workload.data import Dataset, Examples
from archsim.workload.dense import DenseTraining, can_be_dense
from archsim.workload.layered import LayeredDescription
from archsim.workload.layered_stream import Sensor
from archsim.workload.layers import FloatLayers, Layers
from archsim.workload.rules import OpenPhase
from archsim.workload.training import Metric, Progress, TrainingResult, register_workload

__all__ = ["LayeredResult", "SoftwareResult", "learn_in_software", "train_layered"]

_CHUNK = 1000
"""Examples that are evaluated at once."""
_RELAXED = 1e-3
"""Most that a state may relax, as a share of its distance from rest, before it is made to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayeredResult(TrainingResult):
    """What came of a training run."""

    accuracy: float
    """Share of the test examples that are right after training."""
    course: tuple[float, ...]
    """The same after each epoch."""
    stream: tuple[float, ...] = ()
    """Share of the test examples that are right after each part of the stream, drifted as then."""


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


def _plain(values: FloatArray) -> FloatArray:
    return values


@dataclass(slots=True)
class _Task:
    """Examples of a workload, as a network takes them."""

    workload: LayeredDescription
    data: Dataset
    targets: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.targets = _targets(self.workload, self.data)

    def inputs(self, examples: Examples, rows: slice | NDArray[np.int64]) -> FloatArray:
        """Return some examples as inputs in [−1, 1]."""
        return self.coded(examples.values(rows))

    def coded(self, values: FloatArray) -> FloatArray:
        """Return pixels in [0, 1] as inputs in [−1, 1]."""
        return values if self.workload.network.coding == "unipolar" else 2.0 * values - 1.0

    def accuracy(self, layers: Layers, seen: Callable[[FloatArray], FloatArray] = _plain) -> float:
        """Return the share of the test examples that the network has right; call in a segment.

        `seen` says what a sensor makes of them.
        """
        test, right = self.data.test, 0
        for start in range(0, len(test), _CHUNK):
            part = slice(start, start + _CHUNK)
            inputs = self.coded(seen(test.values(part)))
            outputs = layers.forward(inputs, evaluate=True)[-1]
            right += int(np.count_nonzero(_answers(outputs) == test.labels[part]))
        return right / len(test)

    def follow(
        self, layers: Layers, *, seed: int, phase: OpenPhase, begin: Callable[[], None]
    ) -> Iterator[tuple[float, float]]:
        """Meet the stream, each sample after `begin`; yield drift and accuracy after each part.

        Nothing is yielded if the workload has no stream.
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


def _answers(outputs: FloatArray) -> NDArray[np.intp]:
    """Return the class that each row of outputs stands for."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0.5).astype(np.intp)
    best: NDArray[np.intp] = np.argmax(outputs, axis=1)
    return best


@dataclass(slots=True)
class _Session:
    """One training run on cells while it goes on."""

    task: _Task
    substrate: Substrate
    seed: int
    on_metric: Metric | None
    layers: CellLayers = field(init=False)
    dense: DenseTraining | None = None
    epoch: int = -1
    step: int = 0
    course: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        generator = stream(self.seed, "rule", "pulses")
        workload = self.task.workload
        self.layers = CellLayers(workload, self.substrate, generator)
        if can_be_dense(workload, self.substrate.behaviour):
            self.dense = DenseTraining(workload, self.layers)

    def segment(self, phase: Phase) -> AbstractContextManager[None]:
        """Open the segment of a phase of the present step."""
        return self.substrate.segment(epoch=self.epoch, step=self.step, phase=phase)

    def evaluate(self, others: Mapping[str, float]) -> float:
        """Return the test accuracy, and hand it on with other measured values."""
        with self.segment(Phase.EVALUATE):
            accuracy = self.task.accuracy(self.layers)
        self.course.append(accuracy)
        self.report(Phase.EVALUATE, {"test_accuracy": accuracy, **others})
        return accuracy

    def report(self, phase: Phase, measured: Mapping[str, float]) -> None:
        """Hand measured values on, with what it took until now."""
        values = {
            **measured,
            "device_pulses": self.substrate.pulse_count,
            "array_reads": self.substrate.read_count,
        }
        if self.on_metric is not None:
            for metric, value in values.items():
                row = {"epoch": self.epoch, "step": self.step, "phase": phase.value}
                self.on_metric({**row, "metric": metric, "value": value})


def train_layered(
    workload: LayeredDescription,
    substrate: Substrate,
    *,
    seed: int,
    on_metric: Metric | None = None,
    progress: Progress | None = None,
) -> LayeredResult:
    """Train a layered network on a substrate, or transfer one that was learnt in software.

    Parameters
    ----------
    workload : LayeredDescription
        What to learn, and how.
    substrate : Substrate
        Fresh cells with the workload's shapes; its recorder gets every act.
    seed : int
        Seed of order, initial weights and random pulses.
    on_metric : callable, optional
        Receives measured values after every epoch.
    progress : callable, optional
        Told how far the run is.

    Returns
    -------
    LayeredResult
        Accuracy, and what it took.

    Raises
    ------
    InputError
        If the data do not fit the network, or the chip lacks an ability that the training needs.
    """
    check_abilities(workload, substrate.behaviour)
    task = _Task(workload, workload.dataset.load(progress))
    session = _Session(task, substrate, seed, on_metric)
    if workload.training == "on_chip":
        _program(session, _initial_weights(workload, seed), verify=False)
        _learn(session, progress)
    else:
        alone = workload.model_copy(update={"stream": None})
        learnt = learn_in_software(alone, seed=seed, data=task.data, progress=progress)
        _program(session, learnt.weights, verify=workload.training == "verified")
        session.evaluate({"software_accuracy": learnt.accuracy, **_tuning(substrate)})
    goal, epochs = workload.stop.accuracy, session.epoch + 1
    stream_course = _follow(session, progress)
    return LayeredResult(
        met=goal is None or session.course[-1] >= goal,
        epochs=epochs,
        steps=session.step,
        accuracy=session.course[-1],
        course=tuple(session.course),
        stream=stream_course,
        pulses=substrate.pulse_count,
        reads=substrate.read_count,
        most_pulses=max(int(substrate.pulse_counts(name).max()) for name in substrate.shapes),
        inputs={workload.dataset.name: task.data.fingerprint},
    )


def _initial_weights(workload: LayeredDescription, seed: int) -> dict[str, FloatArray]:
    """Return the first weights, as a share of a full conductance window."""
    bound = workload.network.initial_spread / workload.network.full_weight
    return {
        matrix: stream(seed, "rule", "initial", matrix).uniform(-bound, bound, shape)
        for matrix, shape in workload.shapes.items()
    }


def _tuning(substrate: Substrate) -> dict[str, float]:
    """Return what program-and-verify came to, by metric; nothing if it was not used."""
    tuned = substrate.tuned
    if not tuned.devices:
        return {}
    return {
        "programming_yield": tuned.within / tuned.devices,
        "verify_pulses": tuned.pulses,
        "verify_reads": tuned.reads,
    }


def _program(session: _Session, weights: Mapping[str, FloatArray], *, verify: bool) -> None:
    """Write weights into all matrices, beside each other."""
    phase = Phase.VERIFY if verify else Phase.INITIALISE
    with session.segment(phase), session.substrate.together():
        for matrix, values in weights.items():
            session.substrate.program(matrix, values, verify=verify)


def _learn(session: _Session, progress: Progress | None) -> None:
    """Present all examples, epoch by epoch, until the end."""
    workload, train = session.task.workload, session.task.data.train
    order = stream(session.seed, "input", "order")
    stop = workload.stop
    for epoch in range(stop.max_epochs):
        session.epoch = epoch
        if progress is not None:
            progress(f"epoch {epoch + 1}", epoch / stop.max_epochs)
        right = _present(session, order.permutation(len(train)))
        accuracy = session.evaluate({"presented_accuracy": right / len(train)})
        if stop.accuracy is not None and accuracy >= stop.accuracy:
            break


def _follow(session: _Session, progress: Progress | None) -> tuple[float, ...]:
    """Meet the stream, as an epoch of its own; return the accuracy after each part of it."""
    course: list[float] = []
    substrate, pause = session.substrate, pause_steps(session.substrate)
    begun = session.step
    session.epoch += 1

    def begin() -> None:
        session.step += 1
        if (session.step - begun) % pause == 0:
            substrate.relax(pause)

    followed = session.task.follow(
        session.layers, seed=session.seed, phase=session.segment, begin=begin
    )
    for drift, accuracy in followed:
        course.append(accuracy)
        session.report(Phase.EVALUATE, {f"stream_accuracy_{drift:g}": accuracy})
        if progress is not None:
            progress("stream", drift)
    return tuple(course)


def _present(session: _Session, order: NDArray[np.int64]) -> int:
    """Present examples one by one; return how many were answered right before they were learnt."""
    present = _present_steps if session.dense is None else _present_dense
    right, pause = 0, pause_steps(session.substrate)
    for start in range(0, len(order), pause):
        part = order[start : start + pause]
        right += present(session, part)
        session.substrate.relax(len(part))
    return right


def _present_steps(session: _Session, order: NDArray[np.int64]) -> int:
    """Present examples through the substrate, act by act."""
    task, train, right = session.task, session.task.data.train, 0
    for number in order:
        session.step += 1
        inputs = task.inputs(train, slice(number, number + 1))[0]
        label = train.labels[number]
        rule, target = task.workload.rule, task.targets[label]
        outputs = rule.step(session.layers, inputs, target, session.segment)
        right += int(_answers(outputs[None])[0] == label)
    return right


def _present_dense(session: _Session, order: NDArray[np.int64]) -> int:
    """Present examples by the compiled loops."""
    task, dense, right = session.task, session.dense, 0
    assert dense is not None  # noqa: S101 (the caller looked)
    train, drive = task.data.train, session.layers.drive
    dense.enter()
    for start in range(0, len(order), dense.most_steps):
        part = order[start : start + dense.most_steps]
        codes = np.rint(np.clip(task.inputs(train, part), -1.0, 1.0) * drive).astype(np.int64)
        labels = train.labels[part]
        right += dense.present(codes, labels, task.targets, epoch=session.epoch, step=session.step)
        session.step += len(part)
    dense.leave()
    return right


def pause_steps(substrate: Substrate) -> int:
    """Return after how many steps states are made to relax; small enough not to be felt."""
    behaviour = substrate.behaviour
    lost = 1.0 - behaviour.cell.kept(behaviour.step_period.value)
    return max(1, int(_RELAXED / lost)) if lost else 1 << 62


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
    task = _Task(workload, workload.dataset.load(progress) if data is None else data)
    first = _initial_weights(workload, seed)
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


def _nothing() -> None:
    pass


def _nowhere(phase: Phase) -> AbstractContextManager[None]:
    del phase
    return nullcontext()


register_workload("layered", LayeredDescription, train_layered)
