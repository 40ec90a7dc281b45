"""Sweeps: a planned study run to its end, however often it is interrupted, and its one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from archsim.study.description import StudyDescription, Value
from archsim.study.design import code_hash
from archsim.study.evaluate import Job, Setup
from archsim.study.execute import Workers
from archsim.study.measure import MEASURES
from archsim.study.plan import Plan, plan
from archsim.study.points import Point, text_of
from archsim.study.store import Store

__all__ = ["Outcome", "run_plan", "sweep", "table"]

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a study."""

    study: StudyDescription
    frame: pd.DataFrame
    """One row for each point, in the order of the study."""
    run: int
    """Points that were run now."""
    failed: int
    """Points that ended in an error, now or before."""


def sweep(
    study: StudyDescription,
    folder: str | Path,
    *,
    workers: Workers | None = None,
    plugins: Sequence[str] = (),
    again: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Run all points of a study that are not finished yet, and return the whole table.

    Parameters
    ----------
    study : StudyDescription
        The study.
    folder : str or Path
        Where results are kept; what an earlier sweep finished there is not run again.
    workers : Workers, optional
        Who does the work; this process if not given.
    plugins : sequence of str
        Extensions that the workers import.
    again : bool
        Run points again that ended in an error.
    progress : callable, optional
        Told how far it is.

    Raises
    ------
    InputError
        If there is no point, or a value fits none; nothing has run then.
    StorageError
        If a result cannot be kept; what was kept before stays.
    ResourceError
        If workers vanish again and again.
    """
    workers = Workers() if workers is None else workers
    workers.require_packages()
    if progress is not None:
        progress("checking all points", 0.0)
    planned = plan(study)
    store = Store.at(folder)
    if again:
        finished = store.finished()
        store.forget({key for key in planned.keys if "error" in finished.get(key, ())})
    count = run_plan(planned, store, workers=workers, plugins=plugins, progress=progress)
    frame = table(planned, store)
    failed = int((frame["status"] == "failed").sum())
    return Outcome(study=study, frame=frame, run=count, failed=failed)


def run_plan(
    planned: Plan,
    store: Store,
    *,
    workers: Workers,
    plugins: Sequence[str] = (),
    progress: Progress | None = None,
) -> int:
    """Run the points of a plan that the store lacks; return how many those were.

    Raises
    ------
    StorageError
        If a result cannot be kept.
    ResourceError
        If workers vanish again and again.
    """
    store.tidy()
    setup = Setup(
        store=str(store.folder), plugins=tuple(plugins), place=str(Path.cwd()), code=code_hash()
    )

    def missing() -> list[int]:
        finished = store.finished()
        first: dict[str, int] = {}
        for number, key in enumerate(planned.keys):
            if key not in finished:
                first.setdefault(key, number)
        return sorted(first.values())

    def trainings() -> list[Job]:
        return [job for job in planned.trainings(missing()) if not store.has_trace(job.trace)]

    total = len(missing())
    _work(trainings, workers, setup, ("training", progress), 0)
    _work(
        lambda: planned.jobs(missing(), workers=workers.count),
        workers,
        setup,
        ("points", progress),
        total,
    )
    return total


def _work(
    pending: Callable[[], Sequence[Job]],
    workers: Workers,
    setup: Setup,
    told: tuple[str, Progress | None],
    total: int,
) -> None:
    name, progress = told
    done, size = 0, total or max(len(pending()), 1)
    if progress is not None:
        progress(f"{name}: 0 of {size}", 0.0)
    for count in workers.results(pending, setup):
        done += count or 1
        if progress is not None:
            progress(f"{name}: {done} of {size}", min(done / size, 1.0))


def table(planned: Plan, store: Store) -> pd.DataFrame:
    """Return the finished points of a plan, one row each, in the order of the study.

    Parameters
    ----------
    planned : Plan
        The plan.
    store : Store
        Where results are kept.

    Returns
    -------
    DataFrame
        Ids (``point, case, chip, workload, seed``), one column for each axis, ``status`` (``done``
        or ``failed``) and ``error``, then `MEASURES` and what else was measured, in SI.

    Raises
    ------
    StorageError
        If a result cannot be read.
    """
    finished = store.finished()
    rows: list[dict[str, object]] = []
    for point, key in zip(planned.points, planned.keys, strict=True):
        if key in finished:
            rows.append(_row(planned.study, point, finished[key]))
    names = dict.fromkeys(name for row in rows for name in row)
    return pd.DataFrame({name: _column([row.get(name) for row in rows]) for name in names})


def _row(study: StudyDescription, point: Point, result: dict[str, object]) -> dict[str, object]:
    axes = [axis.label for axis in study.flat_axes]
    error = result.get("error")
    values = result.get("values")
    row: dict[str, object] = {
        "point": point.number,
        "case": point.case.name,
        "chip": _relative(point.case.chip),
        "workload": _relative(point.case.workload),
        "seed": point.seed,
        **dict(zip(axes, point.values, strict=True)),
        "status": "done" if error is None else "failed",
        "error": "" if error is None else str(error),
        **dict.fromkeys(MEASURES),
    }
    for name, value in values.items() if isinstance(values, dict) else ():
        row[f"{name}_measured" if name in axes else name] = value
    return row


def _relative(reference: str) -> str:
    """Return a reference without the folders above it, which are this machine's own."""
    path = Path(reference)
    return f"{path.parent.name}/{path.name}" if path.is_absolute() else reference


def _column(values: Sequence[object]) -> pd.Series[Any]:
    """Return a column: whole numbers stay whole, also where some are missing; mixtures are text."""
    present = [value for value in values if value is not None]
    kinds = {type(value) for value in present}
    if kinds == {int}:
        return pd.Series(values, dtype="Int64" if len(present) < len(values) else "int64")
    if kinds and kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    texts = [None if value is None else text_of(cast("Value", value)) for value in values]
    return pd.Series(texts, dtype="object")
