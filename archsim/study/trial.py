"""Trials: values of a study put into its chips and workloads, before anything runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from archsim.errors import Fault, InputError, SpecError
from archsim.spec import Mark
from archsim.spec.read import Setting
from archsim.study.check import singles
from archsim.study.description import StudyDescription
from archsim.study.design import machine_of, task_of
from archsim.study.measure import MEASURES, columns_of
from archsim.study.points import Case, Point

__all__ = ["Trial"]

_TRIES = 40
"""How many points a value may fail on before it is called hopeless."""
_MOST_FAILURES = 4000
"""How many points may fail before no more are tried."""
_LISTED = 12

_Path = tuple[str | int, ...]
_Settings = tuple[tuple[str, str], ...]
_Part = Literal["chip", "workload"]
_Step = tuple[str, int, int]
"""Case, axis and step; axis and step -1 for the case as a whole."""


class _Origin(NamedTuple):
    """Where a setting of a point comes from."""

    path: _Path
    """Field of the study."""
    label: str
    """Axis and value, or axis alone, or nothing."""
    axis: int
    """Place in the sweep; -1 for what stands under ``settings``."""
    setting: str
    """Field of the chip or workload, ``chip.PATH`` or ``workload.PATH``."""


_Pair = tuple[_Origin, _Origin]
"""Where a setting says which field, and what value."""


class _Found(NamedTuple):
    """What is wrong with a point's descriptions."""

    fault: Fault
    part: _Part
    origin: _Origin | None
    """The setting at fault; None if something else is, though perhaps because of one."""


class _Half(NamedTuple):
    """What reading a chip or a workload came to."""

    found: tuple[_Found, ...]
    columns: frozenset[str] | None
    """What it brings about; None if that is not known."""


class Trial:
    """Reads the descriptions of points, each combination of settings once.

    Parameters
    ----------
    study : StudyDescription
        The study.
    axes : sequence of int
        Places, in its sweep, of the axes that points have levels of.
    numbered : bool
        Whether points have the numbers that they will be run under, so that faults may name them.
    """

    def __init__(self, study: StudyDescription, axes: Sequence[int], *, numbered: bool) -> None:
        self._study, self._numbered = study, numbered
        self._axes = [(number, study.sweep[number]) for number in axes]
        self._cases = {case.name: number for number, case in enumerate(study.cases)}
        self._known: dict[tuple[Case, _Settings], tuple[_Found, ...]] = {}
        self._columns: dict[tuple[Case, _Settings], frozenset[str] | None] = {}
        self._halves: dict[object, _Half] = {}

    def fits(self, point: Point) -> bool:
        """Return whether a point's descriptions have no fault."""
        return not self._found(point)

    def columns(self, point: Point) -> frozenset[str] | None:
        """Return the columns that a point may have, were its faulty settings left out.

        None if they are not known.
        """
        found, columns = self._found(point), self._columns[point.case, point.settings]
        without: set[str] = set()
        while faulty := {one.origin.setting for one in found if one.origin} - without:
            without |= faulty
            found, columns = self._read(point, without)
        return columns

    def faults(self, points: Sequence[Point]) -> list[Fault]:
        """Return a fault for every setting and every value of an axis that fits no point.

        Points are tried in an order that mixes all axes; a value, on a case, is sound if it is in
        one without faults. What is wrong with a point of its own is not told.
        """
        failed = self._failed(points)
        blamed: dict[_Found, Point] = {}
        for _, members in sorted(failed.items()):
            for one in self._found(members[0]):
                if all(one in self._found(point) for point in members[1:]):
                    blamed.setdefault(one, members[0])
        if failed and not blamed:
            first = next(iter(failed.values()))[0]
            blamed = dict.fromkeys(self._found(first), first)
        told: dict[Fault, None] = {}
        for one, point in blamed.items():
            told[self._told(one, point, points)] = None
        return list(told)

    def _failed(self, points: Sequence[Point]) -> dict[_Step, list[Point]]:
        """Return cases and steps that no point fits, with points that they failed on."""
        sound: set[_Step] = set()
        tried: dict[_Step, list[Point]] = {}
        fieldless: dict[tuple[str, int], int] = {}
        failures = 0
        candidates = itertools.count(len(points) * 5 // 8 + 1)
        stride = next(n for n in candidates if math.gcd(n, len(points)) == 1)
        for number in range(len(points)):
            point = points[number * stride % len(points)]
            steps = self._steps(point)
            open_steps = [
                step
                for step in steps
                if step not in sound
                and len(tried.get(step, ())) < _TRIES
                and fieldless.get(step[:2], 0) < _TRIES
            ]
            if not open_steps or failures >= _MOST_FAILURES:
                continue
            if self.fits(point):
                sound.update(steps)
                continue
            failures += 1
            for step in steps:
                tried.setdefault(step, []).append(point)
            for origin in {one.origin for one in self._found(point) if one.origin}:
                if origin.path[-1:] == ("field",):
                    key = (point.case.name, origin.axis)
                    fieldless[key] = fieldless.get(key, 0) + 1
        return {step: members for step, members in tried.items() if step not in sound}

    def _steps(self, point: Point) -> list[_Step]:
        name = point.case.name
        levels = zip(self._axes, point.levels, strict=True)
        return [(name, -1, -1), *((name, number, step) for (number, _), step in levels)]

    def _found(self, point: Point) -> tuple[_Found, ...]:
        key = (point.case, point.settings)
        if key not in self._known:
            self._known[key], self._columns[key] = self._read(point, set())
        return self._known[key]

    def _read(
        self, point: Point, without: set[str]
    ) -> tuple[tuple[_Found, ...], frozenset[str] | None]:
        """Read a point's descriptions, some settings left out."""
        origins = {path: one for path, one in self._origins(point).items() if path not in without}
        chip = self._half(point, "chip", origins)
        workload = self._half(point, "workload", origins)
        columns = None
        if chip.columns is not None and workload.columns is not None:
            columns = chip.columns | workload.columns | frozenset(MEASURES)
        return (*chip.found, *workload.found), columns

    def _half(self, point: Point, part: _Part, origins: Mapping[str, _Pair]) -> _Half:
        """Read the chip or the workload of a point, unless one with the same settings was read."""
        begin = f"{part}."
        texts = dict(point.settings)
        own = {path: one for path, one in origins.items() if path.startswith(begin)}
        key = (part, point.case, tuple((path, texts[path], one) for path, one in own.items()))
        if key not in self._halves:
            self._halves[key] = self._half_read(point, part, own)
        return self._halves[key]

    def _half_read(self, point: Point, part: _Part, origins: Mapping[str, _Pair]) -> _Half:
        places: dict[tuple[str, int, int], _Origin] = {}
        settings: dict[str, Setting] = {}
        texts = dict(point.settings)
        for path, (key, value) in origins.items():
            field = self._study.mark(key.path, key=key.axis < 0)
            stated = self._study.mark(value.path)
            places[field.file, field.line, field.column] = key
            places[stated.file, stated.line, stated.column] = value
            name = path.removeprefix(f"{part}.")
            settings[name] = Setting(texts[path], _chosen(field), _chosen(stated))
        try:
            make = machine_of if part == "chip" else task_of
            return _Half((), columns_of(make(point, settings)))
        except SpecError as error:
            faults: Iterable[Fault] = error.faults
        except InputError as error:
            faults = [Fault(file="", line=0, column=0, field="", message=str(error))]
        found = (_Found(one, part, places.get((one.file, one.line, one.column))) for one in faults)
        return _Half(tuple(found), None)

    def _origins(self, point: Point) -> dict[str, _Pair]:
        """Return where each setting of a point comes from: its field, and its value."""
        found: dict[str, _Pair] = {}
        texts = dict(point.settings)
        for path in self._study.settings:
            found[path] = (_Origin(("settings", path), "", -1, path),) * 2
        case = self._cases.get(point.case.name)
        if case is not None:
            own = self._study.cases[case].settings
            for path in (path for path in own if path in texts):
                found[path] = (_Origin(("cases", case, "settings", path), "", -1, path),) * 2
        for (number, axis), step in zip(self._axes, point.levels, strict=True):
            for base, one in singles(number, axis) if step >= 0 else ():
                at = ("values", step) if one.values is not None else ("from",)
                path = one.field or ""
                value = f"axis {one.label} = {texts[path]}"
                found[path] = (
                    _Origin((*base, "field"), f"axis {one.label}", number, path),
                    _Origin((*base, *at), value, number, path),
                )
        return found

    def _told(self, one: _Found, point: Point, points: Sequence[Point]) -> Fault:
        """Return a fault of the study that says what is wrong, where, and with which points."""
        origin = one.origin
        if origin is None:
            origin = self._cause(one, point)
            if origin is None:
                return one.fault if one.fault.file else self._of_case(one, point)
            text = f"{origin.label}: {one.fault}" if origin.label else str(one.fault)
        else:
            own = one.part + (f".{one.fault.field}" if one.fault.field else "")
            own = origin.setting if own == f"{origin.setting}.value" else own
            names = [name for name in (origin.label, own) if name and name != origin.path[-1]]
            text = ": ".join([", ".join(names), one.fault.message]).removeprefix(": ")
        return self._study.fault(origin.path, text + self._where(origin, point, points))

    def _cause(self, one: _Found, point: Point) -> _Origin | None:
        """Return the setting without which a fault is gone."""
        groups: dict[object, list[str]] = {}
        origins = self._origins(point)
        for path, (_, value) in origins.items():
            groups.setdefault(value.axis if value.axis >= 0 else path, []).append(path)
        for paths in reversed(groups.values()):
            if one not in self._read(point, set(paths))[0]:
                return origins[paths[0]][1]
        return None

    def _of_case(self, one: _Found, point: Point) -> Fault:
        """Return a fault of the chip or workload that a case names."""
        case = self._cases.get(point.case.name)
        if case is not None:
            return self._study.fault(("cases", case, one.part), one.fault.message)
        workloads, chips = self._study.workloads, self._study.chips
        names = [f"{workload} on {chip}" for workload in workloads for chip in chips]
        pair = divmod(names.index(point.case.name), len(chips))
        place = ("chips", pair[1]) if one.part == "chip" else ("workloads", pair[0])
        return self._study.fault(place, one.fault.message)

    def _where(self, origin: _Origin, point: Point, points: Sequence[Point]) -> str:
        """Return which points have a value of an axis, as far as it is at fault there."""
        if origin.axis < 0:
            return ""
        at = next(n for n, (number, _) in enumerate(self._axes) if number == origin.axis)
        whole = origin.path[-1] == "field"
        numbers = [
            other.number
            for other in points
            if other.case == point.case
            and (other.levels[at] >= 0 if whole else other.levels[at] == point.levels[at])
        ]
        shown = ", ".join(map(str, numbers[:_LISTED]))
        more = f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else ""
        alone = len({other.case for other in points}) == 1
        on = "" if alone else point.case.name
        named = f"point{'s' if len(numbers) > 1 else ''} {shown}{more}" if self._numbered else ""
        text = " of ".join(filter(None, (named, on)))
        return f" ({text})" if text else ""


def _chosen(mark: Mark) -> Mark:
    return Mark(mark.file, mark.line, mark.column, chosen=True)
