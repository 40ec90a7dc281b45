"""Spiking workloads: images learnt without labels by spike timing and a winner that takes all."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from archsim.spec import Description, Frequency, Number, Time
from archsim.workload.data import AnyDataset
from archsim.workload.description import WorkloadDescription
from archsim.workload.spiking_readout import VOTES

__all__ = [
    "EncodingDescription",
    "FiringDescription",
    "HomeostasisDescription",
    "PlasticityDescription",
    "PruneStage",
    "PruningDescription",
    "ReadoutDescription",
    "SpikingDescription",
    "StorageDescription",
]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Positive = Annotated[float, Field(gt=0.0)]


class EncodingDescription(Description):
    """How pixels become spikes: a Poisson train each, at a rate in proportion to its density."""

    full_rate: Frequency
    """Rate of a full-scale pixel. [Hz]"""
    duration: Time
    """How long an image is shown. [s]"""
    window: Time
    """How long an input counts as recent after its spike: the potential it makes, and the test of
    spike timing. [s]"""


class FiringDescription(Description):
    """Who fires, and when: Bayesian winner-take-all."""

    rate: Frequency
    """Output spikes of all neurons together; at the end of each millisecond there is one or none.
    [Hz]"""
    gain: Positive
    """Factor of the weighted sum of recent inputs in the potential."""
    winner: Literal["softmax", "highest"]
    """Whether the winner is drawn from softmax of the potentials, or is the highest."""


class PlasticityDescription(Description):
    """Spike-timing-dependent plasticity of the winner's weights, held in [−1, 1].

    Notes
    -----
    A recent input: Δw = η a e^(−b (w + 1)); any other: Δw = −η c, with
    η = max(η_min, (1 + n)^−x) after n spikes of the neuron; η_min changes linearly over training.
    """

    potentiation: Number
    """a: change of a weight of −1 at a rate of one."""
    decay: Number
    """b: how fast potentiation falls with the weight."""
    depression: Number
    """c: change of any weight at a rate of one."""
    exponent: Number
    """x: how fast the rate falls with the neuron's spikes."""
    rate_floor: Number
    """η_min at the begin of training."""
    rate_floor_end: Number
    """η_min at its end."""
    rounding: Literal["stochastic", "nearest"]
    """How a new weight becomes a code."""
    initial_spread: Share
    """First weights are uniform up to this far from 0."""


class HomeostasisDescription(Description):
    """Each spike lowers its neuron's bias, so that all come to fire alike."""

    step: Number
    """How far, at the begin of training."""
    step_end: Number
    """How far, at its end; it changes linearly."""


class PruneStage(Description):
    """A moment of pruning."""

    at: Annotated[float, Field(ge=0.0, lt=1.0)]
    """When, as a share of training."""
    share: Annotated[float, Field(gt=0.0, le=1.0)]
    """Share of `fraction` that is pruned from then on."""


class PruningDescription(Description):
    """Which weights are taken out of learning, when, and what they are worth from then on."""

    method: Literal["soft", "conventional"]
    """``soft``: pruned weights stay, at a constant. ``conventional``: they are removed, worth 0."""
    fraction: Annotated[float, Field(gt=0.0, lt=1.0)]
    """Share of all weights that is pruned in the end."""
    timing: Literal["during", "after"]
    """Whether pruning happens during training, and pruned weights are updated no more; or all at
    once behind it."""
    stages: tuple[PruneStage, ...] = ()
    """Moments of pruning during training, rising; the last share is 1."""
    key: Literal["lowest", "smallest", "quiet"]
    """Who goes first, over the whole matrix: lowest w, smallest |w|, or lowest (w + 1) σ with σ the
    standard deviation of how recent the input is over the training images."""
    value: Annotated[float, Field(ge=-1.0, le=1.0)] | Literal["own"] = 0.0
    """What a soft-pruned weight is worth: one constant, or the value that each has."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.method == "conventional" and self.value != 0.0:
            message = f"value: expected none with method conventional, got {self.value}"
            raise ValueError(message)
        if (self.timing == "during") != bool(self.stages):
            wanted = "at least one stage" if self.timing == "during" else "none"
            message = f"stages: expected {wanted} with timing {self.timing}"
            raise ValueError(message)
        places = [stage.at for stage in self.stages]
        shares = [stage.share for stage in self.stages]
        if sorted(set(places)) != places or sorted(set(shares)) != shares:
            message = "stages: expected rising values of at and of share"
            raise ValueError(message)
        if shares and shares[-1] != 1.0:
            message = f"stages: expected a share of 1 in the last stage, got {shares[-1]:g}"
            raise ValueError(message)
        return self


class StorageDescription(Description):
    """What the arrays do for it; nothing here changes what is learnt."""

    reads: Literal["at_output_spikes", "at_input_spikes"] = "at_output_spikes"
    """When rows are read: those of all recent inputs at each output spike; or each row when its
    input becomes recent and when it ceases to be, with sums kept between."""
    compaction: Literal["none", "mask"] = "none"
    """What becomes of pruned weights' cells after the last stage: they stay as they are; or what is
    left moves together, and a mask tells which weights those are."""
    detail: Literal["presentations", "spikes"] = "presentations"
    """What a trace tells apart: presentations, or every input and output spike with its time."""
    group: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Presentations that share a trace segment where spikes are not told apart. Their acts follow
    each other all the same; in real time the idle rests of their windows are one gap."""


class ReadoutDescription(Description):
    """How spikes become classes: neurons are assigned on training images, then vote."""

    duration: Time
    """How long an image is shown. [s]"""
    rate: Frequency
    """Output spikes of all neurons together. [Hz]"""
    sharpness: Positive
    """Factor of the potentials, gain and bias, against training."""
    assign_count: Count
    """Training images shown, the first ones, to assign a class to each neuron."""
    log_floor: Positive
    """Added to each share before its logarithm in the log-probability vote."""
    probes: Annotated[int, Field(ge=0, le=64)] = 0
    """Scores taken during training, each at half the presentations of the next."""
    probe_count: Count = 1000
    """Images to assign classes with, and images to score on, at each of them."""


class SpikingDescription(WorkloadDescription):
    """Images learnt without labels by a single layer of spiking neurons.

    Notes
    -----
    Reconstruction of [1]_; what the paper does not state is said in the workload's README. The
    potential of neuron k is u_k = g Σ_i w_ki y_i + β_k with y_i = 1 where input i is recent.

    References
    ----------
    .. [1] Y. Shi, L. Nguyen, S. Oh, X. Liu, F. Koushan, J. R. Jameson, D. Kuzum, "Neuroinspired
       unsupervised learning and pruning with subquantum CBRAM arrays", Nature Communications 9
       (2018) 5312, doi:10.1038/s41467-018-07682-0.
    """

    kind: Literal["spiking"]
    """Registered kind."""
    dataset: AnyDataset
    """What is presented."""
    inputs: Annotated[int, Field(ge=1, le=65_536)]
    """Pixels that are inputs: those of largest mean over the training images."""
    outputs: Annotated[int, Field(ge=2, le=4096)]
    """Neurons."""
    epochs: Annotated[int, Field(ge=1, le=1000)]
    """How often each training image is presented."""
    encoding: EncodingDescription
    """Spikes of the inputs."""
    firing: FiringDescription
    """Spikes of the outputs."""
    plasticity: PlasticityDescription
    """Learning rule."""
    homeostasis: HomeostasisDescription
    """What keeps neurons alike."""
    pruning: PruningDescription | None = None
    """What is pruned; absent: nothing."""
    storage: StorageDescription = StorageDescription()
    """What the arrays do for it."""
    readout: ReadoutDescription
    """How accuracy is measured."""
    pacing: Literal["as_fast_as_possible", "real_time"] = "as_fast_as_possible"
    """When images arrive: at once when the chip is done with the one before; or one every
    `encoding.duration`."""

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Return the one matrix."""
        return {"weights": (self.inputs, self.outputs)}

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all that training measures."""
        moments = ("probe", "test") if self.readout.probes else ("test",)
        scores = (f"{moment}_{vote}" for moment in moments for vote in VOTES)
        return (*scores, "attempts", "changes")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.storage.compaction == "mask" and self.pruning is None:
            message = "storage.compaction: expected none without pruning, got mask"
            raise ValueError(message)
        if self.storage.detail == "spikes" and self.storage.reads == "at_input_spikes":
            message = "storage.reads: expected at_output_spikes with detail spikes"
            raise ValueError(message)
        own = self.pruning is not None and self.pruning.value == "own"
        if own and self.storage.compaction == "mask":
            message = (
                "storage.compaction: expected none with pruning.value own, got mask: each pruned "
                "weight has a value of its own, which only its cells can supply"
            )
            raise ValueError(message)
        for name, encoding in (
            ("encoding", self.encoding.duration),
            ("readout", self.readout.duration),
        ):
            steps = encoding.value / 1e-3
            if not self.encoding.window.value / 1e-3 <= steps <= 1000.0:
                message = (
                    f"{name}.duration: expected from encoding.window to 1 s, got {encoding.text}"
                )
                raise ValueError(message)
        for name, rate in (("firing", self.firing.rate), ("readout", self.readout.rate)):
            if rate.value > 1000.0:
                message = f"{name}.rate: expected at most 1 kHz, one a millisecond, got {rate.text}"
                raise ValueError(message)
        return self
