"""Plans: the points of a study with their keys, after everything that can be checked is checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archsim import catalog
from archsim.catalog import Kind
from archsim.chip.problem import Problem
from archsim.errors import Fault, InputError, SpecError
from archsim.study.check import empty_place, problems, unreached
from archsim.study.columns import unknown_columns
from archsim.study.description import StudyDescription
from archsim.study.design import machine_of, point_key, task_of, trace_key
from archsim.study.evaluate import Job
from archsim.study.points import Case, Point, points_of
from archsim.study.trial import Trial

__all__ = ["Plan", "checked", "plan"]

_PRICES = ("energy", "power", "area", "leakage")
"""How names of fields end that no time depends on."""
_LARGEST_JOB = 32
"""Most points that one worker takes at a time."""
_TRIES = 40
"""How many points of one training may be faulty before each is looked at by itself."""
_NONE = "none"
"""Trace of points that cannot be trained; each says why when it is run."""

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

    def part(self, places: Sequence[int]) -> Plan:
        """Return a plan of some of the points."""
        return replace(
            self,
            points=tuple(self.points[place] for place in places),
            keys=tuple(self.keys[place] for place in places),
            traces=tuple(self.traces[place] for place in places),
        )

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


def plan(study: StudyDescription) -> Plan:
    """Return the points of a study with their keys.

    Parameters
    ----------
    study : StudyDescription
        The study.

    Raises
    ------
    SpecError
        All faults of the study in one go: what makes no sense, what stands there twice, settings
        and values of axes that fit no point of a case, columns that no point will have. What is
        wrong with a point of its own is found when it is run.
    """
    faults, given, trial = checked(study)
    if faults:
        raise SpecError(faults)
    groups: dict[_Group, list[Point]] = {}
    for point in given:
        groups.setdefault(_group(point), []).append(point)
    traces: dict[int, str] = {}
    for members in groups.values():
        model = next((point for point in members[:_TRIES] if trial.fits(point)), None)
        shared = _trace_key(model) if model is not None else None
        for point in members:
            own = _trace_key(point) if shared is None and trial.fits(point) else _NONE
            traces[point.number] = shared or own
    ordered = tuple(traces[point.number] for point in given)
    return Plan(
        study=study,
        points=tuple(given),
        keys=tuple(point_key(p, trace=trace) for p, trace in zip(given, ordered, strict=True)),
        traces=ordered,
    )


def checked(study: StudyDescription) -> tuple[list[Fault], list[Point], Trial]:
    """Return all faults of a study in the order of its file, its points, and what was tried.

    What is at fault by itself is left out of the points that the rest is tried on.

    Parameters
    ----------
    study : StudyDescription
        The study.
    """
    wrong = problems(study)
    faults = [study.fault(one.path, one.message) for one in wrong]
    sound, axes = _without(study, wrong)
    trial = Trial(study, axes, numbered=not wrong)
    found: list[Point] = []
    if sound is not None:
        try:
            given = points_of(sound)
        except InputError as error:
            place = empty_place(sound)
            faults.append(study.fault(place, str(error)))
            given = [] if place == ("sweep",) else points_of(sound.model_copy(update={"where": ()}))
        cases = {
            case: _placed(study, case) for case in dict.fromkeys(point.case for point in given)
        }
        found = [replace(point, case=cases[point.case]) for point in given]
    if found:
        wrong = [*unreached(study, axes, found), *unknown_columns(study, found, trial)]
        faults += trial.faults(found) + [study.fault(one.path, one.message) for one in wrong]
    file = study.mark(()).file
    faults.sort(key=lambda one: (one.file != file, one.file, one.line, one.column))
    return list(dict.fromkeys(faults)), found, trial


def _without(
    study: StudyDescription, wrong: Iterable[Problem]
) -> tuple[StudyDescription | None, list[int]]:
    """Return a study without what is wrong in it, if anything is left, and the axes that are."""
    bad = {one.path[:2] for one in wrong}
    kept = {
        name: [n for n in range(len(getattr(study, name))) if (name, n) not in bad]
        for name in ("chips", "workloads", "cases", "sweep", "where")
    }
    rest: dict[str, object] = {
        name: tuple(getattr(study, name)[n] for n in numbers) for name, numbers in kept.items()
    }
    if any(path[:1] == ("seeds",) for path in bad):
        rest["seeds"] = 1
    left = study.model_copy(update=rest)
    whole = bool(left.chips and left.workloads) != bool(left.cases)
    return (left if whole else None), kept["sweep"]


def _trace_key(point: Point) -> str:
    return trace_key(task_of(point), machine_of(point), seed=point.seed)


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


def _placed(study: StudyDescription, case: Case) -> Case:
    """Return a case whose files are found from any folder."""
    chip = _absolute(study, "chips", case.chip)
    return replace(case, chip=chip, workload=_absolute(study, "workloads", case.workload))


def _absolute(study: StudyDescription, kind: Kind, reference: str) -> str:
    path, variant = study.find(kind, reference)
    if path.is_relative_to(catalog.folder(kind)):
        return reference
    return f"{Path.cwd() / path}{f':{variant}' if variant else ''}"
