"""Writes: how often the cells of each array were written, as counts of cells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from archsim.components.substrate import CellWrites
from archsim.mapping.place import Placement

__all__ = ["WriteRow", "write_rows"]


class WriteRow(NamedTuple):
    """Cells of one array that were written equally often."""

    tile: str
    """Tile of the array."""
    matrix: str
    """Matrix that its block belongs to."""
    plane: int
    """Which array of the block it is: 0, and 1 for the second of a balanced pair."""
    programming_writes: int
    """Pulses that wrote whole values."""
    update_writes: int
    """Pulses of updates."""
    cells: int
    """How many cells got just so many."""


def write_rows(writes: Iterable[CellWrites], placement: Placement) -> tuple[WriteRow, ...]:
    """Return a histogram of writes for each array.

    Parameters
    ----------
    writes : iterable of CellWrites
        What the substrate counted.
    placement : Placement
        Which array holds which block.
    """
    rows = []
    for one in writes:
        pairs = np.stack((one.programming, one.updates), axis=1)
        values, cells = np.unique(pairs, axis=0, return_counts=True)
        tile = placement.tiles[one.block][one.plane]
        for (programming, updates), number in zip(values.tolist(), cells.tolist(), strict=True):
            rows.append(WriteRow(tile, one.block.matrix, one.plane, programming, updates, number))
    return tuple(rows)
