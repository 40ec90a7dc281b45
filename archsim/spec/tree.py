"""Trees of nodes laid over each other, and values put in at a dotted path."""

from __future__ import annotations

import re

from archsim.errors import SpecError
from archsim.spec.fault import shown
from archsim.spec.node import Mark, Node

__all__ = ["merged", "replaced"]

_SEGMENT = re.compile(r"(?:[^.\[\]]|\[[^\]]*\])+")


def merged(base: Node, child: Node) -> Node:
    """Return `child` laid over `base`: mappings merge key by key, anything else is replaced."""
    if not (isinstance(base.content, dict) and isinstance(child.content, dict)):
        return child
    content = dict(base.content)
    for name, node in child.content.items():
        content[name] = merged(content[name], node) if name in content else node
    return Node(content, child.mark, child.key)


def replaced(root: Node, path: str, value: Node, mark: Mark) -> Node:
    """Return `root` with `value` at a dotted path; mappings on the way are made where missing.

    A key that holds dots, such as ``array[0..1]``, is taken whole where it exists or where its dots
    stand in brackets.

    Parameters
    ----------
    root : Node
        A tree, which stays as it is.
    path : str
        Dotted path from its root.
    value : Node
        What stands there in the result.
    mark : Mark
        Where keys that are made stand, and faults of the path.

    Raises
    ------
    SpecError
        If the path is malformed or runs through a scalar or past the end of a list.
    """
    if not path.strip():
        raise SpecError([mark.fault("", "expected a dotted field path, got nothing")])
    return _put(root, path, Node(value.content, value.mark, mark), mark, "")


def _put(node: Node, rest: str, value: Node, mark: Mark, above: str) -> Node:
    if not rest:
        return value
    if isinstance(node.content, list):
        return _put_item(node, rest, value, mark, above)
    if not isinstance(node.content, dict):
        message = f"expected a mapping or list to set {rest} in, got {shown(node.content)}"
        raise SpecError([mark.fault(above, message)])
    key, rest = _first(rest, node.content, mark, above)
    child = node.content.get(key, Node({}, mark, mark))
    below = f"{above}.{key}" if above else key
    content = {**node.content, key: _put(child, rest, value, mark, below)}
    return Node(content, node.mark, node.key)


def _put_item(node: Node, rest: str, value: Node, mark: Mark, above: str) -> Node:
    items = list(node.content) if isinstance(node.content, list) else []
    match = re.fullmatch(r"\[(\d{1,9})\]\.?(.*)", rest)
    if match is None or int(match[1]) >= len(items):
        message = f"expected an index from [0] to [{len(items) - 1}], got {shown(rest)}"
        raise SpecError([mark.fault(above, message)])
    number = int(match[1])
    items[number] = _put(items[number], match[2], value, mark, f"{above}[{number}]")
    return Node(items, node.mark, node.key)


def _first(path: str, known: dict[str, Node], mark: Mark, above: str) -> tuple[str, str]:
    """Return the first key of a path, and what follows it."""
    whole = [key for key in known if path == key or path.startswith((f"{key}.", f"{key}["))]
    lists = [
        key
        for key in whole
        if path[len(key) :].startswith("[") and not isinstance(known[key].content, list)
    ]
    whole = [key for key in whole if key not in lists]
    if whole:
        key = max(whole, key=len)
        return key, path[len(key) :].removeprefix(".")
    match = _SEGMENT.match(path)
    if (
        match is None
        or (match.end() < len(path) and path[match.end()] != ".")
        or path.endswith(".")
    ):
        raise SpecError([mark.fault(above, f"expected a dotted field path, got {shown(path)}")])
    return match[0], path[match.end() :].removeprefix(".")
