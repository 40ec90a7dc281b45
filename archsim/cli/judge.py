# ruff: noqa: PLC0415  (heavy imports wait for the command that needs them)
"""Commands that judge: a finished run (audit, compare), or the simulator itself (validate)."""

from __future__ import annotations

from contextlib import ExitStack

import click

from archsim.cli.extensions import load_extensions
from archsim.cli.options import OUTPUT, Verb, json_option, plugin_option, quiet_option

__all__ = ["audit", "compare", "validate"]


@click.command(
    cls=Verb,
    short_help="Repeat a run and compare every sum; all must agree.",
    examples=("archsim audit out",),
)
@click.argument("folder", metavar="DIR", type=click.Path())
@plugin_option
@quiet_option
def audit(folder: str, *, plugins: tuple[str, ...], quiet: bool) -> None:
    """Train and simulate a run again, and compare every sum in integers; all must agree.

    DIR is the folder that "archsim run -o DIR" wrote. The exit code is 3 where anything differs.
    """
    load_extensions(plugins)
    from archsim.cli.output import show
    from archsim.report.auditing import audit_folder, audit_table, require_agreement
    from archsim.report.tables import terminal

    lines = audit_folder(folder)
    if not quiet:
        show([terminal(audit_table(lines))])
    require_agreement(lines)


@click.command(
    cls=Verb,
    short_help="Set a run beside another run or a GPU.",
    examples=("archsim compare out_a out_b", "archsim compare out gpu_a100"),
)
@click.argument("first", metavar="RUN", type=click.Path())
@click.argument("second", metavar="RUN-or-GPU")
@json_option
@plugin_option
def compare(first: str, second: str, *, as_json: bool, plugins: tuple[str, ...]) -> None:
    """Set a run beside another run, or beside the same training on a GPU.

    RUN is the folder of a run; a GPU is a chip of kind gpu. Every ratio has a low and a high end;
    where the ranges of two figures overlap, it says "cannot tell apart".
    """
    load_extensions(plugins)
    from archsim.cli.output import Meter, tell
    from archsim.report.compare import comparison

    with Meter() as meter:
        found = comparison(first, second, progress=meter)
    tell(found.records, found.page, as_json=as_json)


@click.command(
    cls=Verb,
    short_help="Hold every published headline against what we get.",
    examples=("archsim validate --quick", "archsim validate --data ~/mnist -o out"),
)
@click.option("-o", "--output", metavar="DIR", type=click.Path(), help=OUTPUT)
@click.option("--quick", is_flag=True, help="In two minutes: no MNIST, fewer seeds, fewer claims.")
@click.option(
    "--data",
    metavar="DIR",
    default="",
    help="Folder of MNIST's four IDX files; else ARCHSIM_DATA names it, or it is downloaded.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1, max=64),
    default=2,
    show_default=True,
    help="Processes that train; the results are the same.",
)
@json_option
@quiet_option
def validate(
    output: str | None, *, quick: bool, data: str, workers: int, as_json: bool, quiet: bool
) -> None:
    """Train all three systems and hold every published headline against what comes of it.

    Each claim gets a verdict: hit, miss or not evaluated, which never counts as met. The exit code
    is 0 if each verdict is the one committed in chips/*/published.yaml, and 3 if one changed. The
    whole takes some minutes, most of them for 18 trainings on all of MNIST.
    """
    load_extensions(())
    from archsim.cli.output import Meter, tell
    from archsim.report.folder import claim
    from archsim.report.validate import require_committed
    from archsim.report.validate import validate as validated

    with ExitStack() as stack:
        folder = stack.enter_context(claim(output)) if output is not None else None
        meter = stack.enter_context(Meter(quiet=quiet))
        done = validated(folder, quick=quick, data=data, workers=workers, progress=meter)
    last = f"The whole report is {output}/report.md" if output is not None else ""
    tell(done.summary, done.short_page, as_json=as_json, quiet=quiet, last=last)
    require_committed(done.judged, quick=quick)
