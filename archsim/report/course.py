"""Joules to accuracy: how well a run had learnt by what it had cost until then."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

import pandas as pd

from archsim.report.page import Section
from archsim.report.tables import Cell, Column, Table

__all__ = ["Point", "course", "measured", "reach_section", "reach_table"]

_METRICS = MappingProxyType(
    {
        "distorted words, nearest": ("validation_near",),
        "test examples": ("test_accuracy",),
        "test images, hard vote": ("probe_hard", "test_hard"),
        "test images, log-probability vote": ("probe_log_soft", "test_log_soft"),
    }
)
"""Kind of accuracy → the metrics that follow it; a run has those of its kind of workload."""
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
"""Accuracies whose price is told."""


class Point(NamedTuple):
    """An accuracy, with what training had cost when it was measured."""

    step: int
    """Presentations."""
    accuracy: float
    """Share of right answers."""
    energy: float
    """Training energy so far. [J]"""
    time: float
    """Training time so far. [s]"""


def course(metrics: pd.DataFrame) -> dict[str, list[Point]]:
    """Return how accuracy grew with what was spent: kind of accuracy → points.

    Evaluation costs nothing here: energy and time are those of the training phases.

    Parameters
    ----------
    metrics : DataFrame
        Metrics of a run.
    """
    needed = ("step", "metric", "value", "cumulative_energy_j", "cumulative_time_s")
    rows = list(zip(*(metrics[name] for name in needed), strict=True))
    found = {
        kind: [
            Point(int(step), float(value), float(energy), float(time))
            for step, metric, value, energy, time in rows
            if metric in names
        ]
        for kind, names in _METRICS.items()
    }
    return {kind: points for kind, points in found.items() if points}


def measured(
    metrics: pd.DataFrame, by: Literal["epoch", "step"], names: Sequence[str]
) -> dict[int, dict[str, float]]:
    """Return measurements in order, with what training had cost until then.

    Parameters
    ----------
    metrics : DataFrame
        Metrics of a run.
    by : {"epoch", "step"}
        What they are ordered by.
    names : sequence of str
        Metrics that are wanted.

    Returns
    -------
    dict
        Epoch or step → metric → value, ``energy`` [J] and ``time`` [s] among them.
    """
    found: dict[int, dict[str, float]] = {}
    needed = (by, "metric", "value", "cumulative_energy_j", "cumulative_time_s")
    for number, metric, value, energy, time in zip(*(metrics[one] for one in needed), strict=True):
        if metric in names:
            entry = found.setdefault(int(number), {})
            entry |= {metric: float(value), "energy": energy, "time": time}
    return dict(sorted(found.items()))


def reach_table(kind: str, points: list[Point]) -> Table:
    """Return the energy and time that it took to reach one accuracy after another.

    Parameters
    ----------
    kind : str
        Kind of accuracy.
    points : list of Point
        Its course.
    """
    rows: list[tuple[Cell, ...]] = []
    for level in LEVELS:
        reached = next((point for point in points if point.accuracy >= level), None)
        if reached is not None:
            rows.append((f"{level * 100:g} %", reached.accuracy, *reached[2:], reached.step))
    best = max(points, key=lambda point: point.accuracy)
    return Table(
        title=f"Energy and time to reach an accuracy: {kind}",
        columns=(
            Column(name="reached"),
            Column(name="measured then", style="share"),
            Column(name="training energy until then", unit="J", style="quantity"),
            Column(name="training time until then", unit="s", style="quantity"),
            Column(name="presentations", style="number"),
        ),
        rows=tuple(rows),
        note=f"Accuracy was measured {len(points)} times; it may have been reached since the time "
        f"before. The best was {best.accuracy * 100:.1f} %. Measuring is not part of the cost.",
    )


def reach_section(metrics: pd.DataFrame) -> Section | None:
    """Return joules to accuracy for every kind of accuracy; None where nothing was followed."""
    tables = tuple(reach_table(kind, points) for kind, points in course(metrics).items())
    return Section(title="Joules to accuracy", items=tables) if tables else None
