"""Passes over a segment before and after a loop: checks, records, arrival ticks."""

from __future__ import annotations

from archsim.engine._kernel.compiled import entry, part
from archsim.engine._kernel.records import Arrays, Buffers, Records
from archsim.mapping.program import IntArray

__all__ = [
    "DIGIT",
    "fill_stops",
    "fill_visits",
    "invert",
    "settle",
    "sort",
    "split",
    "survey",
    "unroll",
]

DIGIT = 11
"""Bits of a digit of `sort`: its counts fit the processor's first cache."""


@entry
def survey(arrays: Arrays, stations: int) -> tuple[bool, float]:
    """Return whether shapes and numbers are allowed, and a bound of the sum of all times."""
    tasks, visits = len(arrays.release_ticks), len(arrays.station)
    sound = arrays.visit_offsets[0] == 0 and arrays.visit_offsets[tasks] == visits
    latest = 0
    for task in range(tasks):
        latest = max(latest, arrays.release_ticks[task])
        sound &= (arrays.release_ticks[task] >= 0) & (arrays.flits[task] >= 1)
        sound &= arrays.visit_offsets[task] <= arrays.visit_offsets[task + 1]
    total = float(latest)
    for visit in range(visits):
        held, latency = arrays.occupancy_ticks[visit], arrays.latency_ticks[visit]
        sound &= (arrays.station[visit] >= 0) & (arrays.station[visit] < stations)
        sound &= (held >= 0) & (latency >= 1)
        total += float(held) + float(latency)
    return sound, total


@entry
def invert(arrays: Arrays, bounds: IntArray, dependents: IntArray) -> bool:
    """Fill in the dependents of every task; return whether all depend on lower ids only.

    Parameters
    ----------
    arrays : Arrays
        The segment.
    bounds : ndarray, shape (tasks+1,)
        Zeros; receives the slices of `dependents`.
    dependents : ndarray, shape (dependencies,)
        Receives the dependents of one task after another, each ascending.
    """
    offsets, dependencies = arrays.dependency_offsets, arrays.dependencies
    tasks = len(bounds) - 1
    if offsets[0] != 0 or offsets[tasks] != len(dependencies):
        return False
    for task in range(tasks):
        if offsets[task] > offsets[task + 1]:
            return False
        for place in range(offsets[task], offsets[task + 1]):
            if dependencies[place] < 0 or dependencies[place] >= task:
                return False
            bounds[dependencies[place]] += 1
    total = 0
    for task in range(tasks + 1):
        total += bounds[task]
        bounds[task] = total
    for task in range(tasks - 1, -1, -1):
        for place in range(offsets[task + 1] - 1, offsets[task] - 1, -1):
            needed = dependencies[place]
            bounds[needed] -= 1
            dependents[bounds[needed]] = task
    return True


@entry
def settle(
    arrays: Arrays, ready: IntArray, pending: IntArray, links: tuple[IntArray, IntArray]
) -> int:
    """Complete tasks without visits that wait for no visit; return when the last one does.

    `links` is what `invert` found.
    """
    bounds, dependents = links
    latest = 0
    offsets = arrays.visit_offsets
    for task in range(len(ready)):
        if pending[task] or offsets[task] < offsets[task + 1]:
            continue
        latest = max(latest, ready[task])
        for place in range(bounds[task], bounds[task + 1]):
            dependent = dependents[place]
            ready[dependent] = max(ready[dependent], ready[task])
            pending[dependent] -= 1
    return latest


@part
def follows(bounds: IntArray, task: int) -> int:
    """Return what the last visit of a task notes: 1 + the task if others depend on it, else -1.

    All other visits note 0: the next visit of the task follows.
    """
    if bounds[task + 1] > bounds[task]:
        return task + 1
    return -1


@entry
def fill_stops(stops: Records, arrays: Arrays, bounds: IntArray, unit: int) -> None:
    """Fill the records of all visits, without buffers, with times divided by `unit`."""
    offsets = arrays.visit_offsets
    for task in range(len(offsets) - 1):
        for visit in range(offsets[task], offsets[task + 1]):
            one = stops[visit]
            one.station = arrays.station[visit]
            one.occupancy = scaled(arrays.occupancy_ticks[visit], unit)
            one.latency = scaled(arrays.latency_ticks[visit], unit)
            one.then = 0
        if offsets[task + 1] > offsets[task]:
            stops[offsets[task + 1] - 1].then = follows(bounds, task)


@part
def scaled(ticks: int, unit: int) -> int:
    """Return ticks in units; divisions are slow, and seldom needed."""
    return ticks if unit == 1 else ticks // unit


@entry
def fill_visits(
    visits: Records, arrays: Arrays, buffers: Buffers, bounds: IntArray, unit: int
) -> tuple[bool, bool]:
    """Fill the records of all visits, with times divided by `unit`.

    Returns
    -------
    bool
        Whether channels, lengths and occupancies are allowed.
    bool
        Whether any visit takes places.
    """
    sound, buffered = True, False
    offsets = arrays.visit_offsets
    for task in range(len(offsets) - 1):
        takes = -1
        flits = arrays.flits[task]
        for visit in range(offsets[task], offsets[task + 1]):
            one = visits[visit]
            number = arrays.station[visit]
            one.station = number
            one.occupancy = scaled(arrays.occupancy_ticks[visit], unit)
            one.latency = scaled(arrays.latency_ticks[visit], unit)
            one.tick = -1
            one.flits = flits
            one.then = 0
            one.fork = -1
            one.leaves = takes
            sound &= (takes < 0) | (one.occupancy >= 1)
            takes = -1
            if visit + 1 == offsets[task + 1]:
                one.then = follows(bounds, task)
            elif buffers.depth[number]:
                takes = buffers.first_channel[number] + arrays.channel[visit]
                sound &= (arrays.channel[visit] >= 0) & (takes < buffers.first_channel[number + 1])
                sound &= flits <= buffers.depth[number]
                buffered = True
            one.takes = takes
    return sound, buffered


@entry
def split(
    visits: Records, arrays: Arrays, buffers: Buffers, trunks: IntArray, branches: IntArray
) -> None:
    """Let trunks take places behind their last station, and their branches leave from there."""
    for trunk, branch in zip(trunks, branches):  # noqa: B905 - not known to the compiler
        last = arrays.visit_offsets[trunk + 1] - 1
        takes = buffers.first_channel[arrays.station[last]] + arrays.channel[last]
        visits[last].takes = takes
        one = visits[arrays.visit_offsets[branch]]
        one.leaves = takes
        one.fork = last


@entry
def unroll(
    arrays: Arrays, ready: IntArray, unit: int, visits: Records, found: tuple[IntArray, IntArray]
) -> None:
    """Fill in when each visit arrived and started [fs], from records of either kind."""
    arrived, started = found
    offsets = arrays.visit_offsets
    for task in range(len(ready)):
        tick = ready[task] * unit
        for visit in range(offsets[task], offsets[task + 1]):
            arrived[visit] = tick
            started[visit] = visits[visit].tick * unit
            tick = started[visit] + arrays.latency_ticks[visit]


@entry
def sort(keys: IntArray, order: IntArray, room: IntArray, counts: IntArray) -> None:
    """Bring `order`, indices of `keys`, into the order of keys; equal ones stay as they are.

    A radix sort from the lowest digit that differs to the highest: five times as fast as
    comparing. `room` is as long as `order`, and `counts` has a place for every digit.
    """
    lowest = keys[0] if len(keys) else 0
    for key in keys:
        lowest = min(lowest, key)
    differing = 0
    for key in keys:
        differing |= key - lowest
    shift = 0
    while differing and not (differing >> shift) & 1:
        shift += 1
    while differing >> shift:
        for digit in range(len(counts)):
            counts[digit] = 0
        for key in keys:
            counts[((key - lowest) >> shift) & (len(counts) - 1)] += 1
        total = 0
        for digit in range(len(counts)):
            total += counts[digit]
            counts[digit] = total - counts[digit]
        for index in order:
            digit = ((keys[index] - lowest) >> shift) & (len(counts) - 1)
            room[counts[digit]] = index
            counts[digit] += 1
        for place in range(len(order)):
            order[place] = room[place]
        shift += DIGIT
