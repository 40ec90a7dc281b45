"""Chips: descriptions, checks, and the machine built of them."""

from archsim.chip.build import build, component_tables
from archsim.chip.chip import Chip, Link, Tile
from archsim.chip.description import (
    ChipDescription,
    CrossbarDescription,
    NeuronChipDescription,
    TiledDescription,
    Unpriced,
)
from archsim.chip.published import Claim, Published, read_published
from archsim.chip.read import ANY_CHIP, read_chip, register_chip

__all__ = [
    "ANY_CHIP",
    "Chip",
    "ChipDescription",
    "Claim",
    "CrossbarDescription",
    "Link",
    "NeuronChipDescription",
    "Published",
    "Tile",
    "TiledDescription",
    "Unpriced",
    "build",
    "component_tables",
    "read_chip",
    "read_published",
    "register_chip",
]
