"""Links of a run's network: how busy they were, and how long packets waited for them."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd

from archsim.chip import TiledDescription
from archsim.report.page import Section
from archsim.report.tables import Cell, Column, Table
from archsim.runs.result import Run

__all__ = ["network_section"]

BUSIEST = 5
"""Links that are told one by one."""
_SECOND = 10**15


def network_section(run: Run) -> Section | None:
    """Return how busy the links were; None where every pair of tiles has a link of its own."""
    chip = run.machine
    if not isinstance(chip, TiledDescription) or chip.network.topology == "point_to_point":
        return None
    ticks = run.book.duration_ticks()
    rows = run.ledger[run.ledger["action"] == "transfer"]
    if not ticks or not len(rows):
        return None
    table = _of_all(run, ticks) if run.spreads else _busiest(rows, ticks)
    return Section(title="Network", items=(table,))


def _columns(first: str) -> tuple[Column, ...]:
    return (
        Column(name=first),
        Column(name="carried", unit="bit", style="quantity"),
        Column(name="utilisation", style="share"),
        Column(name="waited for", unit="s", style="quantity"),
    )


def _busiest(ledger: pd.DataFrame, ticks: int) -> Table:
    """Return the busiest links, and the sum of all that carried something."""
    sums: dict[str, list[int]] = {}
    names = ("tile", "count", "busy_ticks", "waiting_ticks")
    for link, *values in zip(*(ledger[name] for name in names), strict=True):
        entry = sums.setdefault(link, [0, 0, 0])
        for place, value in enumerate(values):
            entry[place] += int(value)
    order = sorted(sums, key=lambda link: (-sums[link][1], link))
    rows: list[tuple[Cell, ...]] = [
        (link, Fraction(bits), busy / ticks, Fraction(wait, _SECOND))
        for link in order[:BUSIEST]
        for bits, busy, wait in (sums[link],)
    ]
    bits, busy, wait = (sum(column) for column in zip(*sums.values(), strict=True))
    share = busy / (ticks * len(sums))
    rows.append((f"all {len(sums)} in use", Fraction(bits), share, Fraction(wait, _SECOND)))
    return Table(
        title="Busiest links",
        columns=_columns("link"),
        rows=tuple(rows),
        strong=frozenset((len(rows) - 1,)),
        note="Utilisation is busy time over the whole time, their mean for all; packets waited for "
        "a link while others held it or its buffer was full, in time summed over packets.",
    )


def _of_all(run: Run, ticks: int) -> Table:
    """Return the least, mean and most that one link of very many did."""
    rows: list[tuple[Cell, ...]] = []
    for spread in run.spreads:
        if spread.action == "transfer":
            bits, busy, wait = spread.counts, spread.busy_ticks, spread.waiting_ticks
            for name in ("least", "mean", "most"):
                values = (Fraction(getattr(span, name)) for span in (bits, busy, wait))
                carried, held, waited = values
                label = f"{name} of {spread.tiles} links, {spread.phase}"
                rows.append((label, carried, float(held / ticks), waited / _SECOND))
    return Table(
        title="Links",
        columns=_columns("one link"),
        rows=tuple(rows),
        note="Each column by itself. Utilisation is busy time over the whole time.",
    )
