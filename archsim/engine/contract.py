"""The contract of every engine: the timing rules in prose, and what goes in and comes out.

A program's stations, tasks and visits are defined in `archsim.mapping.program`. An engine is given
one segment after another and returns for each the tick at which every visit arrived and started.
Two engines are equal when these arrays are equal, compared with ``==``.

Time
    All times are integers, in femtoseconds ("ticks"). Inside a segment they count from its begin.

Tasks
    A task is ready at the larger of its release and the completion of its last dependency. With
    visits it arrives at the first one's station when it is ready; it arrives at the next one's
    station `latency` after the start of the one before; it completes `latency` after the start of
    its last visit. Without visits it completes when it is ready.

One tick has three phases
    1. Servers and buffer places that are due become free.
    2. All visits that arrive now join their queues; tasks without visits complete at once. Within
       the phase the order is that of task ids.
    3. Stations start visits, in ascending station number.

    Every effect of a start on another station lies at least one tick later (latency ≥ 1,
    credit ≥ 1, occupancy ≥ 1 when leaving a finite buffer); the read port shared by the channels
    of one buffer is the one exception, and the ascending order of stations settles it.

Stations
    A station holds a server for the occupancy of each visit; a visit of occupancy 0 takes none.
    Its queue is ordered by (arrival tick, task id). In phase 3 it starts the first of the queue
    while that one can start; nothing passes one that waits in the same queue. Servers are alike,
    and the lowest-numbered free one serves.

Finite buffers
    The buffer behind a station has `channels` first-in-first-out channels of `depth` flits. A visit
    that is not its task's last takes as many places as its packet has flits, in the channel that
    lowering chose, from its start on, and can start only when they are free. The packet enters
    the channel when it arrives at the far end; the order in a channel is (arrival tick, task id).

    Only the head of a channel asks for its next station. A head asks when it arrives if its
    channel was empty and open; the next one in the channel asks from the start of the head before
    it plus that start's occupancy plus `head_ticks` on, and never before it arrived itself.
    All channels of one buffer share one read port, which a start holds for its occupancy.
    Places return `credit_ticks` after the end of that occupancy and count in phase 1 of that tick.

    In phase 3 a station chooses among the heads that ask for it, and the first of its own queue
    (tasks that come from no finite buffer), the one with the smallest (arrival tick, task id)
    among those that can start: server, port and places free. It goes on until none can. So a head
    without room holds back its own channel and no other. The queue is one, whatever channels those
    in it are to take: its first without room holds back all behind it.

Multicast
    A trunk task ends at a fork; each branch is a task that depends on it and names it in
    `fork_of`. The trunk's last visit then does take places behind its station. When the trunk is
    head of its channel, each branch asks, in any order, from when it is ready. The places return
    after the start of the last branch, which also lets the next head move up.

Order of starts
    Visits start in the order of (start tick, station number, arrival tick, task id); within one
    station and tick that is the order of phase 3. Only a custom policy may break it.

End
    A segment ends at the largest of start + occupancy, start + latency, the ready ticks of tasks
    without visits, and the ticks at which places return. A segment whose tasks can't all finish is
    an error that names who waits for whom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from archsim.mapping.program import IntArray, Segment

__all__ = ["Engine", "Timing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What an engine found for one segment; ticks count from its begin, arrays are read-only."""

    arrival_ticks: IntArray
    """(m,) when each visit joined its queue. [fs]"""
    start_ticks: IntArray
    """(m,) when each visit started. [fs]"""
    end_tick: int
    """When the segment ended. [fs]"""
    order: IntArray | None = None
    """(m,) visits in the order in which they started; None if not asked for."""
    state_ticks: Mapping[tuple[int, str], int] = field(default_factory=dict)
    """(station, power state) → ticks, gap included, for stations under a custom policy. [fs]"""
    policy_counts: Mapping[tuple[int, str], int] = field(default_factory=dict)
    """(station, action) → acts that a custom policy counted."""

    def __post_init__(self) -> None:
        """Set all arrays read-only."""
        for array in (self.arrival_ticks, self.start_ticks, self.order):
            if array is not None:
                array.flags.writeable = False


class Engine(Protocol):
    """Whatever obeys the rules above."""

    def run(self, segment: Segment, *, ordered: bool = False) -> Timing:
        """Return the timing of the next segment.

        Parameters
        ----------
        segment : Segment
            Tasks to do, starting from an idle chip.
        ordered : bool
            Whether the order of starts is wanted, too.

        Raises
        ------
        ProgramError
            If the segment breaks a structural rule.
        DeadlockError
            If not all tasks can finish.
        ResourceError
            If ticks might not fit 64 bits.
        """
