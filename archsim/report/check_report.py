"""Check of reports: all faults of a study or of trainings, without running anything."""

from __future__ import annotations

from archsim.errors import Fault, InputError, SpecError
from archsim.report.references import ReportKind
from archsim.report.trainings import task_of
from archsim.report.trainings_recipe import read_trainings
from archsim.study import read_study
from archsim.study.plan import plan

__all__ = ["check_report"]


def check_report(reference: str, kind: ReportKind) -> list[str]:
    """Return a line about a report without faults.

    Parameters
    ----------
    reference : str
        Name or path of the report.
    kind : {"study", "trainings"}
        What it is.

    Raises
    ------
    SpecError
        All faults of the report, and of what it would run, in one go.
    InputError
        If a chip or workload has a fault that stands at no line.
    """
    return [_study(reference) if kind == "study" else _trainings(reference)]


def _study(reference: str) -> str:
    study = read_study(reference)
    planned = plan(study)
    points, seeds = len(planned.points), len(study.seed_list)
    cases = len({point.case for point in planned.points})
    counts = (
        (points, "point", "points"),
        (cases, "case", "cases"),
        (seeds, "seed", "seeds"),
        (len(set(planned.traces)), "training", "trainings"),
    )
    listed = ", ".join(f"{number} {one if number == 1 else many}" for number, one, many in counts)
    return f"study {study.name}: no faults; {listed}"


def _trainings(reference: str) -> str:
    recipe = read_trainings(reference)
    faults: list[Fault] = []
    for way in recipe.ways:
        try:
            task_of(way)
        except SpecError as error:
            faults += error.faults
        except InputError as error:
            faults.append(Fault(file=way.name, line=0, column=0, field="", message=str(error)))
    if faults:
        raise SpecError(list(dict.fromkeys(faults)))
    ways = len(recipe.ways)
    return f"trainings {recipe.name}: no faults; {ways} ways, {recipe.seeds} seeds"
