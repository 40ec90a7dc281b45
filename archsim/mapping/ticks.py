"""Seconds to ticks: the only rounding of times."""

from __future__ import annotations

__all__ = ["FEMTOSECONDS", "ticks"]

FEMTOSECONDS = 10**15
"""Ticks of a second."""


def ticks(seconds: float) -> int:
    """Return a time in whole femtoseconds, rounded to the nearest."""
    return round(seconds * FEMTOSECONDS)
