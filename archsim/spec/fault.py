"""Pydantic's errors to faults: where, what was expected, what was found, what was meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from archsim.spec.node import Node, one_line

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from archsim.errors import Fault

__all__ = ["did_you_mean", "faults_of", "locate"]

_CUTOFF = 0.6
_SHOWN = 60
_LISTED = 16
_CONSTANT_FIELDS = ("value", "low", "high", "source", "note")
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
    items = error.errors(include_url=False)
    within = {item["loc"][:depth] for item in items for depth in range(len(item["loc"]))}
    return [
        _fault(item, root)
        for item in items
        # a list is counted without its faulty entries: not too short for that
        if item["type"] != "too_short" or item["loc"] not in within
    ]


def _fault(item: ErrorDetails, root: Node) -> Fault:
    path, node = locate(root, item["loc"])
    kind = item["type"]
    name = str(item["loc"][-1]) if item["loc"] else ""
    if kind == "missing":
        return node.place.fault(f"{path}.{name}" if path else name, _missing(name, node))
    if kind == "extra_forbidden":
        known = item.get("ctx", {}).get("known", _CONSTANT_FIELDS)
        return node.place.fault(path, _unknown(name, known))
    scalar = node.content is not None and not isinstance(node.content, dict | list)
    place = node.mark if scalar or kind.startswith("union_tag") else node.place
    return place.fault(path, _TEXTS.get(kind, _own_text)(item))


def _missing(name: str, node: Node) -> str:
    given = node.content if isinstance(node.content, dict) else {}
    near = did_you_mean(name, given).replace("did you mean", "is it")
    return f'expected the field "{name}", found none{near}'


def _unknown(name: str, known: Sequence[str]) -> str:
    listed = ", ".join(known[:_LISTED])
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return (
        f'expected one of the fields {listed}{more}, got "{_cut(name)}"{did_you_mean(name, known)}'
    )


def _wrong_kind(item: ErrorDetails) -> str:
    return f"expected {_KINDS[item['type']]}, got {shown(item['input'])}"


def _out_of_limit(item: ErrorDetails) -> str:
    name, text = _LIMITS[item["type"]]
    return f"expected {text.format(item['ctx'][name])}, got {shown(item['input'])}"


def _wrong_length(item: ErrorDetails) -> str:
    limit = "at least" if item["type"] == "too_short" else "at most"
    context = item["ctx"]
    number = context.get("min_length", context.get("max_length"))
    found = context.get("actual_length")
    return f"expected {limit} {number} entries, got {'more' if found is None else found}"


def _no_choice(item: ErrorDetails) -> str:
    return _choice("", str(item["ctx"]["expected"]), item["input"])


def _wrong_tag(item: ErrorDetails) -> str:
    context = item["ctx"]
    name = str(context["discriminator"]).strip("'")
    return _choice(f"{name} ", str(context["expected_tags"]), context["tag"])


def _no_tag(item: ErrorDetails) -> str:
    name = str(item["ctx"]["discriminator"]).strip("'")
    return f'expected the field "{name}", which says what this is, found none'


def _raised(item: ErrorDetails) -> str:
    return str(item.get("ctx", {}).get("error", item["msg"]))


def _own_text(item: ErrorDetails) -> str:
    return item["msg"]


_TEXTS: Final[Mapping[str, Callable[[ErrorDetails], str]]] = MappingProxyType(
    dict.fromkeys(_KINDS, _wrong_kind)
    | dict.fromkeys(_LIMITS, _out_of_limit)
    | dict.fromkeys(("too_short", "too_long"), _wrong_length)
    | dict.fromkeys(("literal_error", "enum"), _no_choice)
    | {
        "union_tag_invalid": _wrong_tag,
        "union_tag_not_found": _no_tag,
        "value_error": _raised,
        "assertion_error": _raised,
    }
)


def _choice(name: str, listed: str, found: object) -> str:
    choices = re.findall(r"'([^']*)'", listed) or [listed]
    hint = did_you_mean(found, choices) if isinstance(found, str) else ""
    return f"expected {name}one of {', '.join(choices)}, got {shown(found)}{hint}"


def shown(found: object) -> str:
    """Return how a message shows what was found, cut to a line."""
    if isinstance(found, dict):
        return "a mapping"
    if isinstance(found, list | tuple):
        return "a list"
    if isinstance(found, bool) or found is None:
        return {None: "nothing", True: "true", False: "false"}[found]
    return _cut(f'"{found}"' if isinstance(found, str) else repr(found))


def _cut(text: str) -> str:
    return one_line(text, _SHOWN)
