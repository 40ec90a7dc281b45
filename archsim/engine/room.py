"""Whether a segment fits into memory, found out before anything of it is laid out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from archsim.errors import ResourceError
from archsim.mapping.program import Segment

__all__ = ["check_room", "free_memory"]

SMALL = 1 << 20
"""Segments of fewer visits and tasks are not looked at: they fit wherever Python does."""
_GIB = 1 << 30


def check_room(segment: Segment, *, visit_bytes: int, task_bytes: int) -> None:
    """Raise ResourceError if an engine's copy of a segment would not fit into free memory.

    Parameters
    ----------
    segment : Segment
        What is to be simulated.
    visit_bytes, task_bytes : int
        What the engine takes for each. [bytes]

    Raises
    ------
    ResourceError
        If it does not fit; the text names the first task that has no room.
    """
    if max(segment.visit_count, segment.task_count) < SMALL:
        return
    free = free_memory()
    need = visit_bytes * segment.visit_offsets[1:] + task_bytes * np.arange(
        1, segment.task_count + 1
    )
    if free is None or need[-1] <= free:
        return
    task = int(np.searchsorted(need, free, side="right"))
    raise ResourceError(
        f"{segment.label(task)}: expected a segment that fits the {free / _GIB:.3g} GiB of free "
        f"memory, got one that takes {need[-1] / _GIB:.3g} GiB; cut it into shorter ones"
    )


def free_memory() -> int | None:
    """Return how much memory can be taken without swapping; None where the system does not say.

    [bytes]
    """
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found = dict(line.split(":", 1) for line in lines)
        return int(found["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
