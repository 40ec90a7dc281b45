"""The fold of a run: each trace segment is lowered, timed, booked as it comes, and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from archsim.engine import Engine, Timing
from archsim.ledger import Ledger
from archsim.mapping.lower import Lowering
from archsim.mapping.lower_batches import batch_segment
from archsim.mapping.lower_spikes import spike_segment
from archsim.mapping.lower_steps import StepLowering
from archsim.mapping.program import Segment
from archsim.mapping.ticks import ticks
from archsim.runs.events import EventSink, events_of
from archsim.trace import TRAINING_PHASES, AnySegment, BatchSegment, StepSegment, TraceSegment

__all__ = ["AnySegment", "Fold"]


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
        Receives the events of every segment, in the order in which visits start.
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
    _steps: StepLowering = field(init=False)

    def __post_init__(self) -> None:
        """Open an empty ledger."""
        self._steps = StepLowering(self.lowering)
        self.ledger = Ledger(accounts=self.lowering.accounts, stations=self.lowering.stations)

    def __call__(self, trace: AnySegment) -> None:
        """Book one trace segment."""
        if isinstance(trace, TraceSegment):
            segment = self.lowering.segment(trace)
        elif isinstance(trace, BatchSegment):
            segment = batch_segment(self.lowering, trace)
        elif isinstance(trace, StepSegment):
            segment = self._steps.segment(trace)
        else:
            segment = spike_segment(self.lowering, trace)
        self.longest = max(self.longest, segment.visit_count)
        timing = self.engine.run(segment, ordered=self.events is not None)
        if self.events is not None:
            accounts = self.lowering.accounts
            number = self.ledger.segments
            self.events(events_of(segment, timing, number=number, accounts=accounts))
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
        if segment.phase not in TRAINING_PHASES or isinstance(trace, StepSegment):
            return segment
        self._since += end_tick
        if not trace.window:
            return segment
        gap = ticks(trace.window) - self._since
        self._since = 0
        self.late += gap < 0
        return replace(segment, gap_ticks=gap) if gap > 0 else segment
