"""Training of attractor workloads: patterns are learnt on a substrate, and tested on it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np

from archsim.components.behaviour import Behaviour
from archsim.components.cell import FloatArray
from archsim.components.substrate import Substrate
from archsim.seeds import stream
from archsim.trace.ops import Phase
from archsim.workload.attractor import AttractorDescription
from archsim.workload.backprop import BackpropResult, backprop
from archsim.workload.evaluation import Samples, Score, samples
from archsim.workload.network import Network
from archsim.workload.pulses import Pulser
from archsim.workload.training import Metric, Progress, TrainingResult, register_workload

__all__ = ["AttractorResult", "Trial", "baseline", "train_attractor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One final test."""

    flips: float
    """Probability that a dot was flipped."""
    score: Score
    ceiling: float
    """How often the ideal nearest-word decoder is right on the same samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttractorResult(TrainingResult):
    """What came of a training run."""

    clean: Score
    """Score on the clean patterns after training."""
    validation: Score
    """Score on the criterion's distorted patterns after training."""
    trials: tuple[Trial, ...]
    """Final tests."""


@dataclass(slots=True)
class _Session:
    """One training run while it goes on."""

    workload: AttractorDescription
    substrate: Substrate
    seed: int
    on_metric: Metric | None
    epoch: int = -1
    step: int = 0
    network: Network = field(init=False)
    validation: Samples = field(init=False)
    clean: Samples = field(init=False)

    def __post_init__(self) -> None:
        workload = self.workload
        self.network = Network(workload.network, self.substrate)
        stop, patterns = workload.stop, workload.dataset.patterns
        self.validation = samples(
            patterns, flips=stop.flips, copies=stop.copies, seed=self.seed, name="validation"
        )
        self.clean = samples(patterns, flips=0.0, copies=1, seed=self.seed, name="clean")

    def tell(self, values: Mapping[str, float]) -> None:
        """Hand on measured values."""
        if self.on_metric is None:
            return
        for metric, value in values.items():
            self.on_metric(
                {
                    "epoch": self.epoch,
                    "step": self.step,
                    "phase": Phase.EVALUATE.value,
                    "metric": metric,
                    "value": value,
                }
            )

    def score(self, batch: Samples) -> Score:
        """Score the network on samples; call inside a segment."""
        outputs = self.network.free(batch.inputs, evaluate=True).values[-1]
        return self.workload.goal.score(outputs, batch.labels)

    def evaluate(self) -> tuple[Score, Score, bool]:
        """Return the scores on clean and on validation patterns, and whether both suffice."""
        with self.substrate.segment(epoch=self.epoch, step=self.step, phase=Phase.EVALUATE):
            clean, validation = self.score(self.clean), self.score(self.validation)
        right = self.workload.goal.clean(clean) == 1.0
        met = right and validation.near >= self.workload.stop.near
        self.tell(
            {
                "clean_near": clean.near,
                "clean_exact": clean.exact,
                "validation_near": validation.near,
                "validation_exact": validation.exact,
                "device_pulses": self.substrate.pulse_count,
                "array_reads": self.substrate.read_count,
            }
        )
        return clean, validation, met

    def trials(self) -> tuple[Trial, ...]:
        """Run the final tests."""
        result = []
        test, patterns = self.workload.test, self.workload.dataset.patterns
        for flips in test.flips:
            batch = samples(patterns, flips=flips, copies=test.copies, seed=self.seed, name="test")
            with self.substrate.segment(epoch=self.epoch, step=self.step, phase=Phase.EVALUATE):
                score = self.score(batch)
            result.append(Trial(flips=flips, score=score, ceiling=batch.ceiling))
            values = {"near": score.near, "exact": score.exact, "ceiling": batch.ceiling}
            self.tell({f"test_{name}_{flips:g}": value for name, value in values.items()})
        return tuple(result)


def train_attractor(
    workload: AttractorDescription,
    substrate: Substrate,
    *,
    seed: int,
    on_metric: Metric | None = None,
    progress: Progress | None = None,
) -> AttractorResult:
    """Train a workload on a substrate until its criterion is met, then test it.

    Parameters
    ----------
    workload : AttractorDescription
        What to learn, and how.
    substrate : Substrate
        Fresh cells with the workload's shapes; its recorder gets every act.
    seed : int
        Seed of data, order, initial weights and random pulses.
    on_metric : callable, optional
        Receives measured values after every epoch and after the final tests.
    progress : callable, optional
        Told how far the run is.

    Returns
    -------
    TrainingResult
        Scores and what they took.

    Notes
    -----
    Nothing drawn for evaluation, and nothing that a recorder or the caller does, changes a learnt
    bit: evaluation has streams of its own and pulses no cell. It does decide when training ends.
    """
    session = _Session(workload, substrate, seed, on_metric)
    if workload.training == "on_chip":
        _initialise(session, _initial_weights(workload, seed))
        clean, validation, met = _learn(session, progress)
    else:
        source = Substrate(_ideal(substrate.behaviour), substrate.shapes, seed=seed)
        train_attractor(workload.model_copy(update={"training": "on_chip"}), source, seed=seed)
        learnt = {matrix: source.weights(matrix) for matrix in source.shapes}
        _initialise(session, learnt, verify=workload.training == "verified")
        clean, validation, met = session.evaluate()
    trials = session.trials()
    if progress is not None:
        progress("trained", 1.0)
    return AttractorResult(
        met=met,
        epochs=session.epoch + 1,
        steps=session.step,
        clean=clean,
        validation=validation,
        trials=trials,
        pulses=substrate.pulse_count,
        reads=substrate.read_count,
        most_pulses=max(int(substrate.pulse_counts(name).max()) for name in substrate.shapes),
        inputs={workload.dataset.name: workload.dataset.fingerprint},
    )


def baseline(workload: AttractorDescription, *, batch: int, seed: int) -> BackpropResult:
    """Learn the same task by backpropagation in software, to the same criterion.

    Parameters
    ----------
    workload : AttractorDescription
        What to learn.
    batch : int
        Patterns in a step: 1, or all of them.
    seed : int
        Seed of weights, order and validation patterns.
    """
    stop, patterns = workload.stop, workload.dataset.patterns
    validation = samples(
        patterns, flips=stop.flips, copies=stop.copies, seed=seed, name="validation"
    )
    return backprop(
        workload.baseline,
        tuple(workload.shapes.values()),
        patterns=patterns.astype(np.float64),
        goal=workload.goal,
        validation=validation,
        near=stop.near,
        batch=batch,
        seed=seed,
    )


def _ideal(behaviour: Behaviour) -> Behaviour:
    return behaviour.model_copy(update={"cell": behaviour.cell.ideal()})


def _initial_weights(workload: AttractorDescription, seed: int) -> dict[str, FloatArray]:
    spread = workload.network.initial_spread
    return {
        matrix: spread * stream(seed, "rule", "initial", matrix).standard_normal(shape)
        for matrix, shape in workload.shapes.items()
    }


def _initialise(
    session: _Session, weights: Mapping[str, FloatArray], *, verify: bool = False
) -> None:
    """Write weights into all matrices, beside each other."""
    phase = Phase.VERIFY if verify else Phase.INITIALISE
    with session.substrate.segment(epoch=-1, step=0, phase=phase), session.substrate.together():
        for matrix, values in weights.items():
            session.substrate.program(matrix, values, verify=verify)


def _learn(session: _Session, progress: Progress | None) -> tuple[Score, Score, bool]:
    """Present all patterns, epoch by epoch, until the criterion is met."""
    workload, substrate = session.workload, session.substrate
    order = stream(session.seed, "input", "order")
    pulser = Pulser(workload.pulses, substrate, stream(session.seed, "rule", "pulses"))
    inputs, targets = session.clean.inputs, workload.goal.targets
    outcome = None
    for epoch in range(workload.stop.max_epochs):
        session.epoch = epoch
        if progress is not None:
            progress(f"epoch {epoch + 1}", epoch / workload.stop.max_epochs)
        waiting = 0
        for number in order.permutation(len(inputs)):
            part = slice(number, number + 1)
            waiting = _present(session, pulser, inputs[part], targets[part], waiting)
        if waiting:
            with _segment(session, Phase.UPDATE):
                pulser.flush()
        outcome = session.evaluate()
        if outcome[2]:
            break
    assert outcome is not None  # noqa: S101 (there is at least one epoch)
    return outcome


def _present(
    session: _Session, pulser: Pulser, inputs: FloatArray, targets: FloatArray, waiting: int
) -> int:
    """Present one pattern; return how many presentations wait for their write."""
    session.step += 1
    changes = session.workload.rule.changes(
        session.network, inputs, targets, lambda phase: _segment(session, phase)
    )
    batch = session.workload.pulses.batch
    with _segment(session, Phase.UPDATE):
        if batch == 1:
            pulser.apply(changes)
            return 0
        pulser.add(changes)
        if waiting + 1 < batch:
            return waiting + 1
        pulser.flush()
    return 0


def _segment(session: _Session, phase: Phase) -> AbstractContextManager[None]:
    return session.substrate.segment(epoch=session.epoch, step=session.step, phase=phase)


register_workload("attractor", AttractorDescription, train_attractor)
