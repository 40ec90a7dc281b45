"""Pydantic's errors to faults: where, what was expected, what was found, what was meant."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from archsim.spec.document import Mark, Node

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from archsim.errors import Fault

__all__ = ["did_you_mean", "faults_of", "locate"]

_CUTOFF = 0.6
_SHOWN = 60
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping of fields",
    "model_attributes_type": "a mapping of fields",
    "typed_dict_type": "a mapping of fields",
    "dataclass_type": "a mapping of fields",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "none_required": "nothing",
}
_LIMITS = {
    "greater_than": ("gt", "a number above {}"),
    "greater_than_equal": ("ge", "a number of at least {}"),
    "less_than": ("lt", "a number below {}"),
    "less_than_equal": ("le", "a number of at most {}"),
    "multiple_of": ("multiple_of", "a multiple of {}"),
    "string_too_short": ("min_length", "at least {} characters"),
    "string_too_long": ("max_length", "at most {} characters"),
    "string_pattern_mismatch": ("pattern", "text of the form {}"),
}


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` if one of `known` is near, else nothing."""
    names = sorted(known)
    near = get_close_matches(found, names, n=1, cutoff=_CUTOFF)
    if not near:
        near = [name for name in names if name.lower() == found.lower()]
    return f'; did you mean "{near[0]}"?' if near else ""


def locate(root: Node, place: tuple[int | str, ...]) -> tuple[str, Node]:
    """Return the field path and the nearest node of an error's place.

    Parts of the place that are no key or index, such as the tag of a union, are passed over; a
    missing field gives the node that should hold it.
    """
    node, path = root, ""
    for part in place:
        if isinstance(node.content, dict) and part in node.content:
            node = node.content[str(part)]
            path = f"{path}.{part}" if path else str(part)
        elif isinstance(node.content, list) and isinstance(part, int) and part < len(node.content):
            node = node.content[part]
            path = f"{path}[{part}]"
    return path, node


def faults_of(error: ValidationError, root: Node) -> list[Fault]:
    """Return one fault per error, each at its place in the tree."""
    return [_fault(item, root) for item in error.errors(include_url=False)]


def _fault(item: ErrorDetails, root: Node) -> Fault:
    path, node = locate(root, item["loc"])
    kind = item["type"]
    if kind == "missing":
        name = str(item["loc"][-1])
        return node.place.fault(f"{path}.{name}" if path else name, _missing(name, node))
    if kind == "extra_forbidden":
        known = item.get("ctx", {}).get("known", _CONSTANT_FIELDS)
        name = str(item["loc"][-1])
        message = f"expected one of the fields {', '.join(known)}, got {name!r}{did_you_mean(name, known)}"
        return node.place.fault(path, message)
    return _at(node, kind).fault(path, _message(item))


_CONSTANT_FIELDS = ("value", "low", "high", "source", "note")


def _at(node: Node, kind: str) -> Mark:
    scalar = not isinstance(node.content, dict | list)
    return node.mark if scalar or kind.startswith("union_tag") else node.place


def _missing(name: str, node: Node) -> str:
    given = node.content if isinstance(node.content, dict) else {}
    near = did_you_mean(name, given).replace("did you mean", "is it")
    return f"expected the field {name!r}, found none{near}"


def _message(item: ErrorDetails) -> str:
    kind, context, found = item["type"], item.get("ctx", {}), shown(item["input"])
    if kind in _KINDS:
        return f"expected {_KINDS[kind]}, got {found}"
    if kind in _LIMITS:
        name, text = _LIMITS[kind]
        return f"expected {text.format(context[name])}, got {found}"
    if kind in ("too_short", "too_long"):
        limit = "at least" if kind == "too_short" else "at most"
        number = context.get("min_length", context.get("max_length"))
        return f"expected {limit} {number} entries, got {context.get('actual_length', 'more')}"
    if kind in ("literal_error", "enum"):
        return _choice(str(context["expected"]), item["input"])
    if kind == "union_tag_invalid":
        return _choice(
            str(context["expected_tags"]), context["tag"], str(context["discriminator"]).strip("'")
        )
    if kind == "union_tag_not_found":
        name = str(context["discriminator"]).strip("'")
        return f"expected the field {name!r}, which says what this is, found none"
    if kind == "value_error":
        return str(context.get("error", item["msg"]))
    if kind == "assertion_error":
        return item["msg"].removeprefix("Assertion failed, ")
    return item["msg"]


def _choice(listed: str, found: object, name: str = "") -> str:
    choices = re.findall(r"'([^']*)'", listed) or [listed]
    field = f"{name} " if name else ""
    hint = did_you_mean(found, choices) if isinstance(found, str) else ""
    return f"expected {field}one of {', '.join(choices)}, got {shown(found)}{hint}"


def shown(found: Any) -> str:
    """Return how a message shows what was found, cut to a line."""
    if found is None:
        return "nothing"
    if isinstance(found, dict):
        return "a mapping"
    if isinstance(found, list | tuple):
        return "a list"
    if isinstance(found, bool):
        return "true" if found else "false"
    text = f'"{found}"' if isinstance(found, str) else repr(found)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
