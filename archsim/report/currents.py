"""Peak currents: the most that a line or an array had to carry at once."""

from __future__ import annotations

from collections.abc import Mapping

from archsim.report.tables import Cell, Column, Table

__all__ = ["currents_table"]

_LINES = {
    "read_row": "row, in a read",
    "read_column": "column, in a read",
    "read_array": "whole array, in a read",
    "write_row": "row, in a write",
    "write_column": "column, in a write",
    "write_array": "whole array, in a write",
}


def currents_table(currents: Mapping[str, float]) -> Table:
    """Return peak currents as a table.

    Parameters
    ----------
    currents : mapping
        Kind of line → largest current, as `Run.peak_currents` has it. [A]
    """
    known = [line for line in _LINES if line in currents]
    rows: list[tuple[Cell, ...]] = [(_LINES[line], currents[line]) for line in known]
    rows += [(line, current) for line, current in currents.items() if line not in _LINES]
    return Table(
        title="Peak line currents",
        columns=(Column(name="line"), Column(name="current", unit="A", style="quantity")),
        rows=tuple(rows),
        note="Largest sum of cell currents at one moment, with ideal wires.",
    )
