# ruff: noqa: PLC0415  (heavy imports wait for the command that needs them)
"""Commands that simulate: demo, run."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Literal

import click

from archsim.cli.extensions import load_extensions
from archsim.cli.options import (
    OUTPUT,
    Verb,
    json_option,
    plugin_option,
    policy_option,
    quiet_option,
    set_option,
)

__all__ = ["demo", "run"]


@click.command(
    cls=Verb,
    short_help="Train a workload on a chip and say what it cost.",
    examples=(
        "archsim run madem_braille madem_64 -o out",
        "archsim run madem_braille:two_layer madem_64x4 --set chip.behaviour.cell.read_noise=0.05",
    ),
)
@click.argument("workload")
@click.argument("chip")
@click.option("-o", "--output", metavar="DIR", type=click.Path(), help=OUTPUT)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all draws."
)
@set_option(
    "Replace a field, as in chip.tiles.array.adc.energy='1 pJ'; PATH begins with chip. or workload."
)
@json_option
@click.option(
    "--engine",
    type=click.Choice(["auto", "fast", "reference"]),
    default="auto",
    show_default=True,
    help="Who does the timing; the results are the same.",
)
@click.option("--events", is_flag=True, help="Keep every visit in events.parquet (needs -o).")
@click.option(
    "--compression",
    type=click.Choice(["zstd", "none"]),
    default="zstd",
    show_default=True,
    help="How events.parquet is compressed; none is quicker to write and somewhat larger.",
)
@click.option(
    "--ranges/--no-ranges",
    default=True,
    show_default=True,
    help="Simulate twice more, for the range of the training time in the report.",
)
@click.option(
    "--each-tile",
    is_flag=True,
    help="Rows for each tile of a chip of more than 10000 too, for a synthetic workload.",
)
@click.option(
    "--sample",
    type=click.FloatRange(min=0, max=1, min_open=True),
    metavar="SHARE",
    help="Simulate a random share of the segments only, and print totals with 95 % intervals. "
    "Learning is done in full: it pays where timing takes most of a long run.",
)
@click.option(
    "--plots",
    is_flag=True,
    help="Add breakdowns and accuracy by cost as PNG (needs -o, archsim[plot]).",
)
@policy_option()
@plugin_option
@quiet_option
def run(  # noqa: PLR0913  (one for each option)
    workload: str,
    chip: str,
    *,
    output: str | None,
    seed: int,
    settings: dict[str, str],
    as_json: bool,
    engine: Literal["auto", "fast", "reference"],
    events: bool,
    compression: Literal["zstd", "none"],
    each_tile: bool,
    plots: bool,
    ranges: bool,
    sample: float | None,
    policies: dict[str, str],
    plugins: tuple[str, ...],
    quiet: bool,
) -> None:
    """Train WORKLOAD on CHIP and say what it cost.

    Both are NAME, NAME:VARIANT or the path of a file. The folder holds ledger.csv, metrics.csv,
    writes.csv, report.md, config.resolved.yaml and manifest.json; it appears whole or not at all.
    """
    _check_options(output, files=events or plots, sampled=sample is not None, ruled=bool(policies))
    from archsim.report.folder import claim

    with ExitStack() as stack:
        folder = stack.enter_context(claim(output)) if output is not None else None
        load_extensions(plugins)
        from archsim.report.check import check

        check([workload, chip], parts=("workload", "chip"), settings=settings)  # quick to refuse
        from archsim.cli.output import Meter, tell
        from archsim.report.sample import estimated
        from archsim.report.session import Request, run_and_write

        request = Request(
            workload=workload,
            chip=chip,
            seed=seed,
            settings=settings,
            engine=engine,
            events=events,
            compression=compression,
            each_tile=each_tile,
            plots=plots,
            ranges=ranges,
            policies=policies,
        )
        request.require_packages()
        meter = stack.enter_context(Meter(quiet=quiet))
        done = (
            run_and_write(request, folder=folder, progress=meter)
            if sample is None
            else estimated(request, fraction=sample, progress=meter)
        )
    last = f"The whole report is {output}/report.md" if output is not None else ""
    tell(done.summary, done.short_page, as_json=as_json, quiet=quiet, last=last)


def _check_options(output: str | None, *, files: bool, sampled: bool, ruled: bool) -> None:
    """Refuse options of `run` that do not go together."""
    if output is None and files:
        raise click.UsageError("--events and --plots write files; add -o DIR")
    if sampled and (output is not None or ruled):
        raise click.UsageError("--sample estimates totals; it goes with neither -o nor --policy")


@click.command(
    cls=Verb,
    short_help="Report on one of three systems that learn in memory: begin here.",
    examples=("archsim demo -o out", "archsim demo ecram", "archsim demo cbram --data ~/mnist"),
)
@click.argument("system", type=click.Choice(["madem", "ecram", "cbram"]), default="madem")
@click.option("-o", "--output", metavar="DIR", type=click.Path(), help=OUTPUT)
@click.option(
    "--data", metavar="DIR", default="", help="Folder of MNIST, for cbram: it learns that instead."
)
@json_option
@quiet_option
def demo(
    system: Literal["madem", "ecram", "cbram"],
    output: str | None,
    *,
    data: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Report on a system that learns in memory; each takes about half a minute.

    \b
    madem  nine Braille words by activity difference on memristors, with one layer
           and with two, beside GPUs and published figures (unless you say otherwise)
    ecram  digits by progressive gradient descent on electrochemical cells, beside
           backpropagation that stores its gradients
    cbram  digits by spikes without labels on binary cells, with and without pruning
    """  # noqa: D301  (click reads the backspace: keep these lines)
    if data and system != "cbram":
        message = f"--data is for cbram; {system} brings its own data"
        raise click.UsageError(message)
    load_extensions(())
    from archsim.cli.output import Meter, tell
    from archsim.report.demo import write_demo
    from archsim.report.folder import claim
    from archsim.report.showcase import write_showcase

    with ExitStack() as stack:
        folder = stack.enter_context(claim(output)) if output is not None else None
        meter = stack.enter_context(Meter(quiet=quiet))
        done = (
            write_demo(folder, progress=meter)
            if system == "madem"
            else write_showcase(system, folder, data=data, progress=meter)
        )
    last = f"The same report is {output}/report.md" if output is not None else ""
    tell(done.summary, done.page, as_json=as_json, quiet=quiet, last=last)
