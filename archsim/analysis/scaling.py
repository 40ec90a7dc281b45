"""Scaling: what learning costs on networks that are too large to train, by counts of known laws."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from archsim.analysis.quantity import Quantity, energy, work_energy
from archsim.analysis.uncertainty import Interval, ratio_interval
from archsim.baseline import GpuDescription, TrainingWork, evaluate, training_work
from archsim.chip.build import build
from archsim.chip.description import CrossbarDescription
from archsim.components.behaviour import Behaviour
from archsim.errors import InputError
from archsim.frames import cost_share
from archsim.ledger import Ledger, Tally
from archsim.mapping.program import AccountTable, StationTable
from archsim.runs import Run, run
from archsim.runs.price import prices
from archsim.trace import TraceTotals

__all__ = [
    "Fit",
    "GpuPoint",
    "ScaledPoint",
    "Seam",
    "SeamPoint",
    "Shape",
    "best_batch",
    "fitted",
    "madem_seam",
    "scaled_energy_ratio",
    "scaled_run",
    "square",
]

Shape = tuple[int, int]
"""Rows, with the bias, and columns of a weight matrix."""
SAMPLES = 1000
"""Samples whose cost is counted, so that rounded counts are exact enough."""
LARGEST_BATCH = 1 << 20
_FEMTO = 10**15
_BLOCK, _GAIN = 64, 0.4
"""Rows and columns of the catalog chip's arrays; gain of the catalog workload, of sixty inputs."""
_LAWS: Mapping[str, str] = {
    "array": "weights",
    "dac": "lines",
    "write_driver": "lines",
    "adc": "sums",
    "tia": "sums",
    "sample_hold": "sums",
    "shift_add": "sums",
    "neuron": "outputs",
    "alu": "outputs",
    "analog_neuron": "outputs",
    "accumulator": "weights",
    "random": "lines",
    "link": "bits",
    "router": "bits",
    "controller": "blocks",
}
"""Component → what its counts are proportional to."""


class Fit(NamedTuple):
    """What one presentation costs, per unit of what it is proportional to."""

    machine: CrossbarDescription
    shape: Shape
    """Matrix that it was fitted on."""
    density: Mapping[tuple[str, str, str, str], tuple[str, float]]
    """(phase, tile class, component, action) → (law, count per presentation and unit)."""
    step_time: float
    """Time of one presentation of one block. [s]"""


class GpuPoint(NamedTuple):
    """Training on a GPU at one batch."""

    gpu: str
    batch: int
    energy: Quantity
    """Energy of one sample. [J]"""


class ScaledPoint(NamedTuple):
    """One size, beside a GPU."""

    weights: int
    tiles: int
    gpu: str
    batch: int
    chip_energy: float
    """Energy of a sample, static energy included. [J]"""
    gpu_energy: float
    """[J]"""
    ratio: Interval
    """GPU over chip."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """What counts are proportional to, for one matrix on one kind of arrays."""

    weights: int
    lines: int
    """Rows driven, counted in every block that they pass."""
    sums: int
    """Columns converted, counted in every block."""
    outputs: int
    bits: int
    """Lines into blocks and out of them."""
    blocks: int

    @classmethod
    def of(cls, shape: Shape, behaviour: Behaviour) -> _Sizes:
        rows, columns = shape
        down = math.ceil(rows / behaviour.block_rows)
        across = math.ceil(columns / behaviour.block_columns)
        return cls(
            weights=rows * columns,
            lines=rows * across,
            sums=columns * down,
            outputs=columns,
            bits=rows * across + columns * down,
            blocks=down * across,
        )


def square(weights: int) -> Shape:
    """Return the shape of the square matrix with about so many weights, one row more for the bias.

    Examples
    --------
    >>> square(3600)
    (61, 60)
    """
    side = max(round(math.sqrt(weights)), 1)
    return side + 1, side


def fitted(done: Run, *, step_time: float | None = None) -> Fit:
    """Return what the presentations of a run cost, per unit of what each count is proportional to.

    Parameters
    ----------
    done : Run
        A training of one matrix on a crossbar chip.
    step_time : float, optional
        Time of a presentation of one block, where the run has several; absent: that of the run. [s]

    Raises
    ------
    InputError
        If the run trained several matrices, or none.
    """
    machine, task, learnt = done.machine, done.task, done.learnt
    if not isinstance(machine, CrossbarDescription) or task is None or learnt is None:
        raise InputError(f"scaling: expected a training on a crossbar chip, got {done.workload}")
    if len(task.shapes) != 1:
        raise InputError(f"scaling: expected a training of one matrix, got {done.workload}")
    (shape,) = task.shapes.values()
    sizes = _Sizes.of(shape, machine.behaviour)
    density: dict[tuple[str, str, str, str], tuple[str, float]] = {}
    for _, account, tally in done.book.actions():
        if cost_share(account.phase, account.action) != "training":
            continue
        tile = account.tile.partition("[")[0]
        group = tile if tile in machine.tiles else "network"
        law = _LAWS.get(account.component, "weights")
        key = (account.phase, group, account.component, account.action)
        units = learnt.steps * getattr(sizes, law)
        density[key] = (law, density.get(key, (law, 0.0))[1] + tally.count / units)
    time = done.totals.training_time / learnt.steps if step_time is None else step_time
    return Fit(machine, shape, density, time)


def scaled_run(fit: Fit, shape: Shape, *, samples: int = SAMPLES) -> Run:
    """Return the run of some presentations of a network of another size, by arithmetic.

    Parameters
    ----------
    fit : Fit
        What a presentation costs.
    shape : tuple of int
        Rows and columns of the matrix.
    samples : int
        Presentations.

    Returns
    -------
    Run
        Its ledger holds the counts; nothing was learnt or simulated.

    Notes
    -----
    With blocks of r × c weights an R × C matrix has ⌈R/r⌉ ⌈C/c⌉ of them: conduction and pulses go
    as R C, drives as R ⌈C/c⌉, conversions as C ⌈R/r⌉, neurons as C, bits as both sums, for each
    block takes its inputs from a neighbour and hands its sums to another. All blocks act at once,
    each with neurons of its own; a presentation takes longer by one hop for each block row and
    column more. Neglected: routers, buffers, clocks, and wires that grow with the chip.
    """
    machine, behaviour = fit.machine, fit.machine.behaviour
    sizes = _Sizes.of(shape, behaviour)
    accounts = AccountTable()
    book = Ledger(accounts=accounts, stations=StationTable(stations=()))
    chip = build(machine)
    for (phase, group, component, action), (law, density) in fit.density.items():
        count = round(samples * density * getattr(sizes, law))
        tile = next(
            (one.name for one in chip.tiles if one.tile_class == group),
            next(iter(chip.links())).name if group == "network" else "",
        )
        number = accounts.number(phase, tile, component, action)
        book.tallies[0, number] = Tally(count)
    arrays = sum(1 for tile in chip.tiles if "array" in tile.components)
    tiles = sizes.blocks * behaviour.planes
    time = fit.step_time + _hops(shape, behaviour) * machine.network.link.cycle.value
    book.durations[0, "free"] = round(samples * time * _FEMTO * tiles / arrays)
    book.gaps[0, "free"] = 0
    return Run(
        chip=machine.name,
        workload=f"activity difference on {shape[0]} x {shape[1]} weights",
        seed=0,
        config={},
        inputs={},
        book=book,
        prices=prices(chip, accounts),
        measured=[],
        trace=TraceTotals(),
        placement=None,
        machine=machine,
    )


def _hops(shape: Shape, behaviour: Behaviour) -> int:
    """Return by how many blocks the longest way is longer than through a single one."""
    down = math.ceil(shape[0] / behaviour.block_rows)
    across = math.ceil(shape[1] / behaviour.block_columns)
    return down + across - 2


def sample_energy(fit: Fit, shape: Shape) -> Quantity:
    """Return the energy of one presentation on the chip, static energy included. [J]."""
    return _scaled(energy(scaled_run(fit, shape), static=True), 1 / SAMPLES)


def _scaled(quantity: Quantity, factor: float) -> Quantity:
    return replace(
        quantity,
        nominal=quantity.nominal * factor,
        evaluate=lambda draws: quantity.evaluate(draws) * factor,
        moments=None,
    )


def gpu_point(gpu: GpuDescription, shapes: Sequence[Shape], *, batch: int) -> GpuPoint:
    """Return what a sample costs that is learnt by backpropagation on a GPU with bare kernels."""
    work = _work(gpu, shapes, batch)
    return GpuPoint(
        gpu.name, batch, _scaled(work_energy(gpu, work, name=f"batch {batch}"), 1 / batch)
    )


def best_batch(gpu: GpuDescription, shapes: Sequence[Shape]) -> int:
    """Return the batch, a power of two, at which a sample costs a GPU least energy.

    What does not fit the memory of one card is taken to cost the same on several.
    """
    batches = [1 << power for power in range(LARGEST_BATCH.bit_length())]
    cost = {
        batch: float(evaluate(gpu, _work(gpu, shapes, batch)).energy) / batch for batch in batches
    }
    return min(batches, key=lambda batch: (cost[batch], batch))


def _work(gpu: GpuDescription, shapes: Sequence[Shape], batch: int) -> TrainingWork:
    return training_work(shapes, steps=1, batch=batch, driver="bare", word_bytes=gpu.word_bytes)


def scaled_energy_ratio(
    fit: Fit, gpu: GpuDescription, weights: int, *, batch: int | None = None, draws: int = 400
) -> ScaledPoint:
    """Return how much more energy a GPU takes than the chip to learn from one sample.

    Parameters
    ----------
    fit : Fit
        What a presentation costs on the chip.
    gpu : GpuDescription
        The other side, with its range.
    weights : int
        Size of the network, one square matrix.
    batch : int, optional
        Samples of a step on the GPU; absent: those at which it takes least.
    draws : int
        Draws of the constants of both sides.

    Notes
    -----
    Samples are compared one for one: how many each side needs to learn a task of that size nobody
    knows.
    """
    shape = square(weights)
    own = sample_energy(fit, shape)
    chosen = best_batch(gpu, [shape]) if batch is None else batch
    other = gpu_point(gpu, [shape], batch=chosen)
    ratio = ratio_interval(other.energy, own, draws=draws)
    behaviour = fit.machine.behaviour
    tiles = _Sizes.of(shape, behaviour).blocks * behaviour.planes
    return ScaledPoint(
        weights=shape[0] * shape[1],
        tiles=tiles,
        gpu=gpu.name,
        batch=other.batch,
        chip_energy=own.nominal,
        gpu_energy=other.energy.nominal,
        ratio=ratio,
    )


class SeamPoint(NamedTuple):
    """One size that is both trained and computed."""

    weights: int
    arrays: int
    trained: float
    """Energy of a presentation, as simulated. [J]"""
    computed: float
    """The same by the laws. [J]"""


class Seam(NamedTuple):
    """Where simulation ends and arithmetic begins."""

    fit: Fit
    """Of the largest size trained."""
    points: tuple[SeamPoint, ...]


def madem_seam(
    *,
    cells: Sequence[int] = (10, 20, 40),
    progress: Callable[[str, float], None] | None = None,
) -> Seam:
    """Train nine Braille words of growing width on one layer, and fit the laws to the widest.

    Parameters
    ----------
    cells : sequence of int
        Braille cells of a word, rising; the first one's matrix fits one block.
    progress : callable, optional
        Told how far it is.

    Notes
    -----
    Gains fall as the inputs of a neuron rise, so that sums stay where they were. The wider words
    are padded with empty cells and do not meet the criterion to stop: what counts here is what a
    presentation costs.
    """
    runs = []
    for number, width in enumerate(cells):
        if progress is not None:
            progress(f"words of {width} cells", number / len(cells))
        blocks = math.ceil((6 * width + 1) / _BLOCK) * math.ceil(6 * width / _BLOCK)
        settings = {
            "workload.dataset.cells": str(width),
            "workload.network.gains": f"[{_GAIN * cells[0] / width}]",
            "workload.test.copies": "1",
            "chip.layout": f'["array[0..{2 * blocks - 1}]", control]',
        }
        runs.append(run("madem_braille", "madem_64", settings=settings))
    single = fitted(runs[0])
    fit = fitted(runs[-1], step_time=single.step_time)
    points = []
    for done in runs:
        own = fitted(done)
        computed = scaled_run(fit, own.shape).totals.training_energy / SAMPLES
        assert done.learnt is not None  # noqa: S101  (it was trained)
        trained = done.totals.training_energy / done.learnt.steps
        arrays = 2 * _Sizes.of(own.shape, fit.machine.behaviour).blocks
        points.append(SeamPoint(own.shape[0] * own.shape[1], arrays, trained, computed))
    return Seam(fit, tuple(points))
