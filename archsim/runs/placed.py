"""What of a workload stands on a chip, and what is known of its traffic before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archsim.chip import ChipDescription, CrossbarDescription
from archsim.components.cores import Cores
from archsim.components.substrate import Substrate
from archsim.mapping.traffic import Traffic, traffic_of
from archsim.trace import Block
from archsim.workload import SyntheticDescription, WorkloadDescription

__all__ = ["blocks_of", "known_traffic"]


def blocks_of(task: WorkloadDescription, ground: Substrate | Cores) -> Sequence[Block]:
    """Return the blocks of a workload on what it runs on.

    A synthetic workload has no weights; its blocks are known by their shapes.
    """
    if not isinstance(ground, Substrate):
        return ()
    if isinstance(task, SyntheticDescription):
        return task.blocks(ground.behaviour)
    return ground.blocks


def known_traffic(
    task: WorkloadDescription, machine: ChipDescription
) -> Callable[[], Traffic] | None:
    """Return what tells the traffic between the blocks of a workload; None if nothing does yet.

    A synthetic workload alone says before it runs who sends what to whom.
    """
    if isinstance(machine, CrossbarDescription) and isinstance(task, SyntheticDescription):
        return lambda: traffic_of(task.segment(machine.behaviour))
    return None
