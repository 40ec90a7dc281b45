"""Clamped activity difference: learning from how a network answers free and held."""

from __future__ import annotations

from typing import Literal

from archsim.components.cell import FloatArray
from archsim.trace.ops import Phase
from archsim.workload.network import Network
from archsim.workload.rules import Change, LearningRule, OpenPhase, register_rule

__all__ = ["ActivityDifference"]


class ActivityDifference(LearningRule):
    """Difference of activities between a free phase and one with the outputs clamped.

    Notes
    -----
    With s^f the activities at rest when only the inputs x are held, and s^c those when the outputs
    are held at the targets t as well, contrastive Hebbian learning ([1]_) changes layer l by

        ΔW_l ∝ s^c_(l−1) ⊗ s^c_l − s^f_(l−1) ⊗ s^f_l             (form: symmetric)
        ΔW_l ∝ s^f_(l−1) ⊗ (s^c_l − s^f_l)                        (form: rank_one)

    the second being the first without the difference of what lies before the weights. The first
    follows the gradient of the difference of two minima of one energy, measured on the devices that
    are trained, so that their static errors cancel ([2]_). Without hidden layers both are the delta
    rule x ⊗ (t − y), and the clamped phase reads no array. With a one-bit error all values are
    comparator outputs. Valid where feedback is weak enough for the sweeps to converge.

    References
    ----------
    .. [1] J. R. Movellan, "Contrastive Hebbian learning in the continuous Hopfield model",
       Connectionist Models (1991) 10, doi:10.1016/B978-1-4832-1448-1.50007-X.
    .. [2] S. Yi, J. D. Kendall, R. S. Williams, S. Kumar, "Activity-difference training of deep
       neural networks using memristor crossbars", Nature Electronics 6 (2023) 45,
       doi:10.1038/s41928-022-00869-w.
    """

    name: Literal["activity_difference"]
    """Registered name."""
    form: Literal["rank_one", "symmetric"] = "rank_one"
    """Which of the two equations."""

    def changes(
        self, network: Network, inputs: FloatArray, targets: FloatArray, phase: OpenPhase
    ) -> list[Change]:
        """Relax free, then clamped, and return the difference of activities."""
        with phase(Phase.FREE):
            free = network.free(inputs)
        with phase(Phase.CLAMPED):
            held = network.clamped(free, targets)
            network.compare()
        result = []
        for number, matrix in enumerate(network.matrices):
            before, after = free.values[number][0], free.values[number + 1][0]
            goal = held.values[number + 1][0]
            if self.form == "rank_one" or number == 0:
                result.append(Change(matrix, before, goal - after))
            else:
                result.append(Change(matrix, held.values[number][0], goal))
                result.append(Change(matrix, before, -after))
        return result


register_rule("activity_difference", ActivityDifference)
