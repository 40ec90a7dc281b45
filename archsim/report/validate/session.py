"""A validation from its recipe to its files: train, measure, judge, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import archsim
from archsim.chip.published import Verdict
from archsim.report.claims import accepted_text, found_text
from archsim.report.encode import csv_text, json_text
from archsim.report.files import LOG_FILE
from archsim.report.folder import Claim as Folder
from archsim.report.page import Page, Section, page_markdown
from archsim.report.session import Clock, Progress
from archsim.report.tables import Cell, Column, Table
from archsim.report.validate.judgement import Judged, judge, published_figures, require_claims
from archsim.report.validate.measures import Measures
from archsim.report.validate.recipe import Validation, read_validation
from archsim.report.validate.training import Trained, prepare, scores_frame, trained

__all__ = ["SCHEMA", "Validated", "validate"]

SCHEMA = 1
"""Version of ``validation.json``."""

VERDICTS: tuple[Verdict, ...] = ("hit", "miss", "not evaluated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """What a validation came to."""

    recipe: Validation
    quick: bool
    judged: Sequence[Judged]
    results: Mapping[str, Trained]

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many claims got each verdict."""
        return {name: sum(one.verdict == name for one in self.judged) for name in VERDICTS}

    def summary(self) -> dict[str, Any]:
        """Return everything for programs, in SI."""
        return {
            "schema": SCHEMA,
            "kind": "quick" if self.quick else "full",
            "counts": dict(self.counts),
            "as_committed": all(one.verdict == one.committed for one in self.judged),
            "claims": [one.record() for one in self.judged],
        }

    def page(self) -> Page:
        """Return the report, every claim with where it comes from and what it was measured by."""
        return Page(
            title="Published headlines, reproduced or not",
            lead=(*self._lead(), _HOW),
            sections=(
                Section(title="Verdicts", items=(self.short_table(),)),
                Section(title="Where they come from", items=(self._sources_table(),)),
                Section(title="What was trained", items=(self._cases_table(),)),
            ),
        )

    def short_page(self) -> Page:
        """Return what the terminal shows."""
        return Page(
            title="Published headlines, reproduced or not",
            lead=self._lead(),
            sections=(Section(title="Verdicts", items=(self.short_table(),)),),
        )

    def _lead(self) -> tuple[str, ...]:
        counts = self.counts
        sums = ", ".join(f"{counts[name]} {name}" for name in VERDICTS)
        text = f"{len(self.judged)} claims: {sums}. What is not evaluated does not count as met."
        return (" ".join(self.recipe.about.split()), text)

    def short_table(self) -> Table:
        """Return every claim with ours and the verdict."""
        rows: list[tuple[Cell, ...]] = [
            (
                one.claim.id,
                one.chip,
                one.claim.claim,
                accepted_text(one.claim),
                _ours(one),
                one.verdict + ("" if one.verdict == one.committed else " (changed)"),
                one.reason,
            )
            for one in self.judged
        ]
        names = ("id", "chip", "published", "accepted", "ours", "verdict", "why")
        return Table(
            title="",
            columns=tuple(Column(name=name) for name in names),
            rows=tuple(rows),
            strong=frozenset(
                number for number, one in enumerate(self.judged) if one.verdict != one.committed
            ),
        )

    def _sources_table(self) -> Table:
        rows = [
            (
                one.claim.id,
                one.chip,
                one.claim.published,
                one.claim.source,
                one.claim.tolerance,
                one.finding.of if one.finding is not None else None,
                self._note(one),
            )
            for one in self.judged
        ]
        names = ("id", "chip", "figure", "source", "tolerance", "measured of", "how")
        return Table(title="", columns=tuple(Column(name=name) for name in names), rows=tuple(rows))

    def _note(self, one: Judged) -> str | None:
        """Return what the recipe says of a measure."""
        wanted = (one.chip, one.claim.quantity)
        notes = {(each.chip, each.quantity): each.note for each in self.recipe.measures}
        return notes.get(wanted) or None

    def _cases_table(self) -> Table:
        rows: list[tuple[Cell, ...]] = [
            (
                name,
                case.workload,
                case.chip,
                ", ".join(f"{path}={text}" for path, text in case.settings.items()) or None,
                case.seeds,
            )
            for name, case in self.recipe.used.items()
        ]
        return Table(
            title="",
            columns=(
                *(Column(name=name) for name in ("case", "workload", "chip", "settings")),
                Column(name="seeds", style="number"),
            ),
            rows=tuple(rows),
        )


_HOW = (
    "Ranges in parentheses: of energies and ratios the 5 % and 95 % points of all constants "
    "outside behaviour, of times the extremes at all-low and all-high constants, of accuracies the "
    "lowest and the highest seed. A verdict goes by the value before the parentheses; the ends of "
    "an accepted range are part of it. Constants were fixed from the literature and not adjusted."
)


def _ours(one: Judged) -> str | None:
    value = one.finding.value if one.finding is not None else None
    return None if value is None else found_text(value, one.claim)


def validate(
    folder: Folder | None = None,
    *,
    quick: bool = False,
    data: str = "",
    workers: int = 1,
    progress: Progress | None = None,
) -> Validated:
    """Measure every published headline and, given a folder, fill and commit it.

    Parameters
    ----------
    folder : Claim, optional
        Where the files go.
    quick : bool
        The short form: other data, fewer seeds, fewer claims.
    data : str
        Folder of MNIST; empty: where ``ARCHSIM_DATA`` says, or the network.
    workers : int
        Processes that train; they change no result.
    progress : callable, optional
        Told how far it is.

    Raises
    ------
    InputError
        If a description is wrong, or a data set is missing.
    StorageError
        If the folder cannot be written.
    """
    clock = Clock()
    recipe = read_validation(quick=quick)
    published = published_figures()
    require_claims(published, recipe.measures)
    ready = prepare(recipe, data=data)
    results = trained(ready, recipe, workers=workers, progress=progress)
    measures = Measures(results)
    found = {(one.chip, one.quantity): measures.finding(one) for one in recipe.kept}
    done = Validated(
        recipe=recipe,
        quick=quick,
        judged=judge(published, found, quick=quick),
        results=results,
    )
    if folder is not None:
        _write(folder, done, clock)
        folder.commit()
    return done


def _write(folder: Folder, done: Validated, clock: Clock) -> None:
    folder.write("report.md", page_markdown(done.page()))
    folder.write("validation.json", json_text(done.summary()))
    folder.write("scores.csv", csv_text(scores_frame(done.results)))
    manifest = {
        "archsim": archsim.__version__,
        "report": done.recipe.name,
        "kind": "quick" if done.quick else "full",
        "files": dict(folder.digests),
    }
    folder.write("manifest.json", json_text(manifest))
    log = clock.log(seconds_in_all=f"{clock.seconds:.3f}")
    folder.write(LOG_FILE, "".join(f"{key}: {value}\n" for key, value in log.items()))
