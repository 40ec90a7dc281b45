# ruff: noqa: PLC0415  (heavy imports wait for the command that needs them)
"""Commands that give reasons: why, diff, wear, scale."""

from __future__ import annotations

from contextlib import ExitStack

import click

from archsim.cli.extensions import load_extensions
from archsim.cli.options import Verb, json_option, plugin_option, quiet_option, set_option

__all__ = ["diff", "scale", "wear", "why"]

_SEED = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all draws."
)
_PERCENT = click.FloatRange(min=0, max=100, max_open=True)


@click.command(
    cls=Verb,
    short_help="Say where time and energy go, and what a faster part would gain.",
    examples=(
        "archsim why out",
        "archsim why madem_braille madem_64 --faster 50 --component array.adc",
    ),
)
@click.argument("references", metavar="RUN | WORKLOAD CHIP", nargs=-1, required=True)
@_SEED
@set_option("Replace a field; PATH begins with chip. or workload.")
@click.option(
    "--faster",
    "percent",
    type=_PERCENT,
    metavar="PERCENT",
    default=10.0,
    show_default=True,
    help="Make each part faster by so much of its time, simulate again; 0: do not.",
)
@click.option(
    "--component",
    "components",
    multiple=True,
    metavar="CLASS.ROLE",
    help="Make only this part faster, such as array.adc or network.link; repeat for several.",
)
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(), help="Folder for the tables as CSV."
)
@json_option
@plugin_option
@quiet_option
def why(  # noqa: PLR0913  (one for each option)
    references: tuple[str, ...],
    *,
    seed: int,
    settings: dict[str, str],
    percent: float,
    components: tuple[str, ...],
    output: str | None,
    as_json: bool,
    plugins: tuple[str, ...],
    quiet: bool,
) -> None:
    """Say where time and energy go, and what a faster part would gain.

    RUN is the folder of a run, which is simulated again; or give a workload and a chip. Every tick
    of the time is attributed to one visit's service, one waiting, or a release or gap. A part that
    is 10 % faster takes 10 % less time; each is a simulation of its own.
    """
    load_extensions(plugins)
    from archsim.cli.output import Meter, tell
    from archsim.report.folder import claim
    from archsim.report.subject import subjects
    from archsim.report.why import why as reasons
    from archsim.report.why import write_why

    (subject,) = subjects(references, number=1, seed=seed, settings=settings)
    with ExitStack() as stack:
        folder = stack.enter_context(claim(output)) if output is not None else None
        meter = stack.enter_context(Meter(quiet=quiet))
        found = reasons(subject, percent=percent, components=components, progress=meter)
        if folder is not None:
            write_why(folder, found)
    tell(found.records, found.page, as_json=as_json, quiet=quiet)


@click.command(
    cls=Verb,
    short_help="Say which counts, prices and times make two runs differ.",
    examples=(
        "archsim diff out_a out_b",
        "archsim diff madem_braille madem_64 madem_braille madem_64:reference",
    ),
)
@click.argument("references", metavar="A B | WORKLOAD CHIP WORKLOAD CHIP", nargs=-1, required=True)
@_SEED
@click.option(
    "--path/--no-path",
    "paths",
    default=True,
    show_default=True,
    help="Simulate stored runs again, to tell times by component and not by phase only.",
)
@json_option
@plugin_option
@quiet_option
def diff(
    references: tuple[str, ...],
    *,
    seed: int,
    paths: bool,
    as_json: bool,
    plugins: tuple[str, ...],
    quiet: bool,
) -> None:
    """Say which counts, prices and times make the second run cost more or less than the first.

    A and B are folders of runs; or give a workload and a chip for each. The terms sum exactly to
    the differences of energy and time.
    """
    load_extensions(plugins)
    from archsim.cli.output import Meter, tell
    from archsim.report.diff import diff as differences
    from archsim.report.subject import subjects

    first, second = subjects(references, number=2, seed=seed)
    with Meter(quiet=quiet) as meter:
        found = differences(first, second, paths=paths, progress=meter)
    tell(found.records, found.page, as_json=as_json, quiet=quiet)


@click.command(
    cls=Verb,
    short_help="Say how long the cells of a chip last.",
    examples=("archsim wear out",),
)
@click.argument("folder", metavar="RUN", type=click.Path())
@json_option
@plugin_option
@quiet_option
def wear(folder: str, *, as_json: bool, plugins: tuple[str, ...], quiet: bool) -> None:
    """Say how often the cells of a run were written, and how long they last under such training.

    Life ends when the first 1 % of the cells have had as many pulses as they stand. The same writes
    are set beside the endurance of every technology in the catalog.
    """
    load_extensions(plugins)
    from archsim.cli.output import Meter, tell
    from archsim.report.wear import worn_run

    with Meter(quiet=quiet) as meter:
        found = worn_run(folder, progress=meter)
    tell(found.records, found.page, as_json=as_json, quiet=quiet)


@click.command(
    cls=Verb,
    short_help="Report what more tiles, larger arrays and larger networks cost.",
    examples=("archsim scale -o out --plots",),
)
@click.option(
    "--tiles",
    type=click.IntRange(min=4, max=1_000_000),
    default=1_000_000,
    show_default=True,
    help="Largest chip that is simulated.",
)
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(), help="Folder for the tables as CSV."
)
@click.option("--plots", is_flag=True, help="Add curves as PNG (needs -o, archsim[plot]).")
@json_option
@quiet_option
def scale(*, tiles: int, output: str | None, plots: bool, as_json: bool, quiet: bool) -> None:
    """Report strong and weak scaling to a million tiles, array sizes, and learning beside GPUs.

    Chips are simulated with synthetic layers; learning is trained on the smallest sizes and
    computed beyond, to 10¹¹ weights. Takes some minutes, and up to 6 GiB of memory at 10⁶ tiles.
    """
    if plots and output is None:
        raise click.UsageError("--plots writes files; add -o DIR")
    load_extensions(())
    from archsim.cli.output import Meter, tell
    from archsim.report.folder import claim
    from archsim.report.plots import require_plots
    from archsim.report.scale import scale as scaled
    from archsim.report.scale import write_scale

    if plots:
        require_plots()
    with ExitStack() as stack:
        folder = stack.enter_context(claim(output)) if output is not None else None
        meter = stack.enter_context(Meter(quiet=quiet))
        found = scaled(tiles=tiles, progress=meter)
        if folder is not None:
            write_scale(folder, found, plots=plots)
    tell(found.records, found.page, as_json=as_json, quiet=quiet)
