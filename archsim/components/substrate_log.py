"""What a substrate's acts count: ops with exact integer counts, and peak line currents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.components.behaviour import Behaviour
from archsim.components.cell import FloatArray
from archsim.components.cell_block import CellBlock, Pulses, Tuning
from archsim.components.write_slots import Levels, Round, slot_count, slots_on
from archsim.trace.ops import COUNT_SCALE, Block, OpKind, Phase
from archsim.trace.recorder import Recorder

__all__ = [
    "Conducting",
    "CountedRead",
    "SubstrateLog",
    "Written",
    "rounded_quotients",
]

Counts = dict[tuple[str, int, int], int]
IntArray = NDArray[np.int64]
_SIGN_BITS = 2
"""Bits that tell a line or cell −1, 0 or +1. [bit]"""
_WHOLE = -1
"""Plane, or block, of a count that serves the block, or the op, as a whole."""


class Conducting(NamedTuple):
    """A block that conducts, and the whole codes on its lines, shape (samples, lines)."""

    cells: CellBlock
    codes: FloatArray
    transposed: bool


class CountedRead(NamedTuple):
    """Counts of one read of a block, summed over all samples and repeats."""

    block: Block
    shape: tuple[int, int]
    transposed: bool
    samples: int
    """Samples of one repeat."""
    driven: int
    """Driven lines."""
    conduction: tuple[int, ...]
    """Σ g x² on each plane, in 1/COUNT_SCALE of a full-scale cell."""

    @property
    def inputs(self) -> int:
        """Lines that may be driven."""
        return self.shape[1 if self.transposed else 0]

    @property
    def outputs(self) -> int:
        """Lines that are summed."""
        return self.shape[0 if self.transposed else 1]

    @property
    def place(self) -> int:
        """Which of the matrix's outputs it has: block row, or block column."""
        return self.block.row if self.transposed else self.block.column


class Written(NamedTuple):
    """Counts of one write on a block; tuples have an entry for each plane."""

    pulsed: tuple[int, ...]
    """Device pulses."""
    conduction: tuple[int, ...]
    """Σ (g before + g after) / 2 over the pulses, in 1/COUNT_SCALE of a full-scale cell."""
    half_selected: tuple[int, ...]
    drives: tuple[int, ...]
    """Driven lines, summed over the slots."""
    slots: int
    told: int
    """Bits that the block is told. [bit]"""


def rounded_quotients(values: IntArray, divisor: int) -> IntArray:
    """Return values / divisor, each rounded half to even."""
    quotient, remainder = np.divmod(values, divisor)
    twice = 2 * remainder
    quotient += (twice > divisor) | ((twice == divisor) & (quotient % 2 == 1))
    return quotient


class SubstrateLog:
    """Turns a substrate's acts into ops of a recorder; does nothing without one.

    Each op follows the one before it, except that the ops of `together` all follow the same.
    """

    def __init__(self, behaviour: Behaviour, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._scheme = behaviour.write_scheme
        self._bits = behaviour.adc.bits
        self._drive_bits = behaviour.dac.bits
        cell = behaviour.cell
        bottom = cell.minimum_conductance.value / cell.maximum_conductance.value
        self._bottom = round(bottom * COUNT_SCALE)
        self._tail: tuple[int, ...] = ()
        self._beside: list[int] | None = None
        self._repeat = 1

    @contextmanager
    def segment(self, *, epoch: int, step: int, phase: Phase, repeat: int = 1) -> Iterator[None]:
        """Record the body as one segment; its first op follows nothing.

        Parameters
        ----------
        epoch, step, phase, repeat
            As for `Recorder.segment`.
        """
        self._tail, self._repeat = (), repeat
        if self._recorder is None:
            yield
            return
        with self._recorder.segment(epoch=epoch, step=step, phase=phase, repeat=repeat):
            yield

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the ops of the body all follow what came before, not each other."""
        if self._beside is not None:
            yield
            return
        self._beside = []
        try:
            yield
        finally:
            self._tail = tuple(self._beside) or self._tail
            self._beside = None

    def read(self, conducting: Sequence[Conducting], *, unit: int, passes: int) -> None:
        """Record one read of every block, all at once.

        Parameters
        ----------
        conducting : sequence of Conducting
            Blocks that conduct, with the codes on their lines.
        unit : int
            Code of a full drive.
        passes : int
            How often each input is driven: once, or once for each sign.
        """
        if self._recorder is None:
            return
        items = []
        for item in conducting:
            counts: Counts = {}
            self._conduct(counts, "array.cell_read", 0, item, unit)
            read = CountedRead(
                block=item.cells.block,
                shape=item.cells.shape,
                transposed=item.transposed,
                samples=len(item.codes),
                driven=int(np.count_nonzero(item.codes)),
                conduction=tuple(counts.values()),
            )
            items.append(read)
        self.read_counted(items, passes=passes)
        self._peaks(conducting, unit)

    def read_counted(self, items: Sequence[CountedRead], *, passes: int) -> None:
        """Record one read of every block, all at once, whose counts are known."""
        with self.together():
            for item in items:
                counts: Counts = {("controller.step", _WHOLE, _WHOLE): self._repeat}
                for plane, conduction in enumerate(item.conduction):
                    counts["array.cell_read", 0, plane] = conduction
                for plane in range(len(item.conduction)):
                    counts["dac.drive", 0, plane] = item.driven
                converted = item.samples * item.outputs * passes
                for name in ("tia.sample", "sample_hold.sample", "adc.convert"):
                    counts[name, 0, _WHOLE] = converted * self._repeat
                self._op(
                    OpKind.READ_TRANSPOSED if item.transposed else OpKind.READ,
                    (item.block,),
                    counts,
                    slots=item.samples * passes,
                    input_bits=item.samples * item.inputs * self._drive_bits,
                    output_bits=converted * self._bits,
                )
        outputs = sum(item.outputs for item in items)
        beside = {item.place: item.outputs for item in items}
        joined = items[0].samples * (outputs * passes - sum(beside.values()))
        if joined:
            self.digital({"shift_add.add": joined * self._repeat})

    def settle(
        self,
        conducting: Sequence[Conducting],
        driven: Sequence[bool],
        *,
        unit: int,
        neurons: int,
        samples: int,
    ) -> None:
        """Record that blocks conducted together until analog neurons rested.

        Parameters
        ----------
        conducting : sequence of Conducting
            Blocks that conduct, with the codes on their lines.
        driven : sequence of bool
            For each, whether DACs drive its lines, not analog neurons.
        unit : int
            Code of a full drive.
        neurons, samples : int
            Analog neurons of one sample, and samples.
        """
        if self._recorder is None:
            return
        blocks = tuple(dict.fromkeys(item.cells.block for item in conducting))
        counts: Counts = {
            ("controller.step", _WHOLE, _WHOLE): 1,
            ("analog_neuron.settle", _WHOLE, _WHOLE): neurons * samples,
        }
        for item, by_dac in zip(conducting, driven, strict=True):
            number = blocks.index(item.cells.block)
            self._conduct(counts, "array.cell_settle", number, item, unit)
            if by_dac:
                self._drive(counts, number, item)
        self._peaks(conducting, unit)
        told = sum(
            item.codes.size for item, by_dac in zip(conducting, driven, strict=True) if by_dac
        )
        self._op(OpKind.SETTLE, blocks, counts, slots=samples, input_bits=told * self._drive_bits)

    def convert(self, widths: Sequence[tuple[Block, int]], *, samples: int) -> None:
        """Record the conversion of held neuron values at the columns of blocks."""
        with self.together():
            for block, width in widths:
                number = samples * width
                counts = {
                    ("controller.step", _WHOLE, _WHOLE): 1,
                    ("sample_hold.sample", 0, _WHOLE): number,
                    ("adc.convert", 0, _WHOLE): number,
                }
                bits = number * self._bits
                self._op(OpKind.CONVERT, (block,), counts, slots=samples, output_bits=bits)

    def digital(self, acts: Mapping[str, int]) -> None:
        """Record digital acts in one op."""
        counts = {(name, _WHOLE, _WHOLE): number for name, number in acts.items() if number}
        if counts:
            self._op(OpKind.DIGITAL, (), counts)

    def before_write(self, cells: CellBlock) -> Levels | None:
        """Return the levels that `write` will need; None without a recorder."""
        if self._recorder is None:
            return None
        return Levels(cells.level.copy(), cells.row_levels, cells.column_levels)

    def write(
        self,
        cells: CellBlock,
        rounds: Sequence[Round],
        *,
        slots: int | None = None,
        bits: int | None = None,
    ) -> None:
        """Record the update pulses of one write on a block.

        Parameters
        ----------
        cells : CellBlock
            The block.
        rounds : sequence of Round
            What was done, round after round.
        slots : int, optional
            Time slots planned for the write; absent: those that the pulses take.
        bits : int, optional
            Bits that each line, or each weight, is told; absent: those of a sign. [bit]

        Notes
        -----
        Half-selected cells and peaks are counted with the conductances before each round. Both
        planes of a pair are written at once.
        """
        if self._recorder is None:
            return
        drives, halves, pulsed, levels = np.zeros((4, cells.planes), dtype=np.int64)
        taken = 0
        for one in rounds:
            taken += slot_count(one, self._scheme)
            for plane in range(cells.planes):
                done = slots_on(one, plane, self._scheme)
                drives[plane] += done.drives
                halves[plane] += done.half_selected
                pulsed[plane] += one.pulses.cells.size
                levels[plane] += one.pulses.before[plane].sum() + one.pulses.after[plane].sum()
                for line, peak in zip(("row", "column", "array"), done.peaks, strict=True):
                    self._recorder.peak(f"write_{line}", peak)
        by_lines = slots is not None or (bool(rounds) and rounds[0].lines is not None)
        told = sum(cells.shape) if by_lines else int(np.count_nonzero(cells.exists))
        written = Written(
            pulsed=tuple(pulsed.tolist()),
            conduction=tuple(map(_half, levels.tolist())),
            half_selected=tuple(halves.tolist()),
            drives=tuple(drives.tolist()),
            slots=taken if slots is None else slots,
            told=told * (_SIGN_BITS if bits is None else bits),
        )
        self.written(cells.block, written)

    def written(self, block: Block, write: Written) -> None:
        """Record one write whose counts are known."""
        counts: Counts = {("controller.step", _WHOLE, _WHOLE): self._repeat}
        for plane, pulsed in enumerate(write.pulsed):
            counts["array.pulse", 0, plane] = pulsed
            counts["array.cell_pulse", 0, plane] = write.conduction[plane]
            counts["array.half_select", 0, plane] = write.half_selected[plane]
            counts["write_driver.drive", 0, plane] = write.drives[plane]
        self._op(OpKind.WRITE, (block,), counts, slots=write.slots, input_bits=write.told)

    def program(self, cells: CellBlock, pulses: Pulses) -> None:
        """Record an open-loop write: a RESET and a SET on every device, one weight at a time."""
        weights = pulses.cells.size
        counts: Counts = {("controller.step", _WHOLE, _WHOLE): 1}
        for plane in range(cells.planes):
            levels = int(pulses.before[plane].sum() + pulses.after[plane].sum())
            counts["array.pulse", 0, plane] = 2 * weights
            counts["array.cell_pulse", 0, plane] = _half(levels + 2 * weights * self._bottom)
            counts["write_driver.drive", 0, plane] = 4 * weights
        self._op(OpKind.WRITE, (cells.block,), counts, slots=2 * weights)

    def tune(self, cells: CellBlock, tuning: Tuning) -> None:
        """Record program-and-verify: all its pulses in one op, all its check reads in another."""
        write: Counts = {("controller.step", _WHOLE, _WHOLE): 1}
        check: Counts = {("controller.step", _WHOLE, _WHOLE): 1}
        reads = sum(tuning.reads)
        for name in ("tia.sample", "sample_hold.sample", "adc.convert"):
            check[name, 0, _WHOLE] = reads
        for plane in range(cells.planes):
            write["array.pulse", 0, plane] = tuning.pulses[plane]
            write["array.cell_pulse", 0, plane] = _half(tuning.pulse_levels[plane])
            write["write_driver.drive", 0, plane] = 2 * tuning.pulses[plane]
            check["array.verify_read", 0, plane] = tuning.read_levels[plane]
            check["dac.drive", 0, plane] = tuning.reads[plane]
        if any(tuning.pulses):
            self._op(OpKind.WRITE, (cells.block,), write, slots=max(tuning.pulses))
        bits = reads * self._bits
        slots = max(tuning.reads)
        self._op(OpKind.VERIFY, (cells.block,), check, slots=slots, output_bits=bits)

    def _op(
        self,
        kind: OpKind,
        blocks: tuple[Block, ...],
        counts: Counts,
        *,
        slots: int = 1,
        input_bits: int = 0,
        output_bits: int = 0,
    ) -> None:
        if self._recorder is None:
            return
        number = self._recorder.op(
            kind,
            blocks=blocks,
            counts=counts,
            after=self._tail,
            slots=slots,
            input_bits=input_bits,
            output_bits=output_bits,
        )
        if self._beside is None:
            self._tail = (number,)
        else:
            self._beside.append(number)

    @staticmethod
    def _conduct(counts: Counts, name: str, block: int, item: Conducting, unit: int) -> None:
        """Add Σ g x² of every sample, each divided by unit² once, half to even."""
        squares = item.codes.astype(np.int64) ** 2
        levels = item.cells.line_levels(transposed=item.transposed)
        for plane, totals in enumerate(levels @ squares.T):
            key = (name, block, plane)
            counts[key] = counts.get(key, 0) + int(rounded_quotients(totals, unit**2).sum())

    @staticmethod
    def _drive(counts: Counts, block: int, item: Conducting) -> None:
        lines = int(np.count_nonzero(item.codes))
        for plane in range(item.cells.planes):
            counts["dac.drive", block, plane] = counts.get(("dac.drive", block, plane), 0) + lines

    def _peaks(self, conducting: Sequence[Conducting], unit: int) -> None:
        """Keep the largest Σ g |x| on a driven line, on a summing line and in an array."""
        recorder = self._recorder
        if recorder is None:
            return
        arrays: dict[tuple[Block, int], IntArray] = {}
        for item in conducting:
            drive = np.abs(item.codes)
            cells = item.cells
            driving, summing = ("column", "row") if item.transposed else ("row", "column")
            lines = cells.line_levels(transposed=item.transposed)
            for plane in range(cells.planes):
                level = cells.level[plane].T if item.transposed else cells.level[plane]
                summed = int((drive @ level).max())
                driven = drive * lines[plane]
                total = arrays.get((cells.block, plane), 0) + driven.sum(axis=1).astype(np.int64)
                arrays[cells.block, plane] = total
                recorder.peak(f"read_{driving}", int(driven.max()) // unit)
                recorder.peak(f"read_{summing}", summed // unit)
        for total in arrays.values():
            recorder.peak("read_array", int(total.max()) // unit)


def _half(value: int) -> int:
    """Return value / 2, half to even."""
    quotient, remainder = divmod(value, 2)
    return quotient + (remainder & quotient & 1)
