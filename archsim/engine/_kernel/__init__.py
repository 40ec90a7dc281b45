"""The loops of the fast engine, compiled.

Two loops follow `archsim.engine.contract`. `run_queues` is for segments that use no finite buffer:
queues are first in, first out, so the start of a visit is known when it arrives, and there is one
event per visit. `run_buffers` is for all others: a station looks for visits to start when one
arrives, and again at the first tick at which one that waits might start.

Both keep one calendar, a 4-ary heap (see `calendar`). Releases are sorted once and stay outside it.
Nothing is allocated inside a loop.
"""

from archsim.engine._kernel.buffers import NUMBERS, run_buffers
from archsim.engine._kernel.calendar import FAR
from archsim.engine._kernel.passes import (
    DIGIT,
    fill_stops,
    fill_visits,
    invert,
    settle,
    sort,
    split,
    survey,
    unroll,
)
from archsim.engine._kernel.queues import run_queues
from archsim.engine._kernel.records import (
    CHANNEL,
    STATION,
    STOP,
    VISIT,
    Arrays,
    Buffers,
    Floor,
    IntArray,
    Queues,
    Records,
    Tasks,
)

__all__ = [
    "CHANNEL",
    "DIGIT",
    "FAR",
    "NUMBERS",
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
    "fill_stops",
    "fill_visits",
    "invert",
    "run_buffers",
    "run_queues",
    "settle",
    "sort",
    "split",
    "survey",
    "unroll",
]
