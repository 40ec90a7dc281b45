"""Fields of descriptions that can be set, and what a change of each one needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from pydantic import BaseModel

from archsim.chip import ChipDescription, TiledDescription, component_tables
from archsim.components.component import Component
from archsim.errors import ArchsimError
from archsim.report.tables import Column, Table
from archsim.spec import Constant, with_values

__all__ = ["FieldLine", "fields_table", "leaves", "settable_fields"]

Needs = Literal["new training", "a new run", "new prices", "nothing"]
"""What a change of a field asks for."""

_WORDS = frozenset(("name", "about", "kind", "unpriced"))
_NUDGE = 1.001


class FieldLine(NamedTuple):
    """One field that ``--set`` can set."""

    path: str
    """Path as ``--set`` takes it."""
    value: str
    """Present value, with unit."""
    part: str
    """``behaviour`` (training feels it), ``cost``, ``workload`` or ``text``."""
    needs: Needs
    """What a change asks for."""


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Give every field of a model that is no mapping of others: path and value."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from leaves(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, Mapping) and value:
        for name, child in value.items():
            yield from leaves(child, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple) and any(isinstance(one, BaseModel) for one in value):
        for number, child in enumerate(value):
            yield from leaves(child, f"{path}[{number}]")
    else:
        yield path, value


def settable_fields(description: BaseModel) -> list[FieldLine]:
    """Return all fields of a chip or workload.

    Whether a change of a constant asks for new prices only is found out by changing it by a
    thousandth and building the components again.
    """
    if not isinstance(description, ChipDescription):
        return [
            FieldLine(f"workload.{path}", shown(value), *_of_workload(path))
            for path, value in leaves(description)
        ]
    return [
        FieldLine(f"chip.{path}", shown(value), *_of_chip(description, path, value))
        for path, value in leaves(description)
    ]


def fields_table(lines: list[FieldLine]) -> Table:
    """Return the fields as a table."""
    return Table(
        title="Fields for --set",
        columns=(
            Column(name="field"),
            Column(name="value"),
            Column(name="part"),
            Column(name="a change needs"),
        ),
        rows=tuple(tuple(line) for line in lines),
    )


def shown(value: object) -> str:
    """Return a value for people: constants with unit and range."""
    if isinstance(value, Constant):
        return constant_text(value)
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value)) or "none"
    if isinstance(value, Mapping):
        return "none" if not value else str(dict(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def constant_text(constant: Constant) -> str:
    """Return a constant in engineering units, with its range if it has one."""
    if constant.low is None or constant.high is None:
        return constant.text
    ends = [
        Constant(value=end, source=constant.source, dimension=constant.dimension).text
        for end in (constant.low, constant.high)
    ]
    return f"{constant.text} ({ends[0]} to {ends[1]})"


def _of_chip(description: ChipDescription, path: str, value: object) -> tuple[str, Needs]:
    top = path.partition(".")[0].partition("[")[0]
    if top in _WORDS:
        return "text", "nothing"
    if top == "behaviour":
        return "behaviour", "new training"
    return "cost", _cost_needs(description, path, value)


def _of_workload(path: str) -> tuple[str, Needs]:
    return ("text", "nothing") if path in {"name", "about"} else ("workload", "new training")


def _cost_needs(description: ChipDescription, path: str, value: object) -> Needs:
    if not isinstance(value, Constant) or not value.value:
        return "a new run"
    if ".wear." in path:
        return "nothing"
    if not isinstance(description, TiledDescription):
        return "new prices"
    try:
        before = component_tables(description)
        nudged = with_values(description, {path: value.value * _NUDGE})
        after = component_tables(nudged)
    except ArchsimError:
        return "a new run"
    changed = {
        kind
        for group, parts in before.items()
        for role, part in parts.items()
        for kind in _changes(part, after[group][role])
    }
    return "new prices" if changed == {"price"} else "a new run"


def _changes(before: Component, after: Component) -> Iterator[Literal["price", "time"]]:
    """Give what differs between two components."""
    if before.leakage_aw != after.leakage_aw or before.area != after.area:
        yield "price"
    for name, action in before.actions.items():
        other = after.actions[name]
        if action.price_yj != other.price_yj:
            yield "price"
        if (action.latency, action.interval) != (other.latency, other.interval):
            yield "time"
