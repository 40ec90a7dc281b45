"""Events of the YAML parser to nodes: one pass, without aliases, anchors, tags or merges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from archsim.errors import Fault
from archsim.spec.node import Mark, Node, Scalar, one_line

__all__ = ["MAX_DEPTH", "MAX_VALUES", "Composer", "ForbiddenError", "scalar"]

MAX_DEPTH: Final = 32
"""Deepest nesting of mappings and lists."""
MAX_VALUES: Final = 10_000
"""Most values in a file; reading that many takes most of a second."""

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL: Final = {
    name: name.lower() == "true" for name in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONGEST_NUMBER = 40


def scalar(text: str) -> Scalar:
    """Return what a plain scalar means under the core schema of YAML 1.2.

    Octal and hexadecimal integers, and numbers longer than any that means something, stay text.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return float(text) if _FLOAT.fullmatch(text) else text


class ForbiddenError(Exception):
    """Reading cannot go on; carries the fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


@dataclass(slots=True)
class Composer:
    """Builds the nodes of one text and collects what may not stand in it."""

    name: str
    """How messages call the file."""
    fixed: Mark | None = None
    """Place of every node, if the text is no file."""
    faults: list[Fault] = field(default_factory=list)
    """What was refused so far without an end to reading."""
    values: int = 0
    """Values read so far."""

    def compose(self, text: str) -> Node:
        """Return the root of the only document in `text`; it holds nothing if there is none.

        Raises
        ------
        ForbiddenError
            If there is more than one document, or one too deep or too large.
        """
        root: Node | None = None
        events: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(text))
        for event in events:
            if isinstance(event, DocumentStartEvent) and root is not None:
                message = "expected one document, got a second one after ---"
                raise ForbiddenError(self._mark(event).fault("", message))
            if isinstance(event, NodeEvent):
                root = self._node(event, events, "", depth=1)
        return root or Node(None, self.fixed or Mark(self.name))

    def _mark(self, event: Event) -> Mark:
        if self.fixed is not None:
            return self.fixed
        start = event.start_mark
        return Mark(self.name, start.line + 1, start.column + 1)

    def _node(
        self,
        event: NodeEvent,
        events: Iterator[Any],
        path: str,
        *,
        depth: int,
        key: Mark | None = None,
    ) -> Node:
        mark = self._mark(event)
        self.values += 1
        if depth > MAX_DEPTH:
            message = f"expected at most {MAX_DEPTH} levels of nesting, got more"
            raise ForbiddenError(mark.fault(path, message))
        if self.values > MAX_VALUES:
            message = f"expected at most {MAX_VALUES} values, got more"
            raise ForbiddenError(mark.fault(path, message))
        self._refuse_extras(event, mark, path)
        if isinstance(event, MappingStartEvent):
            return Node(self._mapping(events, path, depth), mark, key)
        if isinstance(event, SequenceStartEvent):
            return Node(self._sequence(events, path, depth), mark, key)
        if isinstance(event, ScalarEvent):
            text = str(event.value)
            return Node(scalar(text) if event.implicit[0] else text, mark, key)
        return Node(None, mark)  # an alias, refused at its own place

    def _refuse_extras(self, event: NodeEvent, mark: Mark, path: str) -> None:
        """Note an alias, anchor or tag as a fault."""
        anchor, tag = event.anchor, getattr(event, "tag", None)
        if isinstance(event, AliasEvent):
            message = f"the alias *{one_line(str(anchor), 40)} (aliases are refused: write it out)"
        elif anchor:
            message = f"the anchor &{one_line(str(anchor), 40)} (anchors are refused)"
        elif tag:
            message = f"the tag {one_line(str(tag), 40)} (tags are refused)"
        else:
            return
        self.faults.append(mark.fault(path, f"expected a plain value, got {message}"))

    def _mapping(self, events: Iterator[Any], path: str, depth: int) -> dict[str, Node]:
        content: dict[str, Node] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            mark = self._mark(event)
            if not isinstance(event, ScalarEvent):
                message = "expected a name as key, got a list, a mapping or an alias"
                raise ForbiddenError(mark.fault(path, message))
            self._refuse_extras(event, mark, path)
            name = str(event.value)
            below = f"{path}.{name}" if path else name
            child = self._node(next(events), events, below, depth=depth + 1, key=mark)
            if name in content:
                first = content[name].place
                where = f" (first at line {first.line})" if first.line else ""
                message = f'expected each key once, got "{one_line(name, 60)}" again{where}'
                self.faults.append(mark.fault(below, message))
            else:
                content[name] = child
        return content

    def _sequence(self, events: Iterator[Any], path: str, depth: int) -> list[Node]:
        content: list[Node] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            below = f"{path}[{len(content)}]"
            content.append(self._node(event, events, below, depth=depth + 1))
        return content
