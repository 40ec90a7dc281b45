"""Layered workloads: labelled examples learnt by feed-forward networks and backpropagation."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

import archsim.workload.layered_rules
import archsim.workload.parity  # noqa: F401  (both register what they hold)
from archsim.spec import Description, misfit
from archsim.workload.data import AnyDataset
from archsim.workload.description import WorkloadDescription
from archsim.workload.layered_pulses import TrainDescription
from archsim.workload.layered_rules import AnyLayeredRule
from archsim.workload.layered_stream import StreamDescription
from archsim.workload.layers import LayersDescription

__all__ = ["EndDescription", "LayeredDescription"]


class EndDescription(Description):
    """When training ends."""

    max_epochs: Annotated[int, Field(ge=1, le=100_000)]
    """Training ends after so many epochs in any case."""
    accuracy: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """It ends after the first epoch in which so many of the test examples are right; absent: not
    before the last."""


class LayeredDescription(WorkloadDescription):
    """Labelled examples that a feed-forward network learns, one by one."""

    kind: Literal["layered"]
    """Registered kind."""
    dataset: AnyDataset
    """What is presented."""
    network: LayersDescription
    """Sizes and scales."""
    rule: AnyLayeredRule
    """Learning rule."""
    rate: Annotated[float, Field(gt=0.0, le=1000.0)]
    """η: change of a weight for an activity and an error of 1."""
    pulses: TrainDescription
    """From wanted changes to update pulses."""
    training: Literal["on_chip", "open_loop", "verified"] = "on_chip"
    """Where the weights are learnt: on the cells themselves; or in software, and then written once
    without verify; or written with check reads."""
    stop: EndDescription
    """When training ends."""
    stream: StreamDescription | None = None
    """What it meets once it has learnt; absent: nothing."""
    pacing: Literal["as_fast_as_possible"] = "as_fast_as_possible"
    """When presentations arrive."""

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Matrix name → (rows, columns), in the order of the network; the last row is the bias."""
        sizes = (self.network.inputs, *self.network.hidden, self.network.outputs)
        pairs = itertools.pairwise(sizes)
        return {f"layer{n}": (rows + 1, columns) for n, (rows, columns) in enumerate(pairs, 1)}

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all that training measures."""
        learnt = "presented" if self.training == "on_chip" else "software"
        tuning = ("programming_yield", "verify_pulses", "verify_reads")
        return (
            "test_accuracy",
            f"{learnt}_accuracy",
            *(tuning if self.training == "verified" else ()),
            "device_pulses",
            "array_reads",
            *(f"stream_accuracy_{end:g}" for end in (self.stream.ends if self.stream else ())),
        )

    @property
    def scales(self) -> tuple[float, ...]:
        """Weight that a full conductance window stands for, by matrix."""
        return tuple(
            float(self.network.full_weight * (3.0 / rows) ** 0.5)
            for rows, _ in self.shapes.values()
        )

    @model_validator(mode="after")
    def _rule_fits_pulses(self) -> Self:
        self.rule.check(self.pulses, self.network.output)
        return self

    @model_validator(mode="after")
    def _stream_fits_training(self) -> Self:
        if self.stream is not None and self.stream.learn_every and self.training != "on_chip":
            message = f"expected 0 for training {self.training}, got {self.stream.learn_every}"
            raise misfit(("stream", "learn_every"), message)
        return self
