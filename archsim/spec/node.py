"""Values of a document that know their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from archsim.errors import Fault

__all__ = ["Mark", "Node", "Plain", "Scalar", "one_line"]

Scalar: TypeAlias = str | int | float | bool | None
"""A value without children."""
Plain: TypeAlias = "dict[str, Plain] | list[Plain] | Scalar"
"""Values of a document without places."""

_LONGEST_PATH: Final = 200


def one_line(text: str, limit: int) -> str:
    """Return `text` for a message: printable, on one line, at most `limit` characters."""
    line = "".join(character if character.isprintable() else "?" for character in text[: limit + 1])
    return line if len(line) <= limit else f"{line[:limit]}…"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, or a setting."""

    file: str
    """File as shown to the user, or the setting itself."""
    line: int = 0
    """Line, from 1; 0 for a setting."""
    column: int = 0
    """Column, from 1; 0 for a setting."""
    chosen: bool = False
    """Whether a setting stands here: its constants may be bare, the source is the user."""

    def fault(self, path: str, message: str) -> Fault:
        """Return a fault of the field at `path`, at this place."""
        return Fault(
            file=one_line(self.file, _LONGEST_PATH),
            line=self.line,
            column=self.column,
            field=one_line(path, _LONGEST_PATH),
            message=message,
        )


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document and where it stands."""

    content: dict[str, Node] | list[Node] | Scalar
    """Children of a mapping or list, else the scalar itself."""
    mark: Mark
    """Where the value starts."""
    key: Mark | None = None
    """Where its key starts, in a mapping."""

    @property
    def place(self) -> Mark:
        """Place of the key if there is one, else of the value."""
        return self.key or self.mark

    def plain(self) -> Plain:
        """Return the value without places."""
        if isinstance(self.content, dict):
            return {name: child.plain() for name, child in self.content.items()}
        if isinstance(self.content, list):
            return [child.plain() for child in self.content]
        return self.content
