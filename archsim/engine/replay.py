"""Replay: equal segments take equal ticks, so each is simulated once (rule 6 of the design)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from archsim.engine.contract import Engine, Timing
from archsim.mapping.program import Segment

__all__ = ["ReplayEngine", "timing_key"]

TIMING_ARRAYS = (
    "release_ticks",
    "flits",
    "fork_of",
    "dependency_offsets",
    "dependencies",
    "visit_offsets",
    "station",
    "occupancy_ticks",
    "latency_ticks",
    "channel",
)
"""Arrays of a segment that timing depends on; counts are not among them."""


def timing_key(segment: Segment) -> bytes:
    """Return SHA-256 over the arrays that the timing of `segment` depends on."""
    digest = hashlib.sha256()
    for name in TIMING_ARRAYS:
        array = getattr(segment, name)
        digest.update(f"{name}:{len(array)};".encode())
        digest.update(array.tobytes())
    return digest.digest()


class ReplayEngine:
    """An engine in front of another one on the same stations; it remembers timings.

    Parameters
    ----------
    engine : Engine
        Simulates what was not seen before; must carry no state from segment to segment.
    visit_limit : int
        Sum of visits of all timings kept; the ones used longest ago go first.
    """

    def __init__(self, engine: Engine, *, visit_limit: int = 10_000_000) -> None:
        self._engine = engine
        self._limit = visit_limit
        self._kept: OrderedDict[bytes, Timing] = OrderedDict()
        self._visits = 0
        self.simulated = 0
        """Segments that the engine behind had to simulate."""

    def run(self, segment: Segment, *, ordered: bool = False) -> Timing:
        """Return the timing of the next segment; with `ordered` it is simulated afresh."""
        if ordered:
            return self._engine.run(segment, ordered=True)
        key = timing_key(segment)
        timing = self._kept.get(key)
        if timing is not None:
            self._kept.move_to_end(key)
            return timing
        timing = self._engine.run(segment)
        self.simulated += 1
        self._kept[key] = timing
        self._visits += segment.visit_count
        while self._visits > self._limit and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._visits -= len(old.start_ticks)
        return timing
