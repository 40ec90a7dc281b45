"""Learning rules of layered networks: backpropagation, written at the end or layer by layer."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import SerializeAsAny

from archsim.components.cell import FloatArray
from archsim.components.registry import Registry
from archsim.spec import Description
from archsim.trace.ops import Phase
from archsim.workload.layered_pulses import TrainDescription
from archsim.workload.layers import Change, Layers
from archsim.workload.rules import OpenPhase

__all__ = [
    "LAYERED_RULES",
    "AnyLayeredRule",
    "Conventional",
    "LayeredRule",
    "Progressive",
    "register_layered_rule",
]


class LayeredRule(Description):
    """Base of every learning rule of layered networks; its settings stand in the workload file."""

    name: str
    """Registered name of the rule."""
    loss: Literal["cross_entropy", "squared"] = "cross_entropy"
    """What is minimised: δ = t − a of sigmoid units, or that times their derivative."""

    @abstractmethod
    def step(
        self, layers: Layers, inputs: FloatArray, targets: FloatArray, phase: OpenPhase
    ) -> FloatArray:
        """Present one example, change the weights, and return the outputs it had.

        Parameters
        ----------
        layers : Layers
            The network.
        inputs : ndarray, shape (inputs,)
            In [−1, 1], without the bias.
        targets : ndarray, shape (outputs,)
            Wanted outputs.
        phase : callable
            ``with phase(Phase.FORWARD): ...`` opens the trace segment of a phase. Every act on the
            layers must stand in one.

        Returns
        -------
        ndarray, shape (outputs,)
            Outputs before the weights changed.
        """

    def check(self, pulses: TrainDescription, output: str) -> None:
        """Refuse settings that contradict each other, by a ValueError."""
        del pulses
        if self.loss == "cross_entropy" and output != "sigmoid":
            message = f"rule.loss: expected squared for an output of {output}, got cross_entropy"
            raise ValueError(message)


class Conventional(LayeredRule):
    """Backpropagation: all errors first, by the weights as they were, then all updates.

    Notes
    -----
    δ_L = t − a_L, δ_(l−1) = f′(z_(l−1)) W_l δ_l for l = L … 1, then W_l += η a_(l−1) ⊗ δ_l for all
    layers at once ([1]_). What an update needs has to be kept until the last error is known: with
    ``keep: gradients`` a word for each weight, as software does, with ``keep: errors`` one error
    vector a layer.

    References
    ----------
    .. [1] D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by
       back-propagating errors", Nature 323 (1986) 533, doi:10.1038/323533a0.
    """

    name: Literal["conventional"]
    """Registered name."""
    keep: Literal["gradients", "errors"] = "gradients"
    """What is kept until all errors are known."""

    def step(
        self, layers: Layers, inputs: FloatArray, targets: FloatArray, phase: OpenPhase
    ) -> FloatArray:
        """Send the errors all the way back, then write."""
        with phase(Phase.FORWARD):
            activities = _forward(layers, inputs)
        errors = [activities[-1]] * (layers.last + 1)
        with phase(Phase.BACKWARD):
            errors[-1] = _output_error(layers, targets, activities[-1], self.loss)
            for layer in range(layers.last, 0, -1):
                errors[layer - 1] = _send_back(layers, layer, errors[layer], activities[layer])
            if self.keep == "gradients":
                words = _words(layers)
                layers.record({"alu.operate": words, "gradient.write": words})
        with phase(Phase.UPDATE):
            if self.keep == "gradients":
                layers.record({"gradient.read": _words(layers)})
            layers.update(
                [
                    Change(layer, activities[layer], errors[layer])
                    for layer in range(layers.last, -1, -1)
                ]
            )
        return activities[-1]

    def check(self, pulses: TrainDescription, output: str) -> None:
        """Refuse stored gradients that would have to be written by lines."""
        super().check(pulses, output)
        if self.keep == "gradients" and pulses.rounding == "coincidence":
            message = (
                "rule.keep: expected errors for pulses.rounding coincidence, got gradients: lines "
                "are selected by activities and errors, not by their product"
            )
            raise ValueError(message)


class Progressive(LayeredRule):
    """Progressive gradient descent: each layer is written before the error goes back through it.

    Notes
    -----
    δ_L = t − a_L; then for l = L … 1: W_l += η a_(l−1) ⊗ δ_l at once, and
    δ_(l−1) = f′(z_(l−1)) W_l δ_l by the weights just written ([1]_; the order of the two acts is
    our reading of it). One activity and one error vector a layer is all that has to be kept. The
    error differs from that of backpropagation by η |δ_l|² a_(l−1): small against it for small η,
    and never of the opposite sign of a_(l−1), which limits η.

    References
    ----------
    .. [1] E. R. W. van Doremaele et al., "Hardware implementation of backpropagation using
       progressive gradient descent for in situ training of multilayer neural networks", Science
       Advances 10 (2024) eado8999, doi:10.1126/sciadv.ado8999.
    """

    name: Literal["progressive"]
    """Registered name."""

    def step(
        self, layers: Layers, inputs: FloatArray, targets: FloatArray, phase: OpenPhase
    ) -> FloatArray:
        """Write each layer, then send the error back through it."""
        with phase(Phase.FORWARD):
            activities = _forward(layers, inputs)
        with phase(Phase.BACKWARD):
            error = _output_error(layers, targets, activities[-1], self.loss)
        for layer in range(layers.last, -1, -1):
            with phase(Phase.UPDATE):
                layers.update([Change(layer, activities[layer], error)])
            if layer:
                with phase(Phase.BACKWARD):
                    error = _send_back(layers, layer, error, activities[layer])
        return activities[-1]


def _forward(layers: Layers, inputs: FloatArray) -> list[FloatArray]:
    """Return the activities of one example; those that an update needs are kept."""
    activities = [values[0] for values in layers.forward(inputs[None])]
    layers.record({"buffer.write": sum(map(len, activities[:-1])) - layers.last - 1})
    return activities


def _output_error(
    layers: Layers, targets: FloatArray, outputs: FloatArray, loss: str
) -> FloatArray:
    squared = loss == "squared"
    error = layers.output_error(targets, outputs, squared=squared)
    layers.record({"alu.operate": len(error) * (3 if squared else 1), "buffer.write": len(error)})
    return error


def _send_back(
    layers: Layers, layer: int, errors: FloatArray, activities: FloatArray
) -> FloatArray:
    """Return the errors below; kept as long as their layer is not written."""
    layers.record({"alu.operate": 2 * len(errors), "buffer.read": len(errors)})
    below = layers.send_back(layer, errors, activities)
    words = len(below)
    layers.record({"alu.operate": 4 * words, "buffer.read": words, "buffer.write": words})
    return below


def _words(layers: Layers) -> int:
    """Return how many weights there are."""
    sizes = (layers.description.inputs, *layers.description.hidden, layers.description.outputs)
    return sum((rows + 1) * columns for rows, columns in itertools.pairwise(sizes))


LAYERED_RULES: Registry[LayeredRule] = Registry(
    LayeredRule,  # type: ignore[type-abstract]  # never instantiated
    field="name",
    what="layered learning rule",
)
"""Learning rules of layered networks by registered name."""

AnyLayeredRule = Annotated[SerializeAsAny[LayeredRule], LAYERED_RULES]
"""A rule of any registered kind, told by its field `name`."""


def register_layered_rule(name: str, rule: type[LayeredRule]) -> None:
    """Make a learning rule known under a name, as used in ``rule.name`` of a layered workload.

    Parameters
    ----------
    name : str
        Name in workload files.
    rule : type
        Subclass of `LayeredRule`.

    Raises
    ------
    InputError
        If `rule` is no such learning rule, or another one has the name.
    """
    LAYERED_RULES.register(name, rule)


register_layered_rule("conventional", Conventional)
register_layered_rule("progressive", Progressive)
