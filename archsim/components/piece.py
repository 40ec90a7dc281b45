"""Pieces: weight matrices cut into blocks of cells that fit the arrays."""

from __future__ import annotations

from typing import NamedTuple

from archsim.components.behaviour import Behaviour
from archsim.components.cell_block import CellBlock
from archsim.errors import InputError
from archsim.trace.ops import Block

__all__ = ["Piece", "cut"]


class Piece(NamedTuple):
    """A block of a matrix, and the rows and columns that it holds."""

    cells: CellBlock
    rows: slice
    columns: slice

    def sides(self, *, transposed: bool) -> tuple[slice, slice]:
        """Return the lines that a read drives, and those that it sums along."""
        return (self.columns, self.rows) if transposed else (self.rows, self.columns)


def cut(behaviour: Behaviour, matrix: str, shape: tuple[int, int], seed: int) -> tuple[Piece, ...]:
    """Return the pieces of a matrix row by row, the last ones smaller.

    Parameters
    ----------
    behaviour : Behaviour
        Section of the chip; it says how large a block may be.
    matrix : str
        Name of the matrix.
    shape : tuple of int
        Its (rows, columns).
    seed : int
        Seed of the run, from which the cells of each block draw what is their own.

    Raises
    ------
    InputError
        If the matrix has no row or no column.
    """
    if min(shape) < 1:
        message = f"matrix {matrix!r}: expected at least one row and one column, got {shape}"
        raise InputError(message)
    pieces = []
    for row, rows in enumerate(_stretches(shape[0], behaviour.block_rows)):
        for column, columns in enumerate(_stretches(shape[1], behaviour.block_columns)):
            size = (rows.stop - rows.start, columns.stop - columns.start)
            cells = CellBlock(behaviour, Block(matrix, row, column), size, seed)
            pieces.append(Piece(cells, rows, columns))
    return tuple(pieces)


def _stretches(lines: int, most: int) -> list[slice]:
    """Return lines in stretches of at most so many."""
    return [slice(start, min(start + most, lines)) for start in range(0, lines, most)]
