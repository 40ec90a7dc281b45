"""Analysis: what a finished run says beyond its own numbers."""

from archsim.analysis.uncertainty import (
    CANNOT_TELL,
    Interval,
    Quantity,
    Share,
    as_quantity,
    baseline_energy,
    baseline_time,
    dominant,
    energy,
    energy_interval,
    interval,
    quotient,
    ratio_interval,
    resimulation,
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
    "energy_interval",
    "interval",
    "quotient",
    "ratio_interval",
    "resimulation",
    "time_interval",
    "verdict",
]
