"""Pulse trains: what a write of several rounds tells the lines, or the weights, of a matrix."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.components.cell import FloatArray
from archsim.components.piece import Piece

__all__ = ["LineTrain", "Lines", "Train", "part_of"]

Signs = NDArray[np.int8]


class LineTrain(NamedTuple):
    """What the lines of a train of outer products are driven by; only the signs matter here."""

    rows: FloatArray
    columns: FloatArray


class Lines(NamedTuple):
    """Signs of the lines of one outer product."""

    rows: Signs
    columns: Signs


class Train(NamedTuple):
    """What the rounds of a write have in common."""

    bits: int
    """Bits that tell a line, or a weight, what it has to do. [bit]"""
    lines: Lines | None = None
    """Signs that each line may have; None where each weight has its own count."""

    def slots(self, piece: Piece, rounds: int) -> int | None:
        """Return the slots that are planned for a block; None where they follow from the pulses."""
        if self.lines is None:
            return None
        rows, columns = self.lines.rows[piece.rows], self.lines.columns[piece.columns]
        pairs = [len(set(line[line != 0].tolist())) for line in (rows, columns)]
        return rounds * pairs[0] * pairs[1]


def part_of(one: Signs | Lines, piece: Piece) -> tuple[Signs, tuple[Signs, Signs] | None]:
    """Return what a round does to a block: signs of its weights, and of its lines."""
    if isinstance(one, Lines):
        rows, columns = one.rows[piece.rows], one.columns[piece.columns]
        signs: Signs = np.multiply.outer(rows, columns)
        return signs, (rows, columns)
    return one[piece.rows, piece.columns], None
