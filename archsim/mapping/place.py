"""Placement: which physical array holds which logical block."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archsim.chip.chip import Chip
from archsim.errors import InputError
from archsim.mapping.program import IntArray
from archsim.trace import Block

__all__ = ["Placement", "place"]


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where every block stands."""

    blocks: Sequence[Block]
    """All blocks, in the order of the network."""
    numbers: IntArray
    """(blocks, planes) number of the tile of each plane of each block."""
    names: Sequence[str]
    """Names of tiles, by number."""

    @functools.cached_property
    def tiles(self) -> Mapping[Block, tuple[str, ...]]:
        """Block → tile of each of its planes."""
        return {
            block: tuple(self.names[tile] for tile in tiles)
            for block, tiles in zip(self.blocks, self.numbers.tolist(), strict=True)
        }


def place(blocks: Sequence[Block], *, planes: int, chip: Chip, note: str = "") -> Placement:
    """Return the placement that fills the chip's arrays in tile order.

    Parameters
    ----------
    blocks : sequence of Block
        Logical blocks in the order of the network.
    planes : int
        Physical arrays that each block needs (2 for a balanced pair).
    chip : Chip
        The chip; every tile with an ``array`` holds one plane of one block.
    note : str
        What the weights themselves say of the room they need, for the message.

    Raises
    ------
    InputError
        If there are fewer arrays than planes of blocks; the text says how many of both.
    """
    arrays = np.flatnonzero(chip.has_role("array"))
    needed = len(blocks) * planes
    if needed > len(arrays):
        per_matrix: dict[str, int] = {}
        for block in blocks:
            per_matrix[block.matrix] = per_matrix.get(block.matrix, 0) + planes
        detail = ", ".join(f"{matrix} needs {count}" for matrix, count in per_matrix.items())
        message = (
            f"the network needs {needed} arrays ({detail}), chip {chip.name} has {len(arrays)}; "
            "take a chip with more or larger arrays, or a weight form with fewer arrays per block"
        )
        if note:
            message += f". {note}"
        raise InputError(message)
    return Placement(
        blocks=blocks,
        numbers=arrays[:needed].reshape(-1, planes),
        names=chip.topology.nodes,
    )
