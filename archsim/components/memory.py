"""Memories of the digital part: registers, SRAM and eDRAM buffers, and the batch accumulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from archsim.components.component import Act, ComponentDescription, Setting, register_component
from archsim.spec import Energy, Time

__all__ = ["Accumulator", "Edram", "Register", "Sram"]

Words = Annotated[int, Field(ge=1)]


class _Memory(ComponentDescription):
    """A memory of words that are read and written one by one."""

    word_bits: Annotated[int, Field(ge=1, le=4096)]
    """Bits of one access; counts are in accesses. [bit]"""
    words: Words
    """How many words one memory holds."""
    read_energy: Energy | None = None
    """Energy of reading one word; absent where nobody knows it. [J]"""
    write_energy: Energy | None = None
    """Energy of writing one word; absent where nobody knows it. [J]"""
    access_time: Time | None = None
    """From request to word, and from one access to the next; absent: no time of its own. [s]"""

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the acts of reading and of writing one word."""
        del setting
        time = self.access_time.value if self.access_time else 0.0
        return {
            "read": Act(self.read_energy.value if self.read_energy else None, time, time),
            "write": Act(self.write_energy.value if self.write_energy else None, time, time),
        }


class Register(_Memory):
    """A bank of registers."""

    kind: Literal["register"]


class Sram(_Memory):
    """A static RAM buffer."""

    kind: Literal["sram"]


class Edram(_Memory):
    """An embedded dynamic RAM buffer; refresh counts as leakage."""

    kind: Literal["edram"]


class Accumulator(ComponentDescription):
    """A memory of running sums with its adder: it adds up updates over a batch.

    An act reads one word, adds to it and writes it back.
    """

    kind: Literal["accumulator"]
    words: Words
    """How many sums it holds."""
    read_energy: Energy
    """Energy of reading one word. [J]"""
    add_energy: Energy
    """Energy of the addition. [J]"""
    write_energy: Energy
    """Energy of writing one word. [J]"""
    cycle: Time
    """From one addition to the next. [s]"""

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the act of adding to one word."""
        del setting
        energy = self.read_energy.value + self.add_energy.value + self.write_energy.value
        return {"add": Act(energy, self.cycle.value, self.cycle.value)}


register_component("register", Register)
register_component("sram", Sram)
register_component("edram", Edram)
register_component("accumulator", Accumulator)
