"""Breakdowns: where the energy and the time of a run went, summed exactly."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

import pandas as pd

from archsim.frames import STATIC_PREFIX, cost_share
from archsim.ledger import Ledger
from archsim.report.tables import Cell, Column, Table
from archsim.runs.result import Run, Totals
from archsim.trace import PHASES, TRAINING_PHASES

__all__ = [
    "PARTS",
    "Spent",
    "act_table",
    "acts_done",
    "component_table",
    "energy_by",
    "phase_table",
    "phase_ticks",
    "phase_times",
    "tile_table",
    "totals_table",
]

PARTS = ("training", "inference", "initialise", "evaluate", "mixed", "static")
"""Parts of the cost, in the order of reports; the first is the headline."""

_JOULE = 10**24
_SECOND = 10**15


class Spent(NamedTuple):
    """What one part of the chip or one phase took."""

    energy: Fraction
    """Energy of acts. [J]"""
    static: Fraction
    """Energy of being powered. [J]"""


def energy_by(
    ledger: pd.DataFrame, key: Literal["component", "tile", "phase"]
) -> dict[str, dict[str, Fraction]]:
    """Return the energy of each component, tile or phase, apart by part of the cost.

    Parameters
    ----------
    ledger : DataFrame
        Ledger of a run.
    key : {"component", "tile", "phase"}
        Column to group by.

    Returns
    -------
    dict
        Group → part of the cost (`PARTS`) → energy, exact. [J]
    """
    columns = (key, "phase", "action", "count", "price_yj", "count_scale")
    sums: dict[str, dict[str, Fraction]] = {}
    for group, phase, action, count, price, scale in zip(
        *(ledger[name] for name in columns), strict=True
    ):
        part = cost_share(phase, action)
        entry = sums.setdefault(group, {})
        energy = Fraction(int(count) * int(price), int(scale))
        entry[part] = entry.get(part, Fraction(0)) + energy
    return {
        group: {part: energy / _JOULE for part, energy in entry.items()}
        for group, entry in sums.items()
    }


def phase_ticks(ledger: Ledger) -> dict[str, int]:
    """Return the time [fs] of the segments of each phase, gaps included."""
    ticks: dict[str, int] = {}
    for (epoch, phase), duration in ledger.durations.items():
        ticks[phase] = ticks.get(phase, 0) + duration + ledger.gaps[epoch, phase]
    return ticks


def phase_times(ledger: Ledger) -> dict[str, Fraction]:
    """Return the time [s] of the segments of each phase, gaps included."""
    return {phase: Fraction(ticks, _SECOND) for phase, ticks in phase_ticks(ledger).items()}


def totals_table(totals: Totals) -> Table:
    """Return energy, time and mean power: the headline, what stands beside it, and everything."""
    rows: list[tuple[Cell, ...]] = []
    for part in PARTS:
        energy, time = totals.energy.get(part), totals.time.get(part)
        if part == "training" or energy or time:
            rows.append((_PART_NAMES.get(part, part), energy, time, _power(energy, time)))
    energy, time = totals.grand_energy, totals.grand_time
    rows.append(("grand total", energy, time, _power(energy, time)))
    return Table(
        title="What it costs",
        columns=(
            Column(name="part"),
            Column(name="energy", unit="J", style="quantity"),
            Column(name="time", unit="s", style="quantity"),
            Column(name="mean power", unit="W", style="quantity"),
        ),
        rows=tuple(rows),
        strong=frozenset((0, len(rows) - 1)),
        note="Training is the headline: free, clamped, forward, backward, update, verify and io. "
        "Static energy, of being powered, is part of the grand total only.",
    )


_PART_NAMES = {"training": "training (headline)", "mixed": "mixed phases"}


def _power(energy: Fraction | None, time: Fraction | None) -> Cell:
    return energy / time if energy and time else None


def component_table(ledger: pd.DataFrame) -> Table:
    """Return the energy and busy time of each kind of component, largest training energy first."""
    return _group_table(ledger, "component", "Energy and busy time by component")


def tile_table(ledger: pd.DataFrame) -> Table:
    """Return the energy and busy time of each tile and link, largest training energy first."""
    return _group_table(ledger, "tile", "Energy and busy time by tile and link")


def act_table(ledger: pd.DataFrame) -> Table:
    """Return what each kind of act took in training, the most energy first."""
    sums: dict[tuple[str, str], tuple[Fraction, Fraction]] = {}
    columns = ("component", "action", "phase", "count", "count_scale", "price_yj")
    for component, action, phase, count, scale, price in zip(
        *(ledger[name] for name in columns), strict=True
    ):
        if cost_share(phase, action) == "training":
            acts, energy = sums.get((component, action), (Fraction(0), Fraction(0)))
            whole = Fraction(int(count), int(scale))
            sums[component, action] = (acts + whole, energy + whole * int(price) / _JOULE)
    total = sum((energy for _, energy in sums.values()), Fraction(0))
    order = sorted(sums, key=lambda key: (-sums[key][1], key))
    rows: list[tuple[Cell, ...]] = [
        (*key, round(sums[key][0]), sums[key][1] or "unpriced", sums[key][1] / total)
        for key in order
        if total
    ]
    return Table(
        title="Training energy by act",
        columns=(
            Column(name="component"),
            Column(name="act"),
            Column(name="how often", style="number"),
            Column(name="energy", unit="J", style="quantity"),
            Column(name="share", style="share"),
        ),
        rows=tuple(rows),
        note="Acts that depend on data, such as reads and pulses of cells, count in full-scale "
        "cells. Unpriced: free of charge, or nobody knows.",
    )


def _group_table(ledger: pd.DataFrame, key: Literal["component", "tile"], title: str) -> Table:
    spent = energy_by(ledger, key)
    busy = _busy(ledger, key)
    total = sum((entry.get("training", Fraction(0)) for entry in spent.values()), Fraction(0))
    parts = [part for part in PARTS[1:] if any(part in entry for entry in spent.values())]
    order = sorted(spent, key=lambda name: (-spent[name].get("training", Fraction(0)), name))
    free = _unpriced(ledger, key)
    rows: list[tuple[Cell, ...]] = []
    for name in order:
        energy = spent[name].get("training")
        beside = [spent[name].get(part) for part in parts]
        if name in free:
            cells: list[Cell] = ["unpriced" if energy is not None else None, None, busy.get(name)]
        else:
            cells = [energy, energy / total if energy and total else None, busy.get(name)]
        rows.append((name, *cells, *beside))
    sums = [_sum(spent, part) for part in parts]
    rows.append(("all", total, Fraction(1) if total else None, None, *sums))
    return Table(
        title=title,
        columns=(
            Column(name=key if key == "component" else "tile or link"),
            Column(name="training energy", unit="J", style="quantity"),
            Column(name="share", style="share"),
            Column(name="busy in training", unit="s", style="quantity"),
            *(Column(name=part, unit="J", style="quantity") for part in parts),
        ),
        rows=tuple(rows),
        strong=frozenset((len(rows) - 1,)),
        note="Busy time is summed over all servers of a kind, so it may exceed the training time; "
        "parts that act together with an array are booked there.",
    )


def _sum(spent: Mapping[str, Mapping[str, Fraction]], part: str) -> Fraction:
    return sum((entry.get(part, Fraction(0)) for entry in spent.values()), Fraction(0))


def _unpriced(ledger: pd.DataFrame, key: str) -> set[str]:
    """Return the groups none of whose acts have a price above 0."""
    prices: dict[str, int] = {}
    for group, action, price in zip(
        *(ledger[name] for name in (key, "action", "price_yj")), strict=True
    ):
        if not action.startswith(STATIC_PREFIX):
            prices[group] = max(prices.get(group, 0), int(price))
    return {group for group, price in prices.items() if not price}


def _busy(ledger: pd.DataFrame, key: str) -> dict[str, Fraction]:
    """Return the busy time [s] of each group in the phases of training."""
    busy: dict[str, Fraction] = {}
    for group, phase, ticks in zip(
        *(ledger[name] for name in (key, "phase", "busy_ticks")), strict=True
    ):
        if phase in TRAINING_PHASES and ticks:
            busy[group] = busy.get(group, Fraction(0)) + Fraction(int(ticks), _SECOND)
    return busy


def phase_table(ledger: pd.DataFrame, times: Mapping[str, Fraction]) -> Table:
    """Return time, energy and static energy of each phase, with the headline and everything.

    Parameters
    ----------
    ledger : DataFrame
        Ledger of a run.
    times : mapping
        Phase → time; empty if it is not known. [s]
    """
    spent = _phases(ledger)
    phases = [phase for phase in PHASES if phase in spent or times.get(phase)]
    training = [phase for phase in phases if phase in TRAINING_PHASES]
    beside = [phase for phase in phases if phase not in TRAINING_PHASES]
    headline = _phase_row("training (headline)", training, spent, times)
    base = headline[2]
    groups = [(phase, [phase]) for phase in training] + [("training (headline)", training)]
    groups += [(phase, [phase]) for phase in beside] + [("all phases", phases)]
    rows = []
    for name, members in groups:
        row = _phase_row(name, members, spent, times)
        share = row[2] / base if base and set(members) <= set(training) else None
        rows.append((row[0], row[1], row[2], share, row[3]))
    return Table(
        title="Energy and time by phase",
        columns=(
            Column(name="phase"),
            Column(name="time", unit="s", style="quantity"),
            Column(name="energy", unit="J", style="quantity"),
            Column(name="share of training", style="share"),
            Column(name="static", unit="J", style="quantity"),
        ),
        rows=tuple(rows),
        strong=frozenset((len(training), len(rows) - 1)),
    )


def _phases(ledger: pd.DataFrame) -> dict[str, Spent]:
    spent: dict[str, Spent] = {}
    columns = ("phase", "action", "count", "price_yj", "count_scale")
    for phase, action, count, price, scale in zip(*(ledger[name] for name in columns), strict=True):
        energy = Fraction(int(count) * int(price), int(scale)) / _JOULE
        entry = spent.get(phase, Spent(Fraction(0), Fraction(0)))
        spent[phase] = (
            entry._replace(static=entry.static + energy)
            if action.startswith(STATIC_PREFIX)
            else entry._replace(energy=entry.energy + energy)
        )
    return spent


def _phase_row(
    name: str, members: list[str], spent: Mapping[str, Spent], times: Mapping[str, Fraction]
) -> tuple[str, Fraction | None, Fraction, Fraction]:
    nothing = Spent(Fraction(0), Fraction(0))
    energy = sum((spent.get(phase, nothing).energy for phase in members), Fraction(0))
    static = sum((spent.get(phase, nothing).static for phase in members), Fraction(0))
    time = sum((times.get(phase, Fraction(0)) for phase in members), Fraction(0))
    return name, time if times else None, energy, static


def acts_done(run: Run, component: str, action: str) -> float:
    """Return how often a component did something in training, on all tiles.

    Parameters
    ----------
    run : Run
        A finished run.
    component, action : str
        What is counted.
    """
    counts = [
        tally.count / run.prices.actions[account[1:]].count_scale
        for _, account, tally in run.book.actions()
        if (account.component, account.action) == (component, action)
        and cost_share(account.phase, account.action) == "training"
    ]
    return float(sum(counts))
