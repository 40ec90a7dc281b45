"""Encodings of result files: equal results give equal bytes, wherever they are written."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping

import pandas as pd

__all__ = ["config_text", "csv_text", "json_text", "records"]


def csv_text(frame: pd.DataFrame) -> str:
    r"""Return a frame as CSV, with ``\n`` at each line's end.

    Integers are written whole and floats so that reading gives the same float again; a missing
    value is empty.

    Examples
    --------
    >>> csv_text(pd.DataFrame({"tile": ["a[0]"], "count": [3], "energy_j": [1e-12]}))
    'tile,count,energy_j\na[0],3,1e-12\n'
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def json_text(value: object) -> str:
    """Return JSON with sorted keys, one member a line, and a newline at the end.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def config_text(config: Mapping[str, str]) -> str:
    """Return one YAML text that holds each of several YAML texts under its name.

    Examples
    --------
    >>> print(config_text({"chip": "name: a", "workload": "name: b"}), end="")
    chip:
      name: a
    workload:
      name: b
    """
    lines: list[str] = []
    for name, text in sorted(config.items()):
        lines.append(f"{name}:")
        lines += [f"  {line}" for line in text.splitlines()]
    return "".join(f"{line}\n" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(float(value))
    return "" if value is None or value is pd.NA else str(value)


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return a table for programs, one mapping a row; missing values are None."""
    return [
        {str(name): _json_value(value) for name, value in row.items()}
        for row in frame.astype("object").to_dict("records")
    ]


def _json_value(value: object) -> object:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124  (NaN)
        return None
    return value.item() if hasattr(value, "item") else value
