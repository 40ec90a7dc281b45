"""Showcases: a few runs of one system side by side, as a report of the catalog lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import archsim
from archsim.analysis import energy, interval
from archsim.report.breakdown import acts_done
from archsim.report.course import course, reach_section
from archsim.report.encode import json_text
from archsim.report.files import LOG_FILE, write_run
from archsim.report.folder import Claim
from archsim.report.markdown import run_markdown
from archsim.report.page import Page, Section, page_markdown
from archsim.report.recipe import Case, Recipe, read_recipe
from archsim.report.sections import accuracy_section, breakdown_section, totals_section
from archsim.report.session import Clock, Progress, Request, run_only, run_summary
from archsim.report.tables import Cell, Column, Table
from archsim.runs import Run

__all__ = ["Showcase", "System", "mnist_settings", "write_showcase"]

System = Literal["ecram", "cbram"]
"""Systems that have a showcase; their reports are called ``demo_SYSTEM``."""
MNIST = "mnist"
"""Variant of a report that takes MNIST instead of scikit-learn's digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showcase:
    """Runs of one system."""

    recipe: Recipe
    runs: Mapping[str, Run]
    """Case → its priced run."""

    def summary(self) -> dict[str, Any]:
        """Return the totals of all runs for programs, in SI."""
        runs = {name: run_summary(run) for name, run in self.runs.items()}
        return {"report": self.recipe.name, "runs": runs}

    def page(self) -> Page:
        """Return the report: all runs side by side, then each by itself."""
        sections = [Section(title="Side by side", items=(self._table(),))]
        for name, run in self.runs.items():
            parts = [totals_section(run), accuracy_section(run), breakdown_section(run)]
            reach = reach_section(run.metrics)
            parts += [reach] if reach is not None else []
            items = tuple(item for part in parts for item in part.items)
            title = f"{name}: {run.workload} on {run.chip}, seed {run.seed}"
            sections.append(Section(title=title, items=items))
        return Page(
            title=f"Report {self.recipe.name}",
            lead=(" ".join(self.recipe.about.split()),),
            sections=tuple(sections),
        )

    def _table(self) -> Table:
        kinds = list(
            dict.fromkeys(kind for run in self.runs.values() for kind in course(run.metrics))
        )
        return Table(
            title="",
            columns=(
                Column(name="case"),
                Column(name="workload"),
                *(Column(name=kind, style="share") for kind in kinds),
                Column(name="presentations", style="number"),
                Column(name="training energy", unit="J", style="quantity"),
                Column(name="training time", unit="s", style="quantity"),
                Column(name="gradient words kept for each", style="number"),
            ),
            rows=tuple(_row(name, run, kinds) for name, run in self.runs.items()),
            note="One seed; in parentheses the 5 % and 95 % points of all constants outside "
            "behaviour. archsim validate holds several seeds against what was published.",
        )


def _row(name: str, run: Run, kinds: list[str]) -> tuple[Cell, ...]:
    followed = course(run.metrics)
    steps = run.learnt.steps if run.learnt is not None else 0
    return (
        name,
        run.workload,
        *(followed[kind][-1].accuracy if kind in followed else None for kind in kinds),
        steps,
        interval(energy(run)),
        run.totals.training_time,
        acts_done(run, "gradient", "write") / max(steps, 1),
    )


def write_showcase(
    system: System,
    folder: Claim | None = None,
    *,
    data: str = "",
    progress: Progress | None = None,
) -> Showcase:
    """Run what the report of a system lists and, given a folder, fill and commit it.

    Parameters
    ----------
    system : {"ecram", "cbram"}
        Which.
    folder : Claim, optional
        Where the files go.
    data : str
        Folder of MNIST, which is then learnt instead of scikit-learn's digits.
    progress : callable, optional
        Told how far it is.

    Raises
    ------
    InputError
        If a file of the data is missing.
    StorageError
        If the folder cannot be written.
    """
    clock = Clock()
    recipe = read_recipe(f"demo_{system}{f':{MNIST}' if data else ''}")
    settings = mnist_settings(data) if data else {}
    runs = {}
    for number, case in enumerate(recipe.cases):

        def step(what: str, fraction: float, number: int = number, case: Case = case) -> None:
            if progress is not None:
                progress(f"{case.name}: {what}", (number + fraction) / len(recipe.cases))

        request = Request(
            workload=case.workload, chip=case.chip, settings={**case.settings, **settings}
        )
        runs[case.name] = run_only(request, progress=step)
    showcase = Showcase(recipe=recipe, runs=runs)
    if folder is not None:
        _write(folder, showcase, clock.log())
        folder.commit()
    return showcase


def mnist_settings(data: str) -> dict[str, str]:
    """Return the settings that make a workload read MNIST from a folder, or from one below it."""
    below = Path(data) / MNIST
    return {"workload.dataset.folder": json.dumps(str(below if below.is_dir() else data))}


def _write(folder: Claim, showcase: Showcase, log: Mapping[str, object]) -> None:
    for name, run in showcase.runs.items():
        write_run(folder, run, report=run_markdown(run), log=log, under=name)
    folder.write("report.md", page_markdown(showcase.page()))
    manifest = {
        "archsim": archsim.__version__,
        "report": showcase.recipe.name,
        "cases": sorted(showcase.runs),
        "files": {
            name: digest
            for name, digest in folder.digests.items()
            if name == "report.md" or name.endswith("/manifest.json")
        },
    }
    folder.write("manifest.json", json_text(manifest))
    folder.write(LOG_FILE, "".join(f"{key}: {value}\n" for key, value in log.items()))
