"""Events: what was booked, visit by visit, in the order in which visits started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from archsim.engine import Timing
from archsim.errors import ModelError
from archsim.mapping.program import AccountTable, IntArray, Segment

__all__ = ["EventBatch", "EventRow", "EventSink", "events_of"]

EventRow = tuple[int, int, int, str, str, str, str, int, int, int, int]
"""segment, task, visit, tile, component, action, phase, arrival, start, busy ticks, count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch:
    """The events of one segment; n of them, one for each booked count of every visit.

    The first event of a visit carries its busy ticks, those of its side counts carry 0.
    """

    accounts: AccountTable
    segment: int
    """Running number of the segment."""
    task: IntArray
    """(n,) task number within the segment."""
    visit: IntArray
    """(n,) visit number within the segment."""
    account: IntArray
    """(n,) account number."""
    arrival_ticks: IntArray
    """(n,) when the visit joined its queue, from the segment's begin. [fs]"""
    start_ticks: IntArray
    """(n,) when it started. [fs]"""
    busy_ticks: IntArray
    """(n,) how long it held a server. [fs]"""
    count: IntArray
    """(n,) acts, in the account's own scale."""

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.visit)

    def columns(self) -> dict[str, IntArray]:
        """Return the columns of numbers by the names that they have in tables."""
        return {
            "task": self.task,
            "visit": self.visit,
            "arrival_tick": self.arrival_ticks,
            "start_tick": self.start_ticks,
            "busy_ticks": self.busy_ticks,
            "count": self.count,
        }

    def rows(self) -> Iterator[EventRow]:
        """Yield the events one by one."""
        columns = (self.account, *self.columns().values())
        for account, task, visit, arrival, start, busy, count in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            phase, tile, component, action = self.accounts[account]
            place = (tile, component, action, phase)
            yield (self.segment, task, visit, *place, arrival, start, busy, count)


EventSink = Callable[[EventBatch], None]


def events_of(
    segment: Segment, timing: Timing, *, number: int, accounts: AccountTable
) -> EventBatch:
    """Return the events of a segment.

    Parameters
    ----------
    segment : Segment
        What was done.
    timing : Timing
        When, with the order of starts.
    number : int
        Running number of the segment.
    accounts : AccountTable
        The accounts that its visits name.

    Raises
    ------
    ModelError
        If the timing has no order.
    """
    if timing.order is None:
        raise ModelError("events: expected a timing with the order of starts, got one without")
    order = timing.order
    booked = segment.account >= 0
    visit = order if booked.all() else order[booked[order]]
    account, count = segment.account[visit], segment.count[visit]
    busy = segment.occupancy_ticks[visit]
    side = np.flatnonzero(segment.side_account >= 0)
    if len(side):
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        visit = np.concatenate((visit, segment.side_visit[side]))
        rows = np.argsort(rank[visit], kind="stable")  # a visit's own count comes first
        visit = visit[rows]
        account = np.concatenate((account, segment.side_account[side]))[rows]
        count = np.concatenate((count, segment.side_count[side]))[rows]
        busy = np.concatenate((busy, np.zeros_like(side)))[rows]
    owner = np.repeat(np.arange(segment.task_count), np.diff(segment.visit_offsets))
    return EventBatch(
        accounts=accounts,
        segment=number,
        task=owner[visit],
        visit=visit,
        account=account,
        arrival_ticks=timing.arrival_ticks[visit],
        start_ticks=timing.start_ticks[visit],
        busy_ticks=busy,
        count=count,
    )
