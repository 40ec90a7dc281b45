"""The report of a run: absolute figures first, then ratios, claims and what is included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archsim.chip import TiledDescription, build
from archsim.chip.published import Published
from archsim.report.accuracy import trials
from archsim.report.claims import Finding, claims_table
from archsim.report.course import reach_section
from archsim.report.gains import gains_section
from archsim.report.network import network_section
from archsim.report.page import Page, Section, page_markdown
from archsim.report.sections import (
    accuracy_section,
    breakdown_section,
    chip_section,
    currents_section,
    included_section,
    totals_section,
)
from archsim.report.stored import descriptions
from archsim.runs.result import Run
from archsim.workload import AttractorDescription, SyntheticDescription

__all__ = ["Context", "accuracy_findings", "findings", "run_markdown", "run_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a run is seen beside."""

    baselines: tuple[Section, ...] = ()
    """Comparison with other machines, absolute figures before ratios."""
    boundary: tuple[str, ...] = ()
    """What the other side includes, a paragraph each."""
    published: Published | None = None
    """Published claims."""
    found: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    """Further results to hold the claims against, by quantity."""


def run_page(run: Run, context: Context | None = None) -> Page:
    """Return the report of one run.

    Parameters
    ----------
    run : Run
        The run.
    context : Context, optional
        Baselines and claims to set beside it.
    """
    context = context or Context()
    chip, _ = descriptions(run)
    synthetic = isinstance(run.task, SyntheticDescription)
    gains = gains_section(run)
    reach = reach_section(run.metrics)
    network = network_section(run)
    sections = [
        totals_section(run),
        accuracy_section(run, course=True),
        *([reach] if reach is not None else []),
        breakdown_section(run, tiles=True),
        *([network] if network is not None else []),
        *([gains] if gains is not None else []),
        *([] if synthetic else [currents_section(run)]),
        *([chip_section(build(chip))] if isinstance(chip, TiledDescription) else []),
        *context.baselines,
    ]
    if context.published is not None:
        found = {**findings(run), **context.found}
        sections.append(
            Section(title="Published claims", items=(claims_table(context.published, found),))
        )
    sections.append(included_section(chip, context.boundary))
    lead = [f"Seed {run.seed}. {chip.about}".strip()]
    if run.policies:
        lead.append(f"Stations under a policy of the user's own: {', '.join(run.policies)}.")
    title = f"{'Synthetic' if synthetic else 'Training'} {run.workload} on {run.chip}"
    return Page(title=title, lead=tuple(lead), sections=tuple(sections))


def run_markdown(run: Run, context: Context | None = None) -> str:
    """Return the report of one run as Markdown."""
    return page_markdown(run_page(run, context))


def findings(run: Run) -> dict[str, list[Finding]]:
    """Return what a run alone says of published quantities: name → findings."""
    of = f"{run.workload} on {run.chip}"
    totals = run.totals
    found = {
        "training_time": [Finding(of, totals.training_time)],
        "training_energy": [Finding(of, totals.training_energy)],
    }
    return {**found, **accuracy_findings(run, of)}


def accuracy_findings(run: Run, of: str) -> dict[str, list[Finding]]:
    """Return what the final tests of a run say of published quantities: name → findings."""
    _, workload = descriptions(run)
    found: dict[str, list[Finding]] = {}
    if not isinstance(workload, AttractorDescription):
        return found
    words = len(workload.dataset.words)
    for trial in trials(run.metrics):
        if not trial.flips:
            found["clean_words_recalled"] = [Finding(of, round(trial.exact * words))]
        name = f"nearest_accuracy_at_{trial.flips * 100:g}_percent"
        found[name] = [Finding(of, trial.near)]
    return found
