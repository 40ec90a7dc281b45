"""One block of real cells: their states, exact integer conductances, noise and pulses."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from archsim.components.behaviour import Behaviour
from archsim.components.cell import FloatArray
from archsim.seeds import stream
from archsim.trace.ops import COUNT_SCALE, Block

__all__ = ["LARGEST_LEVEL", "NOISE_SHIFT", "NOISE_UNIT", "CellBlock", "Devices", "Pulses", "Tuning"]

NOISE_SHIFT = 10
"""Conductances enter the noise's variance with this many bits less, so that its sum is exact."""
NOISE_UNIT = 1 << 9
"""Finest code with which a drive enters the noise's variance."""
LARGEST_LEVEL = 4 * COUNT_SCALE
"""No conductance is taken above four times the window's top, which bounds all integer sums."""

IntArray = NDArray[np.int64]
_Kind = TypeVar("_Kind", bound=np.generic)


class Pulses(NamedTuple):
    """What a round of pulses did; levels are conductances in 1/COUNT_SCALE of G_max."""

    cells: IntArray
    """(k,) flat numbers of the pulsed weights."""
    before: IntArray
    """(planes, k) levels before the pulse."""
    after: IntArray
    """(planes, k) levels after it."""


class Devices(NamedTuple):
    """Arrays of all trained devices of a block, shape (planes, rows, columns); views."""

    state: FloatArray
    level: FloatArray
    """Conductance in whole 1/COUNT_SCALE of G_max."""
    response: FloatArray
    """How strongly each answers a pulse."""
    factor: FloatArray
    """Fixed relative error of each conductance."""
    stuck: NDArray[np.bool_]
    pulse_counts: IntArray


class Tuning(NamedTuple):
    """What program-and-verify did, by plane."""

    pulses: tuple[int, ...]
    pulse_levels: tuple[int, ...]
    """Sum of the levels before and after each pulse."""
    reads: tuple[int, ...]
    read_levels: tuple[int, ...]
    """Sum of the levels read."""
    within: tuple[int, ...]
    """Devices that end within the tolerance, noise of the check reads left aside."""


class CellBlock:
    """The devices of one block: (planes, rows, columns) that are trained, and fixed references.

    Parameters
    ----------
    behaviour : Behaviour
        Section of the chip.
    block : Block
        Name of the block.
    shape : tuple of int
        Logical rows and columns.
    seed : int
        Seed of the run; every draw comes from a stream named by seed, purpose and block.

    Notes
    -----
    Conductances are kept as whole numbers of G_max/COUNT_SCALE, rounded when written, in float64
    arrays: sums of products with whole input codes stay below 2⁵³ and are therefore exact, in
    whatever order a BLAS adds them. Devices start in state 0. Of `density` below 1, a whole number
    of weights has devices, any of them equally likely; the others have a conductance of exactly 0.
    """

    def __init__(
        self, behaviour: Behaviour, block: Block, shape: tuple[int, int], seed: int
    ) -> None:
        self.block = block
        self.shape = shape
        self.balanced = behaviour.weight_form == "balanced"
        self.planes = behaviour.planes
        cell = self._cell = behaviour.cell
        self._noise = {
            evaluate: stream(seed, "read-eval" if evaluate else "read-train", *block)
            for evaluate in (False, True)
        }
        self._program = stream(seed, "program", *block)
        device = stream(seed, "device", *block)
        rows, columns = shape
        trained = (self.planes, rows, columns)
        self._response = cell.response(trained, device)
        self._factor = self._static(trained, device)
        draw = device.random(trained)
        low, high = cell.stuck_low.value, cell.stuck_high.value
        self.stuck = draw < low + high
        self._state = np.where(self.stuck & (draw >= low), 1.0, 0.0)
        self.level = self._levels(self._state, self._factor)
        self.pulse_counts = np.zeros(trained, dtype=np.int64)
        self.programming_counts = np.zeros(trained, dtype=np.int64)
        """Those of `pulse_counts` that wrote whole values, not updates."""
        middle = np.full(rows + columns, 0.5)
        line = self._levels(middle, self._static(middle.shape, device))
        self.exists = _existing(behaviour.density, shape, device)
        """Whether a weight has devices, shape (rows, columns)."""
        self._factor *= self.exists
        self.level *= self.exists
        self.reference_column, self.reference_row = line[:rows], line[rows:]
        if self.balanced:
            self.reference_column, self.reference_row = np.zeros(rows), np.zeros(columns)
        self._refresh()

    @property
    def device_count(self) -> int:
        """Trained devices that exist, on all planes."""
        return self.planes * int(np.count_nonzero(self.exists))

    @property
    def full_scale(self) -> float:
        """Difference of levels that is a weight of 1."""
        window = self._cell.window / self._cell.maximum_conductance.value * COUNT_SCALE
        return window if self.balanced else window / 2

    def weights(self) -> FloatArray:
        """Return the weights as an ideal forward read finds them, shape (rows, columns)."""
        weights: FloatArray = (self.net - self.reference_column[:, None]) / self.full_scale
        return weights

    def sums(
        self, codes: FloatArray, *, unit: float, transposed: bool, evaluate: bool
    ) -> FloatArray:
        """Return the noisy weighted sums of one analog read for each row of `codes`.

        Parameters
        ----------
        codes : ndarray, shape (n, inputs)
            Drive of each line in whole numbers.
        unit : float
            Code of full drive.
        transposed : bool
            Whether the columns are driven and the rows summed.
        evaluate : bool
            Whether noise comes from the evaluation's stream.

        Returns
        -------
        ndarray, shape (n, outputs)
            s = Σ x G / (full scale) + noise.

        Notes
        -----
        Independent noise of relative size σ_r on every device sums to Gaussian noise of variance
        σ_r² Σ x² G² on the line; one draw a line is therefore exact in distribution. The noise of
        the reference line is common to all outputs of a read.
        """
        net = self.net.T if transposed else self.net
        reference = self.reference_row if transposed else self.reference_column
        result: FloatArray = codes @ net - (codes @ reference)[:, None]
        sigma = self._cell.read_noise.value
        if sigma > 0.0:
            drive = codes if unit <= NOISE_UNIT else np.rint(codes * (NOISE_UNIT / unit))
            square = drive**2
            variance = square @ (self._square.T if transposed else self._square)
            generator = self._noise[evaluate]
            scale = sigma * (1 << NOISE_SHIFT) * max(1.0, unit / NOISE_UNIT)
            result += scale * np.sqrt(variance) * generator.standard_normal(variance.shape)
            if not self.balanced:
                common = square @ np.rint(reference / (1 << NOISE_SHIFT)) ** 2
                result += (scale * np.sqrt(common) * generator.standard_normal(len(codes)))[:, None]
        return result / (unit * self.full_scale)

    @property
    def devices(self) -> Devices:
        """Everything that tells devices apart, and what happened to them."""
        return Devices(
            self._state, self.level, self._response, self._factor, self.stuck, self.pulse_counts
        )

    @property
    def training_streams(self) -> tuple[np.random.Generator, np.random.Generator]:
        """The streams that noise of training reads, and of pulses, is drawn from."""
        return self._noise[False], self._program

    def adopt(self, state: FloatArray, level: FloatArray, pulse_counts: IntArray) -> None:
        """Take over what pulses that were computed elsewhere made of the devices.

        Parameters
        ----------
        state, level : ndarray
            State of every device, and its conductance in 1/COUNT_SCALE of G_max.
        pulse_counts : ndarray of int64
            Pulses that each has had.
        """
        self._state[...], self.level[...], self.pulse_counts[...] = state, level, pulse_counts
        self._refresh()

    def line_levels(self, *, transposed: bool) -> IntArray:
        """Return the sum of levels on each driven line, shape (planes, inputs)."""
        levels: IntArray = self.column_levels if transposed else self.row_levels
        return levels

    def pulse(self, signs: NDArray[np.int8]) -> Pulses:
        """Give each weight one pulse up (+1), down (−1) or none (0).

        A balanced pair gets one pulse on each plane, of opposite polarity; a weight without
        devices gets none.
        """
        cells = np.flatnonzero(signs * self.exists)
        up = signs.reshape(-1)[cells] > 0
        ups = np.stack((up, ~up)) if self.balanced else up[None]
        before = self._flat(self.level)[:, cells]
        after = self._apply(np.arange(self.planes)[:, None], cells[None], ups)
        self._refresh()
        return Pulses(cells, before.astype(np.int64), after.astype(np.int64))

    def relax(self, duration: float) -> bool:
        """Let every device relax towards its state of rest; return whether anything changed.

        Parameters
        ----------
        duration : float
            Idle time. [s]

        Notes
        -----
        Stuck devices and reference lines stay.
        """
        kept = self._cell.kept(duration)
        if kept == 1.0:
            return False
        rest = self._cell.rest
        self._set_states(rest + (self._state - rest) * kept)
        return True

    def write(self, weights: FloatArray) -> Pulses:
        """Write every weight once, open loop: a RESET to the bottom and one SET to the target.

        The state reached is the target plus the cell's programming error; fixed spread of the
        conductances and stuck devices are not compensated.
        """
        before = self._flat(self.level).astype(np.int64)
        error = self._cell.programming_error.value / self._cell.window
        state = self._targets(weights) + error * self._program.standard_normal(self._state.shape)
        self._set_states(np.clip(state, 0.0, 1.0))
        given = 2 * self.exists
        self.pulse_counts += given
        self.programming_counts += given
        cells = np.flatnonzero(self.exists)
        after = self._flat(self.level).astype(np.int64)
        return Pulses(cells, before[:, cells], after[:, cells])

    def tune(self, weights: FloatArray) -> Tuning:
        """Bring every device to its target by single pulses, each followed by a check read.

        Returns
        -------
        Tuning
            Pulses and reads spent.

        Notes
        -----
        Pulses go in the direction of the error that a noisy read finds, until that is within the
        tolerance or the attempts are used up; where the cell allows bursts, as many as the nominal
        step asks for. The published yields do not follow from pulse noise, so a given fraction of
        devices never arrives and ends at a uniform random error.
        """
        cell = self._cell
        targets = self._levels(self._targets(weights), np.ones_like(self._factor))
        scale = COUNT_SCALE / cell.maximum_conductance.value
        tolerance = cell.verify_tolerance.value * scale
        failing = self._program.random(self._state.shape) < cell.verify_failures.value
        pulses, pulse_levels, reads, read_levels = np.zeros((4, self.planes), dtype=np.int64)
        active = np.broadcast_to(self.exists, self._state.shape).copy()
        given = self.pulse_counts.copy()
        for _ in range(int(cell.verify_attempts.value)):
            index = np.nonzero(active)
            level = self.level[index]
            np.add.at(reads, index[0], 1)
            np.add.at(read_levels, index[0], level.astype(np.int64))
            noise = 1.0 + cell.read_noise.value * self._program.standard_normal(level.shape)
            error = targets[index] - level * noise
            active[index] = (np.abs(error) > tolerance) | failing[index]
            wrong = active[index]
            plane, row, column = (part[wrong] for part in index)
            if not len(plane):
                break
            cells, missing = row * self.shape[1] + column, error[wrong]
            before, left = level[wrong], self._burst(np.abs(missing) / (cell.window * scale))
            for turn in range(int(left.max())):
                on = left > turn
                after = self._apply(plane[on], cells[on], missing[on] > 0)
                np.add.at(pulses, plane[on], 1)
                np.add.at(pulse_levels, plane[on], (before[on] + after).astype(np.int64))
                before[on] = after
        self.programming_counts += self.pulse_counts - given
        self._leave_failed(failing, targets, scale)
        arrived = self.exists & (np.abs(targets - self.level) <= tolerance)
        within = arrived.sum(axis=(1, 2))
        spent = (pulses, pulse_levels, reads, read_levels, within)
        return Tuning(*(tuple(map(int, part)) for part in spent))

    def _burst(self, errors: FloatArray) -> IntArray:
        """Return how many pulses errors, as shares of the window, ask for before the next read."""
        most = 1.0 if self._cell.verify_burst is None else self._cell.verify_burst.value
        wanted: IntArray = np.clip(np.rint(errors / self._cell.step()), 1.0, most).astype(np.int64)
        return wanted

    def _leave_failed(self, failing: NDArray[np.bool_], targets: FloatArray, scale: float) -> None:
        """Leave devices that cannot be tuned at a uniform random error."""
        bound = self._cell.verify_failed_error.value * scale
        error = bound * self._program.uniform(-1.0, 1.0, self._state.shape)
        bottom = self._cell.minimum_conductance.value * scale
        top = self._cell.maximum_conductance.value * scale
        factor = np.where(self.exists, self._factor, 1.0)
        level = np.clip((targets + error) / factor, bottom, top)
        state = np.where(failing, (level - bottom) / (top - bottom), self._state)
        self._set_states(state)

    def _targets(self, weights: FloatArray) -> FloatArray:
        half = np.clip(weights, -1.0, 1.0) / 2
        return np.stack((0.5 + half, 0.5 - half)) if self.balanced else 0.5 + half[None]

    def _set_states(self, state: FloatArray) -> None:
        self._state = np.where(self.stuck, self._state, state)
        self.level = self._levels(self._state, self._factor)
        self._refresh()

    def _apply(
        self, planes: NDArray[np.intp], cells: NDArray[np.intp], up: NDArray[np.bool_]
    ) -> FloatArray:
        """Pulse devices and return their new levels; `_refresh` is left to the caller."""
        at = (planes, cells)
        state = self._flat(self._state)
        before = state[at]
        noise = self._program.standard_normal(before.shape)
        change = self._cell.change(before, up, noise) * self._flat(self._response)[at]
        after = np.where(self._flat(self.stuck)[at], before, np.clip(before + change, 0.0, 1.0))
        state[at] = after
        level = self._levels(after, self._flat(self._factor)[at])
        self._flat(self.level)[at] = level
        self._flat(self.pulse_counts)[at] += 1
        return level

    def _flat(self, array: NDArray[_Kind]) -> NDArray[_Kind]:
        return array.reshape(self.planes, -1)

    def _static(self, shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
        return 1.0 + self._cell.static_spread.value * generator.standard_normal(shape)

    def _levels(self, state: FloatArray, factor: FloatArray) -> FloatArray:
        """Return whole levels of devices in `state` whose fixed spread is `factor`."""
        bottom = self._cell.minimum_conductance.value
        scale = COUNT_SCALE / self._cell.maximum_conductance.value
        level = np.rint((bottom + state * self._cell.window) * scale * factor)
        return np.clip(level, 0.0, LARGEST_LEVEL)

    def _refresh(self) -> None:
        """Bring everything that follows from the levels up to date."""
        level = self.level
        self.net = level[0] - level[1] if self.balanced else level[0]
        self._square = (np.rint(level / (1 << NOISE_SHIFT)) ** 2).sum(axis=0)
        self.row_levels = (level.sum(axis=2) + self.reference_column).astype(np.int64)
        self.column_levels = (level.sum(axis=1) + self.reference_row).astype(np.int64)


def _existing(
    density: float, shape: tuple[int, int], generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which weights have devices: density · rows · columns of them, rounded half to even."""
    if density == 1.0:
        return np.ones(shape, dtype=bool)
    size = shape[0] * shape[1]
    return (generator.permutation(size) < round(density * size)).reshape(shape)
