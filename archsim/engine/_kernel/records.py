"""Records and arrays that the loops work on. An index is -1 where there is none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.mapping.program import IntArray

__all__ = [
    "CHANNEL",
    "STATION",
    "STOP",
    "VISIT",
    "Arrays",
    "Buffers",
    "Floor",
    "IntArray",
    "Queues",
    "Records",
    "Tasks",
]

Records = NDArray[np.void]

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
        ("tick", "i8"),  # when it arrived; from its start on, when it started; -1: neither
        ("back", "i8"),  # when the places that it took return
        ("station", "i4"),
        ("takes", "i4"),  # channel that it takes places in
        ("leaves", "i4"),  # channel that it starts from
        ("flits", "i4"),
        ("link", "i4"),  # next in the queue, in the channel, and then among places on their way
        ("after", "i4"),  # next among the heads that ask for the station
        ("then", "i4"),  # what follows it: see passes.follows
        ("fork", "i4"),  # of a branch: the last visit of its trunk
    ]
)
"""One visit where there are finite buffers, and its part in every list; a line of a cache."""

STOP = np.dtype(
    [
        ("occupancy", "i8"),
        ("latency", "i8"),
        ("tick", "i8"),  # when it starts
        ("station", "i4"),
        ("then", "i4"),  # as in VISIT
    ]
)
"""One visit where there are none."""


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
    scale: int
    """A task's first event has this times its first visit as code."""


class Queues(NamedTuple):
    """What `run_queues` works on besides tasks and calendar."""

    visits: Records
    """`STOP`s."""
    stations: Records
    servers: IntArray
    """When each server of the stations with several is free: a heap per station."""


class Floor(NamedTuple):
    """What `run_buffers` works on besides the calendar."""

    tasks: Tasks
    visits: Records
    """`VISIT`s."""
    stations: Records
    channels: Records
    servers: IntArray
    """As in `Queues`."""
    awake: IntArray
    """Stations that are to look in this tick: a heap."""
    numbers: IntArray
    fork_bounds: IntArray
    """(n+1,) slices of `branches`."""
    branches: IntArray
    left: IntArray
    """(n,) branches of a trunk that have not started."""
