"""Trainings: a task learnt in several ways, on cells and in software, over the same seeds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from threadpoolctl import threadpool_limits

from archsim.baseline import GpuDescription
from archsim.chip import CrossbarDescription, build, read_chip
from archsim.components.substrate import Substrate
from archsim.errors import InputError
from archsim.report.accuracy import last_metrics
from archsim.report.trainings_recipe import TrainingsRecipe, Way
from archsim.report.trainings_stream import SampleCost, chip_sample, gpu_sample
from archsim.runs import Run
from archsim.runs.recorded import Charger, record
from archsim.workload import (
    LayeredDescription,
    LayeredResult,
    learn_in_software,
    read_workload,
    train,
)

__all__ = [
    "Lesson",
    "Lessons",
    "Price",
    "courses_frame",
    "metrics_frame",
    "samples_frame",
    "streams_frame",
    "task_of",
    "train_ways",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What one training came to."""

    seed: int
    course: tuple[float, ...]
    """Test accuracy after each epoch; of a transfer, the one after it."""
    stream: tuple[float, ...] = ()
    """The same after each part of the stream, with the test examples drifted as then."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Last value of every other metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one training cost, and what it kept."""

    energy: float
    """Training, without static energy. [J]"""
    static: float
    """Static energy of the whole run. [J]"""
    time: float
    """Training. [s]"""
    gradient_words: int
    """Words written into the memory of gradients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """All trainings of one way."""

    way: Way
    each: Sequence[Lesson]
    """One a seed, from seed 0 on."""
    cells: int = 0
    """Devices of all matrices; 0 in software."""
    price: Price | None = None
    """Of seed 0, if it was asked for and learnt on a chip."""
    drifts: tuple[float, ...] = ()
    """How far the drift is after each part of the stream, 0 to 1."""
    sample: SampleCost | None = None
    """Cost of one sample of the stream with seed 0, if it was asked for and there is one."""

    @property
    def finals(self) -> tuple[float, ...]:
        """Accuracy after training, one a seed."""
        return tuple(one.course[-1] for one in self.each)

    @property
    def curve(self) -> tuple[float, ...]:
        """Mean accuracy after each epoch, as far as all seeds went."""
        length = min(len(one.course) for one in self.each)
        return tuple(statistics.fmean(one.course[n] for one in self.each) for n in range(length))

    @property
    def stream(self) -> tuple[float, ...]:
        """Mean accuracy after each part of the stream."""
        return tuple(map(statistics.fmean, zip(*(one.stream for one in self.each), strict=True)))

    def mean(self, metric: str) -> float | None:
        """Return the mean of a metric over the seeds; None if it was not measured."""
        found = [one.metrics[metric] for one in self.each if metric in one.metrics]
        return statistics.fmean(found) if found else None

    @property
    def pulses_per_cell(self) -> float | None:
        """Pulses of updates and of program-and-verify that a device gets; None in software."""
        if not self.cells:
            return None
        names = ("device_pulses", "verify_pulses")
        return sum(self.mean(name) or 0.0 for name in names) / self.cells

    def above(self, other: Lessons) -> tuple[float, float | None]:
        """Return the mean difference of final accuracies, seed by seed, and its standard error.

        One seed has no standard error.
        """
        gaps = [a - b for a, b in zip(self.finals, other.finals, strict=True)]
        error = statistics.stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else None
        return statistics.fmean(gaps), error

    def widest_gap(self, other: Lessons, *, first: int = 2) -> float:
        """Return the largest distance of the mean curves, from epoch `first` (from 1) on."""
        pairs = list(zip(self.curve, other.curve, strict=False))
        return max(abs(a - b) for a, b in (pairs[first - 1 :] or pairs[-1:]))


def train_ways(
    recipe: TrainingsRecipe,
    *,
    seeds: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> list[Lessons]:
    """Train in every way of a recipe.

    Parameters
    ----------
    recipe : TrainingsRecipe
        What is trained.
    seeds : int, optional
        Trainings of each way, instead of the recipe's.
    progress : callable, optional
        Told of every training that begins, and of how far all of them are.

    Raises
    ------
    InputError
        If a description is wrong, or a workload is not of kind layered.
    """
    count = recipe.seeds if seeds is None else seeds
    tasks = [task_of(way) for way in recipe.ways]  # refuse before anything is trained
    result = []
    for number, (way, task) in enumerate(zip(recipe.ways, tasks, strict=True)):

        def begin(seed: int, way: Way = way, number: int = number) -> None:
            if progress is not None:
                whole = len(recipe.ways) * count
                progress(f"{way.name}, seed {seed}", (number * count + seed) / whole)

        with threadpool_limits(limits=1):
            result.append(_lessons(way, task, count, priced=recipe.priced, begin=begin))
    return result


def task_of(way: Way) -> LayeredDescription:
    """Return the workload of a way, after checking its chip too.

    Raises
    ------
    InputError
        If one of them has a fault, or is of a kind that is not trained so.
    """
    task = read_workload(way.workload, settings=way.of("workload"))
    if not isinstance(task, LayeredDescription):
        raise InputError(f"{way.name}: expected a workload of kind layered, got {task.kind}")
    if way.chip:
        _machine(way)
    return task


def _machine(way: Way) -> CrossbarDescription | GpuDescription:
    machine = read_chip(way.chip, settings=way.of("chip"))
    if not isinstance(machine, CrossbarDescription | GpuDescription):
        found = machine.kind
        raise InputError(f"{way.name}: expected a chip of kind crossbar or gpu, got {found}")
    return machine


def _lessons(
    way: Way, task: LayeredDescription, count: int, *, priced: bool, begin: Callable[[int], None]
) -> Lessons:
    machine = _machine(way) if way.chip else None
    drifts = () if task.stream is None else task.stream.ends
    if not isinstance(machine, CrossbarDescription):
        sample = None
        if machine is not None and priced:
            sample = gpu_sample(machine, task, sensors=way.sensors)
        each = [_in_software(task, seed, begin) for seed in range(count)]
        return Lessons(way=way, each=each, drifts=drifts, sample=sample)
    each, price, sample = [], None, None
    for seed in range(count):
        begin(seed)
        if priced and not seed:
            charger = Charger(record(task, machine, seed=seed))
            done = charger.charge(build(machine), task=task, seed=seed)
            each.append(_lesson(seed, done.learnt, last_metrics(done.metrics)))
            price = _price(done)
            sample = chip_sample(charger, machine, task) if drifts else None
            continue
        last = _Last()
        substrate = Substrate(machine.behaviour, task.shapes, seed=seed)
        learnt = train(task, substrate, seed=seed, on_metric=last)
        each.append(_lesson(seed, learnt, last.metrics))
    cells = machine.behaviour.planes * sum(rows * columns for rows, columns in task.shapes.values())
    return Lessons(way=way, each=each, cells=cells, price=price, drifts=drifts, sample=sample)


def _in_software(task: LayeredDescription, seed: int, begin: Callable[[int], None]) -> Lesson:
    begin(seed)
    learnt = learn_in_software(task, seed=seed, clip=False)
    return Lesson(seed=seed, course=learnt.course, stream=learnt.stream)


class _Last:
    """Keeps the last value of every metric."""

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}

    def __call__(self, row: Mapping[str, object]) -> None:
        self.metrics[str(row["metric"])] = float(str(row["value"]))


def _lesson(seed: int, learnt: object, metrics: Mapping[str, float]) -> Lesson:
    assert isinstance(learnt, LayeredResult)  # noqa: S101 (the workload is of kind layered)
    return Lesson(seed=seed, course=learnt.course, stream=learnt.stream, metrics=metrics)


def _price(done: Run) -> Price:
    kept = done.ledger[(done.ledger.component == "gradient") & (done.ledger.action == "write")]
    return Price(
        energy=done.totals.training_energy,
        static=float(done.totals.energy.get("static", 0)),
        time=done.totals.training_time,
        gradient_words=int(kept["count"].sum()),
    )


def courses_frame(several: Sequence[Lessons]) -> pd.DataFrame:
    """Return the accuracy after every epoch of every training, one row each."""
    rows = [
        (lessons.way.name, one.seed, epoch, accuracy)
        for lessons in several
        for one in lessons.each
        for epoch, accuracy in enumerate(one.course, start=1)
    ]
    return pd.DataFrame.from_records(rows, columns=["way", "seed", "epoch", "test_accuracy"])


def streams_frame(several: Sequence[Lessons]) -> pd.DataFrame:
    """Return the accuracy after every part of every stream, one row each."""
    rows = [
        (lessons.way.name, one.seed, drift, accuracy)
        for lessons in several
        for one in lessons.each
        for drift, accuracy in zip(lessons.drifts, one.stream, strict=True)
    ]
    return pd.DataFrame.from_records(rows, columns=["way", "seed", "drift", "test_accuracy"])


def samples_frame(several: Sequence[Lessons]) -> pd.DataFrame:
    """Return what one sample of every stream costs, one row each, in SI."""
    columns = ["way", "energy_j", "energy_low_j", "energy_high_j", "link_energy_j"]
    columns += ["time_s", "time_low_s", "time_high_s"]
    rows = []
    for one in several:
        if one.sample is not None:
            energy, time = one.sample.energy, one.sample.time
            costs = (energy.nominal, energy.low, energy.high, one.sample.link)
            rows.append((one.way.name, *costs, time.nominal, time.low, time.high))
    return pd.DataFrame.from_records(rows, columns=columns)


def metrics_frame(several: Sequence[Lessons]) -> pd.DataFrame:
    """Return the other metrics at the end of every training, one row each."""
    rows = [
        (lessons.way.name, one.seed, metric, value)
        for lessons in several
        for one in lessons.each
        for metric, value in sorted(one.metrics.items())
    ]
    return pd.DataFrame.from_records(rows, columns=["way", "seed", "metric", "value"])
