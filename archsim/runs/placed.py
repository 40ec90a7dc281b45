"""Where the blocks of a workload stand on a chip."""

from __future__ import annotations

from archsim.chip.chip import Chip
from archsim.components.behaviour import Behaviour
from archsim.components.substrate import Substrate
from archsim.mapping.place import Placement, place
from archsim.mapping.traffic import traffic_of
from archsim.workload import SyntheticDescription, WorkloadDescription

__all__ = ["placed"]


def placed(
    task: WorkloadDescription, substrate: Substrate, chip: Chip, behaviour: Behaviour
) -> Placement:
    """Return the placement of a workload's blocks, as the chip's section `mapping` says.

    Parameters
    ----------
    task : WorkloadDescription
        The workload.
    substrate : Substrate
        Its weights; a synthetic workload has none, and its blocks are known by their shapes.
    chip : Chip
        The chip.
    behaviour : Behaviour
        What its arrays are like.

    Raises
    ------
    InputError
        If the chip has too few arrays.
    """
    if isinstance(task, SyntheticDescription):
        wanted = getattr(chip.description, "mapping", None)
        by_traffic = wanted is not None and wanted.placement == "traffic"
        traffic = traffic_of(task.segment(behaviour)) if by_traffic else None
        return place(task.blocks(behaviour), planes=behaviour.planes, chip=chip, traffic=traffic)
    return place(substrate.blocks, planes=behaviour.planes, chip=chip, note=substrate.room)
