"""The spiking network: what training changes, and its steps of presenting, pruning, compacting."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from archsim.components.bit_sliced import BitSlicedSubstrate
from archsim.seeds import Purpose, stream
from archsim.workload.spiking import SpikingDescription
from archsim.workload.spiking_layout import compacted, plain
from archsim.workload.spiking_state import (
    COUNTS,
    DECISIONS,
    INPUT_SPIKES,
    BlockCount,
    Layout,
    Log,
    Model,
    Network,
    Rule,
    State,
    Tally,
)

__all__ = ["MATRIX", "Shown", "SpikingNetwork", "keys"]

MATRIX = "weights"
"""Name of the one matrix."""

Pixels = NDArray[np.uint8] | NDArray[np.float32]
Weights = NDArray[np.int16]

_MS = 1e3
"""Milliseconds in a second."""


def keys(seed: int, purposes: tuple[Purpose, Purpose, Purpose], name: str) -> NDArray[np.uint64]:
    """Return the keys of the kernels' counters for input spikes, output spikes and rounding.

    Parameters
    ----------
    seed : int
        Seed of the run.
    purposes : tuple of str
        What input spikes, output spikes and rounding draw for.
    name : str
        Name of the streams.
    """
    draws = [
        stream(seed, purpose, "spiking", name).integers(0, 1 << 64, dtype=np.uint64)
        for purpose in purposes
    ]
    return np.array(draws, dtype=np.uint64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What presenting images without learning gave."""

    winners: NDArray[np.int16]
    """Neurons that fired for each image in turn, −1 behind them, shape (images, steps)."""
    reads: NDArray[np.int64]
    """How often each row was recent at an output spike, and how often it became recent or ceased
    to be, shape (2, inputs)."""
    spikes: int
    """Input spikes."""

    @property
    def decisions(self) -> int:
        """Output spikes."""
        return int(np.count_nonzero(self.winners >= 0))


@dataclass(slots=True)
class SpikingNetwork:
    """One layer of spiking neurons on bit-sliced weights.

    Parameters
    ----------
    task : SpikingDescription
        What it is and how it learns.
    substrate : BitSlicedSubstrate
        Where its weights lie.
    seed : int
        Seed of the run.
    total : int
        Presentations of the whole training.
    scale : float
        Code of a full-scale pixel.
    """

    task: SpikingDescription
    substrate: BitSlicedSubstrate
    seed: int
    total: int
    scale: float
    top: int = field(init=False)
    """n: the highest code; a weight w is stored as n w."""
    state: State = field(init=False)
    layout: Layout = field(init=False)
    done: int = 0
    """Presentations so far."""
    _rule: Rule = field(init=False)
    _model: Model = field(init=False)
    _keys: NDArray[np.uint64] = field(init=False)

    def __post_init__(self) -> None:
        """Draw first weights; nothing is presented yet."""
        self.top = (1 << self.substrate.bits) - 1
        self._rule = _rule(self.task, self.top)
        self._model = _model(self.task, self.top, self.scale, self.total)
        self._keys = keys(self.seed, ("input", "rule", "program"), "train")
        self.layout = plain(self.task.inputs, self.task.outputs, self.substrate.behaviour)
        self.state = self._first_state()

    def _first_state(self) -> State:
        shape = (self.task.inputs, self.task.outputs)
        draw = stream(self.seed, "rule", "initial", MATRIX)
        spread = self.task.plasticity.initial_spread
        exact = (draw.uniform(-spread, spread, shape) + 1.0) * self.top / 2.0
        codes = np.clip(np.floor(exact + draw.random(shape)), 0, self.top).astype(np.uint8)
        stuck = self.substrate.stuck(MATRIX)
        codes = (codes & stuck[0]) | stuck[1]
        return State(
            weights=(2 * codes.astype(np.int16) - self.top).astype(np.int16),
            frozen=np.zeros(shape, dtype=np.bool_),
            stuck=stuck,
            bias=np.zeros(shape[1]),
            fired=np.zeros(shape[1], dtype=np.int64),
            ones=self._ones(codes),
            writes=np.zeros(shape, dtype=np.int32),
        )

    @property
    def codes(self) -> NDArray[np.uint8]:
        """Stored code of each weight; of one that is worth something else, the nearest below."""
        return ((self.state.weights + self.top) >> 1).astype(np.uint8)

    def bits_on(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return how many bits are on in each code."""
        result: NDArray[np.uint8] = self._rule.ones[codes]
        return result

    def _ones(self, codes: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the cells that are on in each row of each block."""
        on = self.bits_on(codes).astype(np.int32)
        blocks = self.layout.lines.shape[1]
        rows = np.arange(len(on))[:, None]
        place = self.layout.row_block[:, None] + self.layout.column_block[None, :]
        result = np.zeros((len(on), blocks), dtype=np.int32)
        np.add.at(result, (np.broadcast_to(rows, on.shape), place), on)
        return result

    def learn(
        self, images: Pixels, order: NDArray[np.int64], *, counted: bool, logged: bool = False
    ) -> tuple[Tally, Log]:
        """Present images with learning.

        Parameters
        ----------
        images : ndarray, shape (images, inputs)
            Pixels of the inputs, as stored.
        order : ndarray of int64
            Which images, in turn.
        counted : bool
            Whether reads and switched cells are counted; learning is the same.
        logged : bool
            Whether to keep when each spike came and what it did; likewise.

        Returns
        -------
        Tally
            What each presentation did; with a log, only what its input spikes did.
        Log
            What each output spike did; empty without.
        """
        from archsim.compiling import announce  # noqa: PLC0415 (numba loads slowly)
        from archsim.workload._snn import learn  # noqa: PLC0415

        blocks = self.layout.lines.shape[1]
        tally = Tally(
            counts=np.zeros((len(order), COUNTS), dtype=np.int64),
            blocks=np.zeros((len(order), blocks, len(BlockCount())), dtype=np.int64),
        )
        log = self._log(images, order if logged else order[:0])
        model = self._model._replace(counted=counted)
        network = Network(model=model, rule=self._rule, state=self.state, layout=self.layout)
        announce(learn, "the learning of spiking networks")
        learn(images, order, self.done, self._keys, network, tally, log)
        self.done += len(order)
        fires = int(log.counts[:, DECISIONS].sum())
        spikes = int(tally.counts[:, INPUT_SPIKES].sum()) if logged else 0
        return tally, Log(
            times=np.sort(log.times[:spikes]),
            fires=log.fires[:fires],
            counts=log.counts[:fires],
            blocks=log.blocks[:fires],
        )

    def _log(self, images: Pixels, order: NDArray[np.int64]) -> Log:
        """Return room for the spikes of images: twenty standard deviations above their mean."""
        model = self._model
        density = images[order].sum(dtype=np.float64) / model.scale
        mean = density * model.rate * model.duration
        room = int(mean + 20.0 * np.sqrt(mean)) + 1000 if len(order) else 0
        fires = len(order) * (int(model.duration) - model.window + 1)
        blocks = self.layout.lines.shape[1]
        return Log(
            times=np.empty(room),
            fires=np.empty(fires),
            counts=np.zeros((fires, COUNTS), dtype=np.int64),
            blocks=np.zeros((fires, blocks, len(BlockCount())), dtype=np.int64),
        )

    def show(self, images: Pixels, *, name: str, weights: Weights | None = None) -> Shown:
        """Present images without learning, with the settings of the readout.

        Parameters
        ----------
        images : ndarray, shape (images, inputs)
            Pixels of the inputs, as stored.
        name : str
            Name of the stream of spikes.
        weights : ndarray of int16, optional
            Weights to use instead of the learnt ones.
        """
        from archsim.workload._snn import show  # noqa: PLC0415 (numba loads slowly)

        readout = self.task.readout
        model = self._model._replace(
            duration=readout.duration.value * _MS,
            chance=readout.rate.value / _MS,
            gain=self._model.gain * readout.sharpness,
            bias_gain=readout.sharpness,
        )
        steps = int(model.duration) + 1
        winners = np.empty((len(images), steps), dtype=np.int16)
        reads = np.zeros((2, self.task.inputs), dtype=np.int64)
        drawn = keys(self.seed, ("read-eval", "read-eval", "read-eval"), name)
        drawn[1] ^= np.uint64(1)  # another stream than that of the inputs
        spikes = show(
            images,
            np.arange(len(images)),
            drawn,
            model,
            self.state.weights if weights is None else weights,
            self.state.bias,
            winners,
            reads,
        )
        return Shown(winners=winners, reads=reads, spikes=int(spikes))

    def prune(self, pruned: NDArray[np.bool_], value: float | None) -> None:
        """Freeze weights, at one value or (None) as they are.

        Weights that are worth nothing exactly a code are held as the nearest one in the cells.
        """
        self.state.frozen[:] = pruned
        if value is not None:
            self.state.weights[pruned] = round(self.top * value)
        self.layout = self.layout._replace(pruned=pruned.sum(axis=1).astype(np.int32))
        self.state.ones[:] = self._ones(self.codes)

    def compact(self) -> None:
        """Move what is not pruned together; reads and writes go there from now on."""
        self.layout = compacted(self.state.frozen, self.substrate.behaviour, self.layout)
        codes = np.where(self.state.frozen, 0, self.codes).astype(np.uint8)
        self.state = self.state._replace(ones=self._ones(codes))


def _rule(task: SpikingDescription, top: int) -> Rule:
    """Return the tables of the learning rule, in codes."""
    plasticity = task.plasticity
    codes = np.arange(top + 1)
    gains = plasticity.potentiation.value * np.exp(-plasticity.decay.value * 2.0 * codes / top)
    ones = np.array([int(code).bit_count() for code in codes], dtype=np.uint8)
    return Rule(gains=gains * top / 2.0, ones=ones)


def _model(task: SpikingDescription, top: int, scale: float, total: int) -> Model:
    """Return a description as the plain numbers that kernels take."""
    encoding, firing, plasticity = task.encoding, task.firing, task.plasticity
    return Model(
        rate=encoding.full_rate.value / _MS,
        scale=scale,
        duration=encoding.duration.value * _MS,
        window=round(encoding.window.value * _MS),
        chance=firing.rate.value / _MS,
        gain=firing.gain,
        bias_gain=1.0,
        sharp=firing.winner == "highest",
        nearest=plasticity.rounding == "nearest",
        exponent=plasticity.exponent.value,
        rate_floor=plasticity.rate_floor.value,
        rate_floor_end=plasticity.rate_floor_end.value,
        homeostasis=task.homeostasis.step.value,
        homeostasis_end=task.homeostasis.step_end.value,
        depression=plasticity.depression.value * top / 2.0,
        total=total,
        top=top,
        counted=True,
    )
