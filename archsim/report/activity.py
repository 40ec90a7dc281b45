"""Activity: what a network that learns nothing did."""

from __future__ import annotations

import pandas as pd

from archsim.report.accuracy import last_metrics
from archsim.report.tables import Column, Table

__all__ = ["activity_table", "has_activity"]

_COLUMNS = ("neurons", "synapses", "spikes", "events")


def has_activity(metrics: pd.DataFrame) -> bool:
    """Return whether a run tells how many spikes there were, and nothing of accuracy."""
    return bool((metrics["metric"] == "events").any())


def activity_table(metrics: pd.DataFrame) -> Table:
    """Return how large the network is, and how often it fired."""
    last = last_metrics(metrics)
    steps = int(metrics["step"].max())
    counts = [int(last.get(name, 0.0)) for name in _COLUMNS]
    share = counts[2] / (counts[0] * steps) if counts[0] * steps else 0.0
    return Table(
        title="What the network did",
        columns=(
            *(Column(name=name, style="number") for name in ("time steps", *_COLUMNS[:3])),
            Column(name="synaptic events", style="number"),
            Column(name="neurons that fire in a step", style="share"),
        ),
        rows=((steps, *counts, share),),
    )
