"""Array of binary cells: what sensing and switching them costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from archsim.components.component import Act, ComponentDescription, Setting, register_component
from archsim.components.wear import Wear
from archsim.spec import Energy, Time

__all__ = ["BinaryArray"]


class BinaryArray(ComponentDescription):
    """An array of binary cells behind word lines and comparators, priced by the cell.

    An act reads one cell, or switches one. A word line is driven for `read_time`, `set_time` or
    `reset_time`, however many of its cells take part; cells that do not change get no pulse.
    """

    kind: Literal["binary_array"]
    read_energy: Energy
    """Energy of sensing one cell, whatever its state. [J]"""
    on_energy: Energy | None = None
    """What a cell that is on draws beyond that; absent: nothing. [J]"""
    set_energy: Energy
    """Energy of switching one cell on. [J]"""
    reset_energy: Energy
    """Energy of switching one cell off. [J]"""
    read_time: Time
    """From address to sensed bits of one word line. [s]"""
    set_time: Time
    """How long a word line is held to switch cells on. [s]"""
    reset_time: Time
    """How long a word line is held to switch cells off. [s]"""
    wear: Wear | None = None
    """Endurance and retention of its cells; absent: not known."""

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the acts of single cells."""
        del setting
        read = self.read_time.value
        rise, fall = self.set_time.value, self.reset_time.value
        return {
            "cell_read": Act(self.read_energy.value, read, read),
            "on_read": Act(self.on_energy.value if self.on_energy else 0.0, read, read),
            "set": Act(self.set_energy.value, rise, rise),
            "reset": Act(self.reset_energy.value, fall, fall),
        }


register_component("binary_array", BinaryArray)
