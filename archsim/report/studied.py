"""Files of a study: its table, means, curves and a page that shows them."""

from __future__ import annotations

import io
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from statistics import stdev
from typing import Any, Literal

import pandas as pd

from archsim.analysis.estimate import mean_interval
from archsim.errors import InputError
from archsim.report.encode import csv_text
from archsim.report.page import Page, Section, page_markdown
from archsim.report.tables import Cell, Column, Table
from archsim.study import Outcome
from archsim.study.description import PlotDescription, StudyDescription, TableDescription
from archsim.study.points import quantity
from archsim.study.search import Found
from archsim.study.store import Store

__all__ = ["front_page", "means", "study_page", "write_front", "write_study"]

_LONGEST = 40
"""Most rows of a table that nobody asked for."""
_UNITS = {"_j": "J", "_s": "s", "_m2": "m^2"}


def write_study(store: Store, outcome: Outcome) -> None:
    """Write the table of a study as CSV and Parquet, its means, its curves and its page.

    Parquet is left out where pyarrow is not installed, curves where matplotlib is not.

    Raises
    ------
    StorageError
        If a file cannot be written.
    """
    study, frame = outcome.study, outcome.frame
    store.write_file("table.csv", csv_text(frame).encode())
    parquet = _parquet(frame)
    if parquet is not None:
        store.write_file("table.parquet", parquet)
    for one in study.tables:
        store.write_file(f"{one.name}.csv", csv_text(means(frame, one)).encode())
    for plot in study.plots:
        png = _curves(frame, plot)
        if png is not None:
            store.write_file(f"{plot.name}.png", png)
    store.write_file("report.md", page_markdown(study_page(outcome)).encode())


def means(frame: pd.DataFrame, wanted: TableDescription) -> pd.DataFrame:
    """Return means, and how sure they are, over all points that share the values of `by`.

    Parameters
    ----------
    frame : DataFrame
        Table of a study.
    wanted : TableDescription
        What to divide by and what to show.

    Returns
    -------
    DataFrame
        Columns of `by`, ``points``, then of each shown column the mean, the sample standard
        deviation as ``COLUMN_sd``, and as ``COLUMN_ci`` half of the mean's 95 % interval by
        Student's distribution; these two are NaN for a single point. Failed points are left out.
        Rows in the order of the study.
    """
    done = frame[frame["status"] == "done"]
    by = [name for name in wanted.by if name in done]
    shown = [name for name in wanted.show if name in done]
    rows: list[list[object]] = []
    for values, part in done.groupby(by, sort=False, dropna=False):
        row: list[object] = [*values, len(part)]
        for name in shown:
            numbers = pd.to_numeric(part[name]).astype("float64").dropna()
            row += _figures(numbers.tolist())
        rows.append(row)
    columns = [
        *by,
        "points",
        *(text for name in shown for text in (name, f"{name}_sd", f"{name}_ci")),
    ]
    return pd.DataFrame.from_records(rows, columns=columns)


def _figures(numbers: list[float]) -> tuple[float, float, float]:
    """Return mean, standard deviation, and half of the mean's 95 % interval.

    One number leaves the last two open; equal numbers do not spread, not even by rounding.
    """
    if len(numbers) <= 1:
        return numbers[0] if numbers else math.nan, math.nan, math.nan
    if min(numbers) == max(numbers):
        return numbers[0], 0.0, 0.0
    mean, low, high = mean_interval(numbers)
    return mean, stdev(numbers), (high - low) / 2


def study_page(outcome: Outcome) -> Page:
    """Return what a study came to: its means, and what failed."""
    study, frame = outcome.study, outcome.frame
    done = int((frame["status"] == "done").sum())
    lead = [study.about] if study.about else []
    lead.append(f"{len(frame)} points, {done} done, {outcome.failed} failed.")
    sections = [
        Section(title=one.name, items=(_shown(means(frame, one), one, study),))
        for one in (study.tables or _usual(study, frame))
    ]
    if outcome.failed:
        failed = frame[frame["status"] == "failed"]
        counts = failed.groupby("error", sort=False)["point"].agg(["size", "first"])
        texts = tuple(
            f"- {row.size_} points, first {row.first_}: {text}"
            for text, row in counts.rename(columns={"size": "size_", "first": "first_"}).iterrows()
        )
        sections.append(Section(title="Failed", items=texts))
    return Page(title=study.name, lead=tuple(lead), sections=tuple(sections))


def _usual(study: StudyDescription, frame: pd.DataFrame) -> list[TableDescription]:
    """Return the table of a study that asks for none, unless it is too long to look at."""
    by = [axis.label for axis in study.flat_axes]
    by = by if by and len(set(frame["case"])) == 1 else ["case", *by]
    if not (frame["status"] == "done").any() or len(frame[by].drop_duplicates()) > _LONGEST:
        return []
    part = "training" if frame["training_time_s"].fillna(0).any() else "inference"
    shown = (f"{part}_energy_j", f"{part}_time_s", "total_energy_j")
    return [TableDescription(name="designs", by=tuple(by), show=shown)]


def write_front(store: Store, found: Found) -> None:
    """Write the front of a search as CSV.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    store.write_file("front.csv", csv_text(found.front).encode())


def front_page(found: Found) -> Page:
    """Return the front of a search for people."""
    study, goal = found.outcome.study, found.outcome.study.search
    goals = (*goal.minimise, *goal.maximise) if goal is not None else ()
    by = tuple(name for name in found.front if name not in (*goals, "points"))
    wanted = TableDescription(name="front", by=by, show=goals)
    designs = found.outcome.frame[list(by)].drop_duplicates()
    lead = f"{len(found.front)} of {len(designs)} designs looked at are beaten by no other one."
    table = _shown(found.front, wanted, study, spread=False)
    return Page(title=study.name, lead=(lead,), sections=(Section(title="Front", items=(table,)),))


def _shown(
    frame: pd.DataFrame, wanted: TableDescription, study: StudyDescription, *, spread: bool = True
) -> Table:
    """Return means as a table for people."""
    by = [name for name in wanted.by if name in frame]
    names = [name for name in wanted.show if name in frame]
    lost = [name for name in wanted.show if name not in frame]
    several = spread and len(frame) > 0 and int(frame["points"].max()) > 1
    columns = [Column(name=name) for name in by]
    for name in names:
        unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")
        style: Literal["quantity", "number"] = "quantity" if unit else "number"
        make = partial(Column, unit=unit, style=style, group=name)
        columns.append(make(name=_title(name)))
        if several:
            columns.append(make(name="± 95 %"))
    rows = [tuple(_cells(row, by, names, several=several)) for row in frame.to_dict("records")]
    note = f"No point has {', '.join(lost)}." if lost else ""
    return Table(
        title=f"{study.name}: {wanted.name}", columns=tuple(columns), rows=tuple(rows), note=note
    )


def _cells(
    row: Mapping[Hashable, Any], by: Sequence[str], names: Sequence[str], *, several: bool
) -> Iterator[Cell]:
    for name in by:
        value = row[name]
        yield "–" if value is None or value is pd.NA else str(value)
    for name in names:
        for column in (name, f"{name}_ci") if several else (name,):
            value = row[column]
            yield None if pd.isna(value) else float(value)


def _title(name: str) -> str:
    ends = [end for end in _UNITS if name.endswith(end)]
    return (name.removesuffix(ends[0]) if ends else name).replace("_", " ")


def _parquet(frame: pd.DataFrame) -> bytes | None:
    try:
        import pyarrow as pa  # noqa: PLC0415  (optional)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        return None
    file = io.BytesIO()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    parquet.write_table(table.replace_schema_metadata(None), file)
    return file.getvalue()


def _curves(frame: pd.DataFrame, plot: PlotDescription) -> bytes | None:
    """Return a figure of means, with their 95 % intervals, as PNG."""
    try:
        import matplotlib as mpl  # noqa: PLC0415  (optional)
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        return None
    done = frame[frame["status"] == "done"]
    if not {plot.x, plot.y, plot.lines or plot.x} <= set(done.columns) or done.empty:
        return None
    by = [plot.lines, plot.x] if plot.lines else [plot.x]
    wanted = TableDescription(name=plot.name, by=tuple(by), show=(plot.y,))
    averaged = means(done, wanted)
    unit = ""
    with suppress(InputError):  # a value that is no number stays text
        numbers, units = zip(*map(quantity, averaged[plot.x]), strict=True)
        if len(set(units)) == 1:
            averaged[plot.x], unit = numbers, units[0]
    groups = averaged.groupby(plot.lines, sort=False) if plot.lines else [("", averaged)]
    with mpl.rc_context({"svg.hashsalt": "archsim", "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for label, part in groups:
            bars = part[f"{plot.y}_ci"].fillna(0.0)
            axes.errorbar(
                part[plot.x], part[plot.y], yerr=bars, marker="o", capsize=2, label=str(label)
            )
        if "x" in plot.log:
            axes.set_xscale("log")
        if "y" in plot.log:
            axes.set_yscale("log")
        axes.set_xlabel(f"{plot.x} [{unit}]" if unit else plot.x)
        axes.set_ylabel(plot.y)
        if plot.lines:
            axes.legend(title=plot.lines, fontsize=8)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
    return file.getvalue()
