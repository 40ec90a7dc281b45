"""Accuracy: what a run learnt, beside what the ideal decoder makes of the same samples."""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

from archsim.report.course import measured
from archsim.report.tables import Cell, Column, Table

__all__ = ["Trial", "accuracy_table", "course_table", "last_metrics", "trials"]

_TEST = re.compile(r"test_(near|exact|ceiling)_([0-9.e-]+)")


class Trial(NamedTuple):
    """One final test."""

    flips: float
    """Probability that a dot was flipped."""
    near: float
    """Share of answers nearest to the right word."""
    exact: float
    """Share of answers right in every dot."""
    ceiling: float
    """Share that the ideal nearest-word decoder gets right on the same samples."""


def last_metrics(metrics: pd.DataFrame) -> dict[str, float]:
    """Return the last value of every metric."""
    return {
        str(metric): float(value)
        for metric, value in zip(metrics["metric"], metrics["value"], strict=True)
    }


def trials(metrics: pd.DataFrame) -> list[Trial]:
    """Return the final tests of a run, fewest flips first; the clean words stand first."""
    last = last_metrics(metrics)
    found: dict[float, dict[str, float]] = {}
    for name, value in last.items():
        match = _TEST.fullmatch(name)
        if match is not None:
            found.setdefault(float(match[2]), {})[match[1]] = value
    result = []
    if "clean_near" in last and "clean_exact" in last:
        result.append(Trial(0.0, last["clean_near"], last["clean_exact"], 1.0))
    for flips in sorted(found):
        scores = [found[flips].get(name, float("nan")) for name in ("near", "exact", "ceiling")]
        result.append(Trial(flips, *scores))
    return result


def accuracy_table(metrics: pd.DataFrame) -> Table:
    """Return the scores after training."""
    rows: list[tuple[Cell, ...]] = [
        ("clean" if not trial.flips else f"{trial.flips * 100:g} %", *trial[1:])
        for trial in trials(metrics)
    ]
    return Table(
        title="Accuracy after training",
        columns=(
            Column(name="flipped dots"),
            Column(name="nearest word", style="share"),
            Column(name="exact", style="share"),
            Column(name="ceiling of the ideal decoder", style="share"),
        ),
        rows=tuple(rows),
        note="Nearest: the answer is nearer to the right word than to any other. Exact: every "
        "output is right. The ceiling is of the nearest-word decoder on the same samples; nothing "
        "does better on average.",
    )


def course_table(metrics: pd.DataFrame, *, most: int = 12) -> Table:
    """Return the scores after each epoch, with what training had cost until then.

    Parameters
    ----------
    metrics : DataFrame
        Metrics of a run.
    most : int
        Most rows; of longer runs, evenly spaced epochs and the last one.
    """
    names = ("clean_exact", "validation_near", "validation_exact")
    epochs = measured(metrics, "epoch", names)
    kept = list(epochs)
    if len(kept) > most:
        kept = sorted({kept[number * (len(kept) - 1) // (most - 1)] for number in range(most)})
    columns = ("energy", "time", *names)
    return Table(
        title="Course of training",
        columns=(
            Column(name="epoch", style="number"),
            Column(name="energy so far", unit="J", style="quantity"),
            Column(name="time so far", unit="s", style="quantity"),
            Column(name="clean, exact", style="share"),
            Column(name="distorted, nearest", style="share"),
            Column(name="distorted, exact", style="share"),
        ),
        rows=tuple((epoch + 1, *(epochs[epoch].get(one) for one in columns)) for epoch in kept),
    )
