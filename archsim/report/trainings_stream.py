"""Streams after a training: what one sample costs, on a chip or sent to a GPU elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from archsim.analysis import (
    Interval,
    baseline_energy,
    baseline_time,
    energy,
    interval,
    time_interval,
)
from archsim.baseline import GpuDescription, price_training, stream_work
from archsim.baseline.roofline import nets_without_launch_bound
from archsim.chip import CrossbarDescription, build
from archsim.errors import InputError
from archsim.runs.recorded import Charger
from archsim.spec import with_values
from archsim.trace import TRAINING_PHASES, Phase
from archsim.workload import LayeredDescription

__all__ = ["SampleCost", "chip_sample", "gpu_sample"]

_PHASES = (*TRAINING_PHASES, Phase.INFERENCE.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCost:
    """What one sample of the stream costs, tests left out."""

    energy: Interval
    """Static energy and link included. [J]"""
    link: float
    """What of it goes to the link. [J]"""
    time: Interval
    """[s]"""


def chip_sample(
    charger: Charger, machine: CrossbarDescription, task: LayeredDescription
) -> SampleCost:
    """Return what a sample costs on a chip.

    Parameters
    ----------
    charger : Charger
        Holds the training, stream included.
    machine : CrossbarDescription
        The chip.
    task : LayeredDescription
        A workload with a stream.
    """
    samples, learnt = _samples(task), charger.recorded.learnt

    def simulate(values: Mapping[str, float]) -> float:
        chip = build(with_values(machine, values))
        book = charger.charge(chip, metrics=False).book.part(_PHASES, since=learnt.epochs)
        return book.duration_ticks() / 10**15

    done = charger.charge(build(machine), metrics=False)
    part = replace(done, book=done.book.part(_PHASES, since=learnt.epochs))
    whole = interval(energy(part, static=True, phases=_PHASES))
    return SampleCost(
        energy=_each(whole, samples),
        link=0.0,
        time=_each(time_interval(machine, simulate), samples),
    )


def gpu_sample(
    gpu: GpuDescription, task: LayeredDescription, *, sensors: Literal["one", "many"]
) -> SampleCost:
    """Return what a sample costs that is sent to a GPU.

    Parameters
    ----------
    gpu : GpuDescription
        A GPU with a link.
    task : LayeredDescription
        A workload with a stream that is learnt from always or never.
    sensors : {"one", "many"}
        Whether the card serves one sensor, or so many at once, each with a network of its own, that
        no kernel waits for its launch.

    Raises
    ------
    InputError
        If there is no link, or only some samples are learnt from.

    Notes
    -----
    The card is charged for its kernels, not for waiting for samples: in its favour.
    """
    samples, described = _samples(task), task.stream
    if gpu.link is None:
        message = f"{gpu.name}: expected a link to the sensor, got none; take a variant with one"
        raise InputError(message)
    if described is None or described.learn_every > 1:
        raise InputError(f"{gpu.name}: expected stream.learn_every 0 or 1 on a GPU")
    work = stream_work(
        tuple(task.shapes.values()),
        samples=samples,
        sample_bytes=described.sample_bytes,
        learn=described.learn_every == 1,
        word_bytes=gpu.word_bytes,
    )
    nets = nets_without_launch_bound(gpu, work) if sensors == "many" else 1
    baseline = price_training(gpu, work, name="stream", nets=nets)
    return SampleCost(
        energy=_each(interval(baseline_energy(baseline)), samples),
        link=float(Fraction(gpu.link.byte_energy.value) * work.sent / samples),
        time=_each(interval(baseline_time(baseline)), samples),
    )


def _samples(task: LayeredDescription) -> int:
    if task.stream is None:
        raise InputError(f"{task.name}: expected a workload with a stream, got none")
    return task.stream.samples


def _each(whole: Interval, samples: int) -> Interval:
    """Return the interval of one sample."""
    return Interval(
        low=whole.low / samples,
        nominal=whole.nominal / samples,
        high=whole.high / samples,
        kind=whole.kind,
        unit=whole.unit,
    )
