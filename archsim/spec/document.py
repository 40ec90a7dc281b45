"""YAML files to trees of nodes; hardened, since files are untrusted."""

from __future__ import annotations

import functools
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ruamel.yaml.error import YAMLError

from archsim.errors import Fault, SpecError
from archsim.spec.compose import Composer, ForbiddenError
from archsim.spec.fault import shown
from archsim.spec.node import Mark, Node, Plain, one_line

__all__ = ["MAX_BYTES", "MAX_LINE", "MAX_LINES", "Document", "load_yaml", "parse_yaml"]

MAX_BYTES: Final = 1 << 20
"""Largest file that is read. [byte]"""
MAX_LINE: Final = 10_000
"""Longest line, in characters; longer ones take the YAML scanner too long."""
MAX_LINES: Final = 20_000
"""Most lines of a file."""


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as a tree."""

    path: Path
    """File that was read."""
    root: Node
    """Its mapping."""
    faults: tuple[Fault, ...] = ()
    """Faults that do not hinder reading on, such as duplicate keys."""

    def plain(self) -> dict[str, Plain]:
        """Return the whole file without places."""
        plain = self.root.plain()
        return plain if isinstance(plain, dict) else {}


def load_yaml(path: Path | str, *, name: str = "") -> Document:
    """Return the tree of a YAML file.

    Parameters
    ----------
    path : Path or str
        A regular file of at most `MAX_BYTES`, UTF-8, one document, a mapping at the top.
    name : str, optional
        How messages call the file; the path itself if empty.

    Returns
    -------
    Document
        Tree whose nodes know their places; `faults` lists duplicate keys, anchors and tags.

    Raises
    ------
    SpecError
        If the file cannot be read or parsed at all.
    """
    path = Path(path)
    name = name or str(path)
    document = _known(_text(path, name), name)
    if not isinstance(document.root.content, dict):
        found = "an empty file" if document.root.content is None else shown(document.root.plain())
        message = f"expected a mapping of fields, got {found}"
        raise SpecError([*document.faults, document.root.mark.fault("", message)])
    return Document(path, document.root, document.faults)


def parse_yaml(text: str, name: str, *, mark: Mark | None = None) -> Document:
    """Return the tree of YAML text; with `mark` every node stands there.

    Parameters
    ----------
    text : str
        YAML 1.2.
    name : str
        What messages call the file.
    mark : Mark, optional
        Where every node is said to stand, for text that is no file.

    Raises
    ------
    SpecError
        If the text is no YAML, too deep or too large.
    """
    composer = Composer(name=name, fixed=mark)
    try:
        _check_lines(text, name, mark)
        root = composer.compose(text)
    except ForbiddenError as error:
        raise SpecError([*composer.faults, error.fault]) from None
    except YAMLError as error:
        raise SpecError([*composer.faults, _syntax_fault(error, name, mark)]) from None
    return Document(Path(name), root, tuple(composer.faults))


@functools.lru_cache(maxsize=64)  # runs of a study read the same few files; trees never change
def _known(text: str, name: str) -> Document:
    return parse_yaml(text, name)


def _check_lines(text: str, name: str, mark: Mark | None) -> None:
    lines = text.split("\n")
    if len(lines) > MAX_LINES + 1:
        message = f"expected at most {MAX_LINES} lines, got {len(lines)}"
        raise ForbiddenError((mark or Mark(name)).fault("", message))
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE:
            message = f"expected lines of at most {MAX_LINE} characters, got one of {len(line)}"
            raise ForbiddenError((mark or Mark(name, number, 1)).fault("", message))


def _text(path: Path, name: str) -> str:
    try:
        data = _bytes(path)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        message = f"expected UTF-8 text, got byte 0x{error.object[error.start]:02x}"
        raise SpecError([Mark(name, line, column).fault("", message)]) from None
    except OSError as error:
        message = f"cannot read this file: {error.strerror or error}"
        raise SpecError([Mark(name).fault("", message)]) from None
    except ValueError as error:
        raise SpecError([Mark(name).fault("", str(error))]) from None


def _bytes(path: Path) -> bytes:
    """Return the bytes of a regular file of permitted size."""
    if "\0" in str(path) or not path.exists():
        raise ValueError("expected a YAML file, found none here")
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "something else"
        raise ValueError(f"expected a YAML file, got {kind}")
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        size = max(status.st_size, len(data))
        raise ValueError(f"expected a file of at most {MAX_BYTES} bytes, got {size}")
    return data


def _syntax_fault(error: YAMLError, name: str, fixed: Mark | None) -> Fault:
    found = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "malformed"
    mark = fixed or (Mark(name, found.line + 1, found.column + 1) if found else Mark(name))
    return mark.fault("", f"expected YAML, but {one_line(' '.join(str(problem).split()), 200)}")
