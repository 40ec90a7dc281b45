"""Write slots: when the pulses of a write reach their cells, and what else they touch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.components.behaviour import WriteScheme
from archsim.components.cell import FloatArray
from archsim.components.cell_block import Pulses

__all__ = ["Levels", "Round", "Slots", "slot_count", "slots_on"]

IntArray = NDArray[np.int64]
Signs = NDArray[np.int8]


class Levels(NamedTuple):
    """Conductances of a block before a write, in 1/COUNT_SCALE of G_max."""

    cells: FloatArray
    rows: IntArray
    columns: IntArray


class Round(NamedTuple):
    """Pulses given at once, at most one a device; a write has one round or several."""

    signs: Signs
    """Sign of the pulse of each weight; 0: none."""
    lines: tuple[Signs, Signs] | None
    """Signs of rows and columns whose outer product `signs` is; None if it is none."""
    before: Levels | None
    """Conductances before the round; None without a recorder."""
    pulses: Pulses


class Slots(NamedTuple):
    """What the pulse slots of one write do on one plane."""

    drives: int
    """Driven lines, summed over the slots."""
    half_selected: int
    """Σ g of cells of which one line alone is driven, in 1/COUNT_SCALE of a full-scale cell."""
    peaks: tuple[int, int, int]
    """Largest sum of levels in one slot on a row, on a column, in the array."""


def slot_count(one: Round, scheme: WriteScheme) -> int:
    """Return how many slots the pulses of a round take, one after another."""
    if scheme == "device_serial":
        return int(np.count_nonzero(one.signs))
    if scheme == "parallel" and one.lines is not None:
        return len(_line_slots(*one.lines))
    return sum(int(((one.signs == sign).any(axis=1)).sum()) for sign in (1, -1))


def slots_on(one: Round, plane: int, scheme: WriteScheme) -> Slots:
    """Return what the slots of a round do on one plane; its levels before must be known.

    Parameters
    ----------
    one : Round
        What is pulsed; its levels before must be known.
    plane : int
        Which of the arrays of a block.
    scheme : WriteScheme
        Which pulses may be given in one slot.
    """
    signs, lines, before = one.signs, one.lines, one.before
    assert before is not None  # noqa: S101 (there is a recorder)
    level, rows, columns = before.cells[plane], before.rows[plane], before.columns[plane]
    if scheme == "device_serial":
        return _serial_slots(level, rows, columns, signs)
    if scheme == "parallel" and lines is not None:
        return _outer_slots(level, rows, columns, lines)
    return _row_slots(level, rows, columns, signs)


def _line_slots(rows: Signs, columns: Signs) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return the (row mask, column mask) of each slot of an outer product that pulses something."""
    slots = []
    for row_sign in (1, -1):
        for column_sign in (1, -1):
            masks = rows == row_sign, columns == column_sign
            if masks[0].any() and masks[1].any():
                slots.append(masks)
    return slots


def _outer_slots(
    level: FloatArray, rows: IntArray, columns: IntArray, lines: tuple[Signs, Signs]
) -> Slots:
    drives = half = 0
    peaks = [0, 0, 0]
    for row_mask, column_mask in _line_slots(*lines):
        drives += int(row_mask.sum() + column_mask.sum())
        on_rows = (level @ column_mask)[row_mask]
        on_columns = (row_mask @ level)[column_mask]
        total = int(on_rows.sum())
        half += int(rows[row_mask].sum() + columns[column_mask].sum()) - 2 * total
        for number, value in enumerate((on_rows.max(), on_columns.max(), total)):
            peaks[number] = max(peaks[number], int(value))
    return Slots(drives, half, (peaks[0], peaks[1], peaks[2]))


def _row_slots(level: FloatArray, rows: IntArray, columns: IntArray, signs: Signs) -> Slots:
    drives = half = row_peak = cell_peak = 0
    for sign in (1, -1):
        mask = signs == sign
        driven = mask.any(axis=1)
        pulsed = mask * level
        on_rows = pulsed.sum(axis=1)
        drives += int(driven.sum() + mask.sum())
        half += int(rows[driven].sum() + (mask * columns).sum() - 2 * on_rows.sum())
        row_peak = max(row_peak, int(on_rows.max()))
        cell_peak = max(cell_peak, int(pulsed.max()))
    return Slots(drives, half, (row_peak, cell_peak, row_peak))


def _serial_slots(level: FloatArray, rows: IntArray, columns: IntArray, signs: Signs) -> Slots:
    mask = signs != 0
    half = int((mask * (rows[:, None] + columns - 2 * level)).sum())
    peak = int((mask * level).max())
    return Slots(2 * int(mask.sum()), half, (peak, peak, peak))
