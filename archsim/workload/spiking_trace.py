"""What the spiking network's acts count: trace segments from the kernels' whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.components.bit_sliced import BitSlicedSubstrate
from archsim.trace.ops import Block, Op, OpKind, Phase
from archsim.trace.recorder import Recorder, TraceSegment
from archsim.trace.spikes import OpSeries, SpikeSegment
from archsim.workload.spiking import SpikingDescription
from archsim.workload.spiking_state import (
    ATTEMPTS,
    DECISIONS,
    INPUT_SPIKES,
    PRUNED_READS,
    ROWS_READ,
    TURNS,
    BlockCount,
    Layout,
    Log,
    Tally,
)

__all__ = ["SpikingTrace", "Written"]

IntArray = NDArray[np.int64]
_AT = BlockCount()
_WHOLE = -1
"""Block, or plane, of a count that serves the op as a whole."""
_PLANE = 0
_MS = 1e-3


class Written(NamedTuple):
    """Cells switched on each block, shape (moments, blocks) each."""

    set_words: IntArray
    reset_words: IntArray
    sets: IntArray
    resets: IntArray


class _Reading(NamedTuple):
    """Reads of rows at each of many moments."""

    lines: IntArray
    """Word lines driven, shape (moments, blocks)."""
    words: IntArray
    """Weights read, likewise."""
    ones: IntArray
    """Cells that are on among them, likewise."""
    rows: IntArray
    """Rows read, shape (moments,)."""
    pruned: IntArray
    """Pruned weights in them, shape (moments,)."""


@dataclass(slots=True)
class SpikingTrace:
    """Turns what presentations did into trace segments, or where nobody listens into totals.

    Parameters
    ----------
    task : SpikingDescription
        When rows are read, and how images are paced.
    substrate : BitSlicedSubstrate
        Its recorder gets the segments; does nothing without one.
    layout : Layout
        Where weights stand.

    Notes
    -----
    Input spikes set timers in the digital part. At an output spike the numbers of the rows to read
    go to the arrays, one after another on one address bus; sums, and the winner, are found
    digitally at the ends of the bit lines; the winner's weights are read again, one word line for
    each, and those that change are written, cells to switch on first. An op may stand for all acts
    of its kind in some presentations: they follow each other, so that their order changes no time.

    A compacted row is found by its mask and its start, both read from the buffer for each access. A
    pruned weight that is skipped reads as code 0, which is −1, for the offset of codes is taken off
    for each recent input as a whole and the same for all neurons; any other constant is added for
    each pruned weight in the rows read.
    """

    task: SpikingDescription
    substrate: BitSlicedSubstrate
    layout: Layout
    word_bits: int = 64
    """Bits of one access to the buffer that holds the mask. [bit]"""
    compacted: bool = False
    """Whether a mask tells where weights are."""
    supplied: bool = False
    """Whether the constant of skipped weights has to be added."""
    _owed: float = 0.0
    """Windows of real time since the last segment that ended one. [s]"""
    _blocks: tuple[Block, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Look up what does not change."""
        self._blocks = self.substrate.blocks

    @property
    def recorder(self) -> Recorder | None:
        """Who gets the segments."""
        return self.substrate.recorder

    @property
    def logged(self) -> bool:
        """Whether every spike is wanted."""
        streams = self.recorder is not None and self.recorder.streams
        return streams and self.task.storage.detail == "spikes"

    def learnt(self, tally: Tally, log: Log, *, epoch: int, step: int) -> None:
        """Record presentations with learning; `step` is the number of the first one.

        Parameters
        ----------
        tally : Tally
            What was done on each block.
        log : Log
            When spikes came.
        epoch, step : int
            Epoch, and number of the first presentation.
        """
        recorder = self.recorder
        if recorder is None:
            return
        shown = len(tally.counts)
        if self.logged:
            self._owed += shown * self._window()
            recorder.add(self._spikes(log, epoch=epoch, step=step))
            return
        group = self.task.storage.group if recorder.streams else shown
        counts, blocks = (_grouped(part, group) for part in tally)
        parts = {
            Phase.FORWARD: self._forward(Phase.FORWARD, counts, self._reading(counts, blocks)),
            Phase.UPDATE: self._update(counts, blocks),
        }
        for row in range(len(counts)):
            ops = {phase: _ops(series, row) for phase, series in parts.items()}
            done = [phase for phase, found in ops.items() if found]
            self._owed += min(group, shown - row * group) * self._window()
            for phase in done:
                window = self._owed if phase is done[-1] else 0.0
                self._add(phase, ops[phase], epoch=epoch, step=step + row * group, window=window)

    def shown(
        self,
        *,
        reads: IntArray,
        ones: NDArray[np.int32],
        spikes: int,
        decisions: int,
        epoch: int,
        step: int,
    ) -> None:
        """Record images shown without learning.

        Parameters
        ----------
        reads : ndarray of int64, shape (2, inputs)
            How often each row was recent at an output spike, and how often that began or ended.
        ones : ndarray of int32, shape (inputs, blocks)
            Cells that are on.
        spikes, decisions : int
            Input and output spikes.
        epoch, step : int
            When in training.
        """
        turning = self.task.storage.reads == "at_input_spikes"
        times = reads[1:2] if turning else reads[:1]
        reading = _Reading(
            lines=times @ self.layout.lines,
            words=times @ self.layout.words,
            ones=times @ ones,
            rows=times.sum(axis=1),
            pruned=times @ self.layout.pruned,
        )
        counts = np.zeros((1, 7), dtype=np.int64)
        counts[0, INPUT_SPIKES], counts[0, DECISIONS] = spikes, decisions
        ops = _ops(self._forward(Phase.EVALUATE, counts, reading), 0)
        self._add(Phase.EVALUATE, ops, epoch=epoch, step=step)

    def written(self, written: Written, phase: Phase, *, epoch: int, step: int) -> None:
        """Record cells switched outside presentations.

        Parameters
        ----------
        written : Written
            What was switched.
        phase : Phase
            What it is charged to.
        epoch, step : int
            Where in the training it stands.
        """
        self._add(phase, _ops(self._writes(phase, written), 0), epoch=epoch, step=step)

    def moved(self, written: Written, *, words: IntArray, epoch: int, step: int) -> None:
        """Record compaction: all weights left are read, the mask and the weights written.

        Parameters
        ----------
        written : Written
            Cells switched on each block.
        words : ndarray of int64, shape (blocks,)
            Weights read on each block.
        """
        rows = self.task.inputs
        masks = np.array([rows * (self._mask_words() + 1)])
        series = [
            self._array(
                Phase.UPDATE,
                {"array.cell_read": words[None] * self.substrate.bits},
                words[None].sum(axis=1),
            ),
            _digital(Phase.UPDATE, {"buffer.write": masks, "controller.step": np.array([rows])}),
            *self._writes(Phase.UPDATE, written),
        ]
        self._add(Phase.UPDATE, _ops(series, 0), epoch=epoch, step=step)

    def _add(
        self, phase: Phase, ops: tuple[Op, ...], *, epoch: int, step: int, window: float = 0.0
    ) -> None:
        if self.recorder is None or not ops:
            return
        if window:
            self._owed = 0.0
        self.recorder.add(TraceSegment(epoch=epoch, step=step, phase=phase, ops=ops, window=window))

    def _spikes(self, log: Log, *, epoch: int, step: int) -> SpikeSegment:
        """Return a segment that tells every spike apart."""
        forward = self._forward(Phase.FORWARD, log.counts, self._reading(log.counts, log.blocks))
        window, self._owed = self._owed, 0.0
        return SpikeSegment(
            epoch=epoch,
            step=step,
            phase=Phase.FORWARD,
            arrivals=log.times * _MS,
            arrival=Op(
                kind=OpKind.DIGITAL,
                phase=Phase.FORWARD,
                counts=(("register.write", _WHOLE, _WHOLE, 1),),
            ),
            moments=log.fires * _MS,
            series=(*forward, *self._update(log.counts, log.blocks)),
            real_time=self.task.pacing == "real_time",
            window=window,
        )

    def _window(self) -> float:
        real = self.task.pacing == "real_time"
        return self.task.encoding.duration.value if real else 0.0

    def _mask_words(self) -> int:
        return -(-self.task.outputs // self.word_bits)

    def _reading(self, counts: IntArray, blocks: IntArray) -> _Reading:
        turning = self.task.storage.reads == "at_input_spikes"
        first = _AT.turn_lines if turning else _AT.lines
        return _Reading(
            lines=blocks[:, :, first],
            words=blocks[:, :, first + 1],
            ones=blocks[:, :, first + 2],
            rows=counts[:, TURNS if turning else ROWS_READ],
            pruned=counts[:, PRUNED_READS],
        )

    def _forward(self, phase: Phase, counts: IntArray, reading: _Reading) -> list[OpSeries]:
        """Return the ops of taking in spikes, reading rows, adding them up and deciding."""
        lines = reading.lines
        slots = lines.sum(axis=1) if self.compacted else lines.max(axis=1)
        cells = {
            "array.cell_read": reading.words * self.substrate.bits,
            "array.on_read": reading.ones,
        }
        decisions, rows = counts[:, DECISIONS], reading.rows
        acts = {
            "register.write": counts[:, INPUT_SPIKES],
            "accumulator.add": reading.words.sum(axis=1) + reading.pruned * self.supplied,
            "neuron.operate": decisions * self.task.outputs,
            "controller.step": rows,
            "random.draw": decisions,
        }
        if self.compacted:
            acts["buffer.read"] = rows * (self._mask_words() + 1)
        address = max(1, (self.task.inputs - 1).bit_length())
        return [
            self._array(phase, cells, slots, told=slots * address),
            _digital(phase, acts),
        ]

    def _update(self, counts: IntArray, blocks: IntArray) -> list[OpSeries]:
        """Return the ops of reading the winner's weights, working out new ones, writing them."""
        attempts, decisions = counts[:, ATTEMPTS], counts[:, DECISIONS]
        cells = {
            "array.cell_read": blocks[:, :, _AT.attempts] * self.substrate.bits,
            "array.on_read": blocks[:, :, _AT.attempt_ones],
        }
        acts = {"alu.operate": attempts, "controller.step": decisions}
        if self.task.plasticity.rounding == "stochastic":
            acts["random.draw"] = attempts
        if self.compacted:
            acts["buffer.read"] = decisions * self.task.inputs * (self._mask_words() + 1)
        columns = (_AT.set_words, _AT.reset_words, _AT.sets, _AT.resets)
        written = Written(*(blocks[:, :, column] for column in columns))
        return [
            self._array(Phase.UPDATE, cells, attempts),
            _digital(Phase.UPDATE, acts),
            *self._writes(Phase.UPDATE, written),
        ]

    def _writes(self, phase: Phase, written: Written) -> list[OpSeries]:
        """Return an op that switches cells on and one that switches cells off."""
        return [
            self._array(phase, {f"array.{action}": cells}, words.sum(axis=1), kind=OpKind.WRITE)
            for action, words, cells in (
                ("set", written.set_words, written.sets),
                ("reset", written.reset_words, written.resets),
            )
        ]

    def _array(
        self,
        phase: Phase,
        counts: Mapping[str, IntArray],
        slots: IntArray,
        *,
        kind: OpKind = OpKind.READ,
        told: IntArray | None = None,
    ) -> OpSeries:
        """Return acts of all arrays; each count has shape (moments, blocks)."""
        blocks = range(len(self._blocks))
        return OpSeries(
            kind=kind,
            phase=phase,
            names=tuple((name, block, _PLANE) for name in counts for block in blocks),
            counts=np.concatenate(list(counts.values()), axis=1),
            slots=slots,
            blocks=self._blocks,
            input_bits=told,
        )


def _digital(phase: Phase, acts: Mapping[str, IntArray]) -> OpSeries:
    """Return acts of the digital part; each count has shape (moments,)."""
    counts = np.stack(list(acts.values()), axis=1)
    return OpSeries(
        kind=OpKind.DIGITAL,
        phase=phase,
        names=tuple((name, _WHOLE, _WHOLE) for name in acts),
        counts=counts,
        slots=np.ones(len(counts), dtype=np.int64),
    )


def _grouped(rows: IntArray, group: int) -> IntArray:
    """Return sums over groups of rows."""
    return np.add.reduceat(rows, np.arange(0, len(rows), group), axis=0)


def _ops(series: Sequence[OpSeries], row: int) -> tuple[Op, ...]:
    """Return the ops of one moment that do something, each after the one before."""
    ops: list[Op] = []
    for one in series:
        counts = one.counts[row].tolist()
        if not any(counts):
            continue
        ops.append(
            Op(
                kind=one.kind,
                phase=one.phase,
                blocks=one.blocks,
                after=(len(ops) - 1,) if ops else (),
                counts=tuple(
                    (*name, count) for name, count in zip(one.names, counts, strict=True) if count
                ),
                slots=int(one.slots[row]),
                input_bits=0 if one.input_bits is None else int(one.input_bits[row]),
            )
        )
    return tuple(ops)
