"""Peak currents: the most that a line or an array had to carry at once."""

from __future__ import annotations

from collections.abc import Mapping

from archsim.chip import Chip
from archsim.components.array import CrossbarArray
from archsim.report.tables import Cell, Column, Table
from archsim.trace import COUNT_SCALE

__all__ = ["currents_table", "peak_currents"]

_LINES = {
    "read_row": "row, in a read",
    "read_column": "column, in a read",
    "read_array": "whole array, in a read",
    "write_row": "row, in a write",
    "write_column": "column, in a write",
    "write_array": "whole array, in a write",
}


def peak_currents(peaks: Mapping[str, int], chip: Chip) -> dict[str, float]:
    """Return the largest current of each kind of line.

    Parameters
    ----------
    peaks : mapping
        Kind of line → largest Σ g·|x| seen at once, in 1/COUNT_SCALE of one full-scale cell.
    chip : Chip
        Gives conductance, read voltage and write voltage of a full-scale cell.

    Returns
    -------
    dict
        Kind of line → current. [A]

    Notes
    -----
    I = Σ G V (Ohm's and Kirchhoff's laws) with G = g G_max and V = x V_full. Ideal wires: with line
    resistance the currents are lower, and the lines must be wide enough for these.
    """
    arrays = [
        part.description
        for table in chip.tables.values()
        for part in table.values()
        if isinstance(part.description, CrossbarArray)
    ]
    if not arrays:
        return {}
    read = max(array.read_voltage.value for array in arrays)
    write = max(array.write_voltage.value for array in arrays)
    top = chip.description.behaviour.cell.maximum_conductance.value
    return {
        line: value / COUNT_SCALE * top * (write if line.startswith("write") else read)
        for line, value in sorted(peaks.items())
    }


def currents_table(currents: Mapping[str, float]) -> Table:
    """Return peak currents as a table, in the order of lines."""
    known = [line for line in _LINES if line in currents]
    rows: list[tuple[Cell, ...]] = [(_LINES[line], currents[line]) for line in known]
    rows += [(line, current) for line, current in currents.items() if line not in _LINES]
    return Table(
        title="Peak line currents",
        columns=(Column(name="line"), Column(name="current", unit="A", style="quantity")),
        rows=tuple(rows),
        note="Largest sum of cell currents at one moment, with ideal wires.",
    )
