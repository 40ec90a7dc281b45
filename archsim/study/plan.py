"""Plans: the points of a study with their keys, after everything that can be checked is checked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archsim import catalog
from archsim.catalog import Kind
from archsim.errors import InputError
from archsim.study.description import StudyDescription
from archsim.study.design import machine_of, point_key, task_of, trace_key
from archsim.study.evaluate import Job
from archsim.study.points import Case, Point, points_of

__all__ = ["Plan", "plan"]

_PRICES = ("energy", "power", "area", "leakage")
"""How names of fields end that no time depends on."""
_LARGEST_JOB = 32
"""Most points that one worker takes at a time."""
_LISTED = 12
_TRIES = 40
"""How many points a value may fail on before it is called hopeless."""
_NONE = "none"
"""Trace of points that cannot be trained; each says why when it is run."""

_Mark = tuple[str | int, str | int]
"""A case, or an axis with one of its steps."""

_Settings = tuple[tuple[str, str], ...]
"""Field path and text of settings."""

_Group = tuple[str, str, int, _Settings]
"""Chip, workload, seed and settings that training feels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a study comes to."""

    study: StudyDescription
    points: tuple[Point, ...]
    keys: tuple[str, ...]
    """Key of each point."""
    traces: tuple[str, ...]
    """Key of the trace of each point."""

    def trainings(self, missing: Iterable[int]) -> list[Job]:
        """Return one job for each trace that several jobs with these points will need."""
        first: dict[str, int] = {}
        count: dict[str, int] = {}
        for number in missing:
            first.setdefault(self.traces[number], number)
            count[self.traces[number]] = count.get(self.traces[number], 0) + 1
        return [
            Job(trace=trace, model=self.points[number], points=())
            for trace, number in first.items()
            if count[trace] > 1
        ]

    def jobs(self, missing: Sequence[int], *, workers: int) -> list[Job]:
        """Return the points with these numbers as jobs, those of one trace together.

        Points that differ in prices only share a ledger, so they go to one worker; towards the end
        jobs get smaller, so that all workers end at about the same time.
        """
        traces: dict[str, dict[_Settings, list[int]]] = {}
        for number in missing:
            families = traces.setdefault(self.traces[number], {})
            families.setdefault(_timed(self.points[number]), []).append(number)
        left = len(missing)
        jobs: list[Job] = []
        for trace, families in traces.items():
            model = self.points[next(iter(families.values()))[0]]
            numbers: list[int] = []
            for family in families.values():
                size = max(1, min(_LARGEST_JOB, left // (4 * workers)))
                parts = math.ceil(len(family) / size)
                for part in range(parts):
                    piece = family[len(family) * part // parts : len(family) * (part + 1) // parts]
                    if numbers and len(numbers) + len(piece) > size:
                        jobs.append(self._job(trace, model, numbers))
                        left -= len(numbers)
                        numbers = []
                    numbers += piece
            jobs.append(self._job(trace, model, numbers))
            left -= len(numbers)
        return jobs

    def _job(self, trace: str, model: Point, numbers: Sequence[int]) -> Job:
        points = tuple((self.keys[number], self.points[number]) for number in numbers)
        return Job(trace=trace, model=model, points=points)


def plan(study: StudyDescription, *, points: Sequence[Point] | None = None) -> Plan:
    """Return the points of a study with their keys.

    Parameters
    ----------
    study : StudyDescription
        The study.
    points : sequence of Point, optional
        Its points, if they are known; else all of them.

    Raises
    ------
    InputError
        If a case, or a value of an axis, fits no point at all; every one of them is named with the
        points that have it. What is wrong with a point of its own is found when it is run.
    """
    given = points_of(study) if points is None else points
    cases = {case: _placed(case) for case in dict.fromkeys(point.case for point in given)}
    found = [replace(point, case=cases[point.case]) for point in given]
    trial = _Trial()
    _refuse_hopeless(study, found, trial)
    groups: dict[_Group, list[Point]] = {}
    for point in found:
        groups.setdefault(_group(point), []).append(point)
    traces: dict[int, str] = {}
    for members in groups.values():
        model = next((point for point in members[:_TRIES] if trial.fits(point)), None)
        shared = _trace_key(model) if model is not None else None
        for point in members:
            own = _trace_key(point) if shared is None and trial.fits(point) else _NONE
            traces[point.number] = shared or own
    ordered = tuple(traces[point.number] for point in found)
    return Plan(
        study=study,
        points=tuple(found),
        keys=tuple(point_key(p, trace=trace) for p, trace in zip(found, ordered, strict=True)),
        traces=ordered,
    )


class _Trial:
    """Reads the descriptions of points, each combination once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Case, _Settings], tuple[str, ...]] = {}

    def fits(self, point: Point) -> bool:
        """Return whether a point's descriptions have no fault."""
        return not self.faults(point)

    def faults(self, point: Point) -> tuple[str, ...]:
        """Return what is wrong with a point's descriptions."""
        key = (point.case, point.settings)
        if key not in self._known:
            self._known[key] = _faults_of(point)
        return self._known[key]


def _refuse_hopeless(study: StudyDescription, points: Sequence[Point], trial: _Trial) -> None:
    """Raise an error that names every case and every value of an axis that fits no point.

    Points are tried in an order that mixes all axes; whoever is in a point without faults is sound.
    """
    sound: set[_Mark] = set()
    tried: dict[_Mark, list[Point]] = {}
    candidates = itertools.count(len(points) * 5 // 8 + 1)
    stride = next(n for n in candidates if math.gcd(n, len(points)) == 1)
    for number in range(len(points)):
        point = points[number * stride % len(points)]
        marks = _marks(point)
        if all(mark in sound or len(tried.get(mark, ())) >= _TRIES for mark in marks):
            continue
        if trial.fits(point):
            sound.update(marks)
            continue
        for mark in marks:
            tried.setdefault(mark, []).append(point)
    texts: dict[str, list[int]] = {}
    hopeless = {mark: failed for mark, failed in tried.items() if mark not in sound}
    for mark, failed in hopeless.items():
        for text in trial.faults(failed[0]):
            if all(text in trial.faults(point) for point in failed):
                numbers = [point.number for point in points if mark in _marks(point)]
                texts[text] = sorted({*texts.get(text, ()), *numbers})
    if hopeless and not texts:
        failed = next(iter(hopeless.values()))
        texts = {text: [failed[0].number] for text in trial.faults(failed[0])}
    if texts:
        ordered = sorted(texts.items(), key=lambda item: item[1])
        lines = [f"study {study.name}: {text} ({_listed(numbers)})" for text, numbers in ordered]
        raise InputError("\n".join(lines))


def _marks(point: Point) -> tuple[_Mark, ...]:
    """Return the case of a point and its step on each axis."""
    return (("case", point.case.name), *enumerate(point.levels))


def _faults_of(point: Point) -> tuple[str, ...]:
    texts: list[str] = []
    for make in (machine_of, task_of):
        try:
            make(point)
        except InputError as error:
            texts += str(error).splitlines()
    return tuple(texts)


def _trace_key(point: Point) -> str:
    return trace_key(task_of(point), machine_of(point), seed=point.seed)


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_LISTED]))
    more = f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else ""
    return f"point{'s' if len(numbers) > 1 else ''} {shown}{more}"


def _group(point: Point) -> _Group:
    felt = tuple(
        (path, text)
        for path, text in point.settings
        if path.startswith(("workload.", "chip.behaviour"))
    )
    return point.case.chip, point.case.workload, point.seed, felt


def _timed(point: Point) -> _Settings:
    """Return the settings of a point that times may depend on, as far as names tell."""
    return tuple(one for one in point.settings if not one[0].endswith(_PRICES))


def _placed(case: Case) -> Case:
    """Return a case whose files are found from any folder."""
    chip, workload = _absolute("chips", case.chip), _absolute("workloads", case.workload)
    return replace(case, chip=chip, workload=workload)


def _absolute(kind: Kind, reference: str) -> str:
    path, variant = catalog.find(kind, reference)
    if path.is_relative_to(catalog.folder(kind)):
        return reference
    return f"{Path.cwd() / path}{f':{variant}' if variant else ''}"
