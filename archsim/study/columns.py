"""Columns that tables, plots and goals name, and that no point will have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archsim.chip.problem import Problem, did_you_mean
from archsim.errors import InputError
from archsim.study.description import IDS, Axis, StudyDescription
from archsim.study.points import Point, axis_levels
from archsim.study.trial import Trial

__all__ = ["unknown_columns"]

_MOST_READ = 2000
"""Points whose columns are looked up before a name is left to be seen."""


def unknown_columns(
    study: StudyDescription, points: Sequence[Point], trial: Trial
) -> Iterator[Problem]:
    """Give the columns that are named and that no point will have.

    Parameters
    ----------
    study : StudyDescription
        The study.
    points : sequence of Point
        Its points.
    trial : Trial
        Knows what points without faults may have. Where a workload does not declare its metrics,
        or there are very many points, nothing is refused.
    """
    named = list(_named(study))
    known = _known(study, points, trial, [name for _, name, _ in named])
    if known is None:
        return
    labels = {axis.label for axis in study.flat_axes}
    measured = {f"{name}_measured" if name in labels else name for name in known}
    numbers = {"seed", *(axis.label for axis in study.flat_axes if _numeric(axis))}
    for path, name, numeric in named:
        choices = measured | (numbers if numeric else {*IDS, *labels})
        if name in choices:
            continue
        if name in labels or name in IDS:
            message = f"expected a column of numbers, got {name}"
        else:
            near = did_you_mean(name, choices)
            message = f"expected a column that some point will have, got {name}{near}"
        yield Problem(path, message)


def _named(study: StudyDescription) -> Iterator[tuple[tuple[str | int, ...], str, bool]]:
    """Give the columns that are named: where, which, and whether they have to be numbers."""
    for number, table in enumerate(study.tables):
        for place, name in enumerate(table.show):
            yield ("tables", number, "show", place), name, True
    for number, plot in enumerate(study.plots):
        yield ("plots", number, "x"), plot.x, False
        yield ("plots", number, "y"), plot.y, True
        if plot.lines is not None:
            yield ("plots", number, "lines"), plot.lines, False
    if study.search is not None:
        for side in ("minimise", "maximise"):
            for place, name in enumerate(getattr(study.search, side)):
                yield ("search", side, place), name, True


def _numeric(axis: Axis) -> bool:
    """Return whether all values of an axis are numbers without unit."""
    try:
        values = axis_levels(axis)
    except InputError:
        return True  # told of at the axis
    return all(isinstance(one, int | float) and not isinstance(one, bool) for (one,) in values)


def _known(
    study: StudyDescription, points: Sequence[Point], trial: Trial, wanted: Sequence[str]
) -> set[str] | None:
    """Return the columns of results that points may have; None if that is not known."""
    ids = {*IDS, *(axis.label for axis in study.flat_axes)}
    missing = {name.removesuffix("_measured") for name in wanted} - ids
    known: set[str] = set()
    seen: set[tuple[object, ...]] = set()
    for point in points:
        if known and missing <= known:
            break
        if len(seen) >= _MOST_READ:
            return None
        key = (point.case, point.settings)
        if key in seen:
            continue
        seen.add(key)
        columns = trial.columns(point)
        if columns is None and trial.fits(point):
            return None
        known |= columns or frozenset()
    return known or None
