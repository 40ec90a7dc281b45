"""Why a run costs what it costs: its critical path, virtual speed-ups, and flows of energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from archsim.analysis.critical_path import CriticalPath, Spent
from archsim.analysis.energy_flow import Flow, energy_flow
from archsim.analysis.speedup import SpeedUp, virtual_speedup
from archsim.frames import frame
from archsim.report.encode import csv_text, records
from archsim.report.folder import Claim
from archsim.report.page import Page, Section, page_markdown
from archsim.report.subject import Progress, Subject
from archsim.report.tables import Column, Table
from archsim.runs import Run
from archsim.trace import TRAINING_PHASES

__all__ = ["Why", "why", "write_why"]

_SECOND = 10**15
_ROWS = 16
"""Longest table that a page shows; files hold all rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Reasons for the cost of one run."""

    name: str
    path: CriticalPath
    run: Run
    speedups: tuple[SpeedUp, ...]
    """Empty where none were asked for."""
    flows: tuple[Flow, ...]

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return all tables: file name → frame; integers exact."""
        path = frame(
            ("phase", "tile", "component", "kind", "times", "path_ticks"),
            ((*part, *spent) for part, spent in self.path.parts.items()),
        )
        handovers = frame(
            ("phase", "before", "after", "times", "path_ticks"),
            ((*one, *spent) for one, spent in self.path.handovers.items()),
        )
        speedups = frame(("component", "percent", "before_ticks", "after_ticks"), self.speedups)
        flows = frame(
            ("source", "target", "energy_exact", "energy_j"),
            ((*flow, flow.joules) for flow in self.flows),
        )
        tables = {"path": path, "handovers": handovers, "flow": flows}
        return tables | ({"speedup": speedups} if self.speedups else {})

    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Return all tables for programs."""
        return {name: records(one) for name, one in self.frames().items()}

    def page(self) -> Page:
        """Return what a reader sees first."""
        headline = self.run.totals.headline
        time = (_path_table(self.path, headline), _handover_table(self.path, headline))
        sections = [Section(title=f"Where the {headline} time goes", items=time)]
        if self.speedups:
            table = _speedup_table(self.speedups, headline)
            sections.append(Section(title="What a faster part would gain", items=(table,)))
        sections.append(Section(title="Where the energy goes", items=(_flow_table(self.flows),)))
        return Page(title=f"Why: {self.name}", sections=tuple(sections))


def why(
    subject: Subject,
    *,
    percent: float = 0.0,
    components: Sequence[str] = (),
    progress: Progress | None = None,
) -> Why:
    """Simulate a subject and return the reasons for its cost.

    Parameters
    ----------
    subject : Subject
        What was, or is to be, run.
    percent : float
        How much less time the acts of a faster component take; 0: no speed-ups. [%]
    components : sequence of str
        Which components are made faster, ``class.role`` each; none: all that take time.
    progress : callable, optional
        Told how far it is.
    """
    path, done = subject.walked(progress)
    speedups: tuple[SpeedUp, ...] = ()
    if percent:
        speedups = virtual_speedup(
            subject.workload,
            subject.chip,
            percent=percent,
            components=components,
            seed=subject.seed,
            progress=progress,
        )
    return Why(name=subject.name, path=path, run=done, speedups=speedups, flows=energy_flow(done))


def write_why(folder: Claim, found: Why) -> None:
    """Fill a folder with all tables and the page.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    for name, table in found.frames().items():
        folder.write(f"{name}.csv", csv_text(table))
    folder.write("report.md", page_markdown(found.page()))
    folder.commit()


_MEANINGS: Mapping[str, str] = {
    "service": "works",
    "server": "waits for a free server",
    "place": "waits for places in a buffer",
    "port": "waits for a read port",
    "turn": "waits for its turn",
    "credit": "gives places back",
    "release": "nothing to do before the release",
    "gap": "waits for the next input",
}


def _phases(headline: str) -> tuple[str, ...]:
    return TRAINING_PHASES if headline == "training" else (headline,)


def _path_table(path: CriticalPath, headline: str) -> Table:
    whole = path.ticks(_phases(headline))
    found = path.by_component(_phases(headline))
    rows: list[tuple[Any, ...]] = [
        (component or "–", _MEANINGS[kind], spent.times, spent.ticks / _SECOND, spent.ticks / whole)
        for (component, kind), spent in found.items()
    ]
    rows = _shortened(rows, list(found.values()), whole)
    rows.append(("all", "", None, whole / _SECOND, 1.0))
    return Table(
        title="Critical path",
        columns=(
            Column(name="component"),
            Column(name="what it does"),
            Column(name="times", style="number"),
            Column(name="time", unit="s", style="quantity"),
            Column(name=f"share of {headline} time", style="share"),
        ),
        rows=tuple(rows),
        strong=frozenset((len(rows) - 1,)),
        note="Every tick of the time belongs to one row; the sum is exact.",
    )


def _shortened(
    rows: list[tuple[Any, ...]], spent: Sequence[Spent], whole: int
) -> list[tuple[Any, ...]]:
    """Return the first rows, and one that stands for all others."""
    if len(rows) <= _ROWS:
        return rows
    rest = sum(one.ticks for one in spent[_ROWS:])
    return [*rows[:_ROWS], ("others", "", None, rest / _SECOND, rest / whole)]


def _handover_table(path: CriticalPath, headline: str) -> Table:
    phases = _phases(headline)
    whole = path.ticks(phases)
    chosen = [(one, spent) for one, spent in path.handovers.items() if one.phase in phases]
    chosen.sort(key=lambda pair: (-pair[1].ticks, pair[0]))
    rows = [
        (one.before, one.after, spent.times, spent.ticks / _SECOND, spent.ticks / whole)
        for one, spent in chosen
    ]
    return Table(
        title="Dependencies on it",
        columns=(
            Column(name="what was waited for"),
            Column(name="what waited for it"),
            Column(name="times", style="number"),
            Column(name="time", unit="s", style="quantity"),
            Column(name=f"share of {headline} time", style="share"),
        ),
        rows=tuple(_shortened(rows, [spent for _, spent in chosen], whole)),
    )


def _speedup_table(speedups: Sequence[SpeedUp], headline: str) -> Table:
    return Table(
        title=f"Each part alone, its acts taking {speedups[0].percent:g} % less time",
        columns=(
            Column(name="component"),
            Column(name=f"{headline} time", unit="s", style="quantity"),
            Column(name="with the faster part", unit="s", style="quantity"),
            Column(name="shrinks by", style="share"),
        ),
        rows=tuple(
            (one.component, one.before_ticks / _SECOND, one.after_ticks / _SECOND, one.share)
            for one in speedups
        ),
        note="Each row is a simulation of its own; a schedule may also grow on a faster part.",
    )


def _flow_table(flows: Sequence[Flow]) -> Table:
    return Table(
        title="Flows of energy, largest first at every level",
        columns=(
            Column(name="from"),
            Column(name="to"),
            Column(name="energy", unit="J", style="quantity"),
        ),
        rows=tuple((flow.source, flow.target, flow.joules) for flow in flows[: 2 * _ROWS]),
        note="" if len(flows) <= 2 * _ROWS else f"{len(flows) - 2 * _ROWS} smaller flows left out.",
    )
