# ruff: noqa: PLC0415  (heavy imports wait for the command that needs them)
"""Commands that ask what if: sweep, optimize, reprice."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from archsim.cli.extensions import load_extensions
from archsim.cli.options import (
    Verb,
    json_option,
    pairs,
    plugin_option,
    quiet_option,
    set_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archsim.study.sweep import Outcome

__all__ = ["optimize", "reprice", "sweep"]


_output_option = click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(),
    help="Folder of results; what is finished there is not run again.  [default: out/NAME]",
)
_workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that work at the same time.  [default: one for each core]",
)
_scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", default="", help="Work on this Dask cluster."
)


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
@_output_option
@_workers_option
@_scheduler_option
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
    from archsim.cli.output import Meter, tell
    from archsim.report.encode import records
    from archsim.report.references import expect_report
    from archsim.report.studied import study_page, write_study
    from archsim.study import Workers, read_study
    from archsim.study import sweep as run_sweep
    from archsim.study.store import Store

    expect_report(study, "study")
    described = read_study(study)
    folder = output or f"out/{described.name}"
    with _resumable(folder), Meter(quiet=quiet) as meter:
        outcome = run_sweep(
            described,
            folder,
            workers=Workers(count=workers or _cores(), scheduler=scheduler),
            plugins=plugins,
            again=again,
            progress=meter,
        )
        write_study(Store.at(folder), outcome)
    _tell_failures(outcome, folder)
    tell(
        lambda: records(outcome.frame),
        lambda: study_page(outcome),
        as_json=as_json,
        quiet=quiet,
        last=f"The whole table is {folder}/table.csv",
    )


@click.command(
    cls=Verb,
    short_help="Look for the best designs of a study: energy, time, area, accuracy.",
    examples=("archsim optimize adc_sharing", "archsim optimize my_study/ -o out/mine"),
)
@click.argument("study", metavar="FILE")
@_output_option
@_workers_option
@_scheduler_option
@json_option
@plugin_option
@quiet_option
def optimize(
    study: str,
    *,
    output: str | None,
    workers: int | None,
    scheduler: str,
    as_json: bool,
    plugins: tuple[str, ...],
    quiet: bool,
) -> None:
    """Look for the designs of a study that no other one beats in every goal.

    The section "search" of FILE names goals, sampler, seed and how many designs are looked at. What
    was finished in the folder is not run again, by whatever command; front.csv is the same for any
    number of workers.
    """
    load_extensions(plugins)
    from archsim.cli.output import Meter, tell
    from archsim.report.encode import records
    from archsim.report.references import expect_report
    from archsim.report.studied import front_page, write_front, write_study
    from archsim.study import Workers, read_study
    from archsim.study.search import optimise
    from archsim.study.store import Store

    expect_report(study, "study")
    described = read_study(study)
    folder = output or f"out/{described.name}"
    with _resumable(folder), Meter(quiet=quiet) as meter:
        found = optimise(
            described,
            folder,
            workers=Workers(count=workers or _cores(), scheduler=scheduler),
            plugins=plugins,
            progress=meter,
        )
        write_study(Store.at(folder), found.outcome)
        write_front(Store.at(folder), found)
    _tell_failures(found.outcome, folder)
    tell(
        lambda: records(found.front),
        lambda: front_page(found),
        as_json=as_json,
        quiet=quiet,
        last=f"The front is {folder}/front.csv",
    )


@click.command(
    cls=Verb,
    short_help="Price a finished run anew, without simulating.",
    examples=(
        "archsim reprice out --set tiles.adc.energy=0.5pJ",
        "archsim reprice out --vary tiles.adc.energy=0.1pJ..10pJ:1000 --csv adc.csv",
    ),
)
@click.argument("folder", metavar="RUN", type=click.Path())
@set_option("Set a price of the chip; the result is exact.")
@click.option(
    "--vary",
    "ranges",
    metavar="PATH=FROM..TO:N",
    multiple=True,
    callback=pairs,
    help="Energies at N prices with equal ratios, or at VALUE,VALUE,...; approximate to 1e-12.",
)
@click.option("--csv", "file", metavar="FILE", type=click.Path(), help="Where --vary writes.")
@json_option
@plugin_option
def reprice(
    folder: str,
    *,
    settings: dict[str, str],
    ranges: dict[str, str],
    file: str | None,
    as_json: bool,
    plugins: tuple[str, ...],
) -> None:
    """Say what a finished run would have cost under other prices; times stay as they were.

    RUN is the folder that "archsim run -o DIR" wrote. PATH is a field of the chip, such as
    tiles.array.adc.energy; tiles.adc.energy means the ADCs of all tiles. What changes more than
    prices is refused: it "needs a run" or "needs training".
    """
    if bool(settings) == bool(ranges):
        message = "expected either --set or --vary"
        raise click.UsageError(message)
    load_extensions(plugins)
    from archsim.cli.output import show
    from archsim.report.encode import csv_text, json_text, records
    from archsim.report.repriced import reprice_folder, reprice_grid, repriced_table
    from archsim.report.session import run_summary
    from archsim.report.tables import terminal

    if settings:
        pair = reprice_folder(folder, settings)
        if as_json:
            click.echo(json_text(run_summary(pair[1])), nl=False)
        else:
            show([terminal(repriced_table(pair))])
        return
    frame = reprice_grid(folder, ranges)
    if file is not None:
        from pathlib import Path

        from archsim.study.store import write_whole

        path, content = Path(file), csv_text(frame).encode()
        write_whole(path, lambda opened: opened.write(content), drafts=path.parent)
    elif as_json:
        click.echo(json_text(records(frame)), nl=False)
    else:
        click.echo(csv_text(frame), nl=False)


def _tell_failures(outcome: Outcome, folder: str) -> None:
    """Say on the error stream, even to those who want no other word, that points failed."""
    if outcome.failed:
        click.echo(
            f"archsim: {outcome.failed} of {len(outcome.frame)} points failed; the column error of "
            f"{folder}/table.csv tells why",
            err=True,
        )


@contextmanager
def _resumable(folder: str) -> Iterator[None]:
    """Say how to go on after an interrupt, a full disk or the loss of workers."""
    from archsim.errors import ResourceError, StorageError

    try:
        yield
    except (KeyboardInterrupt, SystemExit, StorageError, ResourceError):
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
