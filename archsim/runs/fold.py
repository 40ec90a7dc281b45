"""The fold of a run: each trace segment is lowered, timed, booked as it comes, and forgotten."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from archsim.engine import Engine, Timing
from archsim.ledger import Ledger
from archsim.mapping import lower
from archsim.mapping.lower import Lowering
from archsim.mapping.lower_spikes import spike_segment
from archsim.mapping.program import Segment
from archsim.trace import TRAINING_PHASES, SpikeSegment, TraceSegment

__all__ = ["EventRow", "EventSink", "Fold"]

AnySegment = TraceSegment | SpikeSegment

EventRow = tuple[int, int, int, str, str, str, str, int, int, int, int]
"""segment, task, visit, tile, component, action, phase, arrival, start, busy ticks, count."""

EventSink = Callable[[EventRow], None]


@dataclass(slots=True)
class Fold:
    """A sink for trace segments that keeps no segment.

    Parameters
    ----------
    lowering : Lowering
        Turns ops into tasks.
    engine : Engine
        Times them.
    events : callable, optional
        Receives one row per booked count of every visit, in the order in which visits start. The
        first row of a visit carries its busy ticks, the rows of its side counts carry 0.
    """

    lowering: Lowering
    engine: Engine
    events: EventSink | None = None
    watch: Callable[[Segment, Timing], None] | None = None
    """Told of every segment with its timing, before both are forgotten."""
    ledger: Ledger = field(init=False)
    longest: int = 0
    """Visits of the longest segment so far."""
    late: int = 0
    """Windows of real time that the chip needed longer than."""
    _since: int = 0
    """Ticks since the last window ended."""

    def __post_init__(self) -> None:
        """Open an empty ledger."""
        self.ledger = Ledger(accounts=self.lowering.accounts, stations=self.lowering.stations)

    def __call__(self, trace: AnySegment) -> None:
        """Book one trace segment."""
        if isinstance(trace, TraceSegment):
            segment = self.lowering.segment(trace)
        else:
            segment = spike_segment(self.lowering, trace)
        self.longest = max(self.longest, segment.visit_count)
        started = None if self.events is None else self._recorder(segment, self.events)
        timing = self.engine.run(segment, started=started)
        segment = self._paced(segment, timing.end_tick, trace)
        if self.watch is not None:
            self.watch(segment, timing)
        self.ledger.add(
            segment,
            arrival_ticks=timing.arrival_ticks,
            start_ticks=timing.start_ticks,
            end_tick=timing.end_tick,
            state_ticks=timing.state_ticks,
            policy_counts=timing.policy_counts,
        )

    def _paced(self, segment: Segment, end_tick: int, trace: AnySegment) -> Segment:
        """Return a segment with the gap that real time leaves behind it.

        Programming and evaluation lie outside the windows.
        """
        if segment.phase not in TRAINING_PHASES:
            return segment
        self._since += end_tick
        if not trace.window:
            return segment
        gap = lower.ticks(trace.window) - self._since
        self._since = 0
        self.late += gap < 0
        return replace(segment, gap_ticks=gap) if gap > 0 else segment

    def _recorder(self, segment: Segment, events: EventSink) -> Callable[[int, int, int], None]:
        number = self.ledger.segments
        accounts = self.lowering.accounts
        tasks = [0] * segment.visit_count
        bounds = segment.visit_offsets.tolist()
        for task, (begin, end) in enumerate(itertools.pairwise(bounds)):
            tasks[begin:end] = [task] * (end - begin)
        side: dict[int, list[tuple[int, int]]] = {}
        columns = (segment.side_visit, segment.side_account, segment.side_count)
        for visit, account, count in zip(*(column.tolist() for column in columns), strict=True):
            side.setdefault(visit, []).append((account, count))

        def record(visit: int, arrival: int, start: int) -> None:
            busy = int(segment.occupancy_ticks[visit])
            booked = [(int(segment.account[visit]), int(segment.count[visit]), busy)]
            booked += [(account, count, 0) for account, count in side.get(visit, ())]
            for account, count, ticks in booked:
                if account >= 0:
                    phase, tile, component, action = accounts[account]
                    place = (tile, component, action, phase)
                    events((number, tasks[visit], visit, *place, arrival, start, ticks, count))

        return record
