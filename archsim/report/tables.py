"""Tables: typed cells once, shown in a terminal or in Markdown in the same words.

Quantities are kept in SI. A column of them shares one engineering prefix, which stands in its
header with the unit; columns that are compared along a row share it too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, Protocol, runtime_checkable

import rich.box
import rich.console
import rich.table
import rich.text

from archsim.units import engineering

__all__ = [
    "Cell",
    "Column",
    "Table",
    "escaped",
    "formatted",
    "markdown",
    "number_text",
    "terminal",
]


@runtime_checkable
class Ranged(Protocol):
    """A value with a range, such as `archsim.analysis.Interval`."""

    @property
    def nominal(self) -> float:
        """The value."""

    @property
    def low(self) -> float:
        """Its 5 % point."""

    @property
    def high(self) -> float:
        """Its 95 % point."""

    @property
    def kind(self) -> str:
        """What kind of range it is; ``point`` for none."""


Cell = str | int | float | Fraction | Ranged | None
"""What a table holds; None is shown as a dash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    unit: str = ""
    """SI unit of a quantity; the header shows it with the prefix that fits the column."""
    style: Literal["text", "number", "quantity", "share"] = "text"
    """``share`` is a fraction shown in per cent."""
    group: str = ""
    """Columns of one group, which are compared along a row, share a prefix; empty: its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a title."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    strong: frozenset[int] = frozenset()
    """Rows that are sums of others or otherwise stand out."""
    note: str = ""
    """A sentence below the table."""


_POWERS = MappingProxyType(
    {"y": -24, "z": -21, "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3}
    | {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
)
_DASH = "–"
SHORT = 26
"""Longest text that is never broken over lines. [characters]"""


def formatted(table: Table) -> tuple[list[str], list[list[str]]]:
    """Return the headers and the cells of a table as text."""
    headers: list[str] = []
    columns: list[list[str]] = []
    for number, column in enumerate(table.columns):
        cells = [row[number] for row in table.rows]
        beside = [
            row[other]
            for other, one in enumerate(table.columns)
            if other == number or (column.group and one.group == column.group)
            for row in table.rows
        ]
        header, texts = _column(column, cells, beside)
        headers.append(header)
        columns.append(texts)
    return headers, [list(row) for row in zip(*columns, strict=True)]


def terminal(table: Table) -> rich.console.Group:
    """Return a table for rich to print, with its note below, which may be wider than the table."""
    headers, rows = formatted(table)
    shown = rich.table.Table(
        title=rich.text.Text(table.title, style="bold"),
        title_justify="left",
        box=rich.box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for number, (header, column) in enumerate(zip(headers, table.columns, strict=True)):
        text = column.style == "text"
        longest = max((len(row[number]) for row in rows), default=0)
        shown.add_column(
            rich.text.Text(header),
            justify="left" if text else "right",
            overflow="fold",
            no_wrap=text and longest <= SHORT,
        )
    for number, row in enumerate(rows):
        style = "bold" if number in table.strong else ""
        shown.add_row(*(rich.text.Text(cell) for cell in row), style=style)
    note = [rich.text.Text(table.note, style="italic dim")] if table.note else []
    return rich.console.Group(shown, *note)


def markdown(table: Table) -> str:
    """Return a table as Markdown, its title in bold above it."""
    headers, rows = formatted(table)
    marks = ["---" if column.style == "text" else "---:" for column in table.columns]
    lines = [f"**{escaped(table.title)}**", ""] if table.title else []
    lines += [_line([escaped(header) for header in headers]), _line(marks)]
    for number, row in enumerate(rows):
        cells = [escaped(cell) for cell in row]
        if number in table.strong:
            cells = [f"**{cell}**" if cell else "" for cell in cells]
        lines.append(_line(cells))
    if table.note:
        lines += ["", escaped(table.note)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    line = " ".join(text.split())
    for mark, shown in _ESCAPES.items():
        line = line.replace(mark, shown)
    return line


_ESCAPES = MappingProxyType(
    {"\\": "\\\\", "&": "&amp;", "<": "&lt;", "`": "\\`", "*": "\\*", "|": "\\|", "](": "]\\("}
)


def number_text(value: float, digits: int = 3) -> str:
    """Return a number with some significant digits, in at most some ten characters.

    Examples
    --------
    >>> [number_text(value) for value in (0.5, 1234.6, 360000.0, 1e-9)]
    ['0.5', '1230', '3.6e5', '1e-9']
    """
    if isinstance(value, int) or not math.isfinite(value):
        return f"{value}"
    if 100 <= abs(value) < 10_000:
        rounded = float(f"{value:.{digits}g}")
        return f"{rounded:.0f}" if rounded == int(rounded) else f"{rounded}"
    text = f"{value:.{digits}g}"
    mantissa, mark, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if mark else text


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _column(column: Column, cells: Sequence[Cell], beside: Sequence[Cell]) -> tuple[str, list[str]]:
    """Return the header and the texts of a column; its prefix fits all the cells `beside` it."""
    if column.style == "quantity":
        prefix = _prefix(column.unit, beside)
        squared = column.unit.endswith("^2")
        scale = 10.0 ** -(_POWERS[prefix] * (2 if squared else 1))
        unit = prefix.replace("u", "µ") + column.unit.replace("^2", "²")
        header = f"{column.name} [{unit}]"
        return header, [_text(cell, scale) for cell in cells]
    if column.style == "share":
        return f"{column.name} [%]", [_share(cell) for cell in cells]
    unit = f" [{column.unit}]" if column.unit else ""
    return column.name + unit, [_text(cell, 1.0) for cell in cells]


def _prefix(unit: str, cells: Sequence[Cell]) -> str:
    """Return the prefix that leaves the largest value of a column between 1 and 1000."""
    values = [abs(_value(cell)) for cell in cells if cell is not None and not isinstance(cell, str)]
    largest = max(filter(math.isfinite, values), default=0.0)
    if not largest:
        return ""
    return engineering(largest, unit).partition(" ")[2].removesuffix(unit)


def _value(cell: float | Fraction | Ranged) -> float:
    return cell.nominal if isinstance(cell, Ranged) else float(cell)


def _text(cell: Cell, scale: float) -> str:
    if cell is None:
        return _DASH
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Ranged):
        return _range_text(cell, lambda end: number_text(end * scale))
    if isinstance(cell, int) and scale == 1.0:
        return f"{cell:,}"
    return number_text(float(cell) * scale, 4)


def _range_text(cell: Ranged, text: Callable[[float], str]) -> str:
    """Return value and ends; the value alone where there is no range."""
    if cell.kind == "point":
        return text(cell.nominal)
    return f"{text(cell.nominal)} ({text(cell.low)}–{text(cell.high)})"


def _share(cell: Cell) -> str:
    if cell is None or isinstance(cell, str):
        return cell or _DASH
    if isinstance(cell, Ranged):
        return _range_text(cell, lambda end: f"{end * 100:.1f}")
    share = float(cell) * 100
    return "<0.1" if 0 < share < 0.05 else f"{share:.1f}"
