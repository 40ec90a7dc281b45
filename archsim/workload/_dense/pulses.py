"""Compiled pulses: what they do to devices, and what they count."""

from __future__ import annotations

import numpy as np

from archsim.workload._dense.compiled import compiled
from archsim.workload._dense.layout import (
    BOTTOM,
    CELL,
    CHOSEN,
    COLUMN,
    COLUMNS,
    COUNTING,
    DEVICE,
    DOWN,
    DRIVES,
    FACTOR,
    HALF,
    LARGEST,
    LEVEL,
    LEVELS,
    NET,
    NOISE,
    PLANES,
    PULSED,
    PULSES,
    RESPONSE,
    ROW,
    ROWS,
    SCALE,
    SIGN,
    SLOTS,
    SQUARE,
    SQUARE_UNIT,
    STATE,
    STEP,
    STUCK,
    TOTAL,
    UP,
    WINDOW,
    WRITE_BEGIN,
    WRITE_USED,
    IntArray,
    Machine,
)

__all__ = ["count_lines", "count_rows", "pulse"]


@compiled
def _moved(m: Machine, place: int, noise: float, up: bool) -> float:  # noqa: FBT001 (compiled)
    """Pulse one device; return its level after it."""
    law, before = m.law, m.devices[STATE, place]
    middle = 2.0 * before - 1.0
    if up:
        change = law[STEP] * (1.0 - law[UP] * middle)
    else:
        change = -(law[STEP] * (1.0 + law[DOWN] * middle))
    change = change * (1.0 + law[NOISE] * noise) * m.devices[RESPONSE, place]
    after = before if m.marks[STUCK, place] else min(max(before + change, 0.0), 1.0)
    level = np.rint((law[BOTTOM] + after * law[WINDOW]) * law[SCALE] * m.devices[FACTOR, place])
    level = min(max(level, 0.0), law[LARGEST])
    m.devices[STATE, place], m.devices[LEVEL, place] = after, level
    m.marks[PULSES, place] += 1
    return float(level)


@compiled
def pulse(m: Machine, step: int, number: int, amount: int) -> None:
    """Give the first `amount` chosen weights of a block a pulse on each plane, of their signs."""
    block, unit = m.blocks[number], m.law[SQUARE_UNIT]
    rows, columns = block[ROWS], block[COLUMNS]
    noise = m.used[WRITE_BEGIN, number] + m.used[WRITE_USED, number]
    m.used[WRITE_USED, number] += m.settings[PLANES] * amount
    for plane in range(m.settings[PLANES]):
        levels, device = 0.0, block[DEVICE] + plane * rows * columns
        for k in range(amount):
            cell = m.chosen[CHOSEN, k]
            old = m.devices[LEVEL, device + cell]
            up = (m.chosen[SIGN, k] > 0) == (plane == 0)
            new = _moved(m, device + cell, m.writes[noise], up)
            noise += 1
            levels += old + new
            m.weights[NET, block[CELL] + cell] += (new - old) * (1 - 2 * plane)
            fine, coarse = np.rint(new / unit), np.rint(old / unit)
            m.weights[SQUARE, block[CELL] + cell] += fine * fine - coarse * coarse
            if m.settings[COUNTING]:
                row = m.settings[PLANES] * block[ROW] + plane * rows + cell // columns
                column = m.settings[PLANES] * block[COLUMN] + plane * columns + cell % columns
                m.row_levels[row] += np.int64(new - old)
                m.column_levels[column] += np.int64(new - old)
        m.counts[step, number, PULSED + plane] += amount
        m.counts[step, number, LEVELS + plane] += np.int64(levels)


@compiled
def count_rows(m: Machine, step: int, number: int, amount: int) -> None:
    """Count a round of pulses that go row by row: slots, driven lines, half-selected cells."""
    block, counts, peaks = m.blocks[number], m.counts[step, number], m.peaks
    rows, columns = block[ROWS], block[COLUMNS]
    for plane in range(m.settings[PLANES]):
        row_begin = m.settings[PLANES] * block[ROW] + plane * rows
        column_begin = m.settings[PLANES] * block[COLUMN] + plane * columns
        device = block[DEVICE] + plane * rows * columns
        for sign in (1, -1):
            last, driven, pulsed = -1, 0, 0
            on_row, half, most = np.int64(0), np.int64(0), np.int64(0)
            for k in range(amount):
                if m.chosen[SIGN, k] != sign:
                    continue
                row, column = m.chosen[CHOSEN, k] // columns, m.chosen[CHOSEN, k] % columns
                if row != last:
                    on_row, last = np.int64(0), row
                    driven += 1
                    half += m.row_levels[row_begin + row]
                level = np.int64(m.devices[LEVEL, device + m.chosen[CHOSEN, k]])
                on_row += level
                most = max(most, on_row)
                half += m.column_levels[column_begin + column] - 2 * level
                pulsed += 1
                peaks[4] = max(peaks[4], level)
            counts[DRIVES + plane] += driven + pulsed
            counts[HALF + plane] += half
            counts[SLOTS] += driven if plane == 0 else 0
            peaks[3], peaks[5] = max(peaks[3], most), max(peaks[5], most)


@compiled
def count_lines(
    m: Machine, step: int, number: int, on_rows: IntArray, on_columns: IntArray
) -> None:
    """Count a slot in which rows and columns are selected: driven lines, half-selected cells."""
    for plane in range(m.settings[PLANES]):
        for row_sign in (1, -1):
            for column_sign in (1, -1):
                rows, columns = (on_rows, row_sign), (on_columns, column_sign)
                if _any(*rows) and _any(*columns):
                    _count_quadrant(m, step, number, plane, rows, columns)


@compiled
def _any(values: IntArray, wanted: int) -> bool:
    """Return whether any of the values is the wanted one."""
    for value in values:  # noqa: SIM110 (compiled)
        if value == wanted:
            return True
    return False


@compiled
def _count_quadrant(
    m: Machine,
    step: int,
    number: int,
    plane: int,
    selected_rows: tuple[IntArray, int],
    selected_columns: tuple[IntArray, int],
) -> None:
    """Count the pulses where rows of one sign meet columns of one sign."""
    on_rows, row_sign = selected_rows
    on_columns, column_sign = selected_columns
    block, counts, peaks = m.blocks[number], m.counts[step, number], m.peaks
    rows, columns = block[ROWS], block[COLUMNS]
    row_begin = m.settings[PLANES] * block[ROW] + plane * rows
    column_begin = m.settings[PLANES] * block[COLUMN] + plane * columns
    device, summed = block[DEVICE] + plane * rows * columns, m.sums[TOTAL]
    driven, half, array = 0, np.int64(0), np.int64(0)
    for j in range(columns):
        summed[j] = 0.0
        if on_columns[j] == column_sign:
            driven += 1
            half += m.column_levels[column_begin + j]
    for i in range(rows):
        if on_rows[i] != row_sign:
            continue
        driven += 1
        half += m.row_levels[row_begin + i]
        on_row = 0.0
        for j in range(columns):
            if on_columns[j] == column_sign:
                level = m.devices[LEVEL, device + i * columns + j]
                on_row += level
                summed[j] += level
        array += np.int64(on_row)
        peaks[3] = max(peaks[3], np.int64(on_row))
    counts[DRIVES + plane] += driven
    counts[HALF + plane] += half - 2 * array
    for j in range(columns):
        peaks[4] = max(peaks[4], np.int64(summed[j]))
    peaks[5] = max(peaks[5], array)
