"""Synthetic workloads: layers of declared shape and activity, which nobody trains."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from archsim.components.behaviour import Behaviour
from archsim.components.substrate import Substrate
from archsim.errors import InputError
from archsim.spec import Description
from archsim.trace import BatchSegment, Blocks, Phase
from archsim.trace.synthetic import ArrayShape, LayerShape, synthetic_blocks, synthetic_segment
from archsim.workload.description import WorkloadDescription
from archsim.workload.training import Metric, Progress, TrainingResult, register_workload

__all__ = ["SyntheticDescription", "SyntheticInputs", "SyntheticLayer"]

Size = Annotated[int, Field(ge=1, le=1_000_000_000)]
Share = Annotated[float, Field(gt=0.0, le=1.0)]
Act = Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)?$", max_length=128)]
"""``role.action``; empty: nothing is done."""


class SyntheticInputs(Description):
    """What is presented, as far as costs depend on it."""

    name: Literal["synthetic"] = "synthetic"
    samples: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Samples that go through the network together, one after another in every layer."""
    passes: Annotated[int, Field(ge=1, le=1_000_000_000)] = 1
    """How often so many samples go through; the next begin when the chip is idle."""
    origin: Literal["resident", "controller"] = "resident"
    """Whether inputs stand in the tiles that need them, or come from the controller's tile."""


class SyntheticLayer(Description):
    """A matrix with as many inputs and outputs, and how it is used."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$", max_length=64)]
    inputs: Size
    outputs: Size
    positions: Size = 1
    """Input vectors of one sample (a convolution's output positions)."""
    replicas: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    """Copies on the chip, which share the vectors."""
    activity: Share = 1.0
    """Mean share of inputs that are not zero."""
    level: Share = 1.0
    """Mean square of the inputs that are not zero, in full scales of the DAC."""
    conductance: Share = 0.5
    """Mean conductance in maximum ones; of binary cells, the share that is on."""
    after: tuple[str, ...] | None = None
    """Layers whose outputs it takes; absent: the one before; empty: its inputs are from outside."""


class SyntheticDescription(WorkloadDescription):
    """Layers of declared shape and activity; a run has costs and no accuracy."""

    kind: Literal["synthetic"]
    """Registered kind."""
    dataset: SyntheticInputs = SyntheticInputs()
    """What is presented."""
    layers: Annotated[tuple[SyntheticLayer, ...], Field(min_length=1, max_length=100_000)]
    """The network; a layer stands after those whose outputs it takes."""
    add: Act = "shift_add.add"
    """What adds one number to a partial sum."""
    activate: Act = "neuron.operate"
    """What is done with every finished sum; empty: nothing."""
    pacing: Literal["as_fast_as_possible"] = "as_fast_as_possible"
    """When presentations arrive."""

    @model_validator(mode="after")
    def _layers_follow_each_other(self) -> Self:
        known: set[str] = set()
        for layer in self.layers:
            if layer.name in known:
                message = f'layers: duplicate name "{layer.name}"; expected each layer once'
                raise ValueError(message)
            for name in layer.after or ():
                if name not in known:
                    message = (
                        f'layer "{layer.name}": expected after to name earlier layers, got "{name}"'
                    )
                    raise ValueError(message)
            if layer.replicas > layer.positions * self.dataset.samples:
                message = (
                    f'layer "{layer.name}": expected at most as many replicas as vectors '
                    f"({layer.positions * self.dataset.samples}), got {layer.replicas}"
                )
                raise ValueError(message)
            known.add(layer.name)
        return self

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Layer → (inputs, outputs), in the order of the network; copies are not told apart."""
        return {layer.name: (layer.inputs, layer.outputs) for layer in self.layers}

    @property
    def metrics(self) -> tuple[str, ...]:
        """Nothing is measured."""
        return ()

    def layer_shapes(self) -> tuple[LayerShape, ...]:
        """Return the layers as the trace knows them."""
        place = {layer.name: number for number, layer in enumerate(self.layers)}
        before = [(), *((layer.name,) for layer in self.layers)]
        return tuple(
            LayerShape(
                name=layer.name,
                inputs=layer.inputs,
                outputs=layer.outputs,
                vectors=layer.positions * self.dataset.samples,
                replicas=layer.replicas,
                activity=layer.activity,
                level=layer.level,
                conductance=layer.conductance,
                after=tuple(
                    place[name] for name in (previous if layer.after is None else layer.after)
                ),
            )
            for layer, previous in zip(self.layers, before, strict=False)
        )

    def array_shape(self, behaviour: Behaviour) -> ArrayShape:
        """Return what a chip's behaviour means for the trace.

        Raises
        ------
        InputError
            If crossings of the arrays have no cell.
        """
        if behaviour.density < 1.0:
            raise InputError(
                f"workload {self.name} is synthetic and counts on a cell at every crossing: "
                f"expected behaviour.density of 1, got {behaviour.density:g}"
            )
        sliced = behaviour.weight_bits or 0
        growth = (behaviour.rows - 1).bit_length()
        return ArrayShape(
            rows=behaviour.block_rows,
            columns=behaviour.block_columns,
            planes=behaviour.planes,
            input_bits=behaviour.dac.bits,
            output_bits=sliced + growth if sliced else behaviour.adc.bits,
            passes=2 if behaviour.input_drive == "two_pass" and not sliced else 1,
            weight_bits=sliced,
            add=self.add,
            activate=self.activate,
        )

    def blocks(self, behaviour: Behaviour) -> Blocks:
        """Return the blocks that the layers are cut into on a chip of this behaviour."""
        return synthetic_blocks(self.layer_shapes(), self.array_shape(behaviour))

    def segment(self, behaviour: Behaviour) -> BatchSegment:
        """Return all that the network does on a chip of this behaviour."""
        return synthetic_segment(
            self.layer_shapes(),
            self.array_shape(behaviour),
            phase=Phase.INFERENCE,
            repeat=self.dataset.passes,
            resident=self.dataset.origin == "resident",
        )


def _present(
    workload: SyntheticDescription,
    substrate: Substrate,
    *,
    seed: int,
    on_metric: Metric | None = None,
    progress: Progress | None = None,
) -> TrainingResult:
    """Record what a synthetic network does; nothing is learnt, nothing is drawn."""
    del seed, on_metric
    if substrate.recorder is None:
        message = f"workload {workload.name} is synthetic: there is nothing to train"
        raise InputError(message)
    segment = workload.segment(substrate.behaviour)
    if progress is not None:
        progress("synthetic layers", 0.5)
    substrate.recorder.add(segment)
    return TrainingResult(met=True, epochs=0, steps=0, pulses=0, reads=0, most_pulses=0, inputs={})


register_workload("synthetic", SyntheticDescription, _present)
