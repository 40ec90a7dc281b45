"""The loop for segments that use no finite buffer."""

from __future__ import annotations

from archsim.engine._kernel.calendar import Codes, drop, first, put, swap
from archsim.engine._kernel.compiled import AHEAD, entry, fetch, wide
from archsim.engine._kernel.records import Queues, Tasks
from archsim.engine._kernel.tasks import complete, hold
from archsim.mapping.program import IntArray

__all__ = ["run_queues"]


@entry
def run_queues(queues: Queues, tasks: Tasks, keys: IntArray, codes: Codes, bits: int) -> int:
    """Find the start of every visit; return when the segment ends."""
    size = end = released = 0
    while True:
        tick, visit = first(keys, codes, bits, size)
        fresh = tasks.release_ticks[released] < tick or (
            tasks.release_ticks[released] == tick and tasks.release_visits[released] < visit
        )
        if fresh:
            tick, visit = tasks.release_ticks[released], tasks.release_visits[released]
            released += 1
            ahead = min(released + AHEAD, len(tasks.release_visits) - 2)
            fetch(queues.visits, tasks.release_visits[ahead])
        elif not size:
            return end
        one = queues.visits[visit]
        number = wide(one.station)
        station = queues.stations[number]
        start = max(tick, station.last)
        held = one.occupancy
        if held:
            start = max(start, station.free)
            hold(queues.stations, queues.servers, number, start + held)
        station.last = start
        one.tick = start
        over = start + one.latency
        end = max(end, over, start + held)
        then = wide(one.then)
        if then == 0 and fresh:
            size = put(keys, codes, bits, size, over, visit + 1)
        elif then == 0:
            swap(keys, codes, bits, size, over, visit + 1)
        else:
            if not fresh:
                size = drop(keys, codes, size)
            if then > 0:
                size, latest = complete(tasks, keys, codes, bits, size, over, then - 1)
                end = max(end, latest)
