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
    parts = [
        (offsets[one.task] + (0 if one.place is None else one.place), one.account, one.counts)
        for one in sides
    ]
    none = np.zeros(0, dtype=np.int64)
    visit, account, count = (
        (np.concatenate(column) for column in zip(*parts, strict=True))
        if parts
        else (none, none, none)
    )
    order = np.argsort(visit, kind="stable")
    return arrays | {
        "side_visit": visit[order],
        "side_account": account[order],
        "side_count": count[order],
    }
