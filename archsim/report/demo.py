"""The demonstration: the report ``madem`` of the catalog, run and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import archsim
from archsim.analysis import interval
from archsim.chip import read_published
from archsim.chip.published import Published
from archsim.errors import InputError
from archsim.report.claims import Finding, claims_table
from archsim.report.encode import csv_text, json_text
from archsim.report.figures import Figures, dominant_table, figures
from archsim.report.files import LOG_FILE, write_run
from archsim.report.folder import Claim
from archsim.report.gpu import (
    GpuRow,
    gpu_boundary,
    gpu_findings,
    gpu_frame,
    gpu_records,
    gpu_rows,
    gpu_section,
)
from archsim.report.markdown import run_markdown
from archsim.report.page import Page, Section, page_markdown
from archsim.report.recipe import Case, Recipe, read_recipe
from archsim.report.sections import (
    breakdown_section,
    currents_section,
    included_section,
    totals_section,
)
from archsim.report.seeds import (
    Outcome,
    learn,
    outcome_of,
    seeds_findings,
    seeds_frame,
    seeds_table,
)
from archsim.report.session import Clock, Progress, Request, run_only, run_summary
from archsim.report.tolerance import (
    TRAININGS,
    Tolerance,
    tolerance,
    tolerance_findings,
    tolerance_frame,
    tolerance_table,
)
from archsim.runs import Run
from archsim.workload import AttractorDescription

__all__ = ["Demo", "write_demo"]

REPORT = "madem"
"""Entry of the catalog of reports that the demonstration runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the demonstration found."""

    recipe: Recipe
    published: Published | None
    runs: Mapping[str, Run]
    """Case → its priced run."""
    figures: Mapping[str, Figures]
    """Case → its cost, with ranges."""
    outcomes: Mapping[str, Sequence[Outcome]]
    """Case → trainings, one a seed."""
    rows: Sequence[GpuRow]
    tolerances: Sequence[Tolerance]

    def summary(self) -> dict[str, Any]:
        """Return the totals of all runs for programs, in SI."""
        runs = {name: run_summary(run) for name, run in self.runs.items()}
        return {"report": self.recipe.name, "runs": runs, "gpus": gpu_records(self.rows)}

    @property
    def found(self) -> dict[str, list[Finding]]:
        """What is held against published claims: quantity → findings."""
        found: dict[str, list[Finding]] = {"training_time": [], "training_energy": []}
        for name, own in self.figures.items():
            found["training_time"].append(Finding(name, own.time))
            found["training_energy"].append(Finding(name, interval(own.energy)))
            task = self.runs[name].task
            words = len(task.dataset.words) if isinstance(task, AttractorDescription) else 0
            for quantity, finding in seeds_findings(name, self.outcomes[name], words).items():
                found.setdefault(quantity, []).append(finding)
        return {
            **found,
            **gpu_findings(self.rows, self.published),
            **tolerance_findings(self.tolerances),
        }

    def page(self) -> Page:
        """Return the report: absolute figures before ratios."""
        sections = []
        for name, run in self.runs.items():
            parts = (totals_section(run), breakdown_section(run), currents_section(run))
            items = tuple(item for part in parts for item in part.items)
            title = f"{name}: {run.workload} on {run.chip}, seed {run.seed}"
            sections.append(Section(title=title, items=items))
        accuracy = Section(title="Accuracy", items=(seeds_table(self.outcomes),))
        spread = Section(title="Ranges", items=(dominant_table(self.figures),))
        against = gpu_section(self.figures, self.rows, self.published)
        sections = [accuracy, *sections, spread, against]
        if self.tolerances:
            items = (tolerance_table(self.tolerances),)
            sections.append(Section(title="Tolerance", items=items))
        if self.published is not None:
            items = (claims_table(self.published, self.found),)
            sections.append(Section(title="Published claims", items=items))
        machine = next(iter(self.runs.values())).machine
        if machine is not None:
            sections.append(included_section(machine, gpu_boundary(self.rows)))
        return Page(
            title=f"Report {self.recipe.name}",
            lead=(" ".join(self.recipe.about.split()),),
            sections=tuple(sections),
        )


def write_demo(folder: Claim | None, *, progress: Progress | None = None) -> Demo:
    """Run the demonstration and, given a folder, fill and commit it.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    clock = Clock()
    recipe = read_recipe(REPORT)
    steps = _Steps(recipe, progress)
    runs: dict[str, Run] = {}
    outcomes: dict[str, list[Outcome]] = {}
    for case in recipe.cases:
        runs[case.name], outcomes[case.name] = _case(case, steps)
    simulated = clock.seconds
    own = {name: _figures(name, run, steps) for name, run in runs.items()}
    demo = Demo(
        recipe=recipe,
        published=read_published(recipe.published) if recipe.published else None,
        runs=runs,
        figures=own,
        outcomes=outcomes,
        rows=[row for name, run in runs.items() for row in _rows(name, run, own[name], recipe)],
        tolerances=[tolerance(one, each=steps.of(one.name)) for one in recipe.tolerance],
    )
    if folder is not None:
        _write(folder, demo, clock.log(seconds_of_trainings=f"{simulated:.3f}"))
        folder.commit()
    return demo


def _case(case: Case, steps: _Steps) -> tuple[Run, list[Outcome]]:
    """Return the priced run of a case with seed 0, and the trainings of all its seeds."""
    step = steps.of(case.name)
    done = run_only(Request(workload=case.workload, chip=case.chip))
    step(0)
    if done.learnt is None:
        raise InputError(f"{case.name}: expected a workload that is trained")
    others = learn(case.workload, case.chip, seeds=range(1, case.seeds), each=step)
    return done, [outcome_of(done.learnt, done.seed), *others]


def _figures(name: str, run: Run, steps: _Steps) -> Figures:
    own = figures(run)
    steps.of(f"ranges of {name}")(run.seed)
    return own


def _rows(name: str, run: Run, own: Figures, recipe: Recipe) -> list[GpuRow]:
    if not isinstance(run.task, AttractorDescription):
        return []
    return gpu_rows(own, run.task, recipe.gpus, case=name)


def _write(folder: Claim, demo: Demo, log: Mapping[str, object]) -> None:
    for name, run in demo.runs.items():
        write_run(folder, run, report=run_markdown(run), log=log, under=name)
    runs = {f"{name}/manifest.json" for name in demo.runs}
    before = folder.digests.keys() - runs
    folder.write("report.md", page_markdown(demo.page()))
    folder.write("accuracy.csv", csv_text(seeds_frame(demo.outcomes)))
    folder.write("gpu.csv", csv_text(gpu_frame(demo.rows)))
    folder.write("tolerance.csv", csv_text(tolerance_frame(demo.tolerances)))
    files = {name: digest for name, digest in folder.digests.items() if name not in before}
    manifest = {
        "archsim": archsim.__version__,
        "report": demo.recipe.name,
        "cases": sorted(demo.runs),
        "files": files,
    }
    folder.write("manifest.json", json_text(manifest))
    folder.write(LOG_FILE, "".join(f"{key}: {value}\n" for key, value in log.items()))


class _Steps:
    """Counts what is done of all there is to do."""

    def __init__(self, recipe: Recipe, progress: Progress | None) -> None:
        self._progress = progress
        self._done = 0
        self._all = sum(case.seeds + 1 for case in recipe.cases) + sum(
            len(TRAININGS) * len(case.levels) * case.seeds for case in recipe.tolerance
        )

    def of(self, text: str) -> Callable[[int], None]:
        """Return a function that counts one training under this text."""

        def one(seed: int) -> None:
            self._done += 1
            if self._progress is not None:
                self._progress(f"{text}, seed {seed}", self._done / self._all)

        return one
