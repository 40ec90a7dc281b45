"""Placement: which physical array holds which logical block."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archsim.chip.chip import Chip
from archsim.chip.description import MappingDescription
from archsim.chip.topology import Grid
from archsim.errors import InputError
from archsim.mapping.curve import hilbert_order
from archsim.mapping.program import IntArray
from archsim.mapping.traffic import Traffic, annealed
from archsim.trace import Block, Blocks

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


def place(
    blocks: Sequence[Block],
    *,
    planes: int,
    chip: Chip,
    note: str = "",
    traffic: Callable[[], Traffic] | None = None,
) -> Placement:
    """Return the placement that fills the chip's arrays as its section ``mapping`` says.

    Without that section it fills them in tile order.

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
    traffic : callable, optional
        Gives what blocks send each other, where that can be known before anything runs; called only
        for a placement by traffic, once there is room.

    Raises
    ------
    InputError
        If there are fewer arrays than planes of blocks; the text says how many of both. If the
        placement asked for needs a grid, or traffic, that is not there.
    """
    arrays = np.flatnonzero(chip.has_role("array"))
    needed = len(blocks) * planes
    if needed > len(arrays):
        counts = (
            blocks.per_matrix  # far more than can be listed, perhaps
            if isinstance(blocks, Blocks)
            else Counter(block.matrix for block in blocks)
        )
        needs = [f"{matrix} needs {count * planes}" for matrix, count in counts.items()]
        detail = ", ".join(needs[:8]) + (f" and {len(needs) - 8} more" if len(needs) > 8 else "")
        message = (
            f"the network needs {needed} arrays ({detail}), chip {chip.name} has {len(arrays)}; "
            "take a chip with more or larger arrays, or a weight form with fewer arrays per block"
        )
        if note:
            message += f". {note}"
        raise InputError(message)
    return Placement(
        blocks=blocks,
        numbers=_ordered(arrays, blocks, planes, chip, traffic)[: len(blocks)],
        names=chip.topology.nodes,
    )


def _ordered(
    arrays: IntArray,
    blocks: Sequence[Block],
    planes: int,
    chip: Chip,
    traffic: Callable[[], Traffic] | None,
) -> IntArray:
    """Return the tiles of each block and then of free places, shape (places, planes)."""
    mapping: MappingDescription | None = getattr(chip.description, "mapping", None)
    order = mapping.placement if mapping is not None else "tile_order"
    topology = chip.topology
    if order != "tile_order" and isinstance(topology, Grid) and len(topology.shape) == 2:
        arrays = hilbert_order(arrays, topology.shape)
    elif order == "hilbert":
        message = (
            f"chip {chip.name}: mapping.placement: expected a mesh or torus of two dimensions for "
            f"hilbert, got another network; choose tile_order or traffic"
        )
        raise InputError(message)
    places = arrays[: len(arrays) // planes * planes].reshape(-1, planes)
    if mapping is not None and mapping.order == "copies" and isinstance(blocks, Blocks):
        places[blocks.copy_by_copy()] = places[: len(blocks)].copy()
    if mapping is None or order != "traffic":
        return places
    if traffic is None:
        message = (
            f"chip {chip.name}: mapping.placement: traffic is known beforehand for synthetic "
            "workloads only; choose tile_order or hilbert"
        )
        raise InputError(message)
    tiles = annealed(traffic(), places[:, 0], topology, seed=mapping.seed)
    row = np.empty(len(topology.nodes), dtype=np.int64)
    row[places[:, 0]] = np.arange(len(places))
    return places[row[tiles]]
