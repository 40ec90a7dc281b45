# ruff: noqa: PLC0415  (heavy imports wait for the command that needs them)
"""The command that trains in several ways, over seeds."""

from __future__ import annotations

from contextlib import ExitStack

import click

from archsim.cli.extensions import load_extensions
from archsim.cli.options import Verb, json_option, plugin_option, quiet_option

__all__ = ["train"]


@click.command(
    cls=Verb,
    short_help="Learn a task in several ways, over seeds, and compare.",
    examples=(
        "archsim train ecram_digits:quick -o out",
        "archsim train in_situ_transfer --seeds 2",
    ),
)
@click.argument("report")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(),
    help="Folder for the results; must not exist yet. Without it, results are printed only.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1, max=1000),
    help="Trainings of each way, from seed 0 on; else as many as the report says.",
)
@json_option
@plugin_option
@quiet_option
def train(
    report: str,
    *,
    output: str | None,
    seeds: int | None,
    as_json: bool,
    plugins: tuple[str, ...],
    quiet: bool,
) -> None:
    """Train in all ways that REPORT names, on cells or in software, with the same seeds.

    REPORT is a report of kind trainings: NAME, NAME:VARIANT or the path of a file. Shown are
    accuracies, differences seed by seed, mean curves, and where the report asks for it energy and
    time. The folder holds report.md, courses.csv, metrics.csv and manifest.json; for workloads with
    a stream also streams.csv, accuracies over the drift, and samples.csv, the cost of one sample.
    """
    load_extensions(plugins)
    from archsim.cli.output import Meter, tell
    from archsim.report.folder import claim
    from archsim.report.references import expect_report
    from archsim.report.session import Clock
    from archsim.report.trainings import train_ways
    from archsim.report.trainings_page import trainings_page, trainings_summary, write_trainings
    from archsim.report.trainings_recipe import read_trainings

    expect_report(report, "trainings")
    recipe = read_trainings(report)
    with ExitStack() as stack:
        folder = stack.enter_context(claim(output)) if output is not None else None
        meter = stack.enter_context(Meter(quiet=quiet))
        clock = Clock()
        several = train_ways(recipe, seeds=seeds, progress=meter)
        if folder is not None:
            write_trainings(folder, recipe, several, log=clock.log())
    tell(
        lambda: trainings_summary(recipe, several),
        lambda: trainings_page(recipe, several),
        as_json=as_json,
        quiet=quiet,
    )
