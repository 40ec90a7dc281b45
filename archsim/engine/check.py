"""Structural checks of a segment, done before any engine starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.errors import ProgramError, ResourceError
from archsim.mapping.program import IntArray, Segment, StationTable

__all__ = ["TICK_LIMIT", "check_segment", "check_stations"]

TICK_LIMIT = 1 << 62
"""No tick of a segment may reach this. [fs]"""


def check_stations(stations: StationTable) -> None:
    """Raise ProgramError if a station cannot exist.

    Raises
    ------
    ProgramError
        If a station has no server, a buffer of size 0, or a negative or zero credit delay.
    """
    servers, channels, depth, head_ticks, credit_ticks = stations.columns
    wrong = (servers < 1) | (channels < 0) | (depth < 0) | ((channels == 0) != (depth == 0))
    wrong |= (head_ticks < 0) | (credit_ticks < 1)
    number = _first(wrong)
    if number < 0:
        return
    station = stations[number]
    where = f"station {number} ({station.name})"
    if station.servers < 1:
        raise ProgramError(f"{where}: expected at least 1 server, got {station.servers}")
    if station.channels < 0 or station.depth < 0:
        raise ProgramError(
            f"{where}: expected a buffer of at least 1 channel and 1 flit, got "
            f"{station.channels} channels of {station.depth} flits"
        )
    if (station.channels == 0) != (station.depth == 0):
        raise ProgramError(
            f"{where}: expected both channels and depth, or neither (an unbounded buffer), got "
            f"{station.channels} channels of {station.depth} flits"
        )
    raise ProgramError(
        f"{where}: expected head_ticks >= 0 and credit_ticks >= 1, got "
        f"{station.head_ticks} and {station.credit_ticks}"
    )


def check_segment(segment: Segment, stations: StationTable) -> None:
    """Raise an error that names the first task which breaks a rule.

    Raises
    ------
    ProgramError
        If an id, dependency, time, station, channel or length is not allowed.
    ResourceError
        If the sum of all times might exceed `TICK_LIMIT`.
    """
    _check_tasks(segment)
    _check_visits(segment, stations)
    _check_forks(segment, stations)
    _check_range(segment, stations)


def _refuse(segment: Segment, task: int, expected: str, got: object) -> None:
    raise ProgramError(f"{segment.label(task)}: expected {expected}, got {got}")


def _first(mask: NDArray[np.bool_]) -> int:
    return int(np.argmax(mask)) if mask.any() else -1


def _check_tasks(segment: Segment) -> None:
    if segment.gap_ticks < 0:
        raise ProgramError(f"segment: expected gap_ticks >= 0, got {segment.gap_ticks}")
    bad = _first(segment.release_ticks < 0)
    if bad >= 0:
        _refuse(segment, bad, "a release tick >= 0", segment.release_ticks[bad])
    bad = _first(segment.flits < 1)
    if bad >= 0:
        _refuse(segment, bad, "a packet of at least 1 flit", segment.flits[bad])
    owner = np.repeat(np.arange(segment.task_count), np.diff(segment.dependency_offsets))
    bad = _first((segment.dependencies >= owner) | (segment.dependencies < 0))
    if bad >= 0:
        found = int(segment.dependencies[bad])
        _refuse(segment, int(owner[bad]), "dependencies with lower ids than its own", found)


def _check_visits(segment: Segment, stations: StationTable) -> None:
    owner = np.repeat(np.arange(segment.task_count), np.diff(segment.visit_offsets))
    rules: list[tuple[NDArray[np.bool_], str, IntArray]] = [
        (
            (segment.station < 0) | (segment.station >= len(stations)),
            f"a station number below {len(stations)}",
            segment.station,
        ),
        (segment.occupancy_ticks < 0, "an occupancy >= 0", segment.occupancy_ticks),
        (segment.latency_ticks < 1, "a latency >= 1 tick", segment.latency_ticks),
        (segment.count < 0, "a count >= 0", segment.count),
    ]
    for mask, expected, values in rules:
        bad = _first(mask)
        if bad >= 0:
            _refuse(segment, int(owner[bad]), expected, int(values[bad]))
    channels, depth = stations.columns.channels, stations.columns.depth
    if not channels.any() or not len(owner):
        return
    kept = _takes_buffer(segment) & (channels[segment.station] > 0)
    bad = _first(kept & ((segment.channel < 0) | (segment.channel >= channels[segment.station])))
    if bad >= 0:
        expected = f"a channel below {channels[segment.station[bad]]}"
        _refuse(segment, int(owner[bad]), expected, int(segment.channel[bad]))
    bad = _first(kept & (segment.flits[owner] > depth[segment.station]))
    if bad >= 0:
        name = stations[int(segment.station[bad])].name
        expected = f"a packet of at most {depth[segment.station[bad]]} flits (the buffer of {name})"
        _refuse(segment, int(owner[bad]), expected, int(segment.flits[owner[bad]]))
    bad = _first(_leaves_buffer(segment, channels) & (segment.occupancy_ticks < 1))
    if bad >= 0:
        _refuse(segment, int(owner[bad]), "an occupancy >= 1 when leaving a finite buffer", 0)


def _takes_buffer(segment: Segment) -> NDArray[np.bool_]:
    """Return which visits, (m,), go on into the buffer behind their station."""
    kept = np.ones(segment.visit_count, dtype=np.bool_)
    ends = segment.visit_offsets[1:]
    last = ends[ends > segment.visit_offsets[:-1]] - 1
    kept[last] = False
    trunks = np.unique(segment.fork_of[segment.fork_of >= 0])
    trunks = trunks[ends[trunks] > segment.visit_offsets[trunks]]
    kept[ends[trunks] - 1] = True
    return kept


def _leaves_buffer(segment: Segment, channels: IntArray) -> NDArray[np.bool_]:
    """Return which visits, (m,), start from a finite buffer."""
    leaves = np.zeros(segment.visit_count, dtype=np.bool_)
    leaves[1:] = channels[segment.station[:-1]] > 0
    first = segment.visit_offsets[:-1]
    has = segment.visit_offsets[1:] > first
    leaves[first[has]] = False
    leaves[first[has & (segment.fork_of >= 0)]] = True
    return leaves


def _check_forks(segment: Segment, stations: StationTable) -> None:
    offsets = segment.dependency_offsets
    for branch in np.flatnonzero(segment.fork_of != -1).tolist():
        trunk = int(segment.fork_of[branch])
        if trunk not in segment.dependencies[offsets[branch] : offsets[branch + 1]]:
            _refuse(segment, branch, "a fork that is one of its dependencies", trunk)
        if segment.visit_offsets[branch + 1] == segment.visit_offsets[branch]:
            _refuse(segment, branch, "a branch with at least 1 visit", 0)
        end = int(segment.visit_offsets[trunk + 1])
        if end == segment.visit_offsets[trunk]:
            _refuse(segment, branch, "a trunk with at least 1 visit", 0)
        if stations.columns.channels[segment.station[end - 1]] == 0:
            name = stations[int(segment.station[end - 1])].name
            _refuse(segment, branch, "a trunk that ends before a finite buffer", name)


def _check_range(segment: Segment, stations: StationTable) -> None:
    delay = int((stations.columns.head_ticks + stations.columns.credit_ticks).max(initial=0))
    each = segment.occupancy_ticks.astype(np.float64) + segment.latency_ticks + float(delay)
    upto = np.concatenate(([0.0], np.cumsum(each)))[segment.visit_offsets[1:]]
    upto += np.maximum.accumulate(segment.release_ticks.astype(np.float64))
    bad = _first(upto >= TICK_LIMIT)
    if bad >= 0:
        raise ResourceError(
            f"{segment.label(bad)}: expected times that add up to less than {TICK_LIMIT:.3g} fs in "
            f"a segment, got {upto[bad]:.3g} fs up to this task; cut it into shorter segments"
        )
