"""A cell that is on or off: what a weight is sliced into, one bit each."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from archsim.components.cell import CellModel, FloatArray, register_cell

__all__ = ["BinaryCell"]


class BinaryCell(CellModel):
    """Cell of two states, switched by one pulse and read by a comparator.

    Notes
    -----
    A SET pulse takes it to state 1, a RESET pulse to state 0, whatever it was before. Learning
    feels the cells that are stuck; a comparator tells on from off in spite of spread and noise, so
    those are neglected.
    """

    binary: ClassVar[bool] = True

    model: Literal["binary"]
    """Registered name."""

    def response(self, shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
        """Return 1 for each device: all switch alike."""
        del generator
        return np.ones(shape)

    def change(self, state: FloatArray, up: NDArray[np.bool_], noise: FloatArray) -> FloatArray:
        """Return the change to the state that the pulse leads to."""
        del noise
        return np.where(up, 1.0 - state, -state)


register_cell("binary", BinaryCell)
