"""The report of trainings: accuracy over seeds, differences, curves, cost."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import archsim
from archsim.report.encode import csv_text, json_text
from archsim.report.files import LOG_FILE
from archsim.report.folder import Claim
from archsim.report.page import Page, Section, page_markdown
from archsim.report.seeds import mean_and_spread
from archsim.report.tables import Cell, Column, Table
from archsim.report.trainings import (
    Lessons,
    courses_frame,
    metrics_frame,
    samples_frame,
    streams_frame,
)
from archsim.report.trainings_recipe import TrainingsRecipe

__all__ = ["trainings_page", "trainings_summary", "write_trainings"]

MOST_EPOCHS = 16
"""Most columns of the table of curves; of longer trainings, evenly spaced epochs and the last."""


def trainings_page(recipe: TrainingsRecipe, several: Sequence[Lessons]) -> Page:
    """Return the report of finished trainings."""
    items = [_accuracy_table(several)]
    if any(one.price is not None for one in several):
        items.append(_price_table(several))
    if max(len(one.curve) for one in several) > 1:
        items.append(_curves_table(several))
    if any(one.drifts for one in several):
        items.append(_streams_table(several))
    if any(one.sample is not None for one in several):
        items.append(_samples_table(several))
    return Page(
        title=f"Report {recipe.name}",
        lead=(" ".join(recipe.about.split()),) if recipe.about else (),
        sections=(Section(title="Trainings", items=tuple(items)),),
    )


def trainings_summary(recipe: TrainingsRecipe, several: Sequence[Lessons]) -> dict[str, Any]:
    """Return the results for programs, in SI; accuracies are shares."""
    return {
        "report": recipe.name,
        "ways": {
            one.way.name: {
                "accuracies": list(one.finals),
                "curve": list(one.curve),
                "pulses_per_cell": one.pulses_per_cell,
                "programming_yield": one.mean("programming_yield"),
                **_stream_summary(one),
                **(
                    {}
                    if one.price is None
                    else {
                        "training_energy_j": one.price.energy,
                        "training_time_s": one.price.time,
                        "gradient_words": one.price.gradient_words,
                    }
                ),
            }
            for one in several
        },
    }


def write_trainings(
    folder: Claim,
    recipe: TrainingsRecipe,
    several: Sequence[Lessons],
    *,
    log: Mapping[str, object],
) -> None:
    """Fill the folder of a report and commit it.

    Parameters
    ----------
    folder : Claim
        The folder, claimed.
    recipe : TrainingsRecipe
        The report as its file has it.
    several : sequence of Lessons
        What each way came to.
    log : mapping
        What goes to ``run.log``, which is no result.
    """
    folder.write("report.md", page_markdown(trainings_page(recipe, several)))
    folder.write("courses.csv", csv_text(courses_frame(several)))
    folder.write("metrics.csv", csv_text(metrics_frame(several)))
    if any(one.drifts for one in several):
        folder.write("streams.csv", csv_text(streams_frame(several)))
        folder.write("samples.csv", csv_text(samples_frame(several)))
    manifest = {
        "archsim": archsim.__version__,
        "report": recipe.name,
        "seeds": len(several[0].each),
        "files": folder.digests,
    }
    folder.write("manifest.json", json_text(manifest))
    folder.write(LOG_FILE, "".join(f"{key}: {value}\n" for key, value in log.items()))
    folder.commit()


def _accuracy_table(several: Sequence[Lessons]) -> Table:
    known = {one.way.name: one for one in several}
    rows: list[tuple[Cell, ...]] = []
    for one in several:
        other = known.get(one.way.beside)
        gaps: tuple[str | None, str | None, str | None] = (None, None, None)
        if other is not None:
            gap, error = one.above(other)
            widest = f"{one.widest_gap(other) * 100:.2f}" if len(one.curve) > 1 else None
            spread = "" if error is None else f" ± {error * 100:.2f}"
            gaps = (one.way.beside, f"{gap * 100:+.2f}{spread}", widest)
        rows.append(
            (
                one.way.name,
                one.way.chip or "software",
                len(one.each),
                mean_and_spread(one.finals),
                sum(accuracy == 1.0 for accuracy in one.finals),
                *gaps,
                one.pulses_per_cell,
                one.mean("programming_yield"),
            )
        )
    return Table(
        title="Accuracy on the test examples, mean ± standard deviation over seeds",
        columns=(
            Column(name="way"),
            Column(name="on"),
            Column(name="seeds", style="number"),
            Column(name="accuracy [%]"),
            Column(name="all right", style="number"),
            Column(name="beside"),
            Column(name="difference [points]"),
            Column(name="widest gap [points]"),
            Column(name="pulses per cell", style="number"),
            Column(name="within tolerance", style="share"),
        ),
        rows=tuple(rows),
        note="All right: seeds that ended without an error. Difference: seed by seed, mean ± its "
        "standard error. Gap: of mean curves, from the second epoch on. Within tolerance: devices "
        "that program-and-verify brought where they should be, noise of check reads left aside.",
    )


def _price_table(several: Sequence[Lessons]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            one.way.name,
            f"{one.each[0].course[-1] * 100:.1f}",
            one.price.energy,
            one.price.static,
            one.price.time,
            one.price.gradient_words,
        )
        for one in several
        if one.price is not None
    ]
    return Table(
        title="Cost of the training with seed 0",
        columns=(
            Column(name="way"),
            Column(name="accuracy [%]"),
            Column(name="training energy", unit="J", style="quantity"),
            Column(name="static energy", unit="J", style="quantity"),
            Column(name="training time", unit="s", style="quantity"),
            Column(name="gradient words written", style="number"),
        ),
        rows=tuple(rows),
        note="Of a transfer: program-and-verify alone; learning the weights elsewhere is not in "
        "it; what is learnt from a stream is. Static energy is that of the whole run, tests "
        "included.",
    )


def _curves_table(several: Sequence[Lessons]) -> Table:
    length = max(len(one.curve) for one in several)
    shown = list(range(length))
    if length > MOST_EPOCHS:
        shown = sorted({n * (length - 1) // (MOST_EPOCHS - 1) for n in range(MOST_EPOCHS)})
    rows: list[tuple[Cell, ...]] = [
        (
            one.way.name,
            *(f"{one.curve[n] * 100:.1f}" if n < len(one.curve) else None for n in shown),
        )
        for one in several
        if len(one.curve) > 1
    ]
    columns = (Column(name="way"), *(Column(name=f"{n + 1}") for n in shown))
    return Table(title="Mean accuracy [%] after each epoch", columns=columns, rows=tuple(rows))


def _stream_summary(one: Lessons) -> dict[str, Any]:
    """Return accuracies over the drift and the cost of a sample; nothing without a stream."""
    if not one.drifts:
        return {}
    result: dict[str, Any] = {"drifts": list(one.drifts), "stream": list(one.stream)}
    if one.sample is not None:
        result["sample_energy_j"] = one.sample.energy.nominal
        result["sample_time_s"] = one.sample.time.nominal
    return result


def _streams_table(several: Sequence[Lessons]) -> Table:
    drifts = dict.fromkeys(drift for one in several for drift in one.drifts)
    rows: list[tuple[Cell, ...]] = []
    for one in several:
        if one.drifts:
            at = dict(zip(one.drifts, one.stream, strict=True))
            cells = (f"{at[drift] * 100:.1f}" if drift in at else None for drift in drifts)
            rows.append((one.way.name, f"{statistics.fmean(one.finals) * 100:.1f}", *cells))
    return Table(
        title="Mean accuracy [%] over the drift",
        columns=(
            Column(name="way"),
            Column(name="before"),
            *(Column(name=f"{drift * 100:g} %") for drift in drifts),
        ),
        rows=tuple(rows),
        note="Of the test examples, as the sensor gives them at that share of its drift.",
    )


def _samples_table(several: Sequence[Lessons]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (one.way.name, one.way.chip, one.sample.energy, one.sample.link, one.sample.time)
        for one in several
        if one.sample is not None
    ]
    return Table(
        title="Cost of one sample of the stream with seed 0",
        columns=(
            Column(name="way"),
            Column(name="on"),
            Column(name="energy", unit="J", style="quantity"),
            Column(name="link", unit="J", style="quantity"),
            Column(name="time", unit="s", style="quantity"),
        ),
        rows=tuple(rows),
        note="Static energy of chip or card and the link's energy included, tests left out. In "
        "parentheses the 5 % and 95 % points; times of chips are simulated at all-low and all-high "
        "constants: sampled, no bound.",
    )
