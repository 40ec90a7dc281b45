"""Votes: the accuracy of a spiking network under each readout, in the end and in between."""

from __future__ import annotations

import pandas as pd

from archsim.report.accuracy import last_metrics
from archsim.report.course import measured
from archsim.report.tables import Cell, Column, Table

__all__ = ["has_votes", "probes_table", "votes_table"]

_VOTES = {"hard": "hard vote", "soft": "share vote", "log_soft": "log-probability vote"}


def has_votes(metrics: pd.DataFrame) -> bool:
    """Return whether a run was read out by votes of neurons."""
    return bool((metrics["metric"] == "test_hard").any())


def votes_table(metrics: pd.DataFrame) -> Table:
    """Return the accuracy on all test images, and how many updates it took."""
    last = last_metrics(metrics)
    return Table(
        title="Accuracy after training",
        columns=(
            *(Column(name=name, style="share") for name in _VOTES.values()),
            Column(name="update attempts", style="number"),
            Column(name="stored weights changed", style="number"),
        ),
        rows=(
            (
                *(last.get(f"test_{vote}") for vote in _VOTES),
                int(last.get("attempts", 0.0)),
                int(last.get("changes", 0.0)),
            ),
        ),
        note="Hard: each output spike is a vote for its neuron's class. Share: it votes for each "
        "class with the share of the neuron's spikes. Log-probability: with the logarithm of that. "
        "Compare like with like. Only changes of stored weights cost programming pulses.",
    )


def probes_table(metrics: pd.DataFrame) -> Table:
    """Return the accuracy on few images during training, with what it had cost until then."""
    names = [f"probe_{vote}" for vote in _VOTES]
    rows: list[tuple[Cell, ...]] = [
        (step, *(at.get(one) for one in ("energy", "time", *names)))
        for step, at in measured(metrics, "step", names).items()
    ]
    return Table(
        title="Course of training",
        columns=(
            Column(name="presentations", style="number"),
            Column(name="energy so far", unit="J", style="quantity"),
            Column(name="time so far", unit="s", style="quantity"),
            *(Column(name=name, style="share") for name in _VOTES.values()),
        ),
        rows=tuple(rows),
    )
