"""Bit-sliced weights: whole codes on binary cells, beside each other in the rows of arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from archsim.components.behaviour import Behaviour
from archsim.components.substrate import CellWrites, Substrate
from archsim.errors import InputError
from archsim.seeds import stream
from archsim.trace.ops import Block
from archsim.trace.recorder import Recorder

__all__ = ["BitSlicedSubstrate", "sliced", "substrate_of"]


class BitSlicedSubstrate(Substrate):
    """Arrays of binary cells that hold whole codes; whoever learns keeps the codes.

    Parameters
    ----------
    behaviour, shapes, seed, recorder
        As for `Substrate`, with weight form ``bit_sliced``.

    Notes
    -----
    A weight of b bits lies on b cells of one word line, a matrix row on as many word lines, one an
    array, as it takes arrays; all arrays get the same address. A comparator tells on from off
    without error, so reads are exact; learning feels only the cells that are stuck.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        shapes: Mapping[str, tuple[int, int]],
        *,
        seed: int,
        recorder: Recorder | None = None,
    ) -> None:
        super().__init__(behaviour, {}, seed=seed, recorder=recorder)
        self.shapes = dict(shapes)
        self.recorder = recorder
        self.bits = behaviour.weight_bits or 0
        """Cells of one weight. [bit]"""
        self.code_changes: dict[str, NDArray[np.int64]] = {}
        """Matrix → how often each weight's code was changed by updates; set by whoever learns."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, matrix by matrix, row by row."""
        words, lines = self.behaviour.block_columns, self.behaviour.rows
        return tuple(
            Block(name, row, column)
            for name, (rows, columns) in self.shapes.items()
            for row in range(-(-rows // lines))
            for column in range(-(-columns // words))
        )

    def cell_writes(self) -> Iterator[CellWrites]:
        """Give the writes so far, array by array.

        A change of a weight counts for each of its cells, which is the most that it can switch;
        weights that pruning moved together count where they stood at first. Programming writes
        every cell once.
        """
        words, lines = self.behaviour.block_columns, self.behaviour.rows
        for block in self.blocks:
            if block.matrix not in self.code_changes:
                continue
            rows = slice(block.row * lines, (block.row + 1) * lines)
            columns = slice(block.column * words, (block.column + 1) * words)
            changes = self.code_changes[block.matrix][rows, columns]
            updates = np.repeat(changes.reshape(-1).astype(np.int64), self.bits)
            yield CellWrites(block, 0, np.ones_like(updates), updates)

    @property
    def room(self) -> str:
        """How many arrays the weights need by their number alone, and how they would fit fewer."""
        cells = self.behaviour.rows * self.behaviour.columns
        weights = sum(rows * columns for rows, columns in self.shapes.values())
        held = cells // self.bits
        needed = weights * self.bits
        text = (
            f"By capacity {weights:,} weights of {self.bits} bits take {needed:,} cells, "
            f"{needed / cells:.2f} arrays of {cells:,}"
        )
        if weights <= held:
            return text
        share = math.ceil(100 * (1 - held / weights))
        return (
            f"{text}; one array holds {held:,}, so they fit one from {share} % pruned on, and only "
            "if what is left is compacted, with a mask to find it by"
        )

    def program(
        self,
        matrix: str,
        weights: NDArray[np.float64],  # noqa: ARG002 (as in the base class)
        *,
        verify: bool = False,  # noqa: ARG002 (likewise)
    ) -> None:
        """Refuse: who learns here writes codes, not conductances.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(
            f"{matrix}: expected cells whose conductance can be set to a weight; cell model "
            f"{self.behaviour.cell.model} with weight_form bit_sliced lacks that: it holds whole "
            "codes, which only learning by spike timing works with"
        )

    def stuck(self, matrix: str) -> NDArray[np.uint8]:
        """Draw the stuck cells: code bits that can be on, and those that always are.

        Returns
        -------
        ndarray of uint8, shape (2, rows, columns)
            Masks for each code; the lowest bit lies on the first cell.
        """
        shape = (*self.shapes[matrix], self.bits)
        draws = stream(self.seed, "device", matrix, "stuck").random(shape)
        cell = self.behaviour.cell
        low, high = cell.stuck_low.value, cell.stuck_high.value
        places = 1 << np.arange(self.bits)
        off = ((draws < low) * places).sum(axis=2)
        on = (((draws >= low) & (draws < low + high)) * places).sum(axis=2)
        top = (1 << self.bits) - 1
        return np.stack((top - off, on)).astype(np.uint8)


def sliced(substrate: Substrate, *, what: str) -> BitSlicedSubstrate:
    """Return a substrate that `what` needs to be bit-sliced.

    Raises
    ------
    InputError
        If its weights have another form.
    """
    if not isinstance(substrate, BitSlicedSubstrate):
        found = substrate.behaviour.weight_form
        raise InputError(
            f"{what} needs whole weights on binary cells (weight_form bit_sliced); the chip has "
            f"weight_form {found} on {substrate.behaviour.cell.model} cells"
        )
    return substrate


def substrate_of(
    behaviour: Behaviour,
    shapes: Mapping[str, tuple[int, int]],
    *,
    seed: int,
    recorder: Recorder | None = None,
) -> Substrate:
    """Return the substrate that suits the weight form; parameters as for `Substrate`.

    Parameters
    ----------
    behaviour, shapes, seed, recorder
        As for `Substrate`.
    """
    kind = BitSlicedSubstrate if behaviour.weight_form == "bit_sliced" else Substrate
    return kind(behaviour, shapes, seed=seed, recorder=recorder)
