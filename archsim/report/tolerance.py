"""Tolerance: what training on the chip loses as devices spread, beside open-loop transfer."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from archsim.report.claims import Finding
from archsim.report.recipe import ToleranceCase
from archsim.report.seeds import learn, mean_and_spread
from archsim.report.tables import Cell, Column, Table

__all__ = [
    "TRAININGS",
    "Tolerance",
    "tolerance",
    "tolerance_findings",
    "tolerance_frame",
    "tolerance_table",
]

TRAININGS = ("on_chip", "open_loop")
"""Kinds of training that are compared: on the cells, and elsewhere and then written once."""


class Tolerance(NamedTuple):
    """Scores of one case."""

    case: ToleranceCase
    scores: Mapping[tuple[str, str], tuple[float, ...]]
    """(training, value of the setting) → score of each seed."""

    def loss(self, training: str) -> float:
        """Return how much of the mean score is lost from the first value to the last."""
        first, last = self.case.levels[0], self.case.levels[-1]
        before, after = self.scores[training, first], self.scores[training, last]
        return statistics.fmean(before) - statistics.fmean(after)


def tolerance(case: ToleranceCase, *, each: Callable[[int], None] | None = None) -> Tolerance:
    """Train and transfer a workload at every value of a setting, for several seeds.

    Parameters
    ----------
    case : ToleranceCase
        What is varied and measured.
    each : callable, optional
        Told each seed when it is done.
    """
    path = case.setting.removeprefix("chip.")
    scores = {}
    for training in TRAININGS:
        for value in case.levels:
            outcomes = learn(
                case.workload,
                case.chip,
                seeds=range(case.seeds),
                chip_settings={path: value},
                workload_settings={"training": training},
                each=each,
            )
            scores[training, value] = tuple(one.measure(case.measure) for one in outcomes)
    return Tolerance(case, scores)


def tolerance_frame(results: Sequence[Tolerance]) -> pd.DataFrame:
    """Return every score, one row each."""
    rows = [
        (one.case.name, one.case.setting, value, training, seed, one.case.measure, score)
        for one in results
        for (training, value), scores in one.scores.items()
        for seed, score in enumerate(scores)
    ]
    columns = ["case", "setting", "setting_value", "training", "seed", "metric", "value"]
    return pd.DataFrame.from_records(rows, columns=columns)


def tolerance_table(results: Sequence[Tolerance]) -> Table:
    """Return mean and spread of each score, and what is lost from the first value to the last."""
    rows: list[tuple[Cell, ...]] = []
    for one in results:
        name = one.case.setting.rpartition(".")[2]
        for training in TRAININGS:
            steps = " → ".join(
                f"{mean_and_spread(one.scores[training, value])} at {value}"
                for value in one.case.levels
            )
            rows.append((one.case.name, training, name, steps, f"{one.loss(training) * 100:.1f}"))
    return Table(
        title="Tolerance of static device spread",
        columns=tuple(
            Column(name=name)
            for name in ("measured", "training", "varied", "score [%]", "lost [points]")
        ),
        rows=tuple(rows),
        note="on_chip learns on the cells that it is tested on; open_loop learns on ideal cells "
        "by the same rule, and writes the weights once, without looking.",
    )


def tolerance_findings(results: Sequence[Tolerance]) -> dict[str, list[Finding]]:
    """Return what the results say of published quantities: name → findings."""
    found: dict[str, list[Finding]] = {}
    for one in results:
        on_chip, transfer = one.loss("on_chip"), one.loss("open_loop")
        found.setdefault("on_chip_accuracy_loss", []).append(Finding(one.case.name, on_chip))
        found.setdefault("transfer_loss_minus_on_chip_loss", []).append(
            Finding(one.case.name, transfer - on_chip)
        )
    return found
