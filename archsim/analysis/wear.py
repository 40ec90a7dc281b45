"""Wear: how long the cells of a chip last under continuous training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from archsim.chip.description import CrossbarDescription
from archsim.components.wear import WRITES_OF_A_REFRESH, Wear
from archsim.errors import InputError
from archsim.runs.writes import WriteRow
from archsim.spec import Constant

__all__ = ["FIRST", "ArrayWear", "Life", "array_wear", "lives", "wear_of", "worn_first"]

FIRST = Fraction(1, 100)
"""Share of the cells whose end counts as that of the chip."""


class ArrayWear(NamedTuple):
    """Writes on the cells of one array, or of all."""

    tile: str
    """Empty for all arrays together."""
    matrix: str
    cells: int
    updates: int
    """Pulses of updates on all of them."""
    programming: int
    """Pulses that wrote whole values."""
    most: int
    """Updates of the cell that got most."""
    first: int
    """Updates that the first `FIRST` of the cells got, or more."""

    @property
    def mean(self) -> float:
        """Updates of a cell on average."""
        return self.updates / self.cells if self.cells else 0.0


class Life(NamedTuple):
    """How long cells of one kind last."""

    endurance: Constant
    first_end: float
    """Until `FIRST` of the cells have had as many updates as they stand; inf: never. [s]"""
    low: float
    """The same at the low end of the endurance. [s]"""
    high: float
    """The same at the high end. [s]"""
    retention: float | None
    """How long an idle cell keeps its value; None: not known. [s]"""
    refresh_end: float | None
    """How long cells last that are only rewritten once a retention; None: not known. [s]"""


def worn_first(rows: Sequence[WriteRow], share: Fraction = FIRST) -> int:
    """Return how many updates the most written cells, so many of all, each got at least.

    Parameters
    ----------
    rows : sequence of WriteRow
        Histogram.
    share : Fraction
        Which share of the cells, above 0; at least one cell.

    Examples
    --------
    >>> rows = [WriteRow("a", "m", 0, 1, updates, 50) for updates in (9, 4, 0)]
    >>> [worn_first(rows, Fraction(part, 100)) for part in (1, 33, 34)]
    [9, 9, 4]
    """
    wanted = max(math.ceil(share * sum(row.cells for row in rows)), 1)
    for row in sorted(rows, key=lambda one: -one.update_writes):
        wanted -= row.cells
        if wanted <= 0:
            return row.update_writes
    return 0


def array_wear(rows: Sequence[WriteRow]) -> tuple[ArrayWear, ...]:
    """Return the writes of each array, and of all together in the end."""
    groups: dict[tuple[str, str], list[WriteRow]] = {}
    for row in rows:
        groups.setdefault((row.tile, row.matrix), []).append(row)
    groups["", "all"] = list(rows)
    return tuple(
        ArrayWear(
            tile=tile,
            matrix=matrix,
            cells=sum(row.cells for row in group),
            updates=sum(row.cells * row.update_writes for row in group),
            programming=sum(row.cells * row.programming_writes for row in group),
            most=max((row.update_writes for row in group), default=0),
            first=worn_first(group),
        )
        for (tile, matrix), group in groups.items()
    )


def wear_of(machine: CrossbarDescription) -> Wear:
    """Return what a chip's cells stand.

    Raises
    ------
    InputError
        If nobody said.
    """
    for group, parts in machine.groups().items():
        for role, part in parts.items():
            found = getattr(part, "wear", None)
            if isinstance(found, Wear):
                return found
            if role == "array" and hasattr(part, "wear"):
                raise InputError(
                    f"chip {machine.name}: tiles.{group}.{role}.wear: expected the endurance of "
                    "the cells, found none; add it with a source, or source: assumption and a note"
                )
    raise InputError(f"chip {machine.name}: expected arrays whose cells wear, found none")


def lives(
    rows: Sequence[WriteRow], *, training_time: Fraction, technologies: Mapping[str, Wear]
) -> dict[str, Life]:
    """Return how long cells of several technologies last under the writes of a run.

    Parameters
    ----------
    rows : sequence of WriteRow
        Writes of the run.
    training_time : Fraction
        Time that its updates took. [s]
    technologies : mapping
        Name → what the cells stand.

    Returns
    -------
    dict
        Name → life.

    Notes
    -----
    The run's training goes on for ever at its own mean rate, on the same cells: no wear levelling.
    With n updates on a cell in the time T, and an endurance of E pulses, it lasts E T / n; n is
    that of the most written hundredth. All cells of a technology stand the same number of pulses;
    their spread is not known. A cell that is rewritten once a retention t, and else left alone,
    lasts E t / 2.
    """
    worst = worn_first(rows)

    def until(pulses: float) -> float:
        return pulses * float(training_time) / worst if worst else math.inf

    found = {}
    for name, wear in technologies.items():
        endurance, retention = wear.endurance, wear.retention
        kept = None if retention is None else retention.value
        found[name] = Life(
            endurance=endurance,
            first_end=until(endurance.value),
            low=until(endurance.value if endurance.low is None else endurance.low),
            high=until(endurance.value if endurance.high is None else endurance.high),
            retention=kept,
            refresh_end=None if kept is None else endurance.value * kept / WRITES_OF_A_REFRESH,
        )
    return found
