"""Long segments made from arrays, where a builder would be slow."""

from __future__ import annotations

import numpy as np

from archsim.mapping.program import Segment


def alike_tasks(release, station, occupancy, latency):
    """Return a segment of independent tasks, each with the same number of visits.

    Parameters
    ----------
    release : ndarray, shape (tasks,)
    station, occupancy, latency : ndarray, shape (tasks, visits)
    """
    tasks, visits = station.shape
    ones, none = np.ones(tasks, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return Segment(
        epoch=-1,
        step=0,
        phase="mixed",
        gap_ticks=0,
        release_ticks=release,
        flits=ones,
        fork_of=-ones,
        dependency_offsets=np.zeros(tasks + 1, dtype=np.int64),
        dependencies=none,
        visit_offsets=np.arange(tasks + 1) * visits,
        station=station.reshape(-1),
        occupancy_ticks=occupancy.reshape(-1),
        latency_ticks=latency.reshape(-1),
        channel=np.zeros(tasks * visits, dtype=np.int64),
        account=np.full(tasks * visits, -1),
        count=np.ones(tasks * visits, dtype=np.int64),
        side_visit=none,
        side_account=none,
        side_count=none,
    )
