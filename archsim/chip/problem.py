"""Problems: what checks of a description as a whole find."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

__all__ = ["Problem", "did_you_mean", "field_text"]


def field_text(path: Iterable[str | int]) -> str:
    """Return a field path as text: ``tiles.array.adc``, ``network.links[2]``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


class Problem(NamedTuple):
    """One thing that is wrong with a description."""

    path: tuple[str | int, ...]
    """Field at fault."""
    message: str
    """What was expected, what was found, a likely fix."""

    @property
    def field(self) -> str:
        """The path as text."""
        return field_text(self.path)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` if one of `known` is near, else nothing."""
    near = get_close_matches(name, sorted(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""
