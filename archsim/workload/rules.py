"""Learning rules: what they get, what they return, and the registry of their names."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, NamedTuple

from pydantic import SerializeAsAny

from archsim.components.cell import FloatArray
from archsim.components.registry import Registry
from archsim.spec import Description
from archsim.trace.ops import Phase
from archsim.workload.network import Network

__all__ = ["RULES", "AnyRule", "Change", "LearningRule", "OpenPhase", "register_rule"]

OpenPhase = Callable[[Phase], AbstractContextManager[None]]
"""Opens the trace segment of one phase of the present step."""


class Change(NamedTuple):
    """One outer product that a rule wants to add to a matrix: ΔW ∝ rows ⊗ columns."""

    matrix: str
    rows: FloatArray
    """Activities before the weights, shape (rows,)."""
    columns: FloatArray
    """Differences behind the weights, shape (columns,)."""


class LearningRule(Description):
    """Base of every learning rule; its settings stand in the workload file."""

    name: str
    """Registered name of the rule."""

    @abstractmethod
    def changes(
        self, network: Network, inputs: FloatArray, targets: FloatArray, phase: OpenPhase
    ) -> list[Change]:
        """Present one pattern and return the changes of weights that it asks for.

        Parameters
        ----------
        network : Network
            The network on its substrate.
        inputs, targets : ndarray, shape (1, inputs) and (1, outputs)
            The pattern, in [−1, 1].
        phase : callable
            ``with phase(Phase.FREE): ...`` opens the trace segment of a phase. Every act on the
            substrate must stand in one.

        Returns
        -------
        list of Change
            Wanted changes, in matrix order; several for one matrix add up.
        """


RULES: Registry[LearningRule] = Registry(
    LearningRule,  # type: ignore[type-abstract]  # never instantiated
    field="name",
    what="learning rule",
)
"""Learning rules by registered name."""

AnyRule = Annotated[SerializeAsAny[LearningRule], RULES]
"""A rule of any registered kind, told by its field `name`."""


def register_rule(name: str, rule: type[LearningRule]) -> None:
    """Make a learning rule known under a name, as used in ``rule.name`` of a workload.

    Parameters
    ----------
    name : str
        Name in workload files.
    rule : type
        Subclass of `LearningRule`.

    Raises
    ------
    InputError
        If `rule` is no learning rule, or another one has the name.
    """
    RULES.register(name, rule)
