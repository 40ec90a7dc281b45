"""The reference engine: the contract's rules on SimPy, written to be read and extended."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import simpy

from archsim.engine.buffers import BufferedRun
from archsim.engine.check import check_segment, check_stations
from archsim.engine.contract import Timing
from archsim.engine.policy import Policy, StationControl
from archsim.engine.room import check_room
from archsim.engine.simulation import SegmentRun
from archsim.errors import ProgramError
from archsim.mapping.program import Segment, StationTable

__all__ = ["ReferenceEngine"]

_VISIT_BYTES = 300
"""Seven lists of Python integers hold a visit. [bytes]"""
_TASK_BYTES = 400
"""A task, its dependents and its entries of the calendar. [bytes]"""


class ReferenceEngine:
    """Simulate segments one after another on one SimPy environment.

    Parameters
    ----------
    stations : StationTable
        The stations of the chip.
    policies : mapping of int to callable, optional
        Station number → generator function that replaces the station's queue discipline.

    Raises
    ------
    ProgramError
        If a station is impossible, or a policy is put on a station with a finite buffer.
    """

    def __init__(
        self, stations: StationTable, *, policies: Mapping[int, Policy] | None = None
    ) -> None:
        check_stations(stations)
        self._stations = stations
        self._buffered = any(station.channels for station in stations.stations)
        self._env = simpy.Environment(initial_time=0)
        self._base = 0
        self._controls: dict[int, StationControl] = {}
        self.event_count = 0
        """SimPy events that the engine scheduled so far."""
        for number, policy in sorted((policies or {}).items()):
            if self._buffered:
                name = stations[number].name
                raise ProgramError(f"station {name}: with finite buffers it takes no custom policy")
            self._controls[number] = StationControl(self._env, stations[number], policy)

    def run(self, segment: Segment, *, ordered: bool = False) -> Timing:
        """Return the timing of the next segment (see `archsim.engine.contract.Engine.run`)."""
        check_room(segment, visit_bytes=_VISIT_BYTES, task_bytes=_TASK_BYTES)
        check_segment(segment, self._stations)
        kind = BufferedRun if self._buffered else SegmentRun
        run = kind(self._env, self._base, self._stations, segment, self._controls)
        run.simulate()
        self.event_count += run.event_count
        next_base = self._base + run.end_tick + segment.gap_ticks
        while self._env.peek() < next_base:
            self._env.step()
        state_ticks: dict[tuple[int, str], int] = {}
        policy_counts: dict[tuple[int, str], int] = {}
        for number, control in self._controls.items():
            for state, ticks in control.take_states(self._base, next_base).items():
                state_ticks[number, state] = ticks
            for action, count in control.take_counts().items():
                policy_counts[number, action] = count
        self._base = next_base
        return Timing(
            arrival_ticks=np.array(run.arrival_ticks, dtype=np.int64),
            start_ticks=np.array(run.start_ticks, dtype=np.int64),
            end_tick=run.end_tick,
            order=np.array(run.order, dtype=np.int64) if ordered else None,
            state_ticks=state_ticks,
            policy_counts=policy_counts,
        )
