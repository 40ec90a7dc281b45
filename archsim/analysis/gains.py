"""Gains of a spiking training: of its memory, of sparse events, of pruning; each by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from archsim.analysis.quantity import Quantity, energy
from archsim.analysis.uncertainty import Interval, ratio_interval
from archsim.analysis.variable import Draws, FloatArray
from archsim.chip.build import build, component_tables
from archsim.chip.description import CrossbarDescription
from archsim.errors import InputError
from archsim.mapping.program import Account
from archsim.runs.price import prices
from archsim.runs.result import Run
from archsim.workload import Activity, SpikingDescription, SpikingResult

__all__ = [
    "Sparsity",
    "activity",
    "algorithm_gain",
    "clocked",
    "device_gain",
    "programming",
    "repriced",
    "sparsity",
    "total_gain",
]

_MS = 1e3
_SWITCHING = frozenset(("set", "reset"))
_AT_MOMENTS = frozenset(("neuron", "random"))
"""Components that act once at each moment at which a neuron may fire; others act for each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparsity:
    """How much reading a training is spared because it reads only where spikes are."""

    rows: float
    """All inputs, over the mean of those that are recent at an output spike."""
    moments: float
    """Milliseconds at which an output neuron may fire, over output spikes."""

    @property
    def reads(self) -> float:
        """Rows that a clocked machine reads over those read."""
        return self.rows * self.moments


def repriced(done: Run, machine: CrossbarDescription, *, name: str = "") -> Run:
    """Return what a run would have cost at another chip's prices; nothing is simulated.

    Parameters
    ----------
    done : Run
        A run on a crossbar chip.
    machine : CrossbarDescription
        The other chip: the same parts with other prices.
    name : str, optional
        What to call it.

    Returns
    -------
    Run
        Counts, and times, are those of `done`: other times need a run.

    Raises
    ------
    InputError
        If the other chip behaves otherwise, so that it would have learnt something else, or is
        built of other parts.
    """
    own = done.machine
    if not isinstance(own, CrossbarDescription):
        raise InputError(f"run on {done.chip}: expected a crossbar chip, whose prices can change")
    name = name or machine.name
    if machine.behaviour != own.behaviour:
        raise InputError(f"{name}: expected the behaviour of {done.chip}: another needs training")
    if (machine.layout, machine.network) != (own.layout, own.network):
        raise InputError(f"{name}: expected the tiles and links of {done.chip}: others need a run")
    tables = component_tables(machine)
    priced = prices(build(own), done.book.accounts, tables=tables)
    return dataclasses.replace(done, chip=name, machine=machine, prices=priced)


def activity(done: Run) -> Activity:
    """Return what a spiking training did in all.

    Raises
    ------
    InputError
        If the run was none.
    """
    if not isinstance(done.learnt, SpikingResult):
        raise InputError(f"{done.workload}: expected the training of a workload of kind spiking")
    return done.learnt.activity


def programming(done: Run) -> Quantity:
    """Return the energy of the pulses that switched cells in training. [J].

    Initial programming is not part of it.
    """
    return dataclasses.replace(energy(done, keep=_switches), name=f"pulses on {done.chip}")


def sparsity(done: Run) -> Sparsity:
    """Return how sparse the reading of a run was.

    Raises
    ------
    InputError
        If the run was not a spiking training that reads rows at output spikes.
    """
    task, did = done.task, activity(done)
    if not isinstance(task, SpikingDescription) or task.storage.reads != "at_output_spikes":
        raise InputError(f"{done.workload}: expected storage.reads at_output_spikes")
    steps = int(task.encoding.duration.value * _MS) - round(task.encoding.window.value * _MS) + 1
    return Sparsity(
        rows=task.inputs * did.output_spikes / did.rows_read,
        moments=steps * did.presentations / did.output_spikes,
    )


def clocked(done: Run) -> Quantity:
    """Return the training energy of the same learning without sparse events. [J].

    A clocked machine reads every row, adds it up and compares all neurons in each millisecond at
    which an output neuron may fire; all else, updates too, is as in the run. This is arithmetic on
    the run's own counts, with as many cells on in all rows as in those read; no other simulation.

    Raises
    ------
    InputError
        As for `sparsity`.
    """
    spared = sparsity(done)
    parts = (
        (1.0, energy(done, keep=lambda account: not _reads(account))),
        (
            spared.reads,
            energy(done, keep=lambda account: _reads(account) and not _decides(account)),
        ),
        (spared.moments, energy(done, keep=lambda account: _reads(account) and _decides(account))),
    )
    return _sum(f"clocked training energy on {done.chip}", parts)


def device_gain(done: Run, other: CrossbarDescription, *, name: str = "") -> Interval:
    """Return the programming energy with another memory over that of a run; same pulses.

    Parameters
    ----------
    done : Run
        A run on a crossbar chip.
    other : CrossbarDescription
        Chip whose memory takes its place.
    name : str
        Name of the other chip, where it is not that of its description.

    Returns
    -------
    Interval
        Ratio of the energies, constants that both share drawn once.
    """
    return ratio_interval(programming(repriced(done, other, name=name)), programming(done))


def algorithm_gain(whole: Run, pruned: Run) -> Interval:
    """Return the training energy, clocked and not pruned, over that of a pruned run.

    Parameters
    ----------
    whole : Run
        A run without pruning.
    pruned : Run
        A run with pruning, on the same chip.
    """
    return ratio_interval(clocked(whole), energy(pruned))


def total_gain(whole: Run, pruned: Run, other: CrossbarDescription, *, name: str = "") -> Interval:
    """Return the training energy, clocked, unpruned, in another memory, over that of a pruned run.

    Parameters
    ----------
    whole, pruned : Run
        As for `algorithm_gain`.
    other : CrossbarDescription
        The chip with the other memory.
    name : str, optional
        What to call it.

    Notes
    -----
    A quotient of two energies, not a product of gains: those multiply only if each lowers the same
    part of the energy.
    """
    return ratio_interval(clocked(repriced(whole, other, name=name)), energy(pruned))


def _switches(account: Account) -> bool:
    return account.component == "array" and account.action in _SWITCHING


def _reads(account: Account) -> bool:
    """Return whether an account is of reading and deciding; taking in a spike is neither."""
    return account.phase == "forward" and account.component != "register"


def _decides(account: Account) -> bool:
    return account.component in _AT_MOMENTS


def _sum(name: str, parts: Sequence[tuple[float, Quantity]]) -> Quantity:
    """Return a sum of energies, each times a factor."""

    def values(draws: Draws) -> FloatArray:
        total = parts[0][0] * parts[0][1].evaluate(draws)
        for factor, part in parts[1:]:
            total = total + factor * part.evaluate(draws)
        return total

    return Quantity(
        name=name,
        unit="J",
        nominal=sum(factor * part.nominal for factor, part in parts),
        variables=tuple(dict.fromkeys(one for _, part in parts for one in part.variables)),
        evaluate=values,
    )
