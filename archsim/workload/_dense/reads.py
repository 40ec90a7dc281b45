"""Compiled reads: forward through rows, backward through columns, noisy and converted."""

from __future__ import annotations

import math

import numpy as np

from archsim.workload._dense.compiled import compiled
from archsim.workload._dense.layout import (
    BACKWARD,
    CELL,
    COLUMN,
    COLUMNS,
    COUNTING,
    DEVICE,
    DRIVE,
    ERROR_GAIN,
    FORWARD,
    FULL_SCALE,
    GAIN,
    LAYER,
    LEFT,
    LEVEL,
    NET,
    PLANES,
    RANGE,
    READ_BEGIN,
    READ_NOISE,
    READ_USED,
    ROW,
    ROWS,
    SQUARE,
    SUMMED,
    TOP,
    TOP_CODE,
    TOTAL,
    VARIANCE,
    FloatArray,
    Machine,
)

__all__ = ["read_backward", "read_forward"]


@compiled
def read_forward(m: Machine, step: int, number: int, drive: FloatArray, sums: FloatArray) -> None:
    """Add one block's converted codes to the sums of its columns."""
    block, net, squares = m.blocks[number], m.weights[NET], m.weights[SQUARE]
    rows, columns, top = block[ROWS], block[COLUMNS], block[TOP]
    total, variance = m.sums[TOTAL], m.sums[VARIANCE]
    for j in range(columns):
        total[j], variance[j] = 0.0, 0.0
    common, shared = 0.0, 0.0
    for i in range(rows):
        code = drive[top + i]
        if code == 0.0:
            continue
        place, square = block[CELL] + i * columns, code * code
        for j in range(columns):
            total[j] += code * net[place + j]
            variance[j] += square * squares[place + j]
        common += code * m.row_lines[NET, block[ROW] + i]
        shared += square * m.row_lines[SQUARE, block[ROW] + i]
    gain = m.scales[GAIN, block[LAYER]]
    _convert(m, number, columns, common, shared, gain, sums[block[LEFT] :])
    if m.settings[COUNTING]:
        _count_forward(m, step, number, drive)


@compiled
def read_backward(m: Machine, step: int, number: int, drive: FloatArray, sums: FloatArray) -> None:
    """Add one block's converted codes to the sums of its rows."""
    block, net, squares = m.blocks[number], m.weights[NET], m.weights[SQUARE]
    rows, columns, left = block[ROWS], block[COLUMNS], block[LEFT]
    total, variance = m.sums[TOTAL], m.sums[VARIANCE]
    for i in range(rows):
        place, value, spread = block[CELL] + i * columns, 0.0, 0.0
        for j in range(columns):
            code = drive[left + j]
            value += code * net[place + j]
            spread += code * code * squares[place + j]
        total[i], variance[i] = value, spread
    common, shared = 0.0, 0.0
    for j in range(columns):
        code = drive[left + j]
        common += code * m.column_lines[NET, block[COLUMN] + j]
        shared += code * code * m.column_lines[SQUARE, block[COLUMN] + j]
    gain = m.scales[GAIN, block[LAYER]] * m.law[ERROR_GAIN]
    _convert(m, number, rows, common, shared, gain, sums[block[TOP] :])
    if m.settings[COUNTING]:
        _count_backward(m, step, number, drive)


@compiled
def _convert(
    m: Machine,
    number: int,
    outs: int,
    common: float,
    shared: float,
    gain: float,
    sums: FloatArray,
) -> None:
    """Add noise to the totals of a read, convert them, and add the codes to `sums`."""
    total, variance, noise = m.sums[TOTAL], m.sums[VARIANCE], m.law[READ_NOISE]
    for j in range(outs):
        total[j] -= common
    if noise > 0.0:
        place = m.used[READ_BEGIN, number] + m.used[READ_USED, number]
        for j in range(outs):
            total[j] += noise * math.sqrt(variance[j]) * m.reads[place + j]
        if m.settings[PLANES] == 1:
            extra = noise * math.sqrt(shared) * m.reads[place + outs]
            for j in range(outs):
                total[j] += extra
            m.used[READ_USED, number] += 1
        m.used[READ_USED, number] += outs
    unit = m.law[DRIVE] * m.law[FULL_SCALE]
    for j in range(outs):
        value = gain * (total[j] / unit) / m.law[RANGE]
        sums[j] += np.rint(min(max(value, -1.0), 1.0) * m.law[TOP_CODE])


@compiled
def _quotient(value: np.int64, divisor: np.int64) -> np.int64:
    """Return value / divisor, half to even."""
    quotient = value // divisor
    twice = 2 * (value - quotient * divisor)
    if twice > divisor or (twice == divisor and quotient % 2 == 1):
        quotient += 1
    return quotient


@compiled
def _count_forward(m: Machine, step: int, number: int, drive: FloatArray) -> None:
    """Count lines driven and conduction of a forward read, and keep its peaks."""
    block, counts, peaks = m.blocks[number], m.counts[step, number], m.peaks
    rows, columns, top = block[ROWS], block[COLUMNS], block[TOP]
    unit, summed = np.int64(m.law[DRIVE]), m.sums[SUMMED]
    for plane in range(m.settings[PLANES]):
        begin = m.settings[PLANES] * block[ROW] + plane * rows
        device = block[DEVICE] + plane * rows * columns
        conducted, array, line, driven = np.int64(0), np.int64(0), np.int64(0), 0
        for j in range(columns):
            summed[j] = 0.0
        for i in range(rows):
            size = np.int64(abs(drive[top + i]))
            if not size:
                continue
            driven += 1
            level = m.row_levels[begin + i] * size
            conducted += level * size
            array += level
            line = max(line, level)
            for j in range(columns):
                summed[j] += size * m.devices[LEVEL, device + i * columns + j]
        counts[FORWARD] = driven
        counts[FORWARD + 1 + plane] = _quotient(conducted, unit * unit)
        peaks[0] = max(peaks[0], line // unit)
        for j in range(columns):
            peaks[1] = max(peaks[1], np.int64(summed[j]) // unit)
        peaks[2] = max(peaks[2], array // unit)


@compiled
def _count_backward(m: Machine, step: int, number: int, drive: FloatArray) -> None:
    """Count lines driven and conduction of a transposed read, and keep its peaks."""
    block, counts, peaks = m.blocks[number], m.counts[step, number], m.peaks
    rows, columns, left = block[ROWS], block[COLUMNS], block[LEFT]
    unit = np.int64(m.law[DRIVE])
    for plane in range(m.settings[PLANES]):
        begin = m.settings[PLANES] * block[COLUMN] + plane * columns
        device = block[DEVICE] + plane * rows * columns
        conducted, array, line, driven = np.int64(0), np.int64(0), np.int64(0), 0
        for j in range(columns):
            size = np.int64(abs(drive[left + j]))
            driven += int(size > 0)
            level = m.column_levels[begin + j] * size
            conducted += level * size
            array += level
            line = max(line, level)
        most = 0.0
        for i in range(rows):
            on_row = 0.0
            for j in range(columns):
                on_row += abs(drive[left + j]) * m.devices[LEVEL, device + i * columns + j]
            most = max(most, on_row)
        counts[BACKWARD] = driven
        counts[BACKWARD + 1 + plane] = _quotient(conducted, unit * unit)
        peaks[0] = max(peaks[0], np.int64(most) // unit)
        peaks[1] = max(peaks[1], line // unit)
        peaks[2] = max(peaks[2], array // unit)
