"""Training of layered workloads: examples are learnt one by one, on cells or in software."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from archsim.components.cell import FloatArray
from archsim.components.substrate import Substrate
from archsim.seeds import stream
from archsim.trace.ops import Phase
from archsim.workload.cell_layers import CellLayers, check_abilities
from archsim.workload.dense import DenseTraining, can_be_dense
from archsim.workload.layered import LayeredDescription
from archsim.workload.layered_software import initial_weights, learn_in_software
from archsim.workload.layered_task import LayeredTask, answers
from archsim.workload.training import Metric, Progress, TrainingResult, register_workload

__all__ = ["LayeredResult", "train_layered"]

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


@dataclass(slots=True)
class _Session:
    """One training run on cells while it goes on."""

    task: LayeredTask
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
    task = LayeredTask.of(workload, workload.dataset.load(progress))
    session = _Session(task, substrate, seed, on_metric)
    if workload.training == "on_chip":
        _program(session, initial_weights(workload, seed), verify=False)
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
    substrate, pause = session.substrate, _pause_steps(session.substrate)
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
    right, pause = 0, _pause_steps(session.substrate)
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
        right += int(answers(outputs[None])[0] == label)
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


def _pause_steps(substrate: Substrate) -> int:
    """Return after how many steps states are made to relax; small enough not to be felt."""
    behaviour = substrate.behaviour
    lost = 1.0 - behaviour.cell.kept(behaviour.step_period.value)
    return max(1, int(_RELAXED / lost)) if lost else 1 << 62


register_workload("layered", LayeredDescription, train_layered)
