"""Bare loops to measure the engines by: a compiled heap, and SimPy on its own."""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np
import simpy
from numpy.typing import NDArray

__all__ = ["heap_loop", "simpy_loop"]

_DELAYS = np.random.Generator(np.random.PCG64(1)).integers(1, 8, 1 << 12)


@numba.njit(cache=True)
def _rise(ticks, codes, hole, tick, code):  # noqa: ANN001, ANN202 - numba knows the types
    while hole:
        parent = (hole - 1) >> 1
        if ticks[parent] < tick or (ticks[parent] == tick and codes[parent] <= code):
            break
        ticks[hole], codes[hole] = ticks[parent], codes[parent]
        hole = parent
    ticks[hole], codes[hole] = tick, code


@numba.njit(cache=True)
def _hold(size, events, delays):  # noqa: ANN001, ANN202
    """Take the first of `size` events out of a binary heap and put it in again, later."""
    ticks, codes = np.empty(size + 1, np.int64), np.empty(size + 1, np.int64)
    for code in range(size):
        _rise(ticks, codes, code, delays[code % len(delays)], code)
    for event in range(events):
        tick, code = ticks[0], codes[0]
        last, last_code = ticks[size - 1], codes[size - 1]
        hole = 0
        while True:
            child = 2 * hole + 1
            if child >= size - 1:
                break
            other = child + 1
            if other < size - 1 and (
                ticks[other] < ticks[child]
                or (ticks[other] == ticks[child] and codes[other] < codes[child])
            ):
                child = other
            if last < ticks[child] or (last == ticks[child] and last_code <= codes[child]):
                break
            ticks[hole], codes[hole] = ticks[child], codes[child]
            hole = child
        ticks[hole], codes[hole] = last, last_code
        _rise(ticks, codes, size - 1, tick + delays[event % len(delays)], code)
    return ticks[0]


def heap_loop(size: int, events: int) -> int:
    """Run so many events through a two-array binary heap of this size; return the last tick."""
    return int(_hold(max(size, 1), events, _DELAYS))


def simpy_loop(processes: int, events: int) -> int:
    """Run so many timeouts of this many SimPy processes; return the last tick."""
    environment = simpy.Environment()
    delays: NDArray[np.int64] = _DELAYS
    rounds = events // processes

    def process(number: int) -> Iterator[simpy.Event]:
        for delay in delays[(np.arange(rounds) + number) % len(delays)].tolist():
            yield environment.timeout(delay)

    for number in range(processes):
        environment.process(process(number))
    environment.run()
    return int(environment.now)
