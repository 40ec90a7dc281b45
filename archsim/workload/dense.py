"""Layered networks trained by compiled loops: the same bits and counts as step by step, faster."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import announce
from archsim.components.behaviour import Behaviour
from archsim.components.cell import FloatArray
from archsim.components.cell_block import LARGEST_LEVEL, NOISE_SHIFT, NOISE_UNIT
from archsim.components.cell_electrochemical import ElectrochemicalCell
from archsim.components.piece import Piece
from archsim.trace.ops import COUNT_SCALE
from archsim.workload._dense import layout
from archsim.workload._dense.layout import Machine
from archsim.workload._dense.loop import train
from archsim.workload.cell_layers import CellLayers
from archsim.workload.dense_trace import DenseTrace
from archsim.workload.layered import LayeredDescription
from archsim.workload.layered_rules import Conventional, Progressive

__all__ = ["DenseTraining", "can_be_dense"]

IntArray = NDArray[np.int64]

_NORMALS = 1 << 21
"""Random numbers for reads that are drawn at once, about."""
_SPARE = 4
"""Random numbers for writes are drawn for so many of the largest updates at once, at least."""
_LEAST = 1 << 16
_STEPS = (64, 4096)
"""Fewest and most examples presented at once."""


def can_be_dense(workload: LayeredDescription, behaviour: Behaviour) -> bool:
    """Return whether the compiled loops know the rule, the cells and the converters."""
    return (
        type(workload.rule) in {Progressive, Conventional}
        and type(behaviour.cell) is ElectrochemicalCell
        and behaviour.input_drive == "bipolar"
        and behaviour.adc.bits > 1
        and behaviour.write_scheme != "device_serial"
        and behaviour.density == 1.0
    )


class _Stream:
    """Numbers of a generator drawn ahead into a buffer; `close` gives back those not used."""

    def __init__(
        self,
        generator: np.random.Generator,
        draw: Callable[[int], FloatArray],
        buffer: FloatArray,
    ) -> None:
        self._generator = generator
        self._draw = draw
        self._buffer = buffer
        self._drawn: list[tuple[dict[str, Any], int]] = []
        self._filled = 0

    def fill(self, used: int) -> None:
        """Fill the buffer again, after so many of its numbers were used."""
        buffer = self._buffer
        left = self._filled - used
        buffer[:left] = buffer[used : self._filled].copy()
        ends = [*(place for _, place in self._drawn[1:]), self._filled]
        kept = zip(self._drawn, ends, strict=False)  # none, before anything was drawn
        self._drawn = [(state, place - used) for (state, place), end in kept if end > used]
        if left < len(buffer):
            self._drawn.append((dict(self._generator.bit_generator.state), left))
            buffer[left:] = self._draw(len(buffer) - left)
        self._filled = len(buffer)

    def close(self, used: int) -> None:
        """Set the generator to where it would be after the numbers that were used; forget all."""
        reached = [entry for entry in self._drawn if entry[1] <= used]
        if reached:
            state, place = reached[-1]
            self._generator.bit_generator.state = state
            self._draw(used - place)
        self._drawn, self._filled = [], 0


class _Block(NamedTuple):
    """A block, and where it lies in the arrays."""

    piece: Piece
    place: tuple[int, ...]
    """A row of `Plan.blocks`."""


class DenseTraining:
    """Presents examples to layers on cells by the compiled loops.

    Parameters
    ----------
    workload : LayeredDescription
        Rule, rate and pulses; `can_be_dense` must hold.
    layers : CellLayers
        The network on its substrate.
    """

    def __init__(self, workload: LayeredDescription, layers: CellLayers) -> None:
        self._layers = layers
        self._substrate = layers.substrate
        self._blocks = _blocks(layers)
        counting = self._substrate.recorder is not None
        self._trace = DenseTrace(workload, layers) if counting else None
        self._streams: list[_Stream] = []
        self._machine = self._made(workload, counting=counting)
        self.most_steps = len(self._machine.counts)
        """Examples that can be presented at once."""

    def present(
        self,
        inputs: IntArray,
        labels: IntArray,
        targets: FloatArray,
        *,
        epoch: int,
        step: int,
    ) -> int:
        """Present examples, and return how many were answered right before they were learnt.

        Parameters
        ----------
        inputs : ndarray of int64, shape (examples, inputs)
            DAC codes.
        labels : ndarray of int64, shape (examples,)
            Classes.
        targets : ndarray, shape (classes, outputs)
            Wanted outputs.
        epoch, step : int
            Epoch, and steps before the first of these.
        """
        right, done = 0, 0
        while done < len(labels):
            part = slice(done, done + self.most_steps)
            steps, answered = self._chunk(inputs[part], labels[part], targets)
            if self._trace is not None:
                counts, draws = self._machine.counts[:steps], self._machine.draws[:steps]
                self._trace.emit(counts, draws, epoch=epoch, step=step + done)
            right += answered
            done += steps
        return right

    def _chunk(self, inputs: IntArray, labels: IntArray, targets: FloatArray) -> tuple[int, int]:
        self._fill()
        counts = self._machine.counts
        counts[: len(labels)] = 0
        announce(train, "the learning of dense layers")
        steps, right = train(self._machine, inputs, labels, targets)
        pulsed = slice(layout.PULSED, layout.PULSED + 2)
        self._substrate.pulse_count += int(counts[:steps, :, pulsed].sum())
        self._substrate.read_count += steps * (2 * self._layers.last + 1)
        return steps, right

    def enter(self) -> None:
        """Take the devices over from the substrate."""
        for block in self._blocks:
            _copy_in(self._machine, block, self._substrate.behaviour.planes)
        self._machine.used[_USED] = 0

    def leave(self) -> None:
        """Give devices, random streams and peaks back to the substrate."""
        machine, recorder = self._machine, self._substrate.recorder
        for block in self._blocks:
            own = block.piece.cells
            shape, begin = own.devices.state.shape, block.place[layout.DEVICE]
            span = slice(begin, begin + own.devices.state.size)
            state, level = (machine.devices[row, span] for row in (layout.STATE, layout.LEVEL))
            pulses = machine.marks[layout.PULSES, span].reshape(shape)
            own.adopt(state.reshape(shape), level.reshape(shape), pulses)
        for stream, number in zip(self._streams, self._used(), strict=True):
            stream.close(number)
        if recorder is not None:
            names = [f"{kind}_{line}" for kind in ("read", "write") for line in _LINES]
            for name, peak in zip(names, machine.peaks.tolist(), strict=True):
                if peak >= 0:
                    recorder.peak(name, peak)

    def _used(self) -> list[int]:
        """Return how many numbers of each stream are used."""
        blocks, used = len(self._blocks), self._machine.used
        reads, writes = used[layout.READ_USED, :blocks], used[layout.WRITE_USED, :blocks]
        return [*reads.tolist(), *writes.tolist(), int(used[layout.RULE_USED, 0])]

    def _fill(self) -> None:
        for stream, number in zip(self._streams, self._used(), strict=True):
            stream.fill(number)
        self._machine.used[_USED] = 0

    def _made(self, workload: LayeredDescription, *, counting: bool) -> Machine:
        table = np.array([block.place for block in self._blocks], dtype=np.int64)
        behaviour, layers = self._substrate.behaviour, self._layers
        planes, tables = behaviour.planes, layers.tables
        sizes = table[:, layout.ROWS] * table[:, layout.COLUMNS]
        rows, columns, weights = (
            table[:, layout.ROWS].sum(),
            table[:, layout.COLUMNS].sum(),
            sizes.sum(),
        )
        plan = _plan(layers, table)
        longest = int(max(plan[layout.ALL_ROWS].max(), plan[layout.ALL_COLUMNS].max()))
        reads = _reads_of(table, planes, noisy=behaviour.cell.read_noise.value > 0.0)
        steps = int(np.clip(_NORMALS // max(1, int(reads.sum())), *_STEPS))
        used = _room(reads * steps, sizes * workload.pulses.most * planes)
        rule_most = _draws(workload, plan)
        made = Machine(
            blocks=table,
            layers=plan,
            scales=np.array([layers.scales, layers.rates]),
            settings=_settings(workload, planes, rule_most, counting=counting),
            law=_law(workload, layers),
            devices=np.zeros((4, planes * weights)),
            marks=_whole((2, planes * weights)),
            weights=np.zeros((2, weights)),
            row_lines=np.zeros((2, rows)),
            column_lines=np.zeros((2, columns)),
            row_levels=_whole(planes * rows),
            column_levels=_whole(planes * columns),
            hidden=np.concatenate(tables.hidden),
            outputs=tables.outputs,
            reads=np.empty(int(used[layout.READ_BEGIN, -1])),
            writes=np.empty(int(used[layout.WRITE_BEGIN, -1])),
            rule=np.empty(max(rule_most * _SPARE, _LEAST)),
            used=used,
            counts=_whole((steps, len(table), layout.FIELDS)),
            draws=_whole((steps, len(layers.scales))),
            peaks=np.full(6, -1, dtype=np.int64),
            codes=np.zeros(int(plan[layout.LINES, -1])),
            errors=np.zeros(int(plan[layout.ALL_COLUMNS].sum())),
            sums=np.zeros((7, longest)),
            selected=_whole((2, longest)),
            chosen=_whole((4, int(weights))),
        )
        self._streams += _streams(made, self._blocks, layers.generator)
        return made


_LINES = ("row", "column", "array")
_USED = [layout.READ_USED, layout.WRITE_USED, layout.RULE_USED]


def _whole(shape: int | tuple[int, ...]) -> IntArray:
    return np.zeros(shape, dtype=np.int64)


def _blocks(layers: CellLayers) -> tuple[_Block, ...]:
    result = []
    device = cell = row = column = 0
    for layer, matrix in enumerate(layers.matrices):
        for piece in layers.substrate.pieces(matrix):
            rows, columns = piece.cells.shape
            place = (layer, piece.rows.start, rows, piece.columns.start, columns)
            result.append(_Block(piece, (*place, device, cell, row, column)))
            device += piece.cells.planes * rows * columns
            cell, row, column = cell + rows * columns, row + rows, column + columns
    return tuple(result)


def _plan(layers: CellLayers, table: IntArray) -> IntArray:
    """Return `Machine.layers`."""
    shapes = np.array(list(layers.substrate.shapes.values()), dtype=np.int64)
    number = len(shapes)
    plan = _whole((6, number + 2))
    plan[layout.FIRST_BLOCK] = np.searchsorted(table[:, layout.LAYER], np.arange(number + 2))
    plan[layout.ALL_ROWS, :number], plan[layout.ALL_COLUMNS, :number] = shapes.T
    plan[layout.LINES, 1:-1] = np.cumsum(shapes[:, 0])
    plan[layout.LINES, -1] = plan[layout.LINES, -2] + shapes[-1, 1]
    plan[layout.ZERO, :number] = layers.tables.zero
    plan[layout.TABLE, 1:number] = np.cumsum([len(table) for table in layers.tables.hidden])
    return plan


def _reads_of(table: IntArray, planes: int, *, noisy: bool) -> IntArray:
    """Return how many normal numbers the reads of one step take, for each block."""
    if not noisy:
        return _whole(len(table))
    common = int(planes == 1)
    forward = table[:, layout.COLUMNS] + common
    back = (table[:, layout.ROWS] + common) * (table[:, layout.LAYER] > 0)
    return forward + back


def _room(reads: IntArray, most: IntArray) -> IntArray:
    """Return `Machine.used`, for so many numbers for reads, and such updates at most."""
    writes = np.maximum(most * _SPARE, _LEAST)
    used = _whole((7, len(reads) + 1))
    used[layout.READ_BEGIN, 1:], used[layout.WRITE_BEGIN, 1:] = np.cumsum(reads), np.cumsum(writes)
    used[layout.WRITE_MOST, :-1] = most
    return used


def _draws(workload: LayeredDescription, plan: IntArray) -> int:
    """Return how many random numbers the rounding of one step may take."""
    rows, columns = plan[layout.ALL_ROWS], plan[layout.ALL_COLUMNS]
    if workload.pulses.rounding == "coincidence":
        return int((rows + columns).sum()) * workload.pulses.most
    return int((rows * columns).sum())


def _streams(
    machine: Machine, blocks: Sequence[_Block], rule: np.random.Generator
) -> list[_Stream]:
    """Return the streams of reads, of writes, and of rounding."""
    result = []
    for number, (buffer, row) in enumerate(
        ((machine.reads, layout.READ_BEGIN), (machine.writes, layout.WRITE_BEGIN))
    ):
        bounds = itertools.pairwise(machine.used[row].tolist())
        for block, (begin, end) in zip(blocks, bounds, strict=True):
            generator = block.piece.cells.training_streams[number]
            result.append(_Stream(generator, generator.standard_normal, buffer[begin:end]))
    return [*result, _Stream(rule, rule.random, machine.rule)]


def _copy_in(machine: Machine, block: _Block, planes: int) -> None:
    """Copy everything of one block to its place."""
    own = block.piece.cells
    _, _, rows, _, columns, device, cell, row, column = block.place
    devices, size = slice(device, device + planes * rows * columns), rows * columns
    state, level, response, factor, stuck, pulses = own.devices
    parts = [part.reshape(-1) for part in (state, level, response, factor)]
    machine.devices[:, devices] = parts
    machine.marks[:, devices] = [stuck.reshape(-1), pulses.reshape(-1)]
    unit = float(1 << NOISE_SHIFT)
    square = (np.rint(level / unit) ** 2).sum(axis=0)
    machine.weights[:, cell : cell + size] = [own.net.reshape(-1), square.reshape(-1)]
    for lines, reference, begin in (
        (machine.row_lines, own.reference_column, row),
        (machine.column_lines, own.reference_row, column),
    ):
        span = slice(begin, begin + len(reference))
        lines[:, span] = [reference, np.rint(reference / unit) ** 2]
    levels = own.line_levels(transposed=False).reshape(-1)
    machine.row_levels[planes * row : planes * (row + rows)] = levels
    levels = own.line_levels(transposed=True).reshape(-1)
    machine.column_levels[planes * column : planes * (column + columns)] = levels


def _law(workload: LayeredDescription, layers: CellLayers) -> FloatArray:
    """Return `Machine.law`."""
    behaviour = layers.substrate.behaviour
    cell = behaviour.cell
    assert isinstance(cell, ElectrochemicalCell)  # noqa: S101 (`can_be_dense` holds)
    top = cell.maximum_conductance.value
    full = cell.window / top * COUNT_SCALE
    unit = float(1 << NOISE_SHIFT)
    law = np.zeros(16)
    law[layout.STEP] = 1.0 / cell.states.value
    law[layout.UP], law[layout.DOWN] = cell.asymmetry_up.value, cell.asymmetry_down.value
    law[layout.NOISE] = cell.response_noise.value
    law[layout.BOTTOM], law[layout.WINDOW] = cell.minimum_conductance.value, cell.window
    law[layout.SCALE], law[layout.LARGEST] = COUNT_SCALE / top, LARGEST_LEVEL
    law[layout.SQUARE_UNIT] = unit
    law[layout.FULL_SCALE] = full if behaviour.weight_form == "balanced" else full / 2
    law[layout.READ_NOISE] = cell.read_noise.value * unit * max(1.0, layers.drive / NOISE_UNIT)
    law[layout.DRIVE], law[layout.RANGE] = layers.drive, behaviour.adc.range.value
    law[layout.TOP_CODE] = (1 << (behaviour.adc.bits - 1)) - 1
    law[layout.CODE_STEP] = layers.tables.step
    law[layout.ERROR_GAIN] = workload.network.error_gain
    return law


def _settings(
    workload: LayeredDescription, planes: int, rule_most: int, *, counting: bool
) -> IntArray:
    """Return `Machine.settings`."""
    rounding = {
        "stochastic": layout.STOCHASTIC,
        "nearest": layout.NEAREST,
        "coincidence": layout.COINCIDENCE,
    }
    progressive = isinstance(workload.rule, Progressive)
    squared = workload.rule.loss == "squared" and workload.network.output == "sigmoid"
    result = _whole(8)
    result[layout.PLANES], result[layout.COUNTING] = planes, counting
    result[layout.RULE] = layout.PROGRESSIVE if progressive else layout.CONVENTIONAL
    result[layout.SQUARED] = squared
    result[layout.ROUNDING] = rounding[workload.pulses.rounding]
    result[layout.MOST], result[layout.RULE_MOST] = workload.pulses.most, rule_most
    tanh = workload.network.activation == "tanh"
    result[layout.ACTIVATION] = layout.TANH if tanh else layout.RELU
    return result
