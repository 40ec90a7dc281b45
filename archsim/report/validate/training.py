"""Trainings of a validation: every case for every seed, the first of some priced."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import active_children, get_context
from typing import cast

import pandas as pd
from threadpoolctl import threadpool_limits

from archsim.chip import CrossbarDescription, read_chip
from archsim.components.bit_sliced import substrate_of
from archsim.errors import ArchsimError, InputError, ResourceError, SpecError
from archsim.report.session import Request, run_only
from archsim.report.showcase import mnist_settings
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
Metrics = dict[str, list[float]]
"""Metric → its values in the order they were measured."""
Job = tuple["Ready", int]
"""A case and a seed."""
Result = Callable[[Progress], Metrics]
"""Waits for a training, telling of progress meanwhile."""
PATIENCE = 0.5
"""How long a training is waited for before progress is told. [s]"""
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
    metrics: list[Metrics] = field(default_factory=list)
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
        settings |= mnist_settings(data)
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
        kind = InputError if isinstance(error, SpecError) else type(error)
        raise kind(f"{one.case.workload}: {error}; {advice}") from None


def trained(
    ready: Mapping[str, Ready],
    validation: Validation,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Trained]:
    """Train every case that has to be, for all its seeds; a priced run learns the same bits.

    Parameters
    ----------
    ready : mapping
        Name → case.
    validation : Validation
        What is to be trained and priced.
    workers : int
        Processes that train; they change no result. Runs are priced in this one.
    progress : callable, optional
        Told how far it is.

    Raises
    ------
    ResourceError
        If a process was killed.
    """
    results = {name: Trained(ready=one) for name, one in ready.items()}
    wanted = {name: one for name, one in ready.items() if name in validation.trained}
    jobs = [(one, seed) for one in wanted.values() for seed in range(one.case.seeds)]
    priced = validation.priced
    costly = [one for one in wanted.values() if one.name in priced]
    plain = [(one, seed) for one, seed in jobs if seed or one.name not in priced]
    total = sum(one.case.effort for one, _ in plain)
    bar = _Bar(total + sum(PRICING * one.case.effort for one in costly), progress)
    found: dict[tuple[str, int], Metrics] = {}
    with _crew(workers) as submit:
        begun = [(job, submit(job)) for job in sorted(plain, key=_longest_first)]
        for one in costly:
            run = results[one.name].run = _priced(one, bar.within(one, PRICING))
            found[one.name, run.seed] = _gathered(run.measured)
            bar.done(one, PRICING)
        for (one, seed), result in begun:
            found[one.name, seed] = result(bar.within(one))
            bar.done(one)
    for one, seed in jobs:
        results[one.name].metrics.append(found[one.name, seed])
    return results


def _longest_first(job: Job) -> float:
    return -job[0].case.effort


@contextlib.contextmanager
def _crew(workers: int) -> Iterator[Callable[[Job], Result]]:
    """Give what begins a training, and returns what waits for its result; 1 worker waits to begin.

    Whatever ends the context early ends the processes too.
    """
    if workers < 2:
        yield lambda job: lambda progress: _learnt(*job, progress)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield lambda job: _awaited(_begun(pool, job))
        except BaseException:
            for process in active_children():
                process.terminate()
            raise


def _begun(pool: ProcessPoolExecutor, job: Job) -> Future[Metrics]:
    """Submit a job; a process made for it never hears of Ctrl-C, which ends it through this one."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_learnt, *job)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _awaited(begun: Future[Metrics]) -> Result:
    def result(progress: Progress) -> Metrics:
        while True:
            try:
                return begun.result(timeout=PATIENCE)
            except TimeoutError:
                progress("", 0.0)  # shows the clock, and hears of signals
            except BrokenProcessPool:
                message = "a process that trained was killed; take fewer --workers, or more memory"
                raise ResourceError(message) from None

    return result


def _priced(one: Ready, progress: Progress) -> Run:
    request = Request(workload=one.case.workload, chip=one.case.chip, settings=one.settings)
    return run_only(request, progress=progress)


def _learnt(one: Ready, seed: int, progress: Progress | None = None) -> Metrics:
    rows: list[Mapping[str, object]] = []
    substrate = substrate_of(one.machine.behaviour, one.task.shapes, seed=seed)
    with threadpool_limits(limits=1):
        train(one.task, substrate, seed=seed, on_metric=rows.append, progress=progress)
    return _gathered(rows)


def _gathered(rows: list[Mapping[str, object]]) -> Metrics:
    found: Metrics = {}
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

    def __init__(self, total: float, progress: Progress | None) -> None:
        self._progress = progress
        self._done = 0.0
        self._all = total

    def within(self, one: Ready, factor: float = 1.0) -> Progress:
        """Return what a training tells its progress to."""

        def step(what: str, fraction: float) -> None:
            if self._progress is not None:
                label = f"{one.name}: {what}" if what else one.name
                spent = self._done + one.case.effort * factor * min(fraction, 1.0)
                self._progress(label, spent / self._all)

        return step

    def done(self, one: Ready, factor: float = 1.0) -> None:
        """Count a training that is done."""
        self._done += one.case.effort * factor
        if self._progress is not None:
            self._progress(one.name, self._done / self._all)
