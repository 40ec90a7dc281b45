"""Taking tasks out of a segment, and putting segments one after another, as arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from archsim.mapping.program import IntArray, Segment

__all__ = ["joined", "owners", "taken"]

Mask = NDArray[np.bool_]


def owners(offsets: IntArray) -> IntArray:
    """Return the task of each entry of a column that these offsets slice."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def taken(segment: Segment, tasks: Mask, visits: Mask) -> Segment:
    """Return a segment of some tasks only, with some of their visits.

    Parameters
    ----------
    segment : Segment
        Where to take from.
    tasks : ndarray of bool, shape (n,)
        Which tasks.
    visits : ndarray of bool, shape (m,)
        Which visits; none of a task that is left out.

    Notes
    -----
    Numbers in `dependencies` and `fork_of` stay as they are.
    """
    asked = tasks[owners(segment.dependency_offsets)]
    side = visits[segment.side_visit]
    place = np.cumsum(visits) - 1
    return replace(
        segment,
        station=segment.station[visits],
        occupancy_ticks=segment.occupancy_ticks[visits],
        latency_ticks=segment.latency_ticks[visits],
        channel=segment.channel[visits],
        account=segment.account[visits],
        count=segment.count[visits],
        release_ticks=segment.release_ticks[tasks],
        flits=segment.flits[tasks],
        fork_of=segment.fork_of[tasks],
        dependency_offsets=_offsets(segment.dependency_offsets, asked, tasks),
        dependencies=segment.dependencies[asked],
        visit_offsets=_offsets(segment.visit_offsets, visits, tasks),
        side_visit=place[segment.side_visit[side]],
        side_account=segment.side_account[side],
        side_count=segment.side_count[side],
        labels=tuple(np.array(segment.labels, dtype=object)[tasks]) if segment.labels else (),
    )


def _offsets(offsets: IntArray, kept: Mask, tasks: Mask) -> IntArray:
    """Return the slices of those tasks among the entries that are kept."""
    before = np.concatenate(([0], np.cumsum(kept)))
    return np.concatenate(([0], np.cumsum(np.diff(before[offsets])[tasks])))


def joined(first: Segment, second: Segment) -> Segment:
    """Return the tasks of both, with the rest from the second.

    Numbers in `dependencies` and `fork_of` stay as they are.
    """
    labels = first.labels + second.labels
    named = len(labels) == first.task_count + second.task_count
    return replace(
        second,
        release_ticks=np.concatenate((first.release_ticks, second.release_ticks)),
        flits=np.concatenate((first.flits, second.flits)),
        fork_of=np.concatenate((first.fork_of, second.fork_of)),
        dependencies=np.concatenate((first.dependencies, second.dependencies)),
        station=np.concatenate((first.station, second.station)),
        occupancy_ticks=np.concatenate((first.occupancy_ticks, second.occupancy_ticks)),
        latency_ticks=np.concatenate((first.latency_ticks, second.latency_ticks)),
        channel=np.concatenate((first.channel, second.channel)),
        account=np.concatenate((first.account, second.account)),
        count=np.concatenate((first.count, second.count)),
        side_account=np.concatenate((first.side_account, second.side_account)),
        side_count=np.concatenate((first.side_count, second.side_count)),
        dependency_offsets=_after(first.dependency_offsets, second.dependency_offsets),
        visit_offsets=_after(first.visit_offsets, second.visit_offsets),
        side_visit=np.concatenate((first.side_visit, second.side_visit + first.visit_count)),
        labels=labels if named else (),
    )


def _after(first: IntArray, second: IntArray) -> IntArray:
    return np.concatenate((first, second[1:] + first[-1]))
