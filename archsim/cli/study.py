# ruff: noqa: PLC0415  (heavy imports wait for the command that needs them)
"""Commands that run many points: sweep."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from archsim.cli.extensions import load_extensions
from archsim.cli.options import Verb, json_option, plugin_option, quiet_option

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["sweep"]


@click.command(
    cls=Verb,
    short_help="Run a study: chips × workloads × swept fields × seeds.",
    examples=(
        "archsim sweep adc_sharing",
        "archsim sweep my_study/report.yaml -o out/mine --workers 8",
        "archsim sweep my_study/report.yaml --scheduler tcp://10.0.0.1:8786",
    ),
)
@click.argument("study", metavar="FILE")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(),
    help="Folder of results; a sweep goes on with what is there.  [default: out/NAME]",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that work at the same time.  [default: one for each core]",
)
@click.option("--scheduler", metavar="ADDRESS", default="", help="Work on this Dask cluster.")
@click.option("--again", is_flag=True, help="Run points again that ended in an error.")
@json_option
@plugin_option
@quiet_option
def sweep(
    study: str,
    *,
    output: str | None,
    workers: int | None,
    scheduler: str,
    again: bool,
    as_json: bool,
    plugins: tuple[str, ...],
    quiet: bool,
) -> None:
    """Run all points of a study, and write one table of them.

    FILE is the NAME of a report of kind study, or the path of its file. Each distinct training is
    done once; finished points are never run again, so the same command goes on after an interrupt.
    A point that fails is recorded with its error. The folder holds table.csv, table.parquet, means,
    curves and report.md; they do not depend on the number of workers.
    """
    load_extensions(plugins)
    from archsim.cli.output import Meter, show
    from archsim.report.encode import json_text
    from archsim.report.page import page_terminal
    from archsim.report.studied import study_page, study_records, write_study
    from archsim.study import Workers, read_study
    from archsim.study import sweep as run_sweep
    from archsim.study.store import Store

    described = read_study(study)
    folder = output or f"out/{described.name}"
    with ExitStack() as stack:
        stack.enter_context(_resumable(folder))
        meter = stack.enter_context(Meter(quiet=quiet))
        outcome = run_sweep(
            described,
            folder,
            workers=Workers(count=workers or _cores(), scheduler=scheduler),
            plugins=plugins,
            again=again,
            progress=meter,
        )
        write_study(Store.at(folder), outcome)
    if as_json:
        click.echo(json_text(study_records(outcome)), nl=False)
    elif not quiet:
        show(page_terminal(study_page(outcome)))
        click.echo(f"\nThe whole table is {folder}/table.csv")


@contextmanager
def _resumable(folder: str) -> Iterator[None]:
    """Say how to go on after an interrupt or a full disk."""
    from archsim.errors import ResourceError, StorageError

    try:
        yield
    except (KeyboardInterrupt, StorageError, ResourceError):
        click.echo(
            f"archsim: finished points are kept in {folder}; give the same command to go on",
            err=True,
        )
        raise


def _cores() -> int:
    """Return how many processes can work at the same time."""
    import importlib.util
    import os

    if importlib.util.find_spec("joblib") is None:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
