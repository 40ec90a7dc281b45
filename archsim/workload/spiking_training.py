"""Training of spiking workloads: images without labels, then classes, then the test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from archsim.components.bit_sliced import BitSlicedSubstrate, sliced
from archsim.components.substrate import Substrate
from archsim.errors import InputError
from archsim.seeds import stream
from archsim.trace.ops import Phase
from archsim.workload.data import Dataset
from archsim.workload.spiking import SpikingDescription
from archsim.workload.spiking_network import MATRIX, SpikingNetwork
from archsim.workload.spiking_pruning import pruned_set, recency_spread
from archsim.workload.spiking_readout import VOTES, assigned, scores
from archsim.workload.spiking_state import (
    ATTEMPTS,
    CHANGES,
    DECISIONS,
    INPUT_SPIKES,
    ROWS_READ,
    BlockCount,
)
from archsim.workload.spiking_trace import SpikingTrace, Written
from archsim.workload.training import Metric, Progress, TrainingResult, register_workload

__all__ = ["Activity", "SpikingResult", "train_spiking"]

_CHUNK = 1000
"""Presentations between looks at progress."""
_SHOWN = 1000
"""Images of a trace segment of evaluation."""
_WEIGHT = 3
"""How much longer it takes to show an image than to learn from it, for the progress."""

Pixels = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What training did in all."""

    presentations: int
    input_spikes: int
    output_spikes: int
    rows_read: int
    """Rows whose input was recent at an output spike, summed over those."""
    attempts: int
    """Weights that a spike was to change: those of the winner that were not frozen."""
    changes: int
    """Attempts that changed the stored code: what costs programming pulses."""
    sets: int
    """Cells switched on; counted with a recorder only."""
    resets: int
    """Cells switched off; counted with a recorder only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikingResult(TrainingResult):
    """What came of a training run."""

    accuracy: Mapping[str, float]
    """Readout (hard, soft, log_soft) → share of the test images that it gets right."""
    activity: Activity
    """What training did."""
    pruned: float
    """Share of the weights that is pruned in the end."""
    fired: tuple[int, int, int]
    """Fewest, median and most output spikes of a neuron in training."""


@dataclass(slots=True)
class _Session:
    """One training run while it goes on."""

    task: SpikingDescription
    substrate: BitSlicedSubstrate
    seed: int
    data: Dataset
    on_metric: Metric | None
    progress: Progress | None
    network: SpikingNetwork = field(init=False)
    trace: SpikingTrace = field(init=False)
    train: Pixels = field(init=False)
    test: Pixels = field(init=False)
    total: int = field(init=False)
    work: int = field(init=False)
    """Presentations, those without learning as many times as they take longer."""
    worked: int = 0
    """How many of them are done."""
    epoch: int = -1
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(7, dtype=np.int64))
    switched: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, dtype=np.int64))

    def __post_init__(self) -> None:
        """Crop the images and draw the network."""
        task, data = self.task, self.data
        crop = _crop(data, task.inputs)
        self.train = data.train.codes[:, crop]
        self.test = data.test.codes[:, crop]
        self.total = task.epochs * len(data.train)
        self.network = SpikingNetwork(task, self.substrate, self.seed, self.total, data.train.scale)
        self.trace = SpikingTrace(task, self.substrate, self.network.layout)
        readout = task.readout
        shown = [(readout.assign_count, len(data.test))]
        shown += [(readout.probe_count, readout.probe_count)] * readout.probes
        self.work = self.total + _WEIGHT * sum(
            min(assign, len(data.train)) + min(test, len(data.test)) for assign, test in shown
        )

    def on(self, what: str, presentations: int) -> None:
        """Say what is going on, and that so many presentations more are done."""
        self.worked += presentations
        if self.progress is not None:
            self.progress(what, self.worked / self.work)

    @property
    def counted(self) -> bool:
        """Whether anybody wants counts."""
        return self.substrate.recorder is not None

    def tell(self, values: Mapping[str, float]) -> None:
        """Hand on measured values."""
        if self.on_metric is None:
            return
        for metric, value in values.items():
            place = {"epoch": self.epoch, "step": self.network.done}
            phase = Phase.EVALUATE.value
            self.on_metric({**place, "phase": phase, "metric": metric, "value": value})

    def initialise(self) -> None:
        """Record the programming of the first weights, onto cells that are all off."""
        codes = self.network.codes
        self._write(np.zeros_like(codes), codes, Phase.INITIALISE)

    def learn(self, order: NDArray[np.int64]) -> None:
        """Present images, with learning."""
        before = self.network.done
        tally, log = self.network.learn(
            self.train, order, counted=self.counted, logged=self.trace.logged
        )
        self.counts += tally.counts.sum(axis=0) + log.counts.sum(axis=0)
        for blocks in (tally.blocks, log.blocks):
            self.switched += blocks[:, :, BlockCount().sets :].sum(axis=(0, 1))
        self.trace.learnt(tally, log, epoch=self.epoch, step=before)
        self.on(f"epoch {self.epoch + 1}", len(order))

    def prune(self, share: float) -> None:
        """Prune up to a share of the wanted fraction."""
        pruning = self.task.pruning
        assert pruning is not None  # noqa: S101 (only called with pruning)
        network = self.network
        pruned = pruned_set(
            pruning,
            weights=network.state.weights / network.top,
            spread=recency_spread(self.task, self.train, self.data.train.scale),
            already=network.state.frozen,
            share=share,
            draw=stream(self.seed, "rule", "prune", f"{share!r}"),
        )
        before = network.codes
        network.prune(pruned, None if pruning.value == "own" else pruning.value)
        self._write(before, network.codes, Phase.UPDATE)
        self.trace.layout = network.layout
        if share == 1.0 and self.task.storage.compaction == "mask":
            self._compact()

    def _compact(self) -> None:
        """Move the weights that are left together."""
        network, pruning = self.network, self.task.pruning
        old = network.state.ones.sum(axis=0).astype(np.int64)
        live = ~network.state.frozen
        place = network.layout.row_block[:, None] + network.layout.column_block[None, :]
        words = np.bincount(place[live], minlength=len(old))
        network.compact()
        self.trace.layout = network.layout
        self.trace.compacted = True
        self.trace.supplied = pruning is not None and pruning.value != -1.0
        new = network.state.ones.sum(axis=0).astype(np.int64)
        parts = (network.layout.words.sum(axis=0, dtype=np.int64), words, new, old)
        written = Written(*(part[None] for part in parts))
        self.trace.moved(written, words=words, epoch=self.epoch, step=network.done)

    def _write(self, before: NDArray[np.uint8], after: NDArray[np.uint8], phase: Phase) -> None:
        """Record that codes were rewritten."""
        if not self.counted:
            return
        network = self.network
        place = network.layout.row_block[:, None] + network.layout.column_block[None, :]
        blocks = network.layout.lines.shape[1]
        sets, resets = network.bits_on(after & ~before), network.bits_on(before & ~after)
        sums = [
            np.bincount(place.ravel(), weights=part.ravel(), minlength=blocks).astype(np.int64)[
                None
            ]
            for part in (sets > 0, resets > 0, sets, resets)
        ]
        self.trace.written(Written(*sums), phase, epoch=self.epoch, step=network.done)

    def show(
        self, images: Pixels, name: str, weights: NDArray[np.int16] | None = None
    ) -> NDArray[np.int16]:
        """Present images without learning; return who fired."""
        winners = []
        for start in range(0, len(images), _SHOWN):
            part = images[start : start + _SHOWN]
            shown = self.network.show(part, name=f"{name} {start}", weights=weights)
            winners.append(shown.winners)
            self.on(name.partition(" ")[0], _WEIGHT * len(part))
            if self.counted:
                self.trace.shown(
                    reads=shown.reads,
                    ones=self.network.state.ones,
                    spikes=shown.spikes,
                    decisions=shown.decisions,
                    epoch=self.epoch,
                    step=self.network.done,
                )
        return np.concatenate(winners)

    def score(
        self, assign: int, test: int, name: str, weights: NDArray[np.int16] | None = None
    ) -> dict[str, float]:
        """Assign classes on the first training images and score the first test images."""
        data = self.data
        assign, test = min(assign, len(data.train)), min(test, len(data.test))
        shown = self.show(self.train[:assign], f"assign {name}", weights)
        assignment = assigned(
            shown, data.train.labels[:assign], neurons=self.task.outputs, classes=data.classes
        )
        shown = self.show(self.test[:test], f"test {name}", weights)
        labels = data.test.labels[:test]
        return scores(shown, labels, assignment, log_floor=self.task.readout.log_floor)

    def probe(self) -> None:
        """Score on few images, in between."""
        count = self.task.readout.probe_count
        found = self.score(count, count, "probe")
        self.tell({f"probe_{vote}": found[vote] for vote in VOTES})


def _crop(data: Dataset, inputs: int) -> NDArray[np.intp]:
    """Return the pixels of largest mean over the training images, in image order."""
    if inputs > data.pixels:
        rows, columns = data.shape
        raise InputError(
            f"inputs: expected at most {data.pixels}, images have {rows} x {columns} pixels, "
            f"got {inputs}"
        )
    sums = np.zeros(data.pixels)
    for start in range(0, len(data.train), 10_000):
        sums += data.train.codes[start : start + 10_000].sum(axis=0, dtype=np.float64)
    return np.sort(np.argsort(-sums, kind="stable")[:inputs])


def _moments(task: SpikingDescription, total: int) -> dict[int, list[float]]:
    """Return what happens besides learning: presentation → shares to prune, or −1 for a probe."""
    moments: dict[int, list[float]] = {}
    if task.pruning is not None:
        for stage in task.pruning.stages:
            moments.setdefault(round(stage.at * total), []).append(stage.share)
    for number in range(task.readout.probes):
        moments.setdefault(total >> (number + 1), []).append(-1.0)
    return moments


def _parts(session: _Session, moments: Mapping[int, object]) -> Iterator[NDArray[np.int64]]:
    """Give the training images, epoch by epoch in random order, cut where something happens."""
    order = stream(session.seed, "input", "order")
    size = len(session.train)
    for epoch in range(session.task.epochs):
        session.epoch = epoch
        images = order.permutation(size)
        begin = epoch * size
        cuts = {0, size, *range(0, size, _CHUNK)}
        cuts |= {moment - begin for moment in moments if begin < moment < begin + size}
        bounds = sorted(cuts)
        for low, high in itertools.pairwise(bounds):
            yield images[low:high]


def train_spiking(
    workload: SpikingDescription,
    substrate: Substrate,
    *,
    seed: int,
    on_metric: Metric | None = None,
    progress: Progress | None = None,
) -> SpikingResult:
    """Train a spiking network, assign classes to its neurons, and test it.

    Parameters
    ----------
    workload : SpikingDescription
        What to learn, and how.
    substrate : Substrate
        Bit-sliced cells with the workload's shapes; its recorder gets every act.
    seed : int
        Seed of order, first weights, spikes and rounding.
    on_metric : callable, optional
        Receives accuracies in between and in the end.
    progress : callable, optional
        Told how far the run is.

    Returns
    -------
    SpikingResult
        Accuracy under each readout, and what it took.

    Raises
    ------
    InputError
        If the substrate is not bit-sliced, or the data does not suit.

    Notes
    -----
    No recorder, evaluation or probe changes a learnt bit: images shown for evaluation have streams
    of their own, and change nothing.
    """
    wanted = sliced(substrate, what="learning by spike timing")
    data = workload.dataset.load(progress)
    session = _Session(workload, wanted, seed, data, on_metric, progress)
    session.initialise()
    moments = _moments(workload, session.total)
    for part in _parts(session, moments):
        for what in moments.pop(session.network.done, ()):
            if what < 0.0:
                session.probe()
            else:
                session.prune(what)
        session.learn(part)
    if workload.pruning is not None and workload.pruning.timing == "after":
        session.prune(1.0)
    accuracy = session.score(workload.readout.assign_count, len(data.test), "final")
    session.tell({f"test_{vote}": accuracy[vote] for vote in VOTES})
    session.on("trained", 0)
    return _result(session, accuracy)


def _result(session: _Session, accuracy: Mapping[str, float]) -> SpikingResult:
    counts, state = session.counts, session.network.state
    activity = Activity(
        presentations=session.network.done,
        input_spikes=int(counts[INPUT_SPIKES]),
        output_spikes=int(counts[DECISIONS]),
        rows_read=int(counts[ROWS_READ]),
        attempts=int(counts[ATTEMPTS]),
        changes=int(counts[CHANGES]),
        sets=int(session.switched[0]),
        resets=int(session.switched[1]),
    )
    session.tell({name: float(getattr(activity, name)) for name in ("attempts", "changes")})
    session.substrate.code_changes[MATRIX] = state.writes.astype(np.int64)
    fired = np.sort(state.fired)
    return SpikingResult(
        met=True,
        epochs=session.task.epochs,
        steps=session.network.done,
        pulses=activity.sets + activity.resets,
        reads=activity.rows_read,
        most_pulses=int(state.writes.max()),
        inputs={session.task.dataset.name: session.data.fingerprint},
        accuracy=dict(accuracy),
        activity=activity,
        pruned=float(state.frozen.mean()),
        fired=(int(fired[0]), int(fired[len(fired) // 2]), int(fired[-1])),
    )


register_workload("spiking", SpikingDescription, train_spiking)
