"""Points of a study: every combination of case, swept values and seed, in one fixed order."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from archsim.errors import InputError
from archsim.study.description import Axis, Condition, StudyDescription, Value

__all__ = [
    "MOST_POINTS",
    "Case",
    "Point",
    "axis_levels",
    "grid_size",
    "points_of",
    "quantity",
    "range_values",
    "text_of",
]

MOST_POINTS = 1_000_000
"""Most points of one study."""

_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A chip and a workload, by reference."""

    name: str
    chip: str
    workload: str
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One run that a study asks for."""

    number: int
    """Place in the study, from 0."""
    case: Case
    seed: int
    settings: tuple[tuple[str, str], ...]
    """Field path → YAML text, those of study and case included."""
    values: tuple[Value | None, ...]
    """Value of each single axis; None where its condition does not hold."""
    levels: tuple[int, ...]
    """Which step of each axis of the sweep it is; -1 where its condition does not hold."""

    def part(self, name: str) -> dict[str, str]:
        """Return the settings of ``chip`` or ``workload``, without that first name."""
        above = f"{name}."
        return {
            path.removeprefix(above): text for path, text in self.settings if path.startswith(above)
        }


def text_of(value: Value) -> str:
    """Return a value as ``--set`` takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def axis_levels(axis: Axis) -> list[tuple[Value, ...]]:
    """Return the steps of an axis: the values of its single axes at each.

    Raises
    ------
    InputError
        If a range has ends of different units, or axes that go together differ in length.
    """
    if not axis.together:
        return [(value,) for value in _values(axis)]
    columns = [_values(one) for one in axis.together]
    lengths = {one.label: len(column) for one, column in zip(axis.together, columns, strict=True)}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise InputError(f"expected axes of equal length, got {found}")
    return list(zip(*columns, strict=True))


def points_of(study: StudyDescription) -> list[Point]:
    """Return all points of a study: cases first, then axes as they stand, seeds last.

    Raises
    ------
    InputError
        If there is no point, or a condition or a range makes no sense.
    """
    names = [axis.label for axis in study.flat_axes]
    levels = [axis_levels(axis) for axis in study.sweep]
    cases = _cases(study)
    size = grid_size(study)
    if size > MOST_POINTS:
        raise InputError(f"expected at most {MOST_POINTS} points, got {size}")
    points: list[Point] = []
    for case in cases:
        for values, chosen, settings in _combinations(study, case, levels):
            for seed in study.seed_list:
                ids = _ids(case, seed, names, values)
                if all(_holds(condition, ids) for condition in study.where):
                    points.append(
                        Point(
                            number=len(points),
                            case=case,
                            seed=seed,
                            settings=settings,
                            values=values,
                            levels=chosen,
                        )
                    )
    if not points:
        raise InputError(f"expected at least one point, but where leaves none of {size}")
    return points


def grid_size(study: StudyDescription) -> int:
    """Return how many points a study has before conditions leave some out."""
    steps = (len(axis_levels(axis)) for axis in study.sweep)
    return len(_cases(study)) * len(study.seed_list) * math.prod(steps)


def _cases(study: StudyDescription) -> list[Case]:
    if study.cases:
        return [
            Case(
                name=one.name,
                chip=one.chip,
                workload=one.workload,
                settings=tuple((path, text_of(value)) for path, value in one.settings.items()),
            )
            for one in study.cases
        ]
    return [
        Case(name=f"{workload} on {chip}", chip=chip, workload=workload)
        for workload in study.workloads
        for chip in study.chips
    ]


def _combinations(
    study: StudyDescription, case: Case, levels: Sequence[Sequence[tuple[Value, ...]]]
) -> Iterator[tuple[tuple[Value | None, ...], tuple[int, ...], tuple[tuple[str, str], ...]]]:
    """Give values, steps and settings of every combination of axes, each once."""
    fixed = {path: text_of(value) for path, value in study.settings.items()}
    fixed |= dict(case.settings)
    names = [axis.label for axis in study.flat_axes]
    seen: set[tuple[int, ...]] = set()
    for chosen in itertools.product(*(range(len(column)) for column in levels)):
        values: list[Value | None] = []
        settings = dict(fixed)
        steps: list[int] = []
        for axis, column, step in zip(study.sweep, levels, chosen, strict=True):
            single = axis.together or (axis,)
            ids = _ids(case, 0, names, values)
            if not all(_holds(condition, ids) for condition in axis.when):
                values += [None] * len(single)
                steps.append(-1)
                continue
            values += column[step]
            steps.append(step)
            for one, value in zip(single, column[step], strict=True):
                settings[one.field or ""] = text_of(value)
        if tuple(steps) not in seen:
            seen.add(tuple(steps))
            yield tuple(values), tuple(steps), tuple(settings.items())


def _ids(
    case: Case, seed: int, names: Sequence[str], values: Sequence[Value | None]
) -> dict[str, Value | None]:
    known: dict[str, Value | None] = {
        "case": case.name,
        "chip": case.chip,
        "workload": case.workload,
        "seed": seed,
    }
    return known | dict(zip(names, values, strict=False))


def _holds(condition: Condition, ids: Mapping[str, Value | None]) -> bool:
    """Return whether a condition is met; on an axis without a value it is."""
    value = ids.get(condition.axis)
    if value is None:
        return True
    if condition.among is not None and value not in condition.among:
        return False
    for limit, sign in ((condition.at_least, 1), (condition.at_most, -1)):
        if limit is None:
            continue
        other = ids.get(limit, limit) if isinstance(limit, str) else limit
        if other is not None and sign * (_number(value, other) - _number(other, value)) < 0:
            return False
    return True


def _number(value: Value, other: Value) -> float:
    """Return the number of a value that has the unit of another one."""
    (number, unit), (_, expected) = quantity(value), quantity(other)
    if unit != expected:
        raise InputError(f"expected numbers of one unit, got {value!r} and {other!r}")
    return number


def quantity(value: Value) -> tuple[float, str]:
    """Return number and unit of a value.

    Raises
    ------
    InputError
        If it is none.
    """
    match = _QUANTITY.fullmatch(str(value))
    if match is None or isinstance(value, bool):
        raise InputError(f"expected a number, with or without unit, got {value!r}")
    return float(match[1]), match[2]


def _values(axis: Axis) -> list[Value]:
    """Return the values of a single axis."""
    if axis.values is not None:
        return list(axis.values)
    assert axis.first is not None  # noqa: S101  (the description has one form or the other)
    assert axis.last is not None  # noqa: S101
    assert axis.count is not None  # noqa: S101
    return range_values(first=axis.first, last=axis.last, count=axis.count, spacing=axis.spacing)


def range_values(*, first: Value, last: Value, count: int, spacing: str = "log") -> list[Value]:
    """Return the values of a range, whole numbers if both ends are.

    Parameters
    ----------
    first, last : int, float or str
        Ends, with the same unit.
    count : int
        How many values, at least 2.
    spacing : {"log", "linear"}
        Whether neighbours have equal ratios or equal differences.

    Raises
    ------
    InputError
        If the ends have different units, or a logarithmic range begins or ends at 0.
    """
    (low, unit), (high, other) = quantity(first), quantity(last)
    if unit != other:
        raise InputError(f"expected a range with one unit, got {first!r} to {last!r}")
    if spacing == "log" and (low <= 0 or high <= 0):
        raise InputError(
            f"expected ends above 0 for a logarithmic range, got {first!r} to "
            f"{last!r}; take spacing: linear"
        )
    numbers = [_between(low, high, n / (count - 1), spacing) for n in range(count)]
    if isinstance(first, int) and isinstance(last, int):
        return list(dict.fromkeys(round(number) for number in numbers))
    if unit:
        return [f"{number:.12g} {unit}" for number in numbers]
    return [float(f"{number:.12g}") for number in numbers]


def _between(low: float, high: float, share: float, spacing: str) -> float:
    """Return the number a share of the way from low to high."""
    if spacing == "linear":
        return low + (high - low) * share
    return math.exp(math.log(low) + (math.log(high) - math.log(low)) * share)
