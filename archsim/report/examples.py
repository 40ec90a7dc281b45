"""Accuracy of a layered network: on all test examples, in the end and after each epoch."""

from __future__ import annotations

import pandas as pd

from archsim.report.accuracy import last_metrics
from archsim.report.course import course
from archsim.report.tables import Cell, Column, Table

__all__ = ["epochs_table", "examples_table", "has_examples"]


def has_examples(metrics: pd.DataFrame) -> bool:
    """Return whether a run was scored on labelled examples."""
    return bool((metrics["metric"] == "test_accuracy").any())


def examples_table(metrics: pd.DataFrame) -> Table:
    """Return the accuracy on all test examples; of transferred weights, that in software too."""
    last = last_metrics(metrics)
    columns: list[Column] = [Column(name="test examples", style="share")]
    cells: list[Cell] = [last["test_accuracy"]]
    if "presented_accuracy" in last:
        columns.append(Column(name="training examples, when they were presented", style="share"))
        cells.append(last["presented_accuracy"])
    if "software_accuracy" in last:
        columns.append(Column(name="test examples, in software before transfer", style="share"))
        cells.append(last["software_accuracy"])
    if "programming_yield" in last:
        columns.append(Column(name="devices within tolerance", style="share"))
        columns += [Column(name=name, style="number") for name in ("verify pulses", "check reads")]
        cells.append(last["programming_yield"])
        cells += [int(last[name]) for name in ("verify_pulses", "verify_reads")]
    return Table(title="Accuracy after training", columns=tuple(columns), rows=(tuple(cells),))


def epochs_table(metrics: pd.DataFrame) -> Table:
    """Return the accuracy after each epoch, with what training had cost until then."""
    (points,) = course(metrics).values()
    return Table(
        title="Course of training",
        columns=(
            Column(name="presentations", style="number"),
            Column(name="energy so far", unit="J", style="quantity"),
            Column(name="time so far", unit="s", style="quantity"),
            Column(name="test examples", style="share"),
        ),
        rows=tuple((one.step, one.energy, one.time, one.accuracy) for one in points),
    )
