"""Substrate: weight matrices cut into blocks of real cells, with their reads and writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.components.behaviour import Behaviour
from archsim.components.cell import FloatArray
from archsim.components.cell_block import Tuning
from archsim.components.piece import Piece, cut
from archsim.components.pulse_train import Lines, LineTrain, Train, part_of
from archsim.components.substrate_log import Conducting, SubstrateLog
from archsim.components.write_slots import Round
from archsim.trace.ops import Block, Phase
from archsim.trace.recorder import Recorder

__all__ = [
    "CellWrites",
    "Coupled",
    "Substrate",
    "Tuned",
]

_ANALOG_UNIT = 1 << 15
"""Analog voltages are kept on a grid this fine, so that sums stay exact in any order."""

Signs = NDArray[np.int8]


class Coupled(NamedTuple):
    """One matrix in a settle: what drives its rows, and what drives its columns."""

    matrix: str
    rows: FloatArray
    """Values on the rows, shape (samples, rows)."""
    columns: FloatArray | None = None
    """Values fed back on the columns, shape (samples, columns); None without feedback."""
    driven: tuple[bool, bool] = (False, False)
    """Whether rows and columns are driven by DACs, not by analog neurons."""


class CellWrites(NamedTuple):
    """How often the cells of one array were written."""

    block: Block
    plane: int
    programming: NDArray[np.int64]
    """Pulses that wrote whole values, shape (cells,)."""
    updates: NDArray[np.int64]
    """Pulses of updates, shape (cells,)."""


class Tuned(NamedTuple):
    """What program-and-verify did."""

    devices: int = 0
    within: int = 0
    """Devices that ended within the tolerance, noise of the check reads left aside."""
    pulses: int = 0
    reads: int = 0

    def plus(self, tuning: Tuning, *, devices: int) -> Tuned:
        """Return the sums with those of one more block of so many devices."""
        return Tuned(
            devices=self.devices + devices,
            within=self.within + sum(tuning.within),
            pulses=self.pulses + sum(tuning.pulses),
            reads=self.reads + sum(tuning.reads),
        )


class Substrate:
    """Weights on real cells, as training sees them.

    Parameters
    ----------
    behaviour : Behaviour
        Section of the chip.
    shapes : mapping of str to tuple of int
        Matrix name → (rows, columns), in the order in which blocks are placed.
    seed : int
        Seed of the run. Streams are named by seed, purpose, matrix and block.
    recorder : Recorder, optional
        Gets an op with counts for every act. Learning is the same to the bit without it.

    Notes
    -----
    Values are relative to full drive and saturated outputs, in [−1, 1]. A read returns, for each
    block row, the converted gain · s with s = Σ_i x_i w_ij; a weight of ±1 is a whole
    conductance window between the two cells of a pair, or half a window above or below the
    reference. Partial sums of several block rows are converted apart and added digitally. Cells
    outside the matrix are cut off and conduct nothing; so are crossings without a cell. Neglected:
    wire resistance, sneak paths, offsets and nonlinearity of amplifiers and converters, disturb by
    reads and half-selection.

    References
    ----------
    .. [1] S. Yi, J. D. Kendall, R. S. Williams, S. Kumar, "Activity-difference training of deep
       neural networks using memristor crossbars", Nature Electronics 6 (2023) 45,
       doi:10.1038/s41928-022-00869-w.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        shapes: Mapping[str, tuple[int, int]],
        *,
        seed: int,
        recorder: Recorder | None = None,
    ) -> None:
        self.behaviour = behaviour
        self.shapes = dict(shapes)
        self.seed = seed
        self.read_count = 0
        """Array reads and settles so far, without those of evaluation."""
        self.pulse_count = 0
        """Device pulses of updates so far."""
        self.tuned = Tuned()
        """What program-and-verify did so far."""
        self.recorder = recorder
        self.log = SubstrateLog(behaviour, recorder)
        """What acts that were computed elsewhere are recorded by."""
        self._pieces = {name: cut(behaviour, name, shape, seed) for name, shape in shapes.items()}
        self._code_top = max(1, (1 << (behaviour.dac.bits - 1)) - 1)
        self._passes = 2 if behaviour.input_drive == "two_pass" else 1

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, matrix by matrix, row by row."""
        return tuple(p.cells.block for pieces in self._pieces.values() for p in pieces)

    def pieces(self, matrix: str) -> tuple[Piece, ...]:
        """Return the blocks of a matrix, row by row."""
        return self._pieces[matrix]

    @property
    def room(self) -> str:
        """What to tell a user whose chip has too few arrays, beyond how many are needed."""
        return ""

    @contextmanager
    def segment(self, *, epoch: int, step: int, phase: Phase, repeat: int = 1) -> Iterator[None]:
        """Record the body as one trace segment, which stands for `repeat` equally long ones.

        Parameters
        ----------
        epoch, step, phase, repeat
            As for `Recorder.segment`.
        """
        with self.log.segment(epoch=epoch, step=step, phase=phase, repeat=repeat):
            yield

    def weights(self, matrix: str) -> FloatArray:
        """Return the weights as an ideal read finds them, shape (rows, columns)."""
        result = np.empty(self.shapes[matrix])
        for piece in self._pieces[matrix]:
            result[piece.rows, piece.columns] = piece.cells.weights()
        return result

    def pulse_counts(self, matrix: str) -> NDArray[np.int64]:
        """Return how many pulses each device has had, shape (planes, rows, columns)."""
        result = np.empty((self.behaviour.planes, *self.shapes[matrix]), dtype=np.int64)
        for piece in self._pieces[matrix]:
            result[:, piece.rows, piece.columns] = piece.cells.pulse_counts
        return result

    def cell_writes(self) -> Iterator[CellWrites]:
        """Give the writes so far, array by array; reference lines have none."""
        for pieces in self._pieces.values():
            for piece in pieces:
                cells = piece.cells
                for plane in range(cells.planes):
                    programming = cells.programming_counts[plane][cells.exists]
                    updates = cells.pulse_counts[plane][cells.exists] - programming
                    yield CellWrites(cells.block, plane, programming, updates)

    def read(
        self,
        matrix: str,
        values: FloatArray,
        *,
        gain: float,
        transposed: bool = False,
        evaluate: bool = False,
    ) -> FloatArray:
        """Multiply by a matrix in analog and convert the result.

        Parameters
        ----------
        matrix : str
            Name of the matrix.
        values : ndarray, shape (samples, inputs)
            Inputs; rounded to the DAC's codes.
        gain : float
            κ: factor between weighted sum and converter input, set at the amplifier.
        transposed : bool
            Drive the columns and sum along the rows.
        evaluate : bool
            Draw noise from the evaluation's stream, and leave the training's counters alone.

        Returns
        -------
        ndarray, shape (samples, outputs)
            Sum over block rows of the converted partial sums; not clipped again.
        """
        codes = self._codes(values)
        passes = [codes] if self._passes == 1 else [np.maximum(codes, 0.0), np.minimum(codes, 0.0)]
        result = np.zeros((len(values), self.shapes[matrix][0 if transposed else 1]))
        conducting = []
        for piece in self._pieces[matrix]:
            ins, outs = piece.sides(transposed=transposed)
            for part in passes:
                sums = piece.cells.sums(
                    part[:, ins], unit=self._code_top, transposed=transposed, evaluate=evaluate
                )
                result[:, outs] += self.converted(gain * sums)
            conducting.append(Conducting(piece.cells, codes[:, ins], transposed))
        self.log.read(conducting, unit=self._code_top, passes=self._passes)
        self.read_count += 0 if evaluate else len(values)
        return result

    def sums(
        self,
        matrix: str,
        values: FloatArray,
        *,
        transposed: bool = False,
        evaluate: bool = False,
    ) -> FloatArray:
        """Return weighted sums as currents on the wire: noisy, not converted, not recorded.

        For networks that settle in analog; what they dissipate is recorded by `settled`.

        Parameters
        ----------
        matrix : str
            Name of the matrix.
        values : ndarray, shape (samples, inputs)
            Activities in [−1, 1].
        transposed : bool
            Drive the columns and sum along the rows.
        evaluate : bool
            Draw noise from the evaluation's stream.

        Returns
        -------
        ndarray, shape (samples, outputs)
            Σ_i x_i w_ij over all block rows.
        """
        grid = np.rint(np.clip(values, -1.0, 1.0) * _ANALOG_UNIT)
        result = np.zeros((len(values), self.shapes[matrix][0 if transposed else 1]))
        for piece in self._pieces[matrix]:
            ins, outs = piece.sides(transposed=transposed)
            result[:, outs] += piece.cells.sums(
                grid[:, ins], unit=_ANALOG_UNIT, transposed=transposed, evaluate=evaluate
            )
        return result

    def driven(self, values: FloatArray) -> FloatArray:
        """Return values as the DACs put them on the lines."""
        result: FloatArray = self._codes(values) / self._code_top
        return result

    def converted(self, values: FloatArray) -> FloatArray:
        """Return values as the ADCs report them: clipped to the range, rounded to a code."""
        scale = self.behaviour.adc.range.value
        top = (1 << (self.behaviour.adc.bits - 1)) - 1
        if top == 0:
            return np.where(values >= 0.0, scale, -scale)
        codes: FloatArray = np.rint(np.clip(values / scale, -1.0, 1.0) * top)
        return codes * (scale / top)

    def settled(self, coupled: list[Coupled], *, neurons: int, evaluate: bool = False) -> None:
        """Record that matrices conducted together until `neurons` analog neurons rested.

        Dissipation is that of the final values over the settle time; a matrix that is used forward
        and fed back conducts in both directions.

        Parameters
        ----------
        coupled : list of Coupled
            Matrices that conducted, with what was on their lines.
        neurons : int
            Analog neurons of one sample.
        evaluate : bool
            Leave the training's counters alone.
        """
        unit = float(self._code_top)
        conducting: list[Conducting] = []
        drives: list[bool] = []
        for item in coupled:
            for piece in self._pieces[item.matrix]:
                rows = np.rint(item.rows[:, piece.rows] * unit)
                conducting.append(Conducting(piece.cells, rows, transposed=False))
                drives.append(item.driven[0])
                if item.columns is not None:
                    columns = np.rint(item.columns[:, piece.columns] * unit)
                    conducting.append(Conducting(piece.cells, columns, transposed=True))
                    drives.append(item.driven[1])
        samples = len(coupled[0].rows)
        self.log.settle(conducting, drives, unit=self._code_top, neurons=neurons, samples=samples)
        self.read_count += 0 if evaluate else samples

    def convert(self, matrix: str, values: FloatArray) -> FloatArray:
        """Convert held neuron values at the columns of a matrix and return the codes' values."""
        bottom = self.shapes[matrix][0]
        last = [piece.cells for piece in self._pieces[matrix] if piece.rows.stop == bottom]
        widths = [(cells.block, cells.shape[1]) for cells in last]
        self.log.convert(widths, samples=len(values))
        return self.converted(values)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the acts of the body wait for what came before, not for each other."""
        with self.log.together():
            yield

    def operate(self, acts: Mapping[str, int]) -> None:
        """Record digital acts: ``role.action`` → how many."""
        self.log.digital(acts)

    def pulse(self, matrix: str, rows: Signs, columns: Signs) -> int:
        """Apply one outer product of update pulses: weight (i, j) gets rows[i] · columns[j].

        Parameters
        ----------
        matrix : str
            Name of the matrix.
        rows, columns : ndarray of int8
            −1, 0 or +1 for each line.

        Returns
        -------
        int
            Device pulses.
        """
        return self._pulse(matrix, [Lines(rows, columns)], None)

    def pulse_cells(self, matrix: str, signs: Signs) -> int:
        """Pulse each weight by its own sign; rows go one after another unless device-serial."""
        return self._pulse(matrix, [signs], None)

    def pulse_trains(self, matrix: str, counts: NDArray[np.int64], *, most: int) -> int:
        """Give each weight its own number of pulses, in one write.

        Parameters
        ----------
        matrix : str
            Name of the matrix.
        counts : ndarray of int64, shape (rows, columns)
            Pulses of each weight, negative ones down.
        most : int
            Largest number that a count may have; it sets the width of what the arrays are told.

        Returns
        -------
        int
            Device pulses.

        Notes
        -----
        Rows go one after another, unless device-serial, and each lasts as long as its most pulsed
        weight of either sign: lines alone cannot give every weight a number of its own.
        """
        signs, size = np.sign(counts).astype(np.int8), np.abs(counts)
        rounds = [signs * (size > number) for number in range(int(size.max(initial=0)))]
        return self._pulse(matrix, rounds, Train(bits=1 + most.bit_length()))

    def pulse_lines(self, matrix: str, rows: Signs, columns: Signs, train: LineTrain) -> int:
        """Apply a train of outer products as one write: Σ_n rows[n, i] columns[n, j] for weight ij.

        Parameters
        ----------
        matrix : str
            Name of the matrix.
        rows, columns : ndarray of int8, shape (slots, lines)
            −1, 0 or +1 for each line in each slot.
        train : LineTrain
            Signs that each line might have had; every slot is passed through once for each pair of
            signs that may meet in a block, whether or not chance selected any line.

        Returns
        -------
        int
            Device pulses.
        """
        rounds = [Lines(*pair) for pair in zip(rows, columns, strict=True)]
        lines = Lines(*(np.sign(part).astype(np.int8) for part in train))
        return self._pulse(matrix, rounds, Train(self.behaviour.dac.bits, lines))

    def relax(self, steps: int) -> None:
        """Let all cells relax for as long as `steps` presentations are declared to take."""
        duration = steps * self.behaviour.step_period.value
        for pieces in self._pieces.values():
            for piece in pieces:
                piece.cells.relax(duration)

    def program(self, matrix: str, weights: FloatArray, *, verify: bool = False) -> None:
        """Bring a matrix to wanted weights, open loop or with check reads.

        Parameters
        ----------
        matrix : str
            Name of the matrix.
        weights : ndarray, shape (rows, columns)
            Wanted weights, clipped to [−1, 1].
        verify : bool
            False: every device is written once and never read. True: pulses and check reads until
            each device is within its tolerance or the attempts are used up.
        """
        for piece in self._pieces[matrix]:
            part = weights[piece.rows, piece.columns]
            if verify or self.behaviour.cell.needs_verify:
                tuning = piece.cells.tune(part)
                self.log.tune(piece.cells, tuning)
                self.tuned = self.tuned.plus(tuning, devices=piece.cells.device_count)
            else:
                self.log.program(piece.cells, piece.cells.write(part))

    def _pulse(self, matrix: str, rounds: Sequence[Signs | Lines], train: Train | None) -> int:
        """Pulse the blocks of a matrix round by round; all rounds of a block are one write."""
        total = 0
        with self.log.together():
            for piece in self._pieces[matrix]:
                slots = None if train is None else train.slots(piece, len(rounds))
                done = []
                for one in rounds:
                    signs, lines = part_of(one, piece)
                    signs = signs * piece.cells.exists
                    if not signs.any():
                        continue
                    before = self.log.before_write(piece.cells)
                    pulses = piece.cells.pulse(signs)
                    done.append(Round(signs, lines, before, pulses))
                    total += pulses.before.size
                if done or slots:
                    bits = None if train is None else train.bits
                    self.log.write(piece.cells, done, slots=slots, bits=bits)
        self.pulse_count += total
        return total

    def _codes(self, values: FloatArray) -> FloatArray:
        codes: FloatArray = np.rint(np.clip(values, -1.0, 1.0) * self._code_top)
        return codes
