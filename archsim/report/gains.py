"""Gains of a spiking training, each apart: its memory against others, sparse events, pruning."""

from __future__ import annotations

from collections.abc import Mapping

from archsim import catalog
from archsim.analysis import Quantity, energy, interval, ratio_interval
from archsim.analysis.gains import (
    activity,
    algorithm_gain,
    clocked,
    programming,
    repriced,
    sparsity,
    total_gain,
)
from archsim.chip import CrossbarDescription, read_chip
from archsim.report.page import Section
from archsim.report.tables import Cell, Column, Table
from archsim.runs import Run
from archsim.spec import variants
from archsim.workload import SpikingDescription, SpikingResult

__all__ = ["gains_section", "memories", "pruning_section"]


def memories(done: Run) -> dict[str, CrossbarDescription]:
    """Return the variants of a run's chip that differ from it in prices and times only, by name.

    Empty if the chip was changed by settings, or is none of the catalog.
    """
    machine = done.machine
    if not isinstance(machine, CrossbarDescription) or read_chip(done.chip) != machine:
        return {}
    path, _ = catalog.find("chips", done.chip)
    name = done.chip.partition(":")[0]
    found = {}
    for variant in ("", *variants(path)):
        other = read_chip(f"{path}:{variant}" if variant else str(path))
        if _same_but_prices(machine, other) and isinstance(other, CrossbarDescription):
            found[f"{name}:{variant}" if variant else name] = other
    return found


def _same_but_prices(own: CrossbarDescription, other: object) -> bool:
    return (
        isinstance(other, CrossbarDescription)
        and other != own
        and (other.behaviour, other.layout, other.network)
        == (own.behaviour, own.layout, own.network)
    )


def gains_section(done: Run) -> Section | None:
    """Return what memory and sparse events gain, by arithmetic on one run; None if it is no such.

    Neither is multiplied with the other.
    """
    task = done.task
    if not isinstance(task, SpikingDescription) or not isinstance(done.learnt, SpikingResult):
        return None
    items: list[Table | str] = []
    others = memories(done)
    if others:
        items.append(_memory_table(done, others))
    if task.storage.reads == "at_output_spikes":
        items.append(_sparsity_table(done))
    return Section(title="Gains, each by itself", items=tuple(items)) if items else None


def pruning_section(whole: Run, pruned: Run) -> Section:
    """Return what pruning gains, and what all three come to from end to end.

    Parameters
    ----------
    whole, pruned : Run
        Spiking trainings on one chip, without and with pruning.
    """
    return Section(
        title="Gains, each by itself, and all together",
        items=(_pruning_table(whole, pruned), _total_table(whole, pruned, memories(whole))),
    )


def _memory_table(done: Run, others: Mapping[str, CrossbarDescription]) -> Table:
    pulses, whole = programming(done), energy(done)
    rows: list[tuple[Cell, ...]] = [
        (done.chip, interval(pulses), None, interval(_array(done)), interval(whole), None)
    ]
    for name, machine in others.items():
        run = repriced(done, machine, name=name)
        theirs, all_theirs = programming(run), energy(run)
        rows.append(
            (
                name,
                interval(theirs),
                ratio_interval(theirs, pulses),
                interval(_array(run)),
                interval(all_theirs),
                ratio_interval(all_theirs, whole),
            )
        )
    return Table(
        title="Other memories for the same trace",
        columns=(
            Column(name="chip"),
            Column(name="pulses", unit="J", style="quantity"),
            Column(name="over this", style="number"),
            Column(name="arrays in training", unit="J", style="quantity"),
            Column(name="training", unit="J", style="quantity"),
            Column(name="over this", style="number"),
        ),
        rows=tuple(rows),
        note="The same acts at other prices; in parentheses the 5 % and 95 % points. Pulses are "
        "those that switch cells in training. Leakage is apart: it takes times, which differ, so "
        "it needs a run on each chip.",
    )


def _sparsity_table(done: Run) -> Table:
    spared = sparsity(done)
    both = clocked(done)
    return Table(
        title="Sparse events",
        columns=(
            Column(name="what is spared"),
            Column(name="clocked over event-driven", style="number"),
        ),
        rows=(
            ("rows read at a time: all inputs over recent ones", spared.rows),
            ("times: milliseconds over output spikes", spared.moments),
            ("rows read in all", spared.reads),
            ("training energy", ratio_interval(both, energy(done))),
        ),
        note="Clocked: every row is read and added up in each millisecond at which a neuron may "
        "fire; updates are the same. Arithmetic on this run's counts.",
    )


def _pruning_table(whole: Run, pruned: Run) -> Table:
    before, after = activity(whole), activity(pruned)
    ratios: list[tuple[str, Cell]] = [
        ("update attempts", before.attempts / after.attempts),
        ("stored weights changed", before.changes / after.changes),
        ("energy of pulses", ratio_interval(programming(whole), programming(pruned))),
        ("energy of updates", ratio_interval(_updates(whole), _updates(pruned))),
        ("training energy", ratio_interval(energy(whole), energy(pruned))),
    ]
    return Table(
        title=f"Pruning: {whole.workload} over {pruned.workload}",
        columns=(Column(name="of"), Column(name="gain", style="number")),
        rows=tuple(ratios),
        note="Pruning alone cannot save more than the share of weights and of training that it "
        "takes: at most 1 / (1 - pruned) of the updates, and no read of a weight kept in place.",
    )


def _total_table(whole: Run, pruned: Run, others: Mapping[str, CrossbarDescription]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("clocked, not pruned, same memory", algorithm_gain(whole, pruned))
    ]
    rows += [
        (f"clocked, not pruned, {name}", total_gain(whole, pruned, machine, name=name))
        for name, machine in others.items()
    ]
    return Table(
        title=f"Training energy over that of {pruned.workload} on {pruned.chip}",
        columns=(Column(name="against"), Column(name="gain", style="number")),
        rows=tuple(rows),
        note="Quotients of two energies, from end to end. They are no products of the gains above, "
        "each of which lowers another part of the energy.",
    )


def _updates(done: Run) -> Quantity:
    return energy(done, keep=lambda account: account.phase == "update")


def _array(done: Run) -> Quantity:
    return energy(done, keep=lambda account: account.component == "array")
