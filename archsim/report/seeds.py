"""Accuracy over seeds: the same training many times, without costs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from threadpoolctl import threadpool_limits

from archsim.chip import CrossbarDescription, read_chip
from archsim.components.substrate import Substrate
from archsim.errors import InputError
from archsim.report.accuracy import Trial
from archsim.report.claims import Finding
from archsim.report.tables import Cell, Column, Table
from archsim.workload import (
    AttractorResult,
    TrainingResult,
    WorkloadDescription,
    read_workload,
    train,
)

__all__ = [
    "Outcome",
    "learn",
    "mean_and_spread",
    "outcome_of",
    "seeds_findings",
    "seeds_frame",
    "seeds_table",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one training came to."""

    seed: int
    met: bool
    """Whether the criterion to stop was reached."""
    epochs: int
    trials: tuple[Trial, ...]
    """The clean words first, then the final tests, fewest flips first."""

    def measure(self, metric: str) -> float:
        """Return a metric by the name that it has in ``metrics.csv``.

        Raises
        ------
        InputError
            If the training did not measure it.
        """
        known: dict[str, float] = {}
        for trial in self.trials:
            ends = ("clean_{}", "") if not trial.flips else ("test_{}", f"_{trial.flips:g}")
            for kind in ("near", "exact"):
                known[ends[0].format(kind) + ends[1]] = getattr(trial, kind)
        if metric not in known:
            message = f"measure: expected one of {', '.join(known)}, got {metric!r}"
            raise InputError(message)
        return known[metric]


def learn(
    workload: str,
    chip: str,
    *,
    seeds: Iterable[int],
    chip_settings: Mapping[str, str] | None = None,
    workload_settings: Mapping[str, str] | None = None,
    each: Callable[[int], None] | None = None,
) -> list[Outcome]:
    """Train a workload on the substrate of a chip, once for each seed.

    Nothing is recorded or priced; the learnt bits are those of a priced run with the same seed.

    Parameters
    ----------
    workload, chip : str
        References.
    seeds : iterable of int
        Seeds.
    chip_settings, workload_settings : mapping, optional
        Field path → YAML text.
    each : callable, optional
        Told each seed when it is done.

    Raises
    ------
    InputError
        If a description is wrong or the chip has no arrays.
    """
    machine = read_chip(chip, settings=chip_settings)
    if not isinstance(machine, CrossbarDescription):
        raise InputError(f"{chip}: expected a chip of kind crossbar, got {machine.kind}")
    task = read_workload(workload, settings=workload_settings)
    outcomes = []
    with threadpool_limits(limits=1):
        for seed in seeds:
            outcomes.append(_once(task, machine, seed))
            if each is not None:
                each(seed)
    return outcomes


def _once(task: WorkloadDescription, machine: CrossbarDescription, seed: int) -> Outcome:
    substrate = Substrate(machine.behaviour, task.shapes, seed=seed)
    return outcome_of(train(task, substrate, seed=seed), seed)


def outcome_of(result: TrainingResult, seed: int) -> Outcome:
    """Return what a finished training came to.

    Raises
    ------
    InputError
        If it was of another kind than attractor.
    """
    if not isinstance(result, AttractorResult):
        raise InputError("seeds: expected the training of a workload of kind attractor")
    clean = Trial(0.0, result.clean.near, result.clean.exact, 1.0)
    tests = (
        Trial(one.flips, one.score.near, one.score.exact, one.ceiling) for one in result.trials
    )
    trials = (clean, *sorted(tests))
    return Outcome(seed=seed, met=result.met, epochs=result.epochs, trials=trials)


def mean_and_spread(values: Sequence[float]) -> str:
    """Return mean ± sample standard deviation, in per cent; one value has no deviation.

    Examples
    --------
    >>> mean_and_spread([0.9, 0.92, 0.94]), mean_and_spread([0.9])
    ('92.0 ± 2.0', '90.0')
    """
    mean = f"{statistics.fmean(values) * 100:.1f}"
    return f"{mean} ± {statistics.stdev(values) * 100:.1f}" if len(values) > 1 else mean


def seeds_frame(outcomes: Mapping[str, Sequence[Outcome]]) -> pd.DataFrame:
    """Return every score of every seed, one row each."""
    rows = [
        (case, one.seed, one.epochs, trial.flips, trial.near, trial.exact, trial.ceiling)
        for case, several in outcomes.items()
        for one in several
        for trial in one.trials
    ]
    columns = ["case", "seed", "epochs", "flips", "near", "exact", "ceiling"]
    return pd.DataFrame.from_records(rows, columns=columns)


def seeds_table(outcomes: Mapping[str, Sequence[Outcome]]) -> Table:
    """Return mean and spread of the accuracy of each case, beside the decoder's ceiling."""
    rows: list[tuple[Cell, ...]] = []
    for case, several in outcomes.items():
        for number, trials in enumerate(zip(*(one.trials for one in several), strict=True)):
            flips = trials[0].flips
            head = _head(case, several) if not number else ("", "", "")
            scores = [
                mean_and_spread([getattr(trial, name) for trial in trials])
                for name in ("near", "exact", "ceiling")
            ]
            rows.append((*head, f"{flips * 100:g} %" if flips else "clean", *scores))
    return Table(
        title="Accuracy over seeds, mean ± standard deviation",
        columns=tuple(
            Column(name=name)
            for name in (
                "case",
                "met the criterion",
                "epochs",
                "flipped dots",
                "nearest word [%]",
                "exact [%]",
                "ceiling of the ideal decoder [%]",
            )
        ),
        rows=tuple(rows),
    )


def seeds_findings(case: str, several: Sequence[Outcome], words: int) -> dict[str, Finding]:
    """Return what the accuracy over seeds says of published quantities: name → finding.

    Parameters
    ----------
    case : str
        Name of the case.
    several : sequence of Outcome
        One a seed.
    words : int
        How many clean words there are.
    """
    found = {}
    count = f"{len(several)} seeds"
    for trials in zip(*(one.trials for one in several), strict=True):
        flips = trials[0].flips
        if not flips:
            fewest = min(round(trial.exact * words) for trial in trials)
            found["clean_words_recalled"] = Finding(f"{case}, fewest of {count}", fewest)
        mean = statistics.fmean(trial.near for trial in trials)
        name = f"nearest_accuracy_at_{flips * 100:g}_percent"
        found[name] = Finding(f"{case}, mean of {count}", mean)
    return found


def _head(case: str, several: Sequence[Outcome]) -> tuple[str, str, str]:
    met = sum(one.met for one in several)
    epochs = [one.epochs for one in several]
    return (
        case,
        f"{met} of {len(several)} seeds",
        f"{statistics.fmean(epochs):.1f} ({min(epochs)} to {max(epochs)})",
    )
