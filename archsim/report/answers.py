"""Answers: the accuracy of a layered network, in the end and after each epoch."""

from __future__ import annotations

import pandas as pd

from archsim.report.accuracy import last_metrics
from archsim.report.tables import Cell, Column, Table

__all__ = ["answers_course_table", "answers_table", "has_answers"]

_MOST = 12
"""Most rows of the course; of longer runs, evenly spaced epochs and the last one."""


def has_answers(metrics: pd.DataFrame) -> bool:
    """Return whether a run was scored by single answers to test examples."""
    return bool((metrics["metric"] == "test_accuracy").any())


def answers_table(metrics: pd.DataFrame) -> Table:
    """Return the accuracy on the test examples, and what a transfer came to."""
    last = last_metrics(metrics)
    columns = [Column(name="test examples", style="share")]
    row: list[Cell] = [last["test_accuracy"]]
    if "software_accuracy" in last:
        columns.append(Column(name="in software, before the transfer", style="share"))
        row.append(last["software_accuracy"])
    if "programming_yield" in last:
        columns += [
            Column(name="devices within tolerance", style="share"),
            Column(name="pulses", style="number"),
            Column(name="check reads", style="number"),
        ]
        row.append(last["programming_yield"])
        row += [int(last["verify_pulses"]), int(last["verify_reads"])]
    return Table(title="Accuracy after training", columns=tuple(columns), rows=(tuple(row),))


def answers_course_table(metrics: pd.DataFrame) -> Table:
    """Return the accuracy after each epoch, with what training had cost until then."""
    needed = ["epoch", "value", "cumulative_energy_j", "cumulative_time_s"]
    part = metrics.loc[metrics["metric"] == "test_accuracy", needed]
    rows: list[tuple[Cell, ...]] = [
        (int(epoch) + 1, float(energy), float(time), float(value))
        for epoch, value, energy, time in part.itertuples(index=False)
    ]
    if len(rows) > _MOST:
        kept = sorted({n * (len(rows) - 1) // (_MOST - 1) for n in range(_MOST)})
        rows = [rows[n] for n in kept]
    return Table(
        title="Course of training",
        columns=(
            Column(name="epoch", style="number"),
            Column(name="energy so far", unit="J", style="quantity"),
            Column(name="time so far", unit="s", style="quantity"),
            Column(name="test examples", style="share"),
        ),
        rows=tuple(rows),
    )
