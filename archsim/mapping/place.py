"""Placement: which physical array holds which logical block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archsim.chip.chip import Chip
from archsim.errors import InputError
from archsim.trace import Block

__all__ = ["Placement", "place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where every block stands."""

    tiles: Mapping[Block, tuple[str, ...]]
    """Block → tile of each of its planes."""


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
    arrays = [tile.name for tile in chip.providers("array")]
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
        tiles={
            block: tuple(arrays[number * planes : (number + 1) * planes])
            for number, block in enumerate(blocks)
        }
    )
