"""Workloads of leaky integrate-and-fire networks as they stand in a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from archsim.seeds import stream
from archsim.spec import Description, Time
from archsim.workload.data.idx_dataset import FileName
from archsim.workload.data.place import NO_FOLDER, Folder
from archsim.workload.description import WorkloadDescription
from archsim.workload.lif.graph import read_graph
from archsim.workload.lif.membrane import Membranes
from archsim.workload.lif.network import LifNetwork, cut, sorted_by_source
from archsim.workload.lif.tables import fingerprint, read_connections

__all__ = ["CurrentInput", "DrawnInput", "LifDescription", "RecordedInput"]

Neurons = Annotated[int, Field(ge=1, le=100_000_000)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
NO_HASHES: dict[str, str] = {}


class _Given(Description):
    """Something that stands in a file of one's own."""

    file: FileName
    """Name of the file."""
    folder: Folder = NO_FOLDER
    """Its folder, from the folder of the description; without one that folder itself, then
    ``$ARCHSIM_DATA``."""

    def path(self, field: str, *, among: str = "spikes") -> Path:
        """Return where the file lies; among data sets in the folder `among`.

        Raises
        ------
        InputError
            If it is nowhere.
        """
        return self.folder.find(self.file, field=field, name=among)


class RandomNetwork(Description):
    """Every neuron leads to others that are drawn at random, all as likely, some drawn twice."""

    kind: Literal["random"]
    """How the network is given."""
    neurons: Neurons
    """Number of neurons."""
    fan_out: Annotated[int, Field(ge=0, le=1_000_000)]
    """Synapses that each neuron leads to."""


class TableNetwork(_Given):
    """Connections in a CSV or NPZ file: ``source``, ``target`` and, if wanted, ``weight``."""

    kind: Literal["table"]
    """How the network is given."""
    neurons: Neurons
    """Number of neurons."""


class GraphNetwork(_Given):
    """A NIR graph of LIF and CubaLIF neurons."""

    kind: Literal["nir"]
    """How the network is given."""
    time_step: Time
    """Length of a step. [s]"""


class DrawnInput(Description):
    """Neurons fire at random, each in every step with the same probability."""

    name: Literal["drawn"]
    """Where spikes come from."""
    probability: Share
    """How likely a neuron fires in a step."""


class RecordedInput(_Given):
    """Spikes in a CSV or NPZ file: ``step`` and ``neuron``, sorted."""

    name: Literal["recorded"]
    """Where spikes come from."""


class CurrentInput(Description):
    """Neurons are driven by constant currents and by each other, and fire when they do.

    Potentials are in units of the threshold above rest, currents in those that hold a neuron there.
    """

    name: Literal["current"]
    """Where spikes come from."""
    time_step: Time
    """Length of a step. [s]"""
    membrane_time: Time
    """Time constant of the membrane. [s]"""
    low: Annotated[float, Field(allow_inf_nan=False)]
    """Lowest current; those of neurons are drawn uniformly up to `high`."""
    high: Annotated[float, Field(allow_inf_nan=False)]
    """Highest current."""
    weight: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    """What a synapse of a random network adds to the current in the step after a spike."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.low > self.high:
            message = f"low: expected at most high ({self.high:g}), got {self.low:g}"
            raise ValueError(message)
        return self

    def membranes(self, neurons: int, *, seed: int) -> Membranes:
        """Return the neurons, their currents drawn."""
        drawn = stream(seed, "input", "currents").random(neurons)
        decay = math.exp(-self.time_step.value / self.membrane_time.value)
        currents = self.low + (self.high - self.low) * drawn
        return Membranes.alike(currents, decay=decay, gain=1.0 - decay)


class LifDescription(WorkloadDescription):
    """Neurons that are updated step by step and send spikes to each other; nothing is learnt."""

    kind: Literal["lif"]
    """Registered kind."""
    network: Annotated[RandomNetwork | TableNetwork | GraphNetwork, Field(discriminator="kind")]
    """Neurons and synapses."""
    cores: Annotated[int, Field(ge=1, le=10_000_000)]
    """Parts that the network is cut into, as equal as can be, each for a core of a chip."""
    steps: Annotated[int, Field(ge=1, le=100_000_000)]
    """Time steps."""
    dataset: Annotated[DrawnInput | RecordedInput | CurrentInput, Field(discriminator="name")]
    """Where spikes come from; with a NIR graph those of its inputs."""
    pacing: Literal["as_fast_as_possible"] = "as_fast_as_possible"
    """When a step begins: as soon as all cores are done with the one before."""

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """No matrix stands in arrays."""
        return {}

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all that a run counts."""
        return ("neurons", "synapses", "spikes", "events")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        graph = isinstance(self.network, GraphNetwork)
        if graph and isinstance(self.dataset, CurrentInput):
            message = (
                "dataset: expected drawn or recorded spikes for the inputs of a NIR graph, whose "
                "neurons have constants of their own, got current"
            )
            raise ValueError(message)
        return self

    def load(self, *, seed: int) -> LifNetwork:
        """Return the network, drawn or read.

        Raises
        ------
        InputError
            If a file is missing or wrong.
        """
        match self.network:
            case GraphNetwork() as given:
                path = given.path("network.file", among="nir")
                return read_graph(path, time_step=given.time_step.value, cores=self.cores)
            case TableNetwork() as given:
                path = given.path("network.file")
                ends = read_connections(path, neurons=given.neurons)
                inputs = {path.name: fingerprint(path)}
            case RandomNetwork() as given:
                rng, size = stream(seed, "rule", "wiring"), given.neurons * given.fan_out
                targets = rng.integers(0, given.neurons, size)
                weight = getattr(self.dataset, "weight", 0.0)
                sources = np.repeat(np.arange(given.neurons), given.fan_out)
                ends, inputs = (sources, targets, np.full(size, weight)), NO_HASHES
        neurons = given.neurons
        wiring, weights = sorted_by_source(*ends, cut(neurons, self.cores))
        if isinstance(self.dataset, CurrentInput):
            membranes = self.dataset.membranes(neurons, seed=seed)
            sources = np.zeros(0, dtype=np.int64)
        else:
            membranes, sources = None, np.arange(neurons)
        return LifNetwork(
            wiring=wiring, weights=weights, membranes=membranes, sources=sources, inputs=inputs
        )
