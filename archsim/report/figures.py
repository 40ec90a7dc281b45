"""Figures: training energy and time of a run, with the ranges that its constants give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archsim.analysis import (
    Interval,
    Quantity,
    as_quantity,
    dominant,
    energy,
    interval,
    time_interval,
)
from archsim.errors import InputError
from archsim.report.tables import Column, Table
from archsim.runs import Run, run
from archsim.spec import with_values
from archsim.workload import AttractorDescription

__all__ = ["Figures", "dominant_table", "figures", "simulated_time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a run is compared by."""

    of: str
    """Workload and chip."""
    energy: Quantity
    """Headline. [J]"""
    full_energy: Quantity
    """Headline with the static energy of the training phases. [J]"""
    time: Interval
    """Headline; sampled, not a bound. [s]"""

    @property
    def time_quantity(self) -> Quantity:
        """The time as a quantity of its own, independent of all others."""
        return as_quantity(self.time, name=f"training time of {self.of}")


def figures(done: Run, *, sample_time: bool = True) -> Figures:
    """Return the figures of a run.

    Parameters
    ----------
    done : Run
        A run on a crossbar chip.
    sample_time : bool
        Simulate again with all constants at their low and at their high ends; else the time is
        without a range.

    Raises
    ------
    InputError
        If the run was not done on a crossbar chip.
    """
    machine = done.machine
    if machine is None:
        raise InputError(f"run on {done.chip}: expected a crossbar chip")
    time = done.totals.training_time
    return Figures(
        of=f"{done.workload} on {done.chip}",
        energy=energy(done),
        full_energy=energy(done, static=True),
        time=time_interval(machine, lambda values: simulated_time(done, values))
        if sample_time
        else Interval(low=time, nominal=time, high=time, kind="point", unit="s"),
    )


def simulated_time(done: Run, values: Mapping[str, float]) -> float:
    """Return the training time [s] of a run with other constants, which it must not learn from.

    Final tests are cut short: they do not count, and draw from streams of their own.

    Parameters
    ----------
    done : Run
        The run.
    values : mapping of str to float
        Path → value in SI, of constants outside ``behaviour``.
    """
    if not values:
        return done.totals.training_time
    if done.machine is None or done.task is None:
        raise InputError(f"run on {done.chip}: expected a crossbar chip")
    task = done.task
    if isinstance(task, AttractorDescription):
        task = task.model_copy(update={"test": task.test.model_copy(update={"copies": 1})})
    policies = dict(text.split("=", 1) for text in done.policies)
    again = run(task, with_values(done.machine, values), seed=done.seed, policies=policies or None)
    return again.totals.training_time


def dominant_table(several: Mapping[str, Figures], *, most: int = 4) -> Table:
    """Return which constants the spread of the training energy comes from.

    Parameters
    ----------
    several : mapping of str to Figures
        Name → figures of a run.
    most : int
        Constants shown of each.
    """
    rows = []
    for name, one in several.items():
        whole = interval(one.energy)
        for number, share in enumerate(dominant(one.energy)[:most]):
            head = (name, whole) if not number else ("", "")
            ends = Interval(
                low=min(share.low, share.high),
                nominal=one.energy.nominal,
                high=max(share.low, share.high),
                kind="sampled",
            )
            label = share.label.partition(" ")[2] or share.label
            rows.append((*head, label, share.constant.text, share.share, ends))
    return Table(
        title="What dominates the range of the training energy",
        columns=(
            Column(name="run"),
            Column(name="training energy", unit="J", style="quantity"),
            Column(name="constant"),
            Column(name="value"),
            Column(name="share of the spread", style="share"),
            Column(name="energy over its range", unit="J", style="quantity"),
        ),
        rows=tuple(rows),
        note="Ranges in parentheses run from the 5 % to the 95 % point, as the ranges of all "
        "constants outside behaviour give them. Shares are of the squared logarithm, one constant "
        "at a time.",
    )
