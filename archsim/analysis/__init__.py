"""Analysis: what a finished run says beyond its own numbers."""

from archsim.analysis.quantity import Quantity, baseline_energy, baseline_time, energy, quotient
from archsim.analysis.uncertainty import (
    CANNOT_TELL,
    Interval,
    Share,
    as_quantity,
    dominant,
    interval,
    ratio_interval,
    time_interval,
    verdict,
)

__all__ = [
    "CANNOT_TELL",
    "Interval",
    "Quantity",
    "Share",
    "as_quantity",
    "baseline_energy",
    "baseline_time",
    "dominant",
    "energy",
    "interval",
    "quotient",
    "ratio_interval",
    "time_interval",
    "verdict",
]
