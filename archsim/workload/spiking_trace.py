"""What the spiking network's acts count: trace segments from the kernels' whole numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.components.bit_sliced import BitSlicedSubstrate
from archsim.trace.ops import Block, Op, OpKind, Phase
from archsim.trace.recorder import Recorder, TraceSegment
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
    Tally,
)

__all__ = ["SpikingTrace", "Written"]

IntArray = NDArray[np.int64]
_AT = BlockCount()
_WHOLE = -1
"""Block, or plane, of a count that serves the op as a whole."""
_PLANE = 0


class Written(NamedTuple):
    """Cells switched on each block, shape (blocks,) each."""

    set_words: IntArray
    reset_words: IntArray
    sets: IntArray
    resets: IntArray


class _Reading(NamedTuple):
    """Reads of rows on each block, shape (blocks,), and what goes with them."""

    lines: IntArray
    words: IntArray
    ones: IntArray
    rows: int
    """Rows read."""
    pruned: int
    """Pruned weights in them."""


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
    One segment reads and decides, the next one updates. An op stands for all acts of its kind in a
    segment: they follow each other on one address bus, so their order within it changes no time.
    Updates read the winner's weights again, one word line for each.

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
    _bits: int = field(init=False)
    _address_bits: int = field(init=False)

    def __post_init__(self) -> None:
        """Look up what does not change."""
        self._blocks = self.substrate.blocks
        self._bits = self.substrate.bits
        self._address_bits = max(1, (self.task.inputs - 1).bit_length())

    @property
    def recorder(self) -> Recorder | None:
        """Who gets the segments."""
        return self.substrate.recorder

    def learnt(self, tally: Tally, *, epoch: int, step: int) -> None:
        """Record presentations with learning; `step` is the number of the first one."""
        recorder = self.recorder
        if recorder is None:
            return
        if not recorder.streams:
            self._sum(recorder, tally)
            return
        group = self.task.storage.group
        for first in range(0, len(tally.counts), group):
            part = slice(first, first + group)
            counts, blocks = tally.counts[part].sum(axis=0), tally.blocks[part].sum(axis=0)
            self._owed += len(tally.counts[part]) * self._window()
            parts = {
                Phase.FORWARD: self._forward(counts, blocks),
                Phase.UPDATE: self._update(counts, blocks),
            }
            done = [phase for phase, ops in parts.items() if ops]
            for phase in done:
                window = self._owed if phase is done[-1] else 0.0
                recorder.add(
                    TraceSegment(
                        epoch=epoch, step=step + first, phase=phase, ops=parts[phase], window=window
                    )
                )
            if done:
                self._owed = 0.0

    def _sum(self, recorder: Recorder, tally: Tally) -> None:
        """Add what presentations did to the totals, without a segment for each."""
        counts, blocks = tally.counts.sum(axis=0), tally.blocks.sum(axis=0)
        ops = (*self._forward(counts, blocks), *self._update(counts, blocks))
        segments = 2 * len(tally.counts)
        recorder.tally(_totals(iter(ops)), segments=segments, ops=len(tally.counts) * len(ops))

    def shown(
        self, *, reads: IntArray, ones: NDArray[np.int32], spikes: int, decisions: int
    ) -> tuple[Op, ...]:
        """Return the ops of presenting images without learning.

        Parameters
        ----------
        reads : ndarray of int64, shape (2, inputs)
            How often each row was recent at an output spike, and how often that began or ended.
        ones : ndarray of int32, shape (inputs, blocks)
            Cells that are on.
        spikes, decisions : int
            Input and output spikes.
        """
        turning = self.task.storage.reads == "at_input_spikes"
        times = reads[1 if turning else 0]
        reading = _Reading(
            lines=times @ self.layout.lines,
            words=times @ self.layout.words,
            ones=times @ ones,
            rows=int(times.sum()),
            pruned=int(times @ self.layout.pruned),
        )
        return self._read(Phase.EVALUATE, reading, spikes, decisions)

    def evaluated(self, ops: tuple[Op, ...], *, epoch: int, step: int) -> None:
        """Record ops as a segment of evaluation."""
        self._add(Phase.EVALUATE, ops, epoch=epoch, step=step)

    def written(self, written: Written, phase: Phase, *, epoch: int, step: int) -> None:
        """Record cells switched outside presentations."""
        self._add(phase, self._writes(phase, written, after=()), epoch=epoch, step=step)

    def moved(self, written: Written, *, words: IntArray, epoch: int, step: int) -> None:
        """Record compaction: all weights left are read, the mask and the weights written.

        Parameters
        ----------
        written : Written
            Cells switched on each block.
        words : ndarray of int64, shape (blocks,)
            Weights read on each block.
        """
        reads = {("array.cell_read", b, _PLANE): int(n) * self._bits for b, n in enumerate(words)}
        rows = self.task.inputs
        masks = rows * (self._mask_words() + 1)
        ops = [
            self._op(OpKind.READ, Phase.UPDATE, reads, slots=max(1, int(words.sum()))),
            self._digital(Phase.UPDATE, {"buffer.write": masks, "controller.step": rows}, (0,)),
        ]
        ops += self._writes(Phase.UPDATE, written, after=(1,))
        self._add(Phase.UPDATE, tuple(ops), epoch=epoch, step=step)

    def _add(self, phase: Phase, ops: tuple[Op, ...], *, epoch: int, step: int) -> None:
        if self.recorder is not None and ops:
            self.recorder.add(TraceSegment(epoch=epoch, step=step, phase=phase, ops=ops))

    def _window(self) -> float:
        real = self.task.pacing == "real_time"
        return self.task.encoding.duration.value if real else 0.0

    def _mask_words(self) -> int:
        return -(-self.task.outputs // self.word_bits)

    def _forward(self, counts: IntArray, blocks: IntArray) -> tuple[Op, ...]:
        turning = self.task.storage.reads == "at_input_spikes"
        first = _AT.turn_lines if turning else _AT.lines
        reading = _Reading(
            lines=blocks[:, first],
            words=blocks[:, first + 1],
            ones=blocks[:, first + 2],
            rows=int(counts[TURNS if turning else ROWS_READ]),
            pruned=int(counts[PRUNED_READS]),
        )
        spikes, decisions = int(counts[INPUT_SPIKES]), int(counts[DECISIONS])
        return self._read(Phase.FORWARD, reading, spikes, decisions)

    def _read(self, phase: Phase, reading: _Reading, spikes: int, decisions: int) -> tuple[Op, ...]:
        """Return the ops of taking in spikes, reading rows, adding them up and deciding."""
        ops = []
        lines = reading.lines.sum() if self.compacted else reading.lines.max()
        if lines:
            counts = {("controller.step", _WHOLE, _WHOLE): reading.rows}
            for block, (words, ones) in enumerate(zip(reading.words, reading.ones, strict=True)):
                counts["array.cell_read", block, _PLANE] = int(words) * self._bits
                counts["array.on_read", block, _PLANE] = int(ones)
            ops.append(
                self._op(
                    OpKind.READ, phase, counts, slots=int(lines), told=spikes * self._address_bits
                )
            )
        adds = int(reading.words.sum()) + (reading.pruned if self.supplied else 0)
        acts = {
            "register.write": spikes,
            "buffer.read": reading.rows * (self._mask_words() + 1) if self.compacted else 0,
            "accumulator.add": adds,
            "neuron.operate": decisions * self.task.outputs,
            "random.draw": decisions,
        }
        if any(acts.values()):
            ops.append(self._digital(phase, acts, after=tuple(range(len(ops)))))
        return tuple(ops)

    def _update(self, counts: IntArray, blocks: IntArray) -> tuple[Op, ...]:
        attempts = int(counts[ATTEMPTS])
        if not attempts:
            return ()
        reads = {("controller.step", _WHOLE, _WHOLE): int(counts[DECISIONS])}
        for block, row in enumerate(blocks):
            reads["array.cell_read", block, _PLANE] = int(row[_AT.attempts]) * self._bits
            reads["array.on_read", block, _PLANE] = int(row[_AT.attempt_ones])
        rows = int(counts[DECISIONS]) * self.task.inputs
        acts = {
            "buffer.read": rows * (self._mask_words() + 1) if self.compacted else 0,
            "alu.operate": attempts,
            "random.draw": attempts if self.task.plasticity.rounding == "stochastic" else 0,
        }
        ops = [
            self._op(OpKind.READ, Phase.UPDATE, reads, slots=attempts),
            self._digital(Phase.UPDATE, acts, after=(0,)),
        ]
        written = Written(
            set_words=blocks[:, _AT.set_words],
            reset_words=blocks[:, _AT.reset_words],
            sets=blocks[:, _AT.sets],
            resets=blocks[:, _AT.resets],
        )
        return (*ops, *self._writes(Phase.UPDATE, written, after=(1,)))

    def _writes(self, phase: Phase, written: Written, *, after: Sequence[int]) -> tuple[Op, ...]:
        """Return an op that switches cells on and one that switches cells off."""
        ops: list[Op] = []
        for action, words, cells in (
            ("set", written.set_words, written.sets),
            ("reset", written.reset_words, written.resets),
        ):
            slots = int(words.sum())
            if slots:
                counts = {
                    (f"array.{action}", block, _PLANE): int(number)
                    for block, number in enumerate(cells)
                }
                before = (after[0] + len(ops),) if after else tuple(range(len(ops)))
                ops.append(self._op(OpKind.WRITE, phase, counts, slots=slots, after=before))
        return tuple(ops)

    def _op(
        self,
        kind: OpKind,
        phase: Phase,
        counts: Mapping[tuple[str, int, int], int],
        *,
        slots: int,
        told: int = 0,
        after: tuple[int, ...] = (),
    ) -> Op:
        """Return an op of all blocks; counts of the controller come last, as they take no array."""
        items = tuple((*key, value) for key, value in counts.items() if value)
        return Op(
            kind=kind,
            phase=phase,
            blocks=self._blocks,
            after=after,
            counts=items,
            slots=slots,
            input_bits=told,
        )

    @staticmethod
    def _digital(phase: Phase, acts: Mapping[str, int], after: tuple[int, ...]) -> Op:
        counts = tuple((name, _WHOLE, _WHOLE, number) for name, number in acts.items() if number)
        return Op(kind=OpKind.DIGITAL, phase=phase, after=after, counts=counts)


def _totals(ops: Iterator[Op]) -> Counter[tuple[str, str]]:
    result: Counter[tuple[str, str]] = Counter()
    for op in ops:
        for name, _, _, count in op.counts:
            result[op.phase.value, name] += count
    return result
