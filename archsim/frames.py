"""Frames: ledger and metrics as tidy pandas tables, and the one dictionary of their columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from archsim.ledger import STATE_SCALE, Ledger, Prices, joules
from archsim.trace import PHASES, TRAINING_PHASES

__all__ = [
    "COLUMNS",
    "EVENT_COLUMNS",
    "GROUP_COLUMNS",
    "LEDGER_COLUMNS",
    "STATIC_PREFIX",
    "Column",
    "cost_share",
    "frame",
    "ledger_frame",
]

STATIC_PREFIX = "static_"
"""Actions that begin so are power states; their count is time."""


class Column(NamedTuple):
    """What a column holds."""

    unit: str
    """SI unit; empty for ids, counts and shares."""
    meaning: str


def _ends(name: str, unit: str, meaning: str) -> dict[str, Column]:
    """Return the columns of a quantity that is told of many tiles together."""
    ends = (("min", "least"), ("mean", "mean"), ("max", "most"), ("sum", "together"))
    return {f"{name}_{end}": Column(unit, f"{meaning}: {text}") for end, text in ends}


COLUMNS = MappingProxyType(
    {
        "run": Column("", "number of the run within its study"),
        "epoch": Column("", "epoch from 0; -1 for what belongs to none"),
        "segment": Column("", "running number of the segment"),
        "step": Column("", "running number of the training step"),
        "task": Column("", "task within its segment"),
        "visit": Column("", "visit within its segment"),
        "phase": Column("", "what the work is for"),
        "tile": Column("", "tile or link"),
        "component": Column("", "part of the tile"),
        "action": Column("", "what the part did; static_STATE for being powered"),
        "count": Column("", "how often, in 1/count_scale of an act; femtoseconds for static rows"),
        "count_scale": Column("", "counts per act; for static rows fs·aW per yJ"),
        "price_yj": Column("yJ", "energy of one act; leakage in aW for static rows"),
        "busy_ticks": Column("fs", "time that servers were held"),
        "waiting_ticks": Column("fs", "time that visits waited for their start"),
        "energy_j": Column("J", "count times price, for reading"),
        "arrival_tick": Column("fs", "when the visit joined its queue, from the segment's begin"),
        "start_tick": Column("fs", "when the visit started, from the segment's begin"),
        "cost": Column("", "training, inference, evaluate, initialise or static"),
        "metric": Column("", "what was measured"),
        "value": Column("", "the measured value"),
        "cumulative_energy_j": Column("J", "training energy spent before the measurement"),
        "cumulative_time_s": Column("s", "training time spent before the measurement"),
        "matrix": Column("", "weight matrix whose block an array holds"),
        "plane": Column("", "which array of the block; 1 for the second of a pair"),
        "programming_writes": Column("", "pulses on each cell that wrote whole values"),
        "update_writes": Column("", "pulses of updates on each cell"),
        "cells": Column("", "how many cells"),
        "kind": Column("", "service, what was waited for, credit, release or gap"),
        "times": Column("", "how many stretches of the critical path"),
        "path_ticks": Column("fs", "time on the critical path"),
        "before": Column("", "what was waited for"),
        "after": Column("", "what waited for it"),
        "percent": Column("%", "how much less time each act takes"),
        "before_ticks": Column("fs", "training time as the chip is"),
        "after_ticks": Column("fs", "training time with the faster component"),
        "source": Column("", "node that energy flows from"),
        "target": Column("", "node that it flows to"),
        "energy_exact": Column("", "energy in yJ / (2^21 10^9), a whole number"),
        "cause": Column("", "count or price; time or leakage for power states"),
        "first_ticks": Column("fs", "time in the first run"),
        "second_ticks": Column("fs", "time in the second run"),
        "difference_ticks": Column("fs", "second minus first"),
        "tiles": Column("", "tiles, links or routers of a class, those that did nothing too"),
        **_ends("count", "", "how often one of them did it, in 1/count_scale of an act"),
        **_ends("busy_ticks", "fs", "time that servers of one were held"),
        **_ends("waiting_ticks", "fs", "time that visits at one waited for their start"),
        **_ends("energy_j", "J", "energy of one"),
    }
)
"""Every column of every table: name → unit and meaning."""

LEDGER_COLUMNS = (
    "run",
    "epoch",
    "tile",
    "component",
    "action",
    "phase",
    "count",
    "count_scale",
    "price_yj",
    "busy_ticks",
    "waiting_ticks",
    "energy_j",
)
GROUP_COLUMNS = (
    "run",
    "epoch",
    "tile",
    "component",
    "action",
    "phase",
    "tiles",
    *_ends("count", "", ""),
    *_ends("busy_ticks", "", ""),
    *_ends("waiting_ticks", "", ""),
    *_ends("energy_j", "", ""),
)
EVENT_COLUMNS = (
    "run",
    "segment",
    "task",
    "visit",
    "tile",
    "component",
    "action",
    "phase",
    "arrival_tick",
    "start_tick",
    "busy_ticks",
    "count",
)


def frame(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> pd.DataFrame:
    """Return a frame with these columns, all known to `COLUMNS`; integers stay exact.

    Raises
    ------
    KeyError
        If a column is not in `COLUMNS`.
    """
    for name in columns:
        COLUMNS[name]
    return pd.DataFrame.from_records([tuple(row) for row in rows], columns=list(columns))


def cost_share(phase: str, action: str) -> str:
    """Return which part of the cost a ledger row belongs to."""
    if action.startswith(STATIC_PREFIX):
        return "static"
    return "training" if phase in TRAINING_PHASES else phase


def ledger_frame(ledger: Ledger, prices: Prices, *, run: int = 0) -> pd.DataFrame:
    """Return the ledger, one row per (epoch, tile, component, action, phase).

    Parameters
    ----------
    ledger : Ledger
        Counts of a run.
    prices : Prices
        Prices of its chip.
    run : int
        Number put into the column ``run``.

    Returns
    -------
    DataFrame
        Columns `LEDGER_COLUMNS`; ``energy_j`` is exact up to its one rounding. [J]
    """
    order = {phase: number for number, phase in enumerate(PHASES)}
    rows: list[tuple[object, ...]] = []
    for epoch, account, tally in ledger.actions():
        price, scale = prices.actions[account.tile, account.component, account.action]
        energy = joules(tally.count, price, scale)
        ids = (run, epoch, account.tile, account.component, account.action, account.phase)
        counts = (tally.count, scale, price, tally.busy_ticks, tally.waiting_ticks, energy)
        rows.append((*ids, *counts))
    for row in ledger.states(prices):
        price = prices.leakage_aw[row.tile, row.component, row.state]
        energy = joules(row.ticks, price, STATE_SCALE)
        action = STATIC_PREFIX + row.state
        ids = (run, row.epoch, row.tile, row.component, action, row.phase)
        rows.append((*ids, row.ticks, STATE_SCALE, price, 0, 0, energy))
    rows.sort(key=lambda row: (row[1], order[str(row[5])], row[2], row[3], row[4]))
    return frame(LEDGER_COLUMNS, rows)


def metrics_frame(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Return measured values, one row each, in the order they were measured."""
    columns = (
        "run",
        "epoch",
        "step",
        "phase",
        "metric",
        "value",
        "cumulative_energy_j",
        "cumulative_time_s",
    )
    return frame(columns, [[row[name] for name in columns] for row in rows])
