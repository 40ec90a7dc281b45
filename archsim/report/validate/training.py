"""Trainings of a validation: every case for every seed, the first of some priced."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pandas as pd
from threadpoolctl import threadpool_limits

from archsim.chip import CrossbarDescription, read_chip
from archsim.components.bit_sliced import substrate_of
from archsim.errors import ArchsimError, InputError
from archsim.report.session import Request, run_only
from archsim.report.validate.recipe import CaseDescription, Validation
from archsim.runs import Run
from archsim.workload import (
    LayeredDescription,
    SpikingDescription,
    WorkloadDescription,
    read_workload,
    train,
)

__all__ = ["Ready", "Trained", "prepare", "scores_frame", "trained"]

Progress = Callable[[str, float], None]
PRICING = 2.0
"""How much longer a priced training takes; for the progress bar only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A case whose descriptions are read and whose data are found."""

    name: str
    case: CaseDescription
    task: WorkloadDescription
    machine: CrossbarDescription
    settings: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Trained:
    """What the trainings of a case measured."""

    ready: Ready
    metrics: list[dict[str, list[float]]] = field(default_factory=list)
    """For each seed, metric → its values in the order they were measured."""
    run: Run | None = None
    """Seed 0, priced; None where nobody asked for it."""

    def last(self, metric: str) -> list[float]:
        """Return the last value of a metric, for each seed.

        Raises
        ------
        InputError
            If the trainings did not measure it.
        """
        return [values[-1] for values in self.course(metric)]

    def course(self, metric: str) -> list[list[float]]:
        """Return all values of a metric, for each seed.

        Raises
        ------
        InputError
            If the trainings did not measure it.
        """
        for one in self.metrics:
            if metric not in one:
                known = ", ".join(sorted(one))
                message = f"{self.ready.name}: expected one of the metrics {known}, got {metric!r}"
                raise InputError(message)
        return [one[metric] for one in self.metrics]


def prepare(validation: Validation, *, data: str = "") -> dict[str, Ready]:
    """Read all descriptions and find all data, before anything is trained.

    Parameters
    ----------
    validation : Validation
        What is to be trained.
    data : str
        Folder of MNIST, or one above it; empty: where ``ARCHSIM_DATA`` says, or the network.

    Raises
    ------
    InputError
        If a description is wrong or a data set is missing; the text says how to get it.
    """
    ready = {}
    loaded: set[str] = set()
    for name, case in validation.used.items():
        one = ready[name] = _ready(name, case, data)
        task = one.task
        if name in validation.trained and isinstance(task, SpikingDescription | LayeredDescription):
            source = task.dataset.model_dump_json()
            if source not in loaded:
                _find(one, task)
                loaded.add(source)
    return ready


def _ready(name: str, case: CaseDescription, data: str) -> Ready:
    settings = dict(case.settings)
    task = read_workload(case.workload, settings=_of("workload", settings))
    if data and _is_mnist(task):
        below = Path(data) / "mnist"
        folder = str(below if below.is_dir() else data)
        settings["workload.dataset.folder"] = json.dumps(folder)
        task = read_workload(case.workload, settings=_of("workload", settings))
    machine = read_chip(case.chip, settings=_of("chip", settings))
    if not isinstance(machine, CrossbarDescription):
        raise InputError(f"{case.chip}: expected a chip of kind crossbar, got {machine.kind}")
    return Ready(name=name, case=case, task=task, machine=machine, settings=settings)


def _is_mnist(task: WorkloadDescription) -> bool:
    data = task.dataset if isinstance(task, SpikingDescription | LayeredDescription) else None
    return data is not None and data.name == "mnist"


def _of(part: str, settings: Mapping[str, str]) -> dict[str, str]:
    head = f"{part}."
    return {k.removeprefix(head): text for k, text in settings.items() if k.startswith(head)}


def _find(one: Ready, task: SpikingDescription | LayeredDescription) -> None:
    """Load a data set once, so that a missing one is told before anything is trained."""
    try:
        task.dataset.load()
    except ArchsimError as error:
        advice = (
            "name the folder of MNIST's four IDX files with --data or ARCHSIM_DATA, or install "
            "archsim[data], which downloads them; --quick needs none"
        )
        raise type(error)(f"{one.case.workload}: {error}; {advice}") from None


def trained(
    ready: Mapping[str, Ready], validation: Validation, *, progress: Progress | None = None
) -> dict[str, Trained]:
    """Train every case that has to be, for all its seeds; a priced run learns the same bits.

    Parameters
    ----------
    ready : mapping
        Name → case.
    validation : Validation
        What is to be trained and priced.
    progress : callable, optional
        Told how far it is.
    """
    priced = validation.priced
    results = {name: Trained(ready=one) for name, one in ready.items()}
    wanted = {name: one for name, one in ready.items() if name in validation.trained}
    bar = _Bar(wanted, priced, progress)
    for name, one in wanted.items():
        result = results[name]
        for seed in range(one.case.seeds):
            first = not seed and name in priced
            step = bar.of(f"{name}, seed {seed}", one.case.effort * (PRICING if first else 1.0))
            if first:
                result.run = _priced(one, step)
                result.metrics.append(_gathered(result.run.measured))
            else:
                result.metrics.append(_learnt(one, seed, step))
            step("", 1.0)
    return results


def _priced(one: Ready, progress: Progress) -> Run:
    request = Request(workload=one.case.workload, chip=one.case.chip, settings=one.settings)
    return run_only(request, progress=progress)


def _learnt(one: Ready, seed: int, progress: Progress) -> dict[str, list[float]]:
    rows: list[Mapping[str, object]] = []
    substrate = substrate_of(one.machine.behaviour, one.task.shapes, seed=seed)
    with threadpool_limits(limits=1):
        train(one.task, substrate, seed=seed, on_metric=rows.append, progress=progress)
    return _gathered(rows)


def _gathered(rows: list[Mapping[str, object]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(str(row["metric"]), []).append(float(cast("float", row["value"])))
    return found


def scores_frame(results: Mapping[str, Trained]) -> pd.DataFrame:
    """Return the last value of every metric of every training, one row each."""
    rows = [
        (name, seed, metric, values[-1])
        for name, one in results.items()
        for seed, metrics in enumerate(one.metrics)
        for metric, values in metrics.items()
    ]
    return pd.DataFrame.from_records(rows, columns=["case", "seed", "metric", "value"])


class _Bar:
    """Counts how much is done of all there is to do."""

    def __init__(
        self, ready: Mapping[str, Ready], priced: frozenset[str], progress: Progress | None
    ) -> None:
        self._progress = progress
        self._done = 0.0
        self._all = sum(
            one.case.effort * (one.case.seeds + (PRICING - 1.0 if name in priced else 0.0))
            for name, one in ready.items()
        )

    def of(self, text: str, effort: float) -> Progress:
        """Return what one training tells its progress to."""
        before = self._done
        self._done += effort

        def step(what: str, fraction: float) -> None:
            if self._progress is not None:
                label = f"{text}: {what}" if what else text
                self._progress(label, (before + effort * min(fraction, 1.0)) / self._all)

        return step
