"""Measures: what one run comes to, as one row of numbers."""

from __future__ import annotations

import math
from fractions import Fraction

from archsim.chip import TiledDescription
from archsim.frames import cost_share
from archsim.ledger import STATE_SCALE
from archsim.runs.recorded import Recorded
from archsim.runs.result import Run
from archsim.workload import WorkloadDescription

__all__ = ["MEASURES", "columns_of", "measures"]

PARTS = ("training", "inference", "evaluate", "initialise")
MEASURES: tuple[str, ...] = (
    "training_energy_j",
    "training_time_s",
    "inference_energy_j",
    "inference_time_s",
    "evaluate_energy_j",
    "evaluate_time_s",
    "initialise_energy_j",
    "initialise_time_s",
    "static_energy_j",
    "total_energy_j",
    "total_time_s",
    "area_m2",
    "arrays",
    "met",
    "epochs",
    "steps",
    "pulses",
    "reads",
    "most_pulses",
)
"""Columns that every point has, in SI; then come energy by component, and metrics."""

_YOCTO = 10**24
_FEMTO = 10**15


def measures(run: Run, recorded: Recorded, *, area: float) -> dict[str, float | int | None]:
    """Return the row of a run.

    Parameters
    ----------
    run : Run
        The run; its metrics are not used.
    recorded : Recorded
        The training that it was charged for.
    area : float
        Area of the chip. [m²]

    Returns
    -------
    dict
        `MEASURES`, then energy of training by component as ``COMPONENT_energy_j`` (of inference
        where nothing was trained), and every metric with the value that it had last. Sums are exact
        and rounded once.
    """
    time: dict[str, int] = {}
    for (epoch, phase), ticks in run.book.durations.items():
        part = cost_share(phase, "")
        time[part] = time.get(part, 0) + ticks + run.book.gaps[epoch, phase]
    energy, components = _energies(run, "training" if time.get("training") else "inference")
    row: dict[str, float | int | None] = {}
    for part in PARTS:
        row[f"{part}_energy_j"] = float(energy.get(part, Fraction(0)) / _YOCTO)
        row[f"{part}_time_s"] = float(Fraction(time.get(part, 0), _FEMTO))
    row["static_energy_j"] = float(energy.get("static", Fraction(0)) / _YOCTO)
    row["total_energy_j"] = float(sum(energy.values(), Fraction(0)) / _YOCTO)
    row["total_time_s"] = float(Fraction(sum(time.values()), _FEMTO))
    row["area_m2"] = area
    row["arrays"] = 0 if run.placement is None else run.placement.numbers.size
    learnt = recorded.learnt
    for name in ("met", "epochs", "steps", "pulses", "reads", "most_pulses"):
        row[name] = int(getattr(learnt, name))
    for name, value in sorted(components.items()):
        row[f"{name}_energy_j"] = float(value / _YOCTO)
    for _, metric in recorded.marks:
        row[str(metric["metric"])] = _plain(metric["value"])
    return row


def columns_of(description: WorkloadDescription | TiledDescription) -> frozenset[str] | None:
    """Return the columns that a chip or a workload may bring about, `MEASURES` left out.

    Those of a workload are its metrics; None if it does not declare them. Those of a chip are the
    energies of its components, of which one that does nothing has none after all.
    """
    if isinstance(description, WorkloadDescription):
        return None if description.metrics is None else frozenset(description.metrics)
    parts = {name for group in description.groups().values() for name in group}
    return frozenset(f"{name}_energy_j" for name in parts)


def _energies(run: Run, headline: str) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """Return energy by part of the cost, and that of the headline part by component. [yJ]."""
    sums: dict[tuple[str, str, int], int] = {}
    for _, account, tally in run.book.actions():
        price, scale = run.prices.actions[account[1:]]
        key = (cost_share(account.phase, account.action), account.component, scale)
        sums[key] = sums.get(key, 0) + tally.count * price
    for row in run.book.states(run.prices):
        leakage = run.prices.leakage_aw[row.tile, row.component, row.state]
        key = ("static", "", STATE_SCALE)
        sums[key] = sums.get(key, 0) + row.ticks * leakage
    energy: dict[str, Fraction] = {}
    components: dict[str, Fraction] = {}
    for (part, component, scale), value in sums.items():
        share = Fraction(value, scale)
        energy[part] = energy.get(part, Fraction(0)) + share
        if part == headline:
            components[component] = components.get(component, Fraction(0)) + share
    return energy, components


def _plain(value: object) -> float | int | None:
    if isinstance(value, bool | int):
        return int(value)
    number = float(value)  # type: ignore[arg-type]  # metrics are numbers
    return number if math.isfinite(number) else None
