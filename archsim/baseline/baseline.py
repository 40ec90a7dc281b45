"""Baselines: one training on a GPU, driven and batched in the ways that people do it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from archsim.baseline.description import GpuDescription
from archsim.baseline.roofline import book, nets_without_launch_bound, prices
from archsim.baseline.work import TrainingWork, work_of
from archsim.errors import InputError
from archsim.ledger import STATE_SCALE, Ledger, Prices
from archsim.spec import Constant
from archsim.workload import AttractorDescription, BackpropResult
from archsim.workload import baseline as learnt_in_software

__all__ = ["ROWS", "Baseline", "RowName", "gpu_baselines", "learnt", "price_training"]

RowName = Literal["bare_batch1", "bare_whole", "framework_batch1", "framework_whole", "amortised"]
"""How a GPU is used; the last trains many networks at once."""

ROWS: Mapping[RowName, str] = MappingProxyType(
    {
        "bare_batch1": "bare kernels, one pattern a step",
        "bare_whole": "bare kernels, all patterns a step",
        "framework_batch1": "eager framework, one pattern a step",
        "framework_whole": "eager framework, all patterns a step",
        "amortised": "bare kernels, all patterns a step, many networks at once; cost of one",
    }
)
"""Row → what it stands for."""

INCLUDED = ("the whole card, memory included", "forward, backward and update of every step")
EXCLUDED = (
    "host processor, supply and cooling",
    "loading the data",
    "drawing the first weights",
    "testing whether the task is learnt",
    "starting the program and opening the card",
)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """One training on a GPU, ready to stand beside a run on a chip."""

    gpu: GpuDescription
    name: str
    """Row, or name of a measurement."""
    about: str
    """What the row stands for, in words."""
    work: TrainingWork | None
    """What was priced; None for a measurement."""
    measured_energy: Constant | None = None
    """Energy as it was measured; None where it was priced. [J]"""
    measured_time: Constant | None = None
    """Time as it was measured; None where it was priced. [s]"""
    nets: int = 1
    """Networks trained at once; all figures are of one of them."""
    book: Ledger
    prices: Prices
    facts: Mapping[str, object] = field(default_factory=dict)
    """What is included, what is not, and the counts behind the figures."""

    @property
    def training_energy(self) -> Fraction:
        """Energy [J] of one network's training, static included.

        By state all energy of a card is static; a chip is compared with its static energy of the
        same phases added.
        """
        total = Fraction(0)
        for _, account, tally in self.book.actions():
            price, scale = self.prices.actions[account[1:]]
            total += Fraction(tally.count * price, scale)
        for row in self.book.states(self.prices):
            power = self.prices.leakage_aw[row.tile, row.component, row.state]
            total += Fraction(row.ticks * power, STATE_SCALE)
        return total / 10**24

    @property
    def training_time(self) -> Fraction:
        """Time [s] of one network's training."""
        return Fraction(self.book.duration_ticks(), 10**15)


def price_training(
    gpu: GpuDescription, work: TrainingWork, *, name: str, about: str = "", nets: int = 1
) -> Baseline:
    """Return what a training costs on a GPU.

    Parameters
    ----------
    gpu : GpuDescription
        Constants.
    work : TrainingWork
        What is done.
    name : str
        Name of the row.
    about : str, optional
        What the row stands for.
    nets : int
        Networks trained at once.

    Raises
    ------
    InputError
        If `nets` is below 1.
    """
    if nets < 1:
        raise InputError(f"{name}: expected at least 1 network at once, got {nets}")
    facts: dict[str, object] = {
        "driver": work.driver,
        "steps": work.steps,
        "batch": work.batch,
        "criterion_met": work.met,
        "networks_at_once": nets,
        "kernels_per_step": sum(call.kernels for call in work.calls),
        "calls_per_step": len(work.calls) if work.driver == "framework" else 0,
        "flops": work.flops,
        "bytes": work.bytes,
        "power_charged_by": gpu.power,
        "included": INCLUDED,
        "excluded": EXCLUDED,
    }
    return Baseline(
        gpu=gpu,
        name=name,
        about=about,
        work=work,
        nets=nets,
        book=book(gpu, work, nets=nets),
        prices=prices(gpu, nets=nets),
        facts=facts,
    )


def learnt(workload: AttractorDescription, *, seed: int = 0) -> dict[int, BackpropResult]:
    """Return the workload learnt in software: batch → how, for batch 1 and the whole batch.

    Parameters
    ----------
    workload : AttractorDescription
        What to learn, with the criterion to stop.
    seed : int
        Seed of weights, order and validation patterns.
    """
    whole = len(workload.dataset.patterns)
    return {
        batch: learnt_in_software(workload, batch=batch, seed=seed)
        for batch in dict.fromkeys((1, whole))
    }


def gpu_baselines(
    gpu: GpuDescription,
    results: Mapping[int, BackpropResult],
    *,
    rows: Iterable[RowName] = tuple(ROWS),
) -> dict[RowName, Baseline]:
    """Return the rows of the comparison with a GPU.

    Parameters
    ----------
    gpu : GpuDescription
        Constants.
    results : mapping of int to BackpropResult
        Batch → the same task learnt in software, as `learnt` gives it.
    rows : iterable of str
        Rows wanted, keys of `ROWS`.

    Returns
    -------
    dict
        Row → baseline, in the order of `rows`.
    """
    single, whole = results[min(results)], results[max(results)]
    made: dict[RowName, Baseline] = {}
    for row in rows:
        result = single if row.endswith("_batch1") else whole
        driver: Literal["bare", "framework"] = (
            "framework" if row.startswith("framework") else "bare"
        )
        work = work_of(result, driver=driver, word_bytes=gpu.word_bytes)
        nets = nets_without_launch_bound(gpu, work) if row == "amortised" else 1
        made[row] = price_training(gpu, work, name=row, about=ROWS[row], nets=nets)
    return made
