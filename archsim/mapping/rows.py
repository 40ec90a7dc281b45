"""Visits of very many tasks as rows, in any order, and the arrays that they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from archsim.mapping.program import IntArray

__all__ = ["Rows", "Sides", "csr"]


class Rows(NamedTuple):
    """Visits, an entry each."""

    task: IntArray
    """Task that makes it."""
    place: IntArray
    """How many visits of the task stand before it."""
    station: IntArray
    occupancy: IntArray
    latency: IntArray
    account: IntArray
    counts: IntArray
    channel: IntArray | None = None
    """Channel in the buffer behind the station; None: 0."""


class Sides(NamedTuple):
    """Further counts of visits, an entry each."""

    task: IntArray
    account: IntArray
    counts: IntArray
    place: IntArray | None = None
    """Which of the task's visits it belongs to; None: the first."""


def csr(rows: Sequence[Rows], sides: Sequence[Sides], offsets: IntArray) -> dict[str, IntArray]:
    """Return the arrays of visits and of their side counts.

    Parameters
    ----------
    rows, sides : sequence of Rows and Sides
        All visits and further counts.
    offsets : ndarray of int64
        (tasks+1,) where the visits of each task begin.
    """
    names = ("station", "occupancy_ticks", "latency_ticks", "account", "count")
    arrays = {name: np.empty(int(offsets[-1]), dtype=np.int64) for name in names}
    arrays["channel"] = np.zeros(int(offsets[-1]), dtype=np.int64)
    for one in rows:
        at = offsets[one.task] + one.place
        for name, values in zip(names, one[2:7], strict=True):
            arrays[name][at] = values
        if one.channel is not None:
            arrays["channel"][at] = one.channel
    total = sum(len(side.task) for side in sides)
    visit, account, count = (np.empty(total, dtype=np.int64) for _ in range(3))
    end = 0
    for side in sides:
        part = slice(end, end := end + len(side.task))
        visit[part] = offsets[side.task]
        if side.place is not None:
            visit[part] += side.place
        account[part], count[part] = side.account, side.counts
    return arrays | {"side_visit": visit, "side_account": account, "side_count": count}
