"""Wear: how many writes a cell stands, and how long it keeps what was written."""

from __future__ import annotations

from archsim.spec import Description, Number, Retention

__all__ = ["WRITES_OF_A_REFRESH", "Wear"]

WRITES_OF_A_REFRESH = 2
"""Pulses that a cell gets when it is written anew: one to a known state, one to the value."""


class Wear(Description):
    """Life of the cells of an array; no part of what a run computes or costs.

    Endurance is published as full cycles between the ends of the window; a small update pulse may
    wear less, so taking each pulse for a cycle is the cautious reading.
    """

    endurance: Number
    """Pulses after which a cell is taken as worn out."""
    retention: Retention | None = None
    """How long a cell that is left alone keeps its value; absent: not known. [s]"""
