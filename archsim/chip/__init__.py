"""Chips: descriptions, checks, and the machine built of them."""

from archsim.chip.build import build, component_tables
from archsim.chip.chip import Chip, Link, PricedAction, Tile
from archsim.chip.description import ChipDescription, CrossbarDescription, Unpriced
from archsim.chip.read import ANY_CHIP, read_chip, register_chip

__all__ = [
    "ANY_CHIP",
    "Chip",
    "ChipDescription",
    "CrossbarDescription",
    "Link",
    "PricedAction",
    "Tile",
    "Unpriced",
    "build",
    "component_tables",
    "read_chip",
    "register_chip",
]
