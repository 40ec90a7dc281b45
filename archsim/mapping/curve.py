"""Space-filling curve: an order of the nodes of a grid in which neighbours stay near each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archsim.mapping.program import IntArray

__all__ = ["hilbert_distance", "hilbert_order"]


def hilbert_distance(x: IntArray, y: IntArray, *, bits: int) -> IntArray:
    """Return how far points lie along the Hilbert curve that fills a square of side ``2^bits``.

    Parameters
    ----------
    x, y : ndarray of int64
        Columns and rows of the points, from 0 to ``2^bits`` − 1.
    bits : int
        Binary digits of a side.

    Notes
    -----
    From the highest bit down, each quarter of the square is entered in turn, and what lies inside
    is turned so that the curve leaves it where the next quarter begins (Hilbert, Math. Ann. 38,
    1891; the loop is the usual one, as in Warren, Hacker's Delight, 16-2).
    """
    x, y = x.astype(np.int64), y.astype(np.int64)
    far = np.zeros_like(x)
    for bit in reversed(range(bits)):
        side = 1 << bit
        right, up = (x & side) > 0, (y & side) > 0
        far += side * side * ((3 * right) ^ up)
        x, y = x & (side - 1), y & (side - 1)
        mirror = ~up & right
        x, y = np.where(mirror, side - 1 - x, x), np.where(mirror, side - 1 - y, y)
        x, y = np.where(up, x, y), np.where(up, y, x)
    return far


def hilbert_order(nodes: IntArray, shape: Sequence[int]) -> IntArray:
    """Return nodes of a grid of two dimensions in the order in which a Hilbert curve meets them.

    Parameters
    ----------
    nodes : ndarray of int64
        Numbers of nodes, last dimension running first.
    shape : sequence of int
        Rows and columns.
    """
    row, column = np.divmod(nodes, shape[1])
    bits = max(max(shape) - 1, 1).bit_length()
    return nodes[np.argsort(hilbert_distance(column, row, bits=bits), kind="stable")]
