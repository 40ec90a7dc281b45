"""A cell whose pulse response was measured: a table of state, change by SET, change by RESET."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator, model_validator

from archsim.components.cell import CellModel, FloatArray, register_cell
from archsim.spec import Description, Number

__all__ = ["PulseTable", "TableCell"]

_HEADER = ["state", "up", "down", "up_noise", "down_noise"]
_MAX_BYTES = 1 << 20

_Column = Annotated[tuple[float, ...], Field(min_length=2, max_length=4096)]


class PulseTable(Description):
    """Measured response to one pulse; all columns are dimensionless and equally long."""

    state: _Column
    """States at which the response was measured, rising from 0 to 1."""
    up: _Column
    """Mean change by one SET pulse, ≥ 0."""
    down: _Column
    """Mean change by one RESET pulse, ≤ 0."""
    up_noise: _Column
    """Standard deviation of the change from SET to SET, ≥ 0."""
    down_noise: _Column
    """Standard deviation of the change from RESET to RESET, ≥ 0."""

    @model_validator(mode="after")
    def _is_a_response(self) -> Self:
        columns = {name: np.array(getattr(self, name)) for name in _HEADER}
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) != 1:
            message = f"expected columns of one length, got {lengths}"
            raise ValueError(message)
        if not all(np.isfinite(column).all() for column in columns.values()):
            message = "expected finite numbers only"
            raise ValueError(message)
        state = columns["state"]
        if state[0] != 0.0 or state[-1] != 1.0 or not (np.diff(state) > 0.0).all():
            message = "state: expected numbers that rise from 0 to 1"
            raise ValueError(message)
        for name, sign in (("up", 1), ("down", -1), ("up_noise", 1), ("down_noise", 1)):
            if (sign * columns[name] < 0.0).any():
                bound = "≥ 0" if sign > 0 else "≤ 0"
                message = f"{name}: expected numbers {bound} throughout"
                raise ValueError(message)
        return self


def _from_csv(file: str, folder: Path) -> dict[str, list[float]]:
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        message = f"expected a CSV file in the folder of the description, got {file}"
        raise ValueError(message)
    try:
        if path.stat().st_size > _MAX_BYTES:
            message = f"{file}: expected a table of at most {_MAX_BYTES} bytes"
            raise ValueError(message)
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, csv.Error):
        message = f"{file}: expected a readable CSV file in the folder of the description"
        raise ValueError(message) from None
    if not rows or rows[0] != _HEADER:
        found = ",".join(rows[0]) if rows else "nothing"
        message = f"{file}: expected the header {','.join(_HEADER)}, got {found}"
        raise ValueError(message)
    table: dict[str, list[float]] = {name: [] for name in _HEADER}
    for number, row in enumerate(rows[1:], start=2):
        try:
            for name, text in zip(_HEADER, row, strict=True):
                table[name].append(float(text))
        except ValueError:
            message = f"{file}:{number}: expected {len(_HEADER)} numbers, got {','.join(row)!r}"
            raise ValueError(message) from None
    return table


class TableCell(CellModel):
    """Cell with a measured pulse response, read between the table's states by straight lines.

    Notes
    -----
    The table stands in the chip file, or in a CSV file beside it (``table: pulses.csv`` with the
    columns state, up, down, up_noise, down_noise); a resolved description holds the numbers, so it
    needs no further file. Each device's response is the table's, times a log-normal factor.
    """

    imperfections = ("response_spread",)

    model: Literal["table"]
    """Registered name."""
    table: PulseTable
    """Measured response."""
    response_spread: Number
    """σ_d: log-standard deviation of the devices' response to pulses."""

    @field_validator("table", mode="before")
    @classmethod
    def _read_file(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str):
            return value
        folder = (info.context or {}).get("folder")
        if folder is None:
            message = "expected the numbers of the table: there is no folder to find a file in"
            raise ValueError(message)
        return _from_csv(value, folder)

    def ideal(self) -> Self:
        """Return the same cell without spread, noise, faults or errors of writing."""
        calm = dict.fromkeys(("up_noise", "down_noise"), (0.0,) * len(self.table.state))
        table = self.table.model_copy(update=calm)
        return super().ideal().model_copy(update={"table": table})

    def response(self, shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
        """Draw the log-normal factor of each device."""
        return np.exp(self.response_spread.value * generator.standard_normal(shape))

    def change(self, state: FloatArray, up: NDArray[np.bool_], noise: FloatArray) -> FloatArray:
        """Return the table's mean change plus its noise, interpolated linearly in the state."""
        table = self.table
        rise = np.interp(state, table.state, table.up)
        rise += np.interp(state, table.state, table.up_noise) * noise
        fall = np.interp(state, table.state, table.down)
        fall += np.interp(state, table.state, table.down_noise) * noise
        return np.where(up, rise, fall)


register_cell("table", TableCell)
