"""Completing tasks and holding servers: what both loops do."""

from __future__ import annotations

from archsim.engine._kernel.calendar import Codes, put, sink
from archsim.engine._kernel.compiled import part
from archsim.engine._kernel.records import Records, Tasks
from archsim.mapping.program import IntArray

__all__ = ["complete", "hold"]


@part
def complete(
    tasks: Tasks,
    keys: IntArray,
    codes: Codes,
    bits: int,
    size: int,
    tick: int,
    task: int,
) -> tuple[int, int]:
    """Let `task` complete at `tick`, and then what only waited for that and visits nothing.

    Returns
    -------
    int
        Events in the heap; a task that is ready now has one.
    int
        The latest completion.
    """
    over = latest = tick
    depth = 0
    while True:
        for place in range(tasks.bounds[task], tasks.bounds[task + 1]):
            dependent = tasks.dependents[place]
            tasks.ready[dependent] = max(tasks.ready[dependent], over)
            tasks.pending[dependent] -= 1
            if tasks.pending[dependent]:
                continue
            visit = tasks.first[dependent]
            if visit < tasks.first[dependent + 1]:
                size = put(keys, codes, bits, size, tasks.ready[dependent], tasks.scale * visit)
            else:
                tasks.stack[depth] = dependent
                depth += 1
        if not depth:
            return size, latest
        depth -= 1
        task = tasks.stack[depth]
        over = tasks.ready[task]
        latest = max(latest, over)


@part
def hold(stations: Records, servers: IntArray, number: int, over: int) -> None:
    """Hold the first free server of a station until `over`."""
    station = stations[number]
    if station.servers == 1:
        station.free = over
    else:
        first = station.first_server
        sink(servers[first : first + station.servers], None, station.servers, over, 0)
        station.free = servers[first]
