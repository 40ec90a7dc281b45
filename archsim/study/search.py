"""Search: points of a study asked for by a sampler, and the front that they leave.

Goals are means over the seeds of a design. A sampler sees each axis as a choice among its steps;
designs that it names again cost nothing, and where it names no new one, others follow in an order
drawn from its seed, so that a space no larger than ``search.points`` is searched whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from archsim.errors import InputError
from archsim.seeds import stream
from archsim.study.description import SearchDescription, StudyDescription
from archsim.study.execute import Workers
from archsim.study.plan import plan
from archsim.study.store import Store
from archsim.study.sweep import Outcome, run_plan, table

if TYPE_CHECKING:
    import optuna

__all__ = ["Found", "front", "optimise"]

Progress = Callable[[str, float], None]
_Genes = tuple[str | int, ...]
"""Case and step on each axis: one design, with all its seeds."""

_IDLE = 50
"""How often in a row a sampler may name designs that are known before others are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to."""

    outcome: Outcome
    """All points that were looked at, as a sweep would give them."""
    front: pd.DataFrame
    """Designs that no other one beats in every goal, best in the first goal first."""


def optimise(
    study: StudyDescription,
    folder: str | Path,
    *,
    workers: Workers | None = None,
    plugins: Sequence[str] = (),
    progress: Progress | None = None,
) -> Found:
    """Look for the best designs of a study.

    Parameters
    ----------
    study : StudyDescription
        The study; its `search` says what is good, and how many designs are looked at.
    folder : str or Path
        Where results are kept; a search that was interrupted goes on there, and what a sweep
        finished there is not run again.
    workers, plugins, progress
        As for `archsim.study.sweep`.

    Returns
    -------
    Found
        The same for any number of workers: batches and the sampler's seed stand in the file.

    Raises
    ------
    InputError
        If the study has no `search`, optuna is missing, or a goal is no column of the table.
    StorageError
        If a result cannot be kept.
    """
    goal = study.search
    if goal is None:
        raise InputError(f"study {study.name}: expected a section search, which says what is good")
    sampler, workers = _sampler(goal), workers or Workers()
    workers.require_packages()
    whole, store = plan(study), Store.at(folder)
    designs: dict[_Genes, list[int]] = {}
    for place, point in enumerate(whole.points):
        designs.setdefault((point.case.name, *point.levels), []).append(place)
    asking = _Asking(study, goal, sampler, designs)
    seen: dict[_Genes, tuple[float, ...] | None] = {}
    budget, count = min(goal.points, len(designs)), 0
    while len(seen) < budget:
        batch = asking.batch(seen, min(goal.batch, budget - len(seen)))
        part = whole.part([place for genes in batch for place in designs[genes]])
        count += run_plan(part, store, workers=workers, plugins=plugins)
        frame = table(part, store)
        for genes in batch:
            numbers = [whole.points[place].number for place in designs[genes]]
            seen[genes] = _goals(frame[frame["point"].isin(numbers)], goal)
            asking.tell(genes, seen[genes])
        if progress is not None:
            progress(f"designs: {len(seen)} of {budget}", len(seen) / budget)
    looked_at = whole.part(sorted(place for genes in seen for place in designs[genes]))
    frame = table(looked_at, store)
    failed = int((frame["status"] == "failed").sum())
    outcome = Outcome(study=study, frame=frame, run=count, failed=failed)
    return Found(outcome=outcome, front=front(frame, study, goal))


def front(frame: pd.DataFrame, study: StudyDescription, goal: SearchDescription) -> pd.DataFrame:
    """Return the designs of a table that no other one beats.

    Parameters
    ----------
    frame : DataFrame
        Table of a study.
    study : StudyDescription
        The study.
    goal : SearchDescription
        What is good.

    Returns
    -------
    DataFrame
        Columns ``case``, the axes, ``points``, and the mean of each goal. A design is beaten by
        one that is as good in every goal and better in one; failed designs are left out.
    """
    names = ["case", *(axis.label for axis in study.flat_axes)]
    goals = [*goal.minimise, *goal.maximise]
    rows: list[tuple[tuple[float, ...], list[object]]] = []
    for values, part in frame.groupby(names, sort=False, dropna=False):
        scores = _goals(part, goal)
        if scores is not None:
            shown = [*scores[: len(goal.minimise)], *(-s for s in scores[len(goal.minimise) :])]
            rows.append((scores, [*values, len(part), *shown]))
    kept = [row for score, row in rows if not any(_beats(other, score) for other, _ in rows)]
    found = pd.DataFrame.from_records(kept, columns=[*names, "points", *goals])
    ascending = [name in goal.minimise for name in goals]
    return found.sort_values(goals, ascending=ascending, kind="stable", ignore_index=True)


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def _goals(part: pd.DataFrame, goal: SearchDescription) -> tuple[float, ...] | None:
    """Return the means of the goals, signs such that small is good; None where a point failed."""
    if (part["status"] != "done").any():
        return None
    unknown = [name for name in (*goal.minimise, *goal.maximise) if name not in part]
    if unknown:
        known = ", ".join(name for name in part.columns if name not in ("status", "error"))
        raise InputError(f"search: expected columns of the table ({known}), got {unknown[0]!r}")
    means = {
        name: float(pd.to_numeric(part[name]).astype("float64").mean())
        for name in (*goal.minimise, *goal.maximise)
    }
    return (*(means[name] for name in goal.minimise), *(-means[name] for name in goal.maximise))


def _sampler(goal: SearchDescription) -> optuna.samplers.BaseSampler:
    try:
        import optuna  # noqa: PLC0415  (optional)
    except ImportError:
        message = (
            "search: expected the package optuna, found none; install archsim[dse], or sweep the "
            "whole space"
        )
        raise InputError(message) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if goal.sampler == "random":
        return optuna.samplers.RandomSampler(seed=goal.seed)
    if goal.sampler == "tpe":
        return optuna.samplers.TPESampler(seed=goal.seed)
    population = max(2, 2 * goal.batch)
    return optuna.samplers.NSGAIISampler(seed=goal.seed, population_size=population)


class _Asking:
    """Asks a sampler for designs, batch by batch."""

    def __init__(
        self,
        study: StudyDescription,
        goal: SearchDescription,
        sampler: optuna.samplers.BaseSampler,
        designs: Mapping[_Genes, Sequence[int]],
    ) -> None:
        import optuna  # noqa: PLC0415  (optional)

        count = len(goal.minimise) + len(goal.maximise)
        self._study = optuna.create_study(sampler=sampler, directions=["minimize"] * count)
        self._failed = optuna.trial.TrialState.FAIL
        labels = ["case", *(axis.label or f"axis_{n}" for n, axis in enumerate(study.sweep))]
        columns = list(zip(*designs, strict=True))
        self._choices = {
            name: list(dict.fromkeys(column)) for name, column in zip(labels, columns, strict=True)
        }
        self._designs = designs
        order = stream(goal.seed, "rule", "search").permutation(len(designs))
        everything = list(designs)
        self._rest: Iterator[_Genes] = iter([everything[number] for number in order])
        self._trials: dict[_Genes, Any] = {}

    def batch(self, seen: dict[_Genes, tuple[float, ...] | None], size: int) -> list[_Genes]:
        """Return so many designs that were not seen yet."""
        fresh: list[_Genes] = []
        idle = 0
        while len(fresh) < size and idle < _IDLE:
            trial = self._study.ask()
            genes = tuple(
                trial.suggest_categorical(name, choices) for name, choices in self._choices.items()
            )
            if genes in self._designs and genes not in seen and genes not in fresh:
                fresh.append(genes)
                self._trials[genes] = trial
                continue
            idle += 1
            known = seen.get(genes)
            if known is None:
                self._study.tell(trial, state=self._failed)
            else:
                self._study.tell(trial, list(known))
        while len(fresh) < size:
            genes = next(self._rest)
            if genes not in seen and genes not in fresh:
                fresh.append(genes)
        return fresh

    def tell(self, genes: _Genes, scores: tuple[float, ...] | None) -> None:
        """Tell the sampler how good a design is."""
        trial = self._trials.pop(genes, None)
        if trial is None:
            return
        if scores is None:
            self._study.tell(trial, state=self._failed)
        else:
            self._study.tell(trial, list(scores))
