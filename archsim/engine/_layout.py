"""Records and arrays that the compiled loops work on, and the passes that fill and read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from archsim.mapping.program import IntArray

__all__ = [
    "CHANNEL",
    "FAR",
    "STATION",
    "VISIT",
    "Arrays",
    "Buffers",
    "Records",
    "arrivals",
    "entry",
    "fill",
    "invert",
    "mark_ends",
    "part",
    "prepare",
    "split",
    "survey",
]

Function = TypeVar("Function", bound=Callable[..., Any])
Records = NDArray[np.void]

FAR = (1 << 63) - 1
"""Later than every tick."""

STATION = np.dtype(
    [
        ("free", "i8"),  # when its first server is free
        ("last", "i8"),  # its latest start
        ("wake", "i8"),  # when it is to look next; FAR: not set
        ("port", "i8"),  # until when the read port of the buffer behind it is held
        ("servers", "i4"),
        ("first_server", "i4"),  # of several: where their ticks begin
        ("heads", "i4"),  # first of the visits that ask as heads of channels
        ("queue", "i4"),  # first visit of its own queue
        ("tail", "i4"),  # last visit of that
        ("awake", "i4"),  # 1: is to look in this tick
    ]
)
"""What happens at a station. Here and below an index is -1 where there is none."""

CHANNEL = np.dtype(
    [
        ("open", "i8"),  # from when the head may ask
        ("head_ticks", "i8"),
        ("credit_ticks", "i8"),
        ("station", "i4"),  # the one that the buffer is behind
        ("head", "i4"),  # code of the first packet inside
        ("tail", "i4"),  # code of the last one
        ("room", "i4"),  # free places
        ("due", "i4"),  # places on their way back
        ("back", "i4"),  # first visit whose places are on their way back
        ("back_tail", "i4"),  # last one
        ("need", "i4"),  # places that a visit waits for while too few are on their way; or 0
    ]
)
"""One channel of a buffer. Packets are known by codes: twice the visit that they want to start, or
of a trunk that has come to its fork, twice its last visit plus 1."""

VISIT = np.dtype(
    [
        ("occupancy", "i8"),
        ("latency", "i8"),
        ("arrival", "i8"),
        ("back", "i8"),  # when the places that it took return
        ("station", "i4"),
        ("takes", "i4"),  # channel that it takes places in
        ("leaves", "i4"),  # channel that it starts from
        ("flits", "i4"),
        ("link", "i4"),  # next in the queue, in the channel, and then among places on their way
        ("after", "i4"),  # next among the heads that ask for the station
        ("then", "i4"),  # what follows: see _follows
        ("fork", "i4"),  # of a branch: the last visit of its trunk
    ]
)
"""One visit, and its part in every list; 64 bytes, one line of a cache."""


def _cached(**options: bool) -> Callable[[Function], Function]:
    """Return numba's decorator; without a cache where no folder can be written."""

    def decorate(function: Function) -> Function:
        try:
            return cast(Function, numba.njit(cache=True, nogil=True, **options)(function))
        except RuntimeError:
            return cast(Function, numba.njit(nogil=True, **options)(function))

    return decorate


# Counting references to arrays would cost more than half of the time, and protects nothing here.
entry = _cached(_nrt=False)
part = _cached(_nrt=False, forceinline=True)


def prepare(kernel: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Make `kernel` ready for calls like this one; return whether it had to be compiled."""
    dispatcher = cast(Any, kernel)
    before = sum(dispatcher.stats.cache_misses.values())
    dispatcher.compile(tuple(numba.typeof(argument) for argument in arguments))
    return bool(sum(dispatcher.stats.cache_misses.values()) > before)


class Arrays(NamedTuple):
    """The arrays of a segment that timing depends on."""

    release_ticks: IntArray
    flits: IntArray
    visit_offsets: IntArray
    dependency_offsets: IntArray
    dependencies: IntArray
    station: IntArray
    occupancy_ticks: IntArray
    latency_ticks: IntArray
    channel: IntArray
    count: IntArray


class Buffers(NamedTuple):
    """The buffers of a chip."""

    first_channel: IntArray
    """(stations+1,) first channel of the buffer behind each station."""
    depth: IntArray
    """(stations,) flits that each of its channels holds; 0: no limit."""


class Tasks(NamedTuple):
    """Tasks, and what becomes of those that depend on others."""

    ready: IntArray
    """(n,) release, then the latest completion of a dependency."""
    pending: IntArray
    """(n,) dependencies that are not complete."""
    first: IntArray
    """(n+1,) first visit."""
    bounds: IntArray
    """(n+1,) slices of `dependents`."""
    dependents: IntArray
    stack: IntArray
    """(n,) complete tasks whose dependents are yet to be told."""
    release_ticks: IntArray
    """When tasks without dependencies are released, ascending, with `FAR` at the end."""
    release_visits: IntArray
    """Their first visits, ascending within a tick; anything at the end."""
    roots: IntArray
    """Tasks without dependencies and without visits."""


class Queues(NamedTuple):
    """What `run_queues` works on besides tasks and calendar."""

    station: IntArray
    occupancy: IntArray
    latency: IntArray
    then: IntArray
    stations: Records
    servers: IntArray
    """When each server of the stations with several is free: a heap per station."""
    starts: IntArray


class Floor(NamedTuple):
    """What `run_buffers` works on besides the calendar."""

    tasks: Tasks
    visits: Records
    stations: Records
    channels: Records
    servers: IntArray
    """As in `Queues`."""
    awake: IntArray
    """Stations that are to look in this tick: a heap."""
    starts: IntArray
    numbers: IntArray
    fork_bounds: IntArray
    """(n+1,) slices of `branches`."""
    branches: IntArray
    left: IntArray
    """(n,) branches of a trunk that have not started."""


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
        sound &= (held >= 0) & (latency >= 1) & (arrays.count[visit] >= 0)
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


@part
def _follows(bounds: IntArray, task: int) -> int:
    """Return what a last visit notes: -1, or 1 + its task if others depend on it."""
    if len(bounds) and bounds[task + 1] > bounds[task]:
        return task + 1
    return -1


@entry
def mark_ends(arrays: Arrays, bounds: IntArray, then: IntArray) -> None:
    """Fill in what follows each visit: 0, the next one of its task, or see `_follows`.

    `bounds` is empty if no task depends on another.
    """
    offsets = arrays.visit_offsets
    then[:] = 0
    for task in range(len(offsets) - 1):
        if offsets[task + 1] > offsets[task]:
            then[offsets[task + 1] - 1] = _follows(bounds, task)


@entry
def fill(
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
            one.occupancy = arrays.occupancy_ticks[visit] // unit
            one.latency = arrays.latency_ticks[visit] // unit
            one.arrival = -1
            one.flits = flits
            one.then = 0
            one.fork = -1
            one.leaves = takes
            sound &= (takes < 0) | (one.occupancy >= 1)
            takes = -1
            if visit + 1 == offsets[task + 1]:
                one.then = _follows(bounds, task)
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
def arrivals(
    arrays: Arrays, ready: IntArray, unit: int, starts: IntArray, found: IntArray
) -> None:
    """Scale `starts` by the unit of time, and fill in when each visit arrived."""
    offsets = arrays.visit_offsets
    for task in range(len(ready)):
        tick = ready[task] * unit
        for visit in range(offsets[task], offsets[task + 1]):
            found[visit] = tick
            starts[visit] *= unit
            tick = starts[visit] + arrays.latency_ticks[visit]
