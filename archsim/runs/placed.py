"""What a workload stands on, and what is known of its traffic before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archsim.chip import ChipDescription, CrossbarDescription, TiledDescription
from archsim.components.bit_sliced import substrate_of
from archsim.components.cores import Cores, cores_for
from archsim.components.substrate import Substrate
from archsim.errors import InputError
from archsim.mapping.traffic import Traffic, traffic_of
from archsim.trace import Block, Recorder
from archsim.workload import SyntheticDescription, WorkloadDescription

__all__ = ["blocks_of", "ground_of", "known_traffic", "tiled"]


def tiled(machine: ChipDescription) -> TiledDescription:
    """Return a chip that workloads run on.

    Raises
    ------
    InputError
        If it is one of another kind, such as a GPU.
    """
    if not isinstance(machine, TiledDescription):
        raise InputError(
            f"chip {machine.name}: expected a chip of kind crossbar or "
            f"neuron_cores, got kind {machine.kind}; "
            "set a run beside a GPU with compare"
        )
    return machine


def ground_of(
    task: WorkloadDescription,
    machine: TiledDescription,
    *,
    seed: int,
    recorder: Recorder | None = None,
) -> Substrate | Cores:
    """Return what a workload computes on: fresh cells, or digital cores.

    Parameters
    ----------
    task : WorkloadDescription
        The workload.
    machine : TiledDescription
        The chip; of crossbars only the behaviour counts, of digital cores nothing.
    seed : int
        Seed of the devices.
    recorder : Recorder, optional
        Gets every act.

    Raises
    ------
    InputError
        If the chip has no arrays and the workload needs them.
    """
    if not isinstance(machine, CrossbarDescription):
        return cores_for(
            task.name, task.shapes, chip=machine.name, kind=machine.kind, recorder=recorder
        )
    shapes = {} if isinstance(task, SyntheticDescription) else task.shapes
    return substrate_of(machine.behaviour, shapes, seed=seed, recorder=recorder)


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
