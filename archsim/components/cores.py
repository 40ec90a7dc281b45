"""Cores: what a network runs on where weights are digital and arithmetic is exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archsim.errors import InputError
from archsim.trace.recorder import Recorder

__all__ = ["Cores", "cores_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Digital cores, in the place that a `Substrate` has on chips with arrays."""

    recorder: Recorder | None = None
    """Gets what the network does; the network does the same without it."""


def cores_for(
    workload: str,
    shapes: Mapping[str, tuple[int, int]],
    *,
    chip: str,
    kind: str,
    recorder: Recorder | None = None,
) -> Cores:
    """Return the cores that a workload runs on.

    Parameters
    ----------
    workload : str
        Its name.
    shapes : mapping
        Its matrices in arrays; none.
    chip, kind : str
        Name and kind of the chip.
    recorder : Recorder, optional
        Gets what the network does.

    Raises
    ------
    InputError
        If the workload needs arrays.
    """
    if shapes:
        raise InputError(
            f"workload {workload}, which learns weights in arrays: expected a chip of kind "
            f"crossbar, got {chip} of kind {kind}"
        )
    return Cores(recorder=recorder)
