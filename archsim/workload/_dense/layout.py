"""What the compiled loops work on: one tuple of few arrays, so that it is cheap to hand on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "IntArray", "Machine"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LAYER, TOP, ROWS, LEFT, COLUMNS, DEVICE, CELL, ROW, COLUMN = range(9)
"""Columns of `Machine.blocks`: layer; first row and rows, first column and columns in the matrix;
begin in arrays of devices, of weights, of rows and of columns."""
FIRST_BLOCK, ALL_ROWS, ALL_COLUMNS, LINES, ZERO, TABLE = range(6)
"""Rows of `Machine.layers`: first block (and, behind the last layer, their number); rows, bias
included, and columns of the matrix; begin of the activities before it in `Machine.codes`; place of
code 0 in its table; begin of its table."""
GAIN, RATE = range(2)
"""Rows of `Machine.scales`: weight that a full window stands for; wanted pulses for an activity and
an error of 1."""
PLANES, RULE, SQUARED, ROUNDING, MOST, ACTIVATION, COUNTING, RULE_MOST = range(8)
"""Places in `Machine.settings`; the last is how many random numbers a step's rounding may take."""
STEP, UP, DOWN, NOISE, BOTTOM, WINDOW, SCALE, LARGEST, SQUARE_UNIT = range(9)
"""Places in `Machine.law`: how a device answers a pulse, how its state becomes a level, and the
unit in which levels enter the variance of a read."""
FULL_SCALE, READ_NOISE, DRIVE, RANGE, TOP_CODE, CODE_STEP, ERROR_GAIN = range(9, 16)
"""Further places: level difference that is a weight of 1; standard deviation of a device relative
to its level, times the unit; largest DAC code; full scale of the ADC, its largest code, what one
code stands for; amplification of errors."""
STATE, LEVEL, RESPONSE, FACTOR = range(4)
"""Rows of `Machine.devices`."""
STUCK, PULSES = range(2)
"""Rows of `Machine.marks`."""
NET, SQUARE = range(2)
"""Rows of `Machine.weights`, and of the reference lines."""
READ_BEGIN, READ_USED, WRITE_BEGIN, WRITE_USED, WRITE_MOST, AMOUNT, RULE_USED = range(7)
"""Rows of `Machine.used`, by block: begin of its random numbers for reads, how many are used; the
same for writes, and how many an update may take; weights to be pulsed. The last row holds one
number, of the random numbers for rounding."""
FORWARD, BACKWARD, WROTE, SLOTS, PULSED, LEVELS, HALF, DRIVES = 0, 3, 6, 7, 8, 10, 12, 14
"""Fields of `Machine.counts`: lines driven, then conduction on each plane, forward and backward;
whether it was written; slots; then on each plane pulses, Σ levels before and after, half-selected
cells and driven lines."""
FIELDS = 16
"""Number of these fields."""
TOTAL, VARIANCE, SUMMED, RESULT, BACK, ACTIVITY, WANTED = range(7)
"""Rows of `Machine.sums`, which is scratch memory."""
ON_ROWS, ON_COLUMNS = range(2)
"""Rows of `Machine.selected`."""
CHOSEN, SIGN, ENTRY, TURNS = range(4)
"""Rows of `Machine.chosen`: weights of a round and their signs; of a write and their pulses."""

STOCHASTIC, NEAREST, COINCIDENCE = range(3)
PROGRESSIVE, CONVENTIONAL = range(2)
TANH, RELU = range(2)


class Machine(NamedTuple):
    """Cells, constants, random numbers and scratch memory."""

    blocks: IntArray
    """Shape (blocks, 9)."""
    layers: IntArray
    """Shape (6, layers + 2)."""
    scales: FloatArray
    """Shape (2, layers)."""
    settings: IntArray
    law: FloatArray
    devices: FloatArray
    """Shape (4, devices): in each block planes, rows, columns."""
    marks: IntArray
    """Shape (2, devices)."""
    weights: FloatArray
    """Shape (2, weights)."""
    row_lines: FloatArray
    """Reference cell of each row of each block, shape (2, rows)."""
    column_lines: FloatArray
    """Reference cell of each column of each block, shape (2, columns)."""
    row_levels: IntArray
    """Sum of levels on each row: in each block planes, rows."""
    column_levels: IntArray
    hidden: IntArray
    """DAC codes that neurons look up, one layer after another."""
    outputs: FloatArray
    """Activities that output neurons look up."""
    reads: FloatArray
    """Normal numbers for reads, one block after another."""
    writes: FloatArray
    """Normal numbers for pulses, one block after another."""
    rule: FloatArray
    """Uniform numbers for rounding."""
    used: IntArray
    """Shape (7, blocks + 1)."""
    counts: IntArray
    """Shape (steps, blocks, FIELDS)."""
    draws: IntArray
    """Random numbers for rounding, shape (steps, layers)."""
    peaks: IntArray
    """Largest Σ g |x| of reads, then of writes, on a row, on a column, in an array; −1: none."""
    codes: FloatArray
    """DAC codes of the lines of all layers, and the outputs."""
    errors: FloatArray
    """Errors behind each layer, one layer after another."""
    sums: FloatArray
    """Shape (7, longest line)."""
    selected: IntArray
    """Shape (2, longest line)."""
    chosen: IntArray
    """Shape (4, weights)."""
