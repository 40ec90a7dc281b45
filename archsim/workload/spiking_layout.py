"""Where bit-sliced weights stand in the arrays: as a matrix, or compacted behind a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.components.behaviour import Behaviour
from archsim.errors import InputError
from archsim.workload.spiking_state import Layout

__all__ = ["compacted", "plain"]


def plain(inputs: int, neurons: int, behaviour: Behaviour) -> Layout:
    """Return the layout of a whole matrix: input i on one word line of each array of its block row.

    Blocks are numbered row by row, as the substrate does.

    Parameters
    ----------
    inputs, neurons : int
        Rows and columns of the matrix.
    behaviour : Behaviour
        Section of the chip; it says how large an array is.
    """
    words, lines = behaviour.block_columns, behaviour.rows
    columns = -(-neurons // words)
    row_block = (np.arange(inputs) // lines * columns).astype(np.int32)
    column_block = (np.arange(neurons) // words).astype(np.int32)
    blocks = -(-inputs // lines) * columns
    widths = np.bincount(column_block, minlength=columns)
    held = np.zeros((inputs, blocks), dtype=np.int32)
    for column in range(columns):
        held[np.arange(inputs), row_block + column] = widths[column]
    return Layout(
        lines=(held > 0).astype(np.int32),
        words=held,
        row_block=row_block,
        column_block=column_block,
        pruned=np.zeros(inputs, dtype=np.int32),
    )


def compacted(frozen: NDArray[np.bool_], behaviour: Behaviour, before: Layout) -> Layout:
    """Return the layout of the weights that are left, input after input from the first line on.

    Parameters
    ----------
    frozen : ndarray of bool, shape (inputs, neurons)
        Weights that take no room.
    behaviour : Behaviour
        Rows and columns of an array.
    before : Layout
        Layout so far; there are no more arrays than it has.

    Raises
    ------
    InputError
        If the weights do not fit, as each input begins a word line of its own.
    """
    words, lines = behaviour.block_columns, behaviour.rows
    live = (~frozen).sum(axis=1)
    needed = -(-live // words)
    blocks = before.lines.shape[1]
    row_block = np.zeros(len(live), dtype=np.int32)
    block = used = 0
    for row, count in enumerate(needed):
        if used + count > lines:
            block, used = block + 1, 0
        row_block[row] = block
        used += count
    if block >= blocks:
        raise InputError(
            f"storage.compaction: {int(live.sum()):,} weights in rows of their own need "
            f"{block + 1} arrays of {lines} word lines, there are {blocks}"
        )
    rows = np.arange(len(live))
    on_lines = np.zeros((len(live), blocks), dtype=np.int32)
    held = np.zeros((len(live), blocks), dtype=np.int32)
    on_lines[rows, row_block] = needed
    held[rows, row_block] = live
    return Layout(
        lines=on_lines,
        words=held,
        row_block=row_block,
        column_block=np.zeros_like(before.column_block),
        pruned=before.pruned,
    )
