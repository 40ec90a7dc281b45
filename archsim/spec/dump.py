"""Models back to YAML text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from archsim.spec.compose import scalar
from archsim.spec.node import Plain, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

__all__ = ["dump", "dump_plain"]

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./ +^-]*(?<! )")
_ESCAPED = re.compile(
    "[^\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)
_LINE = 100


def dump(model: BaseModel) -> str:
    """Return `model` as YAML that `read` turns into an equal model.

    Fields stand in the order of the model, mappings in their own; equal models give equal text.
    """
    plain: Plain = model.model_dump(mode="json", by_alias=True)
    return dump_plain(plain)


def dump_plain(value: Plain) -> str:
    """Return plain values as YAML text in block style, short leaves in flow style."""
    return "".join(f"{line}\n" for line in _block(value))


def _block(value: Plain) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _entry(f"{_scalar(name)}:", child)
    elif isinstance(value, list):
        for child in value:
            yield from _entry("-", child)


def _entry(head: str, child: Plain) -> Iterator[str]:
    line = f"{head} {_flow(child)}"
    flat = not isinstance(child, dict | list) or not child
    leaf = isinstance(child, dict | list) and not any(
        isinstance(part, dict | list) for part in _parts(child)
    )
    if flat or (leaf and len(line) <= _LINE):
        yield line
        return
    yield head
    for below in _block(child):
        yield f"  {below}"


def _parts(value: dict[str, Plain] | list[Plain]) -> list[Plain]:
    return list(value.values()) if isinstance(value, dict) else value


def _flow(value: Plain) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{_scalar(name)}: {_flow(child)}" for name, child in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Scalar) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    if _PLAIN.fullmatch(value) and isinstance(scalar(value), str):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\U{ord(match[0]):08x}", quoted)
