"""Equilibrium propagation: learning from a weak pull of the outputs towards the targets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from archsim.components.cell import FloatArray
from archsim.trace.ops import Phase
from archsim.workload.network import Network
from archsim.workload.rules import Change, LearningRule, OpenPhase, register_rule

__all__ = ["EquilibriumPropagation"]


class EquilibriumPropagation(LearningRule):
    """Difference of activities between rest and rest under a small pull on the outputs.

    Notes
    -----
    With s^β the activities at rest under the extra force β (t − y) on the outputs, layer l changes
    by

        ΔW_l ∝ [s^β_(l−1) ⊗ s^β_l − s^0_(l−1) ⊗ s^0_l] / β               (one_sided, [1]_)
        ΔW_l ∝ [s^β_(l−1) ⊗ s^β_l − s^−β_(l−1) ⊗ s^−β_l] / 2β             (centred, [2]_)

    which goes to the gradient of the squared error for β → 0; the centred form is exact to second
    order in β. With ``product: rank_one`` what lies before the weights is taken from the free
    phase, so that each layer changes by one outer product, s^0_(l−1) ⊗ (s^β_l − s^∓_l); that leaves
    out what the nudge does to hidden units, small where feedback is weak. The nudged phases count
    as clamped.
    A small β asks for converters fine enough to tell s^β from s^0.

    References
    ----------
    .. [1] B. Scellier, Y. Bengio, "Equilibrium propagation", Frontiers in Computational
       Neuroscience 11 (2017) 24, doi:10.3389/fncom.2017.00024.
    .. [2] A. Laborieux et al., "Scaling equilibrium propagation to deep ConvNets by drastically
       reducing its gradient estimator bias", Frontiers in Neuroscience 15 (2021) 633674,
       doi:10.3389/fnins.2021.633674.
    """

    name: Literal["equilibrium_propagation"]
    """Registered name."""
    nudge: Annotated[float, Field(gt=0.0, le=1.0)]
    """β: strength of the pull on the outputs."""
    form: Literal["one_sided", "centred"] = "centred"
    """Which of the two equations."""
    product: Literal["rank_one", "symmetric"] = "rank_one"
    """Whether what lies before the weights is taken from the free phase, or nudged as well."""

    def changes(
        self, network: Network, inputs: FloatArray, targets: FloatArray, phase: OpenPhase
    ) -> list[Change]:
        """Relax free and nudged, and return the difference of activities over β."""
        with phase(Phase.FREE):
            free = network.free(inputs)
        with phase(Phase.CLAMPED):
            above = network.nudged(free, targets, nudge=self.nudge)
            below, span = free, self.nudge
            if self.form == "centred":
                below = network.nudged(free, targets, nudge=-self.nudge)
                span = 2.0 * self.nudge
            network.compare()
        result = []
        for number, matrix in enumerate(network.matrices):
            before, after = (state.values[number + 1][0] for state in (below, above))
            if self.product == "rank_one" or number == 0:
                difference = (after - before) / span
                result.append(Change(matrix, free.values[number][0], difference))
            else:
                result.append(Change(matrix, above.values[number][0], after / span))
                result.append(Change(matrix, below.values[number][0], -before / span))
        return result


register_rule("equilibrium_propagation", EquilibriumPropagation)
