"""CSV files of labelled images: a header, then one row of numbers for each image."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError
from archsim.spec.node import one_line

__all__ = ["MAX_BYTES", "CsvTable", "read_csv", "read_numbers"]

MAX_BYTES = 1 << 28
"""Most bytes that a CSV file may have."""

_MAX_HEADER = 1 << 20


class CsvTable(NamedTuple):
    """What a CSV file holds."""

    header: tuple[str, ...]
    pixels: NDArray[np.float32]
    """Shape (rows, columns without the label)."""
    labels: NDArray[np.float64]


def read_csv(path: Path, *, label: str) -> CsvTable:
    """Return the images and labels of a CSV file.

    Parameters
    ----------
    path : Path
        File with a header line.
    label : str
        Header of the column with the class.

    Raises
    ------
    InputError
        If the file cannot be read or is too large, has no such column, or a row does not hold as
        many numbers as the header.
    """
    place = path.name
    header, table = read_numbers(path, label)
    column = header.index(label)
    pixels = np.delete(table, column, axis=1).astype(np.float32)
    if not pixels.shape[1]:
        raise InputError(f"{place}: expected columns of pixels beside {label}, got none")
    return CsvTable(header, pixels, table[:, column])


def read_numbers(path: Path, column: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the header of a CSV file and the numbers below it, shape (rows, columns).

    Parameters
    ----------
    path : Path
        File with a header line.
    column : str
        Header of a column that has to be there.

    Raises
    ------
    InputError
        As `read_csv`.
    """
    place = path.name
    try:
        header, table = _table(path, column)
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{place}: expected a CSV file in UTF-8") from None
    except OSError as error:
        raise InputError(f"{place}: cannot be read: {error.strerror or error}") from None
    if table.shape[1] != len(header):
        raise InputError(
            f"{place}: expected rows of {len(header)} numbers as in the header, got "
            f"{table.shape[1]}"
        )
    return header, table


def _table(path: Path, label: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the header and all numbers."""
    place, size = path.name, path.stat().st_size
    if size > MAX_BYTES:
        raise InputError(f"{place}: expected at most {MAX_BYTES} bytes, got {size}")
    with path.open(encoding="utf-8", newline="") as file:
        header = tuple(next(csv.reader([file.readline(_MAX_HEADER)]), ()))
        if label not in header:
            shown = ", ".join(header[:8])
            raise InputError(f"{place}:1: expected a column {label}, got {shown or 'nothing'}")
        rows = (line for line in file if line.strip())
        first = next(rows, None)
        if first is None:
            raise InputError(f"{place}: expected at least one row below the header, got none")
        try:
            lines = itertools.chain((first,), rows)
            table = np.loadtxt(lines, delimiter=",", dtype=np.float64, ndmin=2, comments=None)
        except UnicodeDecodeError:
            raise
        except ValueError:
            raise InputError(f"{place}: {_first_fault(path, header)}") from None
    return header, table


def _first_fault(path: Path, header: tuple[str, ...]) -> str:
    """Return which row below the header is not one number for each column, and why."""
    with path.open(encoding="utf-8", newline="") as file:
        file.readline(_MAX_HEADER)
        for number, line in enumerate((line for line in file if line.strip()), start=1):
            cells = line.rstrip("\r\n").split(",")
            if len(cells) != len(header):
                wanted = f"{len(header)} numbers as in the header"
                return f"row {number}: expected {wanted}, got {len(cells)}"
            for name, text in zip(header, cells, strict=True):
                if not _is_number(text):
                    return f"row {number}: {name}: expected a number, got {one_line(text, 40)!r}"
    return f"expected rows of {len(header)} numbers below the header"


def _is_number(text: str) -> bool:
    """Return whether NumPy reads a cell as a number; unlike Python it takes no underscores."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
