"""The command ``archsim``: its verbs, and what becomes of errors."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from archsim import __version__
from archsim.cli.describe import check, list_entries, schema, show
from archsim.cli.explain import diff, scale, wear, why
from archsim.cli.judge import audit, compare, validate
from archsim.cli.signals import INTERRUPTED, listen
from archsim.cli.simulate import demo, run
from archsim.cli.study import optimize, reprice, sweep
from archsim.cli.train import train
from archsim.errors import ArchsimError, ResourceError

__all__ = ["Application", "app", "main"]

BROKEN_PIPE = 141


class Application(click.Group):
    """A group that turns errors into one line each on stderr, and into exit codes."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002  (click's own signature)
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002
        **extra: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Run the command line; in standalone mode, exit with the code that it earned."""
        extra["windows_expand_args"] = windows_expand_args
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        sys.exit(self._coded(args, prog_name, complete_var, extra))

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run the chosen command; a reader that went away ends it quietly."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()
            ctx.exit(BROKEN_PIPE)
        return result

    def _coded(
        self,
        args: Sequence[str] | None,
        prog_name: str | None,
        complete_var: str | None,
        extra: dict[str, Any],
    ) -> int:
        """Return the exit code, after telling of errors."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.Abort:
            _say("interrupted")
            return INTERRUPTED
        except click.ClickException as error:
            _say(error.format_message())
            if isinstance(error, click.UsageError) and error.ctx is not None:
                click.echo(f"Try '{error.ctx.command_path} --help'.", err=True)
            return error.exit_code
        except ArchsimError as error:
            _say(str(error) or type(error).__name__)
            return error.exit_code
        except MemoryError:
            _say("out of memory; take a smaller network or fewer events")
            return ResourceError.exit_code
        return code if isinstance(code, int) else 0


def _say(text: str) -> None:
    """Write an error, one line for each of its faults."""
    for line in text.splitlines():
        click.echo(f"archsim: error: {line}", err=True)


def _discard_output() -> None:
    """Send what is still buffered nowhere, so that nothing complains at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@click.group(
    cls=Application,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog="Begin with: archsim demo",
)
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name="archsim")
def app() -> None:
    """Say what a workload costs on a neuromorphic chip: energy, time, area, accuracy.

    Chips and workloads are named NAME, NAME:VARIANT or by the path of a file; "archsim list" shows
    what is there.

    Exit codes: 0 done, 2 bad input, 3 model error, 4 storage, 5 resource limit, 130 interrupted.
    """


_COMMANDS = (
    *(demo, run, train, sweep, optimize, reprice),
    *(list_entries, show, check, schema),
    *(audit, compare, validate),
    *(why, diff, wear, scale),
)
for _command in _COMMANDS:
    app.add_command(_command)


def main() -> NoReturn:
    """Run the command line of this process."""
    listen()
    try:
        app.main(prog_name="archsim")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            # an interrupt that once passed through exec(), as in an import, would make Python die
            # by the signal although it was handled
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(INTERRUPTED)
        raise
    raise AssertionError  # a group in standalone mode does not return
