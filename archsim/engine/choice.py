"""Which engine does the timing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from archsim.engine.contract import Engine
from archsim.engine.policy import Policy
from archsim.engine.reference import ReferenceEngine
from archsim.errors import InputError
from archsim.mapping.program import StationTable

__all__ = ["EngineName", "choose"]

EngineName = Literal["auto", "fast", "reference"]


def choose(
    name: EngineName, stations: StationTable, policies: Mapping[int, Policy] | None = None
) -> Engine:
    """Return an engine for a chip.

    Parameters
    ----------
    name : {"auto", "fast", "reference"}
        ``auto`` is the fast one wherever no custom policy is present. All give equal results.
    stations : StationTable
        The stations of the chip.
    policies : mapping of int to callable, optional
        Station number → generator function that replaces the station's queue discipline.

    Raises
    ------
    InputError
        If the name is unknown, or the fast engine is to follow a custom policy.
    ProgramError
        If a station is impossible.
    """
    if name not in ("auto", "fast", "reference"):
        raise InputError(f"engine: expected auto, fast or reference, got {name!r}")
    if policies and name == "fast":
        ruled = ", ".join(stations[number].name for number in sorted(policies))
        raise InputError(
            f"engine fast: takes no custom policy, and there is one for {ruled}; choose auto or "
            f"reference"
        )
    if policies or name == "reference":
        return ReferenceEngine(stations, policies=policies)
    from archsim.engine.fast import FastEngine  # noqa: PLC0415 - half a second for the compiler

    return FastEngine(stations)
