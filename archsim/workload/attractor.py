"""Attractor workloads: patterns learnt by networks that relax, recalled or told apart."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import model_validator

import archsim.workload.rule_difference
import archsim.workload.rule_equilibrium  # noqa: F401  (both register their rules)
from archsim.errors import InputError
from archsim.workload.backprop import BackpropDescription
from archsim.workload.datasets import BrailleDataset
from archsim.workload.description import WorkloadDescription
from archsim.workload.evaluation import Goal, StopDescription, TrialDescription
from archsim.workload.network import Network, NetworkDescription
from archsim.workload.pulses import PulseDescription
from archsim.workload.rules import AnyRule

__all__ = ["AttractorDescription", "as_attractor"]


class AttractorDescription(WorkloadDescription):
    """Patterns that a relaxing network learns, and how."""

    kind: Literal["attractor"]
    """Registered kind."""
    dataset: BrailleDataset
    """What is presented."""
    task: Literal["reconstruct", "classify"]
    """Whether the outputs are the clean pattern, or one unit for each pattern."""
    network: NetworkDescription
    """Layers and gains."""
    rule: AnyRule
    """Learning rule."""
    pulses: PulseDescription
    """From wanted changes to update pulses."""
    training: Literal["on_chip", "open_loop", "verified"] = "on_chip"
    """Where the weights are learnt: on the cells themselves; or on ideal cells, and then written
    once without verify; or written with check reads."""
    stop: StopDescription
    """When training ends."""
    test: TrialDescription
    """What is tested then."""
    pacing: Literal["as_fast_as_possible"] = "as_fast_as_possible"
    """When presentations arrive."""
    baseline: BackpropDescription
    """The same task learnt by backpropagation in software."""

    @property
    def goal(self) -> Goal:
        """Targets of all patterns."""
        patterns = self.dataset.patterns.astype(np.float64)
        if self.task == "reconstruct":
            return Goal("reconstruct", patterns)
        return Goal("classify", 2.0 * np.eye(len(patterns)) - 1.0)

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Matrix name → (rows, columns), in the order of the network."""
        inputs, outputs = self.dataset.patterns.shape[1], self.goal.targets.shape[1]
        return Network.shapes(self.network, inputs=inputs, outputs=outputs)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all that training measures."""
        scores = (f"{on}_{name}" for on in ("clean", "validation") for name in ("near", "exact"))
        tests = (
            f"test_{name}_{flips:g}"
            for flips in self.test.flips
            for name in ("near", "exact", "ceiling")
        )
        return (*scores, "device_pulses", "array_reads", *tests)

    @model_validator(mode="after")
    def _lists_fit(self) -> Self:
        matrices = len(self.network.hidden) + 1
        for name in ("threshold", "slope", "row_share"):
            found = len(getattr(self.pulses, name))
            if found not in (1, matrices):
                message = (
                    f"pulses.{name}: expected one entry, or {matrices} for as many layers of "
                    f"weights, got {found}"
                )
                raise ValueError(message)
        return self


def as_attractor(workload: WorkloadDescription) -> AttractorDescription:
    """Return a workload as what it is, an attractor workload.

    Raises
    ------
    InputError
        If it is of another kind.
    """
    if isinstance(workload, AttractorDescription):
        return workload
    message = (
        f"workload {workload.name}: expected kind attractor, got {workload.kind}; the baseline of "
        "a GPU is known for that kind only"
    )
    raise InputError(message)
