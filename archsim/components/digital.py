"""Digital logic: arithmetic, shift-add, random numbers and the controller."""

from __future__ import annotations

from typing import Literal

from archsim.components.component import SingleAct, register_component

__all__ = ["Alu", "Controller", "RandomSource", "ShiftAdd"]


class Alu(SingleAct):
    """An arithmetic unit; an act is one addition, subtraction or comparison."""

    action = "operate"
    kind: Literal["alu"]


class ShiftAdd(SingleAct):
    """A shift-and-add unit that joins partial results of bit slices or of blocks."""

    action = "add"
    kind: Literal["shift_add"]


class RandomSource(SingleAct):
    """A source of random numbers for stochastic pulses; an act is one number."""

    action = "draw"
    kind: Literal["random"]


class Controller(SingleAct):
    """What sequences the arrays and their periphery; an act is one operation sequenced."""

    action = "step"
    kind: Literal["controller"]


register_component("alu", Alu)
register_component("shift_add", ShiftAdd)
register_component("random", RandomSource)
register_component("controller", Controller)
