"""Wear of a run: how long its chip lasts, array by array, and with other cells in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from archsim import catalog
from archsim.analysis.wear import ArrayWear, Life, array_wear, lives, wear_of
from archsim.chip import CrossbarDescription, read_chip
from archsim.components.wear import Wear
from archsim.errors import ArchsimError, InputError
from archsim.report.page import Page, Section
from archsim.report.references import variants_of
from archsim.report.stored import descriptions, read_run
from archsim.report.tables import Column, Table, number_text

__all__ = ["WornRun", "technologies", "worn_run"]

_UNITS = (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0), ("s", 1.0))

_UNWRITTEN = (
    "No write of any cell is known of this run, so nothing wears. A synthetic workload declares "
    "its activity and writes no cells; wear is told of runs that learn or program weights."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WornRun:
    """What a run did to its cells."""

    name: str
    training_time: Fraction
    """[s]"""
    arrays: tuple[ArrayWear, ...]
    own: Life
    others: dict[str, Life]
    """Chip of the catalog, with its variant → life of its cells under the same writes."""

    def records(self) -> dict[str, Any]:
        """Return everything for programs, in SI."""
        return {
            "run": self.name,
            "training_time_s": float(self.training_time),
            "arrays": [one._asdict() | {"mean": one.mean} for one in self.arrays],
            "life": _life_record(self.own),
            "technologies": {name: _life_record(life) for name, life in self.others.items()},
        }

    def page(self) -> Page:
        """Return the tables, or that there is nothing to tell."""
        title = f"Wear: {self.name}"
        if not any(one.updates + one.programming for one in self.arrays):
            return Page(title=title, lead=(_UNWRITTEN,))
        return Page(
            title=title,
            sections=(
                Section(title="Writes", items=(self._arrays_table(),)),
                Section(title="Life under continuous training", items=(self._life_table(),)),
            ),
        )

    def _arrays_table(self) -> Table:
        names = ("cells", "updates in all", "programming in all", "mean", "most", "first 1 %")
        return Table(
            title="Pulses on the cells of each array",
            columns=(
                Column(name="tile"),
                Column(name="matrix"),
                *(Column(name=name, style="number") for name in names),
            ),
            rows=tuple(
                (
                    one.tile,
                    one.matrix,
                    one.cells,
                    one.updates,
                    one.programming,
                    one.mean,
                    one.most,
                    one.first,
                )
                for one in self.arrays
            ),
            strong=frozenset((len(self.arrays) - 1,)),
            note="Mean, most and first are updates of a cell; the first 1 % got so many or more.",
        )

    def _life_table(self) -> Table:
        rows = [("this chip", self.own), *self.others.items()]
        return Table(
            title="Until the first 1 % of the cells have had as many pulses as they stand",
            columns=(
                Column(name="cells of"),
                Column(name="endurance", style="number"),
                Column(name="life"),
                Column(name="low to high"),
                Column(name="retention"),
                Column(name="life if only refreshed"),
            ),
            rows=tuple(
                (
                    name,
                    life.endurance.value,
                    span(life.first_end),
                    f"{span(life.low)} to {span(life.high)}",
                    span(life.retention),
                    span(life.refresh_end),
                )
                for name, life in rows
            ),
            note="The run's writes go on at its mean rate, without wear levelling; other cells get "
            "the same writes at the same pace. Each pulse is taken for a cycle of the published "
            "endurance, though a small one may wear less.",
        )


def worn_run(folder: str, *, progress: Callable[[str, float], None] | None = None) -> WornRun:
    """Return the wear of a stored run, beside the cells of all chips of the catalog.

    Raises
    ------
    StorageError
        If the folder cannot be read.
    InputError
        If nobody said what the cells of the chip stand.
    """
    stored = read_run(folder)
    machine = descriptions(stored).chip
    if not isinstance(machine, CrossbarDescription):
        raise InputError(f"{folder}: expected a run on a crossbar chip, got {machine.kind}")
    rows, time = stored.writes, stored.totals.time.get("training", Fraction(0))
    own = {machine.name: wear_of(machine)}
    found = dict(technologies(progress))
    both = lives(rows, training_time=time, technologies={**found, **own})
    return WornRun(
        name=f"{stored.workload} on {stored.chip}, seed {stored.seed}",
        training_time=time,
        arrays=array_wear(rows),
        own=lives(rows, training_time=time, technologies=own)[machine.name],
        others={name: both[name] for name in found},
    )


def technologies(
    progress: Callable[[str, float], None] | None = None,
) -> Iterable[tuple[str, Wear]]:
    """Give what the cells of the catalog's chips stand, one chip for each wear that differs."""
    seen: list[Wear] = []
    names = catalog.entries("chips")
    for number, name in enumerate(names):
        if progress is not None:
            progress("cells of the catalog", number / len(names))
        for reference in (name, *(f"{name}:{one}" for one in variants_of(name, "chip"))):
            try:
                machine = read_chip(reference)
                wear = wear_of(machine) if isinstance(machine, CrossbarDescription) else None
            except ArchsimError:  # a chip with a fault, or without wear, is no technology
                continue
            if wear is not None and wear not in seen:
                seen.append(wear)
                yield reference, wear


def span(seconds: float | None) -> str:
    """Return a span of time in the unit that fits it.

    Examples
    --------
    >>> [span(one) for one in (None, 90.0, 7200.0, 1e6, 1e9)]
    ['–', '90 s', '2 hours', '11.6 days', '31.7 years']
    """
    if seconds is None:
        return "–"
    if seconds == float("inf"):
        return "never"
    name, unit = next((pair for pair in _UNITS if seconds >= pair[1]), _UNITS[-1])
    return f"{number_text(seconds / unit)} {name}"


def _life_record(life: Life) -> dict[str, float | None]:
    numbers = {
        "endurance": life.endurance.value,
        "life_s": life.first_end,
        "life_low_s": life.low,
        "life_high_s": life.high,
        "retention_s": life.retention,
        "refreshed_life_s": life.refresh_end,
    }
    return {name: None if one == float("inf") else one for name, one in numbers.items()}
