"""Sections of a run's report: what it cost, where that went, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from archsim.chip import Chip, ChipDescription, CrossbarDescription
from archsim.report.accuracy import accuracy_table, course_table, last_metrics
from archsim.report.activity import activity_table, has_activity
from archsim.report.breakdown import (
    act_table,
    component_table,
    phase_table,
    phase_times,
    tile_table,
    totals_table,
)
from archsim.report.currents import currents_table
from archsim.report.examples import epochs_table, examples_table, has_examples
from archsim.report.page import Section
from archsim.report.tables import Column, Table
from archsim.report.votes import has_votes, probes_table, votes_table
from archsim.runs.result import Run
from archsim.units import engineering
from archsim.workload import SyntheticDescription

__all__ = [
    "accuracy_section",
    "breakdown_section",
    "chip_section",
    "currents_section",
    "included_section",
    "totals_section",
]

MetricsTable = Callable[[pd.DataFrame], Table]
"""From the metrics of a run to a table of its scores."""

INCLUDED = (
    "- Training (headline): every act of its phases, from reads and conversions to update pulses.",
    "- Beside it: initialise (first weights), evaluate (tests), static (leakage, in all phases).",
    "- Not counted: the host that supplies words and targets, and what nobody priced.",
)


SYNTHETIC = (
    "None: the workload is synthetic. Its layers have declared shapes and activities, and nothing "
    "was trained."
)

STEP_TOLERANCE = 0.1
"""How far the declared step period may be from the simulated mean step, relative to it."""


def totals_section(run: Run) -> Section:
    """Return the absolute figures, and how the simulated step compares with the declared one."""
    return Section(title="Cost", items=(totals_table(run.totals), *_step_texts(run)))


def _step_texts(run: Run) -> Iterator[str]:
    """Give a sentence on the mean step, which drift and retention take as declared."""
    if run.learnt is None or not run.learnt.steps:
        return
    machine = run.machine
    if not isinstance(machine, CrossbarDescription):
        return
    mean = run.totals.training_time / run.learnt.steps
    declared = machine.behaviour.step_period.value
    text = (
        f"A step took {engineering(mean, 's')} on average; behaviour.step_period declares "
        f"{engineering(declared, 's')}"
    )
    apart = abs(declared - mean) / mean
    if apart > STEP_TOLERANCE:
        text += (
            f". Warning: they are {apart * 100:.0f} % apart; set step_period to the simulated "
            "value where drift or retention matter"
        )
    yield f"{text}."


def accuracy_section(run: Run, *, course: bool = False) -> Section:
    """Return the scores, beside the decoder's ceiling; on request, those after each epoch too.

    Of a network that learns nothing, return what it did.
    """
    if isinstance(run.task, SyntheticDescription):
        return Section(title="Accuracy", items=(SYNTHETIC,))
    if has_activity(run.metrics):
        return Section(title="Activity", items=(activity_table(run.metrics),))
    last = last_metrics(run.metrics)
    epochs = int(run.metrics["epoch"].max()) + 1 if len(run.metrics) else 0
    steps = int(run.metrics["step"].max()) if len(run.metrics) else 0
    took = f"Training took {steps:,} presentations in {epochs:,} epochs"
    counts = [
        f"{last[name]:,.0f} {words}"
        for name, words in (("device_pulses", "device pulses"), ("array_reads", "array reads"))
        if name in last
    ]
    if run.learnt is not None:
        counts.append(f"at most {run.learnt.most_pulses:,} pulses on one device")
    took += f": {', '.join(counts)}." if counts else "."
    after, between = _accuracy_tables(run)
    tables = (after, between) if course else (after,)
    return Section(title="Accuracy", items=(took, *(table(run.metrics) for table in tables)))


def _accuracy_tables(run: Run) -> tuple[MetricsTable, MetricsTable]:
    """Return what shows the scores of this kind of run: after training, and in between."""
    if has_votes(run.metrics):
        return votes_table, probes_table
    if has_examples(run.metrics):
        return examples_table, epochs_table
    return accuracy_table, course_table


def breakdown_section(run: Run, *, tiles: bool = False) -> Section:
    """Return where energy and time went, by component and phase; on request by act and tile too."""
    items = [component_table(run.ledger), phase_table(run.ledger, phase_times(run.book))]
    if tiles:
        items += [act_table(run.ledger), tile_table(run.ledger)]
    return Section(title="Where it goes", items=tuple(items))


def currents_section(run: Run) -> Section:
    """Return the peak line currents."""
    return Section(title="Peak line currents", items=(currents_table(run.peak_currents),))


def chip_section(chip: Chip) -> Section:
    """Return area and leakage of the chip, and for which parts they are not known."""
    sums = (
        (
            "Area",
            engineering(chip.area, "m^2") if chip.area else "unknown",
            ", ".join(chip.area_unknown),
        ),
        ("Leakage", engineering(chip.leakage_aw / 10**18, "W"), ", ".join(chip.leakage_unknown)),
    )
    texts = (
        f"{name}: {value}" + (f", without {joined}, where it is not known." if joined else ".")
        for name, value, joined in sums
    )
    return Section(title="Chip", items=tuple(texts))


def included_section(description: ChipDescription, other: tuple[str, ...] = ()) -> Section:
    """Return what is counted on each side, and what of the chip nobody priced.

    Parameters
    ----------
    description : ChipDescription
        The chip.
    other : tuple of str
        What the other side of a comparison includes, a paragraph each.
    """
    items: list[Table | str] = ["On the chip:", *INCLUDED]
    if other:
        items += ["On the other side:", *(f"- {text}" for text in other)]
    rows = tuple(
        (
            one.component or one.part,
            ", ".join(one.actions) or ("all" if one.component else ""),
            one.reason,
        )
        for one in description.unpriced
    )
    if rows:
        columns = (Column(name="part"), Column(name="acts"), Column(name="why"))
        items.append(Table(title="What the chip has and nobody priced", columns=columns, rows=rows))
    return Section(title="What is included", items=tuple(items))
