"""Checks of a study that look into no chip: names, axes, conditions, and what is said twice."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

from archsim.catalog import Kind
from archsim.chip.problem import Problem, did_you_mean
from archsim.errors import InputError
from archsim.study.description import IDS, Axis, Condition, StudyDescription, Value
from archsim.study.points import (
    MOST_POINTS,
    Point,
    axis_levels,
    grid_size,
    points_of,
    quantity,
    text_of,
)

__all__ = ["empty_place", "problems", "singles", "unreached"]

_RESERVED = (*IDS, "point", "status", "error")
"""Columns that no axis may be called like."""
_FILES = ("table", "front")
"""Tables that every study has already."""
_LISTED = 12

_Path = tuple[str | int, ...]


def problems(study: StudyDescription) -> list[Problem]:
    """Return what is wrong with a study, whatever its chips and workloads are."""
    return [*_subjects(study), *_axes(study), *_conditions(study), *_outputs(study)]


def empty_place(study: StudyDescription) -> tuple[str | int, ...]:
    """Return the field that leaves a study without points, or with too many."""
    if not study.where or grid_size(study) > MOST_POINTS:
        return ("sweep",)
    for number, condition in enumerate(study.where):
        try:
            points_of(study.model_copy(update={"where": (condition,)}))
        except InputError:
            return ("where", number)
    return ("where",)


def unreached(
    study: StudyDescription, axes: Sequence[int], points: Sequence[Point]
) -> Iterator[Problem]:
    """Give the axes that no point has a value of, since their conditions hold nowhere."""
    for place, number in enumerate(axes):
        if all(point.levels[place] < 0 for point in points):
            message = f"axis {study.sweep[number].label}: its conditions hold at no point"
            yield Problem(("sweep", number, "when"), message)


def _subjects(study: StudyDescription) -> Iterator[Problem]:
    """Give what is wrong with chips, workloads, cases and seeds."""
    whole = study.chips and study.workloads
    if bool(study.cases) == bool(whole) or (study.cases and (study.chips or study.workloads)):
        yield Problem((), "expected either cases, or both chips and workloads")
    references: list[tuple[_Path, Kind, str]] = [
        *((("chips", n), "chips", name) for n, name in enumerate(study.chips)),
        *((("workloads", n), "workloads", name) for n, name in enumerate(study.workloads)),
    ]
    for n, case in enumerate(study.cases):
        references.append((("cases", n, "chip"), "chips", case.chip))
        references.append((("cases", n, "workload"), "workloads", case.workload))
    for path, kind, reference in references:
        try:
            study.find(kind, reference)
        except InputError as error:
            yield Problem(path, str(error))
    yield from _again(("chips",), study.chips, "chip")
    yield from _again(("workloads",), study.workloads, "workload")
    yield from _again(("cases",), [case.name for case in study.cases], "name of a case", "name")
    if not study.seed_list:
        yield Problem(("seeds",), "expected at least one seed, got an empty list")
    yield from _again(("seeds",), study.seed_list, "seed")


def _again(path: _Path, values: Sequence[Hashable], what: str, *below: str) -> Iterator[Problem]:
    """Give values of a list that stood there before."""
    seen: set[Hashable] = set()
    for number, value in enumerate(values):
        if value in seen:
            yield Problem((*path, number, *below), f"expected each {what} once, got {value} again")
        seen.add(value)


def _axes(study: StudyDescription) -> Iterator[Problem]:
    """Give what is wrong with names, fields and values of axes."""
    labels: set[str] = set(_RESERVED)
    fields: set[str] = set()
    for number, axis in enumerate(study.sweep):
        for path, one in singles(number, axis):
            if one.label in labels:
                place = (*path, "field" if one.name is None else "name")
                message = f"expected every axis to have a name of its own, got {one.label} again"
                yield Problem(place, f"{message}; give it one under name")
            labels.add(one.label)
            if not axis.when and one.field in fields:
                message = f"expected every field on one axis, got {one.field} again"
                yield Problem((*path, "field"), message)
            fields.update(() if axis.when else (one.field or "",))
        yield from _steps(number, axis)


def _steps(number: int, axis: Axis) -> Iterator[Problem]:
    """Give what is wrong with the values of an axis, or of those that go together."""
    faulty = False
    for path, one in singles(number, axis):
        try:
            count = len(axis_levels(one))
        except InputError as error:
            faulty = True
            yield Problem((*path, "from"), f"axis {one.label}: {error}")
            continue
        if not count:
            faulty = True
            message = f"axis {one.label}: expected at least one value, got an empty list"
            yield Problem((*path, "values"), message)
    if faulty:
        return
    try:
        levels = axis_levels(axis)
    except InputError as error:
        yield Problem(("sweep", number, "together"), str(error))
        return
    seen: set[tuple[str, ...]] = set()
    for step, values in enumerate(levels):
        texts = tuple(map(text_of, values))
        if texts in seen:
            path = ("sweep", number, "together" if axis.together else "values")
            path = path if axis.together else (*path, step)
            names = ", ".join(one.label for _, one in singles(number, axis))
            message = f"axis {names}: expected each value once, got {', '.join(texts)} again"
            yield Problem(path, message)
        seen.add(texts)


def singles(number: int, axis: Axis) -> list[tuple[_Path, Axis]]:
    """Return the single axes of an entry of the sweep, with their paths."""
    if not axis.together:
        return [(("sweep", number), axis)]
    return [(("sweep", number, "together", n), one) for n, one in enumerate(axis.together)]


def _conditions(study: StudyDescription) -> Iterator[Problem]:
    """Give what is wrong with conditions."""
    cases = [case.name for case in study.cases] or [
        f"{workload} on {chip}" for workload in study.workloads for chip in study.chips
    ]
    chips = study.chips or [case.chip for case in study.cases]
    workloads = study.workloads or [case.workload for case in study.cases]
    known: dict[str, Sequence[Value]] = {"case": cases, "chip": chips, "workload": workloads}
    for number, axis in enumerate(study.sweep):
        for place, condition in enumerate(axis.when):
            path = ("sweep", number, "when", place)
            yield from _condition(path, condition, known, "case, chip, workload and axes before it")
        for _, one in singles(number, axis):
            known[one.label] = _values(one)
    known["seed"] = study.seed_list
    for place, condition in enumerate(study.where):
        yield from _condition(("where", place), condition, known, ", ".join(known))


def _values(axis: Axis) -> list[Value]:
    try:
        return [value for (value,) in axis_levels(axis)]
    except InputError:
        return []  # told of at the axis


def _condition(
    path: _Path, condition: Condition, known: dict[str, Sequence[Value]], listed: str
) -> Iterator[Problem]:
    """Give what is wrong with one condition."""
    if condition.axis not in known:
        near = did_you_mean(condition.axis, known)
        message = f"expected one of the axes ({listed}), got {condition.axis}{near}"
        yield Problem((*path, "axis"), message)
        return
    values = known[condition.axis]
    among = condition.among
    if among is not None and values and not any(value in among for value in values):
        message = (
            f"expected some of the values of {condition.axis} ({_shown(values)}), "
            f"got {_shown(among)}: it holds nowhere"
        )
        yield Problem((*path, "among"), message)
    for side in ("at_least", "at_most"):
        limit = getattr(condition, side)
        if limit is None:
            continue
        others = known[limit] if isinstance(limit, str) and limit in known else (limit,)
        message = _uncomparable(condition.axis, values, others, known)
        if message:
            yield Problem((*path, side), message)


def _uncomparable(
    axis: str, values: Iterable[Value], others: Iterable[Value], known: Iterable[str]
) -> str:
    """Return why values have no order with a limit; empty if they have one."""
    units: dict[str, Value] = {}
    for value in (*values, *others):
        try:
            units.setdefault(quantity(value)[1], value)
        except InputError:
            near = did_you_mean(text_of(value), known)
            names = ", ".join(known)
            return (
                f"expected a number, with or without unit, or one of the axes ({names}) for a "
                f"limit of {axis}, got {value!r}{near}"
            )
    if len(units) > 1:
        listed = " and ".join(repr(value) for value in units.values())
        return f"expected numbers of one unit for a limit of {axis}, got {listed}"
    return ""


def _outputs(study: StudyDescription) -> Iterator[Problem]:
    """Give what is wrong with tables and plots, their columns of results left out."""
    ids = (*IDS, *(axis.label for axis in study.flat_axes))
    for number, table in enumerate(study.tables):
        for place, name in enumerate(table.by):
            if name not in ids:
                message = f"expected one of {', '.join(ids)}, got {name}{did_you_mean(name, ids)}"
                yield Problem(("tables", number, "by", place), message)
        if table.name in _FILES:
            message = f"expected another name, got {table.name}: every study has a {table.name}.csv"
            yield Problem(("tables", number, "name"), message)
    yield from _again(("tables",), [one.name for one in study.tables], "name of a table", "name")
    yield from _again(("plots",), [one.name for one in study.plots], "name of a plot", "name")


def _shown(values: Sequence[Value]) -> str:
    more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
    return ", ".join(map(text_of, values[:_LISTED])) + more
