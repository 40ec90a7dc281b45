"""Running a network: step by step, who is active and who fires, as trace segments."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.components.cores import Cores
from archsim.components.substrate import Substrate
from archsim.seeds import stream
from archsim.trace import Phase, Recorder, StepSegment
from archsim.workload.lif.description import DrawnInput, LifDescription, RecordedInput
from archsim.workload.lif.membrane import FloatArray, IntArray, MembraneState
from archsim.workload.lif.network import LifNetwork
from archsim.workload.lif.tables import fingerprint, read_spikes
from archsim.workload.training import Metric, Progress, TrainingResult, register_workload

__all__ = ["LifResult", "run_lif", "steps_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LifResult(TrainingResult):
    """What a network did."""

    neurons: int
    synapses: int
    spikes: int
    """Spikes of all neurons in all steps."""
    events: int
    """Synaptic events that they brought about."""


def run_lif(
    workload: LifDescription,
    substrate: Cores | Substrate,
    *,
    seed: int,
    on_metric: Metric | None = None,
    progress: Progress | None = None,
) -> LifResult:
    """Run a network; arguments as in `archsim.workload.train`.

    Raises
    ------
    InputError
        If a file of the network or of its spikes is missing or wrong.
    """
    network = workload.load(seed=seed)
    given, inputs = _given(workload, network, seed)
    recorder = substrate.recorder or Recorder()
    spikes = events = 0
    for segment in steps_of(network, given):
        recorder.add(segment)
        spikes += len(segment.fired)
        events += network.wiring.events(segment.fired)
        if progress is not None:
            progress(f"step {segment.step + 1}", (segment.step + 1) / workload.steps)
    result = LifResult(
        met=True,
        epochs=0,
        steps=workload.steps,
        pulses=0,
        reads=0,
        most_pulses=0,
        inputs=network.inputs | inputs,
        neurons=network.wiring.neurons,
        synapses=len(network.wiring.targets),
        spikes=spikes,
        events=events,
    )
    if on_metric is not None:
        place = {"epoch": 0, "step": workload.steps, "phase": Phase.INFERENCE.value}
        for name in workload.metrics:
            on_metric(place | {"metric": name, "value": getattr(result, name)})
    return result


def _given(
    workload: LifDescription, network: LifNetwork, seed: int
) -> tuple[Iterator[IntArray], dict[str, str]]:
    """Return the neurons that are told to fire in each step, and hashes of files."""
    sources, data = network.sources, workload.dataset
    if isinstance(data, RecordedInput):
        path = data.path("dataset.file")
        step, place = read_spikes(path, steps=workload.steps, neurons=len(sources))
        bounds = np.searchsorted(step, np.arange(workload.steps + 1))
        fired = sources[place]
        parts = (fired[low:high] for low, high in itertools.pairwise(bounds))
        return parts, {path.name: fingerprint(path)}
    share = data.probability if isinstance(data, DrawnInput) else 0.0
    return _drawn(sources, share, workload.steps, seed), {}


def _drawn(sources: IntArray, share: float, steps: int, seed: int) -> Iterator[IntArray]:
    rng = stream(seed, "input", "spikes")
    for _ in range(steps):
        yield sources[rng.random(len(sources)) < share]


def steps_of(network: LifNetwork, given: Iterator[IntArray]) -> Iterator[StepSegment]:
    """Give the steps of a network, one for each entry of `given`: neurons that are told to fire.

    A spike reaches its targets in the step after it.
    """
    wiring = network.wiring
    state = None if network.membranes is None else MembraneState.at_rest(network.membranes)
    before = np.zeros(0, dtype=np.int64)
    for step, told in enumerate(given):
        reached, received = _arrivals(network, before, weighted=state is not None)
        fired = told
        if state is not None:
            fired = np.union1d(told, state.step(received))
        reached[fired] = True
        yield StepSegment(
            epoch=-1,
            step=step,
            phase=Phase.INFERENCE,
            wiring=wiring,
            fired=fired,
            active=reached,
        )
        before = fired


def _arrivals(
    network: LifNetwork, fired: IntArray, *, weighted: bool
) -> tuple[NDArray[np.bool_], FloatArray]:
    """Return who is reached by spikes of these neurons, and with which sum of weights."""
    wiring = network.wiring
    lengths = wiring.offsets[fired + 1] - wiring.offsets[fired]
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    place = np.arange(total) + np.repeat(wiring.offsets[fired + 1] - ends, lengths)
    targets = wiring.targets[place]
    reached = np.zeros(wiring.neurons, dtype=np.bool_)
    reached[targets] = True
    if not weighted:
        return reached, np.zeros(0)
    return reached, np.bincount(targets, network.weights[place], wiring.neurons).astype(np.float64)


register_workload("lif", LifDescription, run_lif)
