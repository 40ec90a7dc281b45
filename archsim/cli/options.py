"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = [
    "OUTPUT",
    "Verb",
    "json_option",
    "pairs",
    "plugin_option",
    "policy_option",
    "quiet_option",
    "set_option",
]

OUTPUT = "Folder for the results; must not exist yet. Without it, results are printed only."
"""Help of the option ``-o``."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Verb(click.Command):
    """A command whose help ends with examples, printed as they are.

    Parameters
    ----------
    examples : tuple of str
        Command lines.
    """

    def __init__(self, name: str | None, *, examples: tuple[str, ...] = (), **extra: Any) -> None:  # noqa: ANN401
        super().__init__(name, **extra)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Example" if len(self.examples) == 1 else "Examples"):
            for example in self.examples:
                formatter.write(f"  {example}\n")


def pairs(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Split ``NAME=VALUE`` texts at their first equals sign."""
    del context
    pairs = {}
    for text in values:
        name, mark, value = text.partition("=")
        if not mark or not name.strip():
            wanted = parameter.make_metavar(click.Context(click.Command("archsim")))
            message = f"expected {wanted}, got {text!r}"
            raise click.BadParameter(message)
        pairs[name.strip()] = value.strip()
    return pairs


def set_option(help_text: str) -> Callable[[_Command], _Command]:
    """Return the option ``--set``."""
    return click.option(
        "--set",
        "settings",
        metavar="PATH=VALUE",
        multiple=True,
        callback=pairs,
        help=help_text,
    )


def policy_option() -> Callable[[_Command], _Command]:
    """Return the option ``--policy``."""
    return click.option(
        "--policy",
        "policies",
        metavar="STATION=NAME",
        multiple=True,
        callback=pairs,
        help="Rule a station, or all that a pattern such as '*.adc' names, by a registered policy.",
    )


def plugin_option(command: _Command) -> _Command:
    """Add the option ``--plugin``."""
    return click.option(
        "--plugin",
        "plugins",
        metavar="MODULE",
        multiple=True,
        help="Import an extension first; modules in this folder are found too.",
    )(command)


def json_option(command: _Command) -> _Command:
    """Add the option ``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON, in SI units, instead of tables."
    )(command)


def quiet_option(command: _Command) -> _Command:
    """Add the option ``--quiet``."""
    return click.option(
        "-q", "--quiet", is_flag=True, help="Print nothing but errors, and JSON if asked for."
    )(command)
