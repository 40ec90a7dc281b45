"""Diff: which counts, prices and times make the difference between two runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from archsim.analysis.critical_path import CriticalPath, Part
from archsim.analysis.difference import HALF_UNIT, Difference, difference
from archsim.frames import frame
from archsim.report.encode import records
from archsim.report.page import Page, Section
from archsim.report.restore import restored
from archsim.report.subject import Progress, Subject
from archsim.report.tables import Column, Table
from archsim.runs import Run

__all__ = ["Diff", "diff"]

_SECOND = 10**15
_ROWS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two runs and what makes the difference."""

    first: str
    second: str
    found: Difference

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return all terms: name → frame; integers exact."""
        energy = frame(
            ("phase", "tile", "component", "action", "cause", "energy_exact", "energy_j"),
            (
                (*one.item, one.cause, one.amount, one.amount / (HALF_UNIT * 10**24))
                for one in self.found.energy
            ),
        )
        time = frame(
            (*Part._fields, "first_ticks", "second_ticks", "difference_ticks"),
            ((*one.part, one.first.ticks, one.second.ticks, one.ticks) for one in self.found.time),
        )
        return {"energy": energy, "time": time}

    def records(self) -> dict[str, Any]:
        """Return all terms for programs."""
        tables = {name: records(one) for name, one in self.frames().items()}
        return {
            "first": self.first,
            "second": self.second,
            "energy_delta_exact": self.found.energy_delta,
            "time_delta_ticks": self.found.time_delta,
            **tables,
        }

    def page(self) -> Page:
        """Return the largest terms."""
        return Page(
            title="What makes the difference",
            lead=(f"A: {self.first}", f"B: {self.second}"),
            sections=(
                Section(title="Energy", items=(self._energy_table(),)),
                Section(title="Time", items=(self._time_table(),)),
            ),
        )

    def _energy_table(self) -> Table:
        whole, unit = self.found.energy_delta, HALF_UNIT * 10**24
        sums: dict[tuple[str, str, str, str], int] = {}
        for one in self.found.energy:
            key = (one.item.phase, one.item.component, one.item.action, one.cause)
            sums[key] = sums.get(key, 0) + one.amount
        ordered = sorted(sums.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
        rows: list[tuple[Any, ...]] = [(*key, amount / unit) for key, amount in ordered[:_ROWS]]
        rest = sum(amount for _, amount in ordered[_ROWS:])
        if len(ordered) > _ROWS:
            rows.append(("others", "", "", "", rest / unit))
        rows.append(("all", "", "", "", whole / unit))
        names = ("phase", "component", "act", "because of its")
        return Table(
            title="B minus A, tiles added up",
            columns=(
                *(Column(name=name) for name in names),
                Column(name="energy", unit="J", style="quantity"),
            ),
            rows=tuple(rows),
            strong=frozenset((len(rows) - 1,)),
            note="The terms sum exactly. What both count and price change is halved between them.",
        )

    def _time_table(self) -> Table:
        sums: dict[tuple[str, str, str], tuple[int, int]] = {}
        for one in self.found.time:
            key = (one.part.phase, one.part.component or "–", one.part.kind)
            first, second = sums.get(key, (0, 0))
            sums[key] = (first + one.first.ticks, second + one.second.ticks)
        ordered = sorted(sums.items(), key=lambda pair: (-abs(pair[1][1] - pair[1][0]), pair[0]))
        shown = ordered[:_ROWS]
        if len(ordered) > _ROWS:
            shown.append((("others", "", ""), _sums([pair for _, pair in ordered[_ROWS:]])))
        shown.append((("all", "", ""), _sums(sums.values())))
        return Table(
            title="B minus A, along the critical paths, tiles added up",
            columns=(
                Column(name="phase"),
                Column(name="component"),
                Column(name="what it does"),
                *(
                    Column(name=name, unit="s", style="quantity", group="time")
                    for name in ("A", "B", "difference")
                ),
            ),
            rows=tuple(
                (*key, first / _SECOND, second / _SECOND, (second - first) / _SECOND)
                for key, (first, second) in shown
            ),
            strong=frozenset((len(shown) - 1,)),
            note="The terms sum exactly.",
        )


def _sums(pairs: Collection[tuple[int, int]]) -> tuple[int, int]:
    return sum(first for first, _ in pairs), sum(second for _, second in pairs)


def diff(
    first: Subject, second: Subject, *, paths: bool = True, progress: Progress | None = None
) -> Diff:
    """Return what makes the difference between two subjects.

    Parameters
    ----------
    first, second : Subject
        Stored runs, or workloads on chips that are run now.
    paths : bool
        Simulate stored runs again, to tell times by component; else by phase only.
    progress : callable, optional
        Told how far it is.
    """
    sides: list[tuple[CriticalPath | None, Run]] = []
    for subject in (first, second):
        if subject.stored is not None and not paths:
            sides.append((None, restored(subject.stored)))
            continue
        path, done = subject.walked(progress)
        kept = done if subject.stored is None else restored(subject.stored)
        sides.append((path, kept))
    (own, one), (theirs, two) = sides
    both = None if own is None or theirs is None else (own, theirs)
    found = difference(one, two, paths=both)
    return Diff(first=first.name, second=second.name, found=found)
