# ruff: noqa: PLC0415  (heavy imports wait for a command that needs them)
"""What commands print: results on stdout, progress on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from archsim.cli.signals import stop_if_asked

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress, TaskID

    from archsim.report.page import Page

__all__ = ["Meter", "show", "tell"]

PATIENCE = 1.0
"""How long a command may take before it shows its progress. [s]"""
UNBOUNDED = 1000
"""Columns of output that no terminal reads, so that no line is broken."""


def show(items: Iterable[RenderableType]) -> None:
    """Print rich renderables on stdout; outside a terminal without colour or line breaks."""
    console = _console()
    for item in items:
        text = _plain(item) if not console.is_terminal else None
        if text is None:
            console.print(item)
        else:
            click.echo(text)


def tell(
    records: Callable[[], object],
    page: Callable[[], Page],
    *,
    as_json: bool,
    quiet: bool = False,
    last: str = "",
) -> None:
    """Print a result: its records as JSON, or its page and a last line, or nothing if quiet."""
    from archsim.report.encode import json_text
    from archsim.report.page import page_terminal

    if as_json:
        click.echo(json_text(records()), nl=False)
    elif not quiet:
        show(page_terminal(page()))
        if last:
            click.echo(f"\n{last}")


def _plain(item: RenderableType) -> str:
    """Return what an item looks like without colour, with no spaces at line ends."""
    import io

    from rich.console import Console

    file = io.StringIO()
    console = Console(
        file=file, width=UNBOUNDED, color_system=None, force_terminal=False, emoji=False
    )
    console.print(item, markup=False, highlight=False)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _console() -> Console:
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


class Meter:
    """A progress bar on stderr, shown only on a terminal and only when it takes a while.

    Parameters
    ----------
    quiet : bool
        Show nothing at all.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._begin = time.monotonic()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Return the meter."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bar."""
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, text: str, fraction: float) -> None:
        """Show how far the work is, from 0 to 1."""
        stop_if_asked()
        if not self._shown or time.monotonic() - self._begin < PATIENCE:
            return
        if self._progress is None or self._task is None:
            self._progress = _bar()
            self._task = self._progress.add_task(text, total=1.0)
            self._progress.start()
        self._progress.update(self._task, description=text, completed=fraction)


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)
