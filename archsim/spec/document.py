"""YAML text to a tree of nodes that know their file, line and column; hardened, since files are untrusted."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from archsim.errors import Fault, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Document", "Mark", "Node", "Plain", "load_yaml", "parse_yaml"]

MAX_BYTES: Final = 1 << 20
"""Largest file that is read. [byte]"""
MAX_DEPTH: Final = 32
"""Deepest nesting of mappings and lists."""

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | bool | None"
"""Python values of a document, without places."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, or a setting."""

    file: str
    """File as shown to the user, or the setting itself."""
    line: int = 0
    """Line, from 1; 0 for a setting."""
    column: int = 0
    """Column, from 1; 0 for a setting."""

    def fault(self, path: str, message: str) -> Fault:
        """Return a fault at this place."""
        return Fault(
            file=self.file, line=self.line, column=self.column, field=path, message=message
        )


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document and where it stands."""

    content: dict[str, Node] | list[Node] | str | int | float | bool | None
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


class _FatalError(Exception):
    """Reading cannot go on; carries the fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


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
    text = _text(path, name)
    document = parse_yaml(text, name)
    if not isinstance(document.root.content, dict):
        kind = _kind(document.root)
        raise SpecError(
            [document.root.mark.fault("", f"expected a mapping of fields at the top, got {kind}")]
        )
    return Document(path, document.root, document.faults)


def parse_yaml(text: str, name: str, *, mark: Mark | None = None) -> Document:
    """Return the tree of YAML text; with `mark` every node stands there.

    Raises
    ------
    SpecError
        If the text is no YAML, empty or nested deeper than `MAX_DEPTH`.
    """
    composer = _Composer(name=name, fixed=mark)
    try:
        root = composer.compose(text)
    except _FatalError as error:
        raise SpecError([*composer.faults, error.fault]) from None
    except YAMLError as error:
        raise SpecError([*composer.faults, _syntax_fault(error, name, mark)]) from None
    return Document(Path(name), root, tuple(composer.faults))


def _text(path: Path, name: str) -> str:
    place = Mark(name)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "something else"
            raise SpecError([place.fault("", f"expected a YAML file, got {kind}")])
        if status.st_size > MAX_BYTES:
            raise SpecError(
                [place.fault("", f"expected at most {MAX_BYTES} bytes, got {status.st_size}")]
            )
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except SpecError:
        raise
    except FileNotFoundError:
        raise SpecError([place.fault("", "expected a YAML file, found none here")]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SpecError([place.fault("", f"cannot read this file: {reason}")]) from None
    if len(data) > MAX_BYTES:
        raise SpecError([place.fault("", f"expected at most {MAX_BYTES} bytes, got more")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        message = f"expected UTF-8 text, got byte 0x{data[error.start]:02x}"
        raise SpecError([Mark(name, line, column).fault("", message)]) from None


def _syntax_fault(error: YAMLError, name: str, fixed: Mark | None) -> Fault:
    found = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = " ".join(
        str(
            getattr(error, "problem", None) or getattr(error, "reason", None) or "malformed"
        ).split()
    )
    mark = fixed or (Mark(name, found.line + 1, found.column + 1) if found else Mark(name))
    return mark.fault("", f"expected YAML, but {problem}")


def _kind(node: Node) -> str:
    if isinstance(node.content, dict):
        return "a mapping"
    if isinstance(node.content, list):
        return "a list"
    return "nothing" if node.content is None else f"{node.content!r}"


_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, float | bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
    ".inf": float("inf"), ".Inf": float("inf"), ".INF": float("inf"),
    "+.inf": float("inf"), "-.inf": float("-inf"), "-.Inf": float("-inf"), "-.INF": float("-inf"),
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
}  # fmt: skip
_LONGEST_NUMBER = 40


def scalar(text: str) -> str | int | float | bool | None:
    """Return what a plain scalar means under the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


@dataclass(slots=True)
class _Composer:
    """Builds nodes from the parser's events and collects what may not be in a file."""

    name: str
    fixed: Mark | None
    faults: list[Fault] = field(default_factory=list)

    def compose(self, text: str) -> Node:
        documents = 0
        root: Node | None = None
        events = iter(YAML(typ="safe", pure=True).parse(text))
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _FatalError(
                        self._mark(event).fault("", "expected one document, got a second after ---")
                    )
            elif isinstance(
                event, (ScalarEvent, MappingStartEvent, SequenceStartEvent, AliasEvent)
            ):
                root = self._node(event, events, "", 1, None)
        if root is None:
            raise _FatalError(
                (self.fixed or Mark(self.name)).fault(
                    "", "expected a mapping of fields, got an empty file"
                )
            )
        return root

    def _mark(self, event: object) -> Mark:
        if self.fixed is not None:
            return self.fixed
        start = event.start_mark  # type: ignore[attr-defined]
        return Mark(self.name, start.line + 1, start.column + 1)

    def _node(
        self, event: object, events: Iterator[object], path: str, depth: int, key: Mark | None
    ) -> Node:
        mark = self._mark(event)
        if depth > MAX_DEPTH:
            raise _FatalError(
                mark.fault(path, f"expected at most {MAX_DEPTH} levels of nesting, got more")
            )
        if isinstance(event, AliasEvent):
            message = f"expected a value, got the alias *{event.anchor}; aliases are not allowed, write it out"
            self.faults.append(mark.fault(path, message))
            return Node(None, mark, key)
        self._refuse_extras(event, mark, path)
        if isinstance(event, MappingStartEvent):
            return Node(self._mapping(events, path, depth), mark, key)
        if isinstance(event, SequenceStartEvent):
            return Node(self._sequence(events, path, depth), mark, key)
        if not isinstance(event, ScalarEvent):
            raise _FatalError(mark.fault(path, "expected a value"))
        return Node(scalar(event.value) if event.implicit[0] else event.value, mark, key)

    def _refuse_extras(self, event: object, mark: Mark, path: str) -> None:
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor:
            self.faults.append(
                mark.fault(
                    path, f"expected a value, got the anchor &{anchor}; anchors are not allowed"
                )
            )
        if tag:
            self.faults.append(
                mark.fault(path, f"expected a plain value, got the tag {tag}; tags are not allowed")
            )

    def _mapping(self, events: Iterator[object], path: str, depth: int) -> dict[str, Node]:
        content: dict[str, Node] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            mark = self._mark(event)
            if not isinstance(event, ScalarEvent):
                raise _FatalError(
                    mark.fault(path, "expected a name as key, got a list, mapping or alias")
                )
            self._refuse_extras(event, mark, path)
            name = event.value
            below = f"{path}.{name}" if path else name
            child = self._node(next(events), events, below, depth + 1, mark)
            if name in content:
                first = content[name].place
                where = f"at line {first.line}" if first.line else "before"
                self.faults.append(
                    mark.fault(below, f"expected each key once, got {name!r} again (first {where})")
                )
            else:
                content[name] = child
        return content

    def _sequence(self, events: Iterator[object], path: str, depth: int) -> list[Node]:
        content: list[Node] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            content.append(self._node(event, events, f"{path}[{len(content)}]", depth + 1, None))
        return content
