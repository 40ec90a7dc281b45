"""Traffic without an idle moment, cut into parts: same ticks, bounded memory, and what it costs.

Run it from the checkout: python benchmarks/never_idle.py [--quick]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from engines import BUFFERED, LOAD, UNBOUNDED, report, seconds
from tracing import peak_memory
from traffic import Mesh, uniform

from archsim.engine import choose
from archsim.engine.cuts import Cutter, Part
from archsim.engine.rows import joined
from archsim.mapping.program import Segment, StationTable

PART = 400_000
"""Visits of a part, roughly."""
FEW = 4
"""Parts of what is compared with the whole."""


def traffic(mesh: Mesh, count: int) -> Iterator[Part]:
    """Yield uniform traffic without end in `count` parts."""
    cycles = int(PART / 7.25 / mesh.nodes / LOAD)
    for number in range(count):
        segment = uniform(mesh, load=LOAD, cycles=cycles, seed=number % 16).segment
        release = segment.release_ticks + number * cycles
        later = (((number + 1) * cycles, ()),) if number + 1 < count else ()
        yield Part(segment=replace(segment, release_ticks=release), later=later)


def stream(cutter: Cutter, parts: Iterator[Part]) -> tuple[float, int, int, int]:
    """Return the time it takes [s], visits, the end [ticks], and the most tasks passed on."""
    taken, visits, end, most = 0.0, 0, 0, 0
    for part in parts:
        found = []
        taken += seconds(lambda: found.append(cutter.add(part)))  # noqa: B023 - called at once
        timing = found[0][1]
        visits, end = visits + len(timing.start_ticks), end + timing.end_tick
        most = max(most, cutter.held)
    return taken, visits, end, most


def starts(cutter: Cutter, parts: Iterator[Part]) -> np.ndarray:
    """Return (station, start, arrival) of all visits, sorted."""
    rows, begin = [], 0
    for part in parts:
        segment, timing = cutter.add(part)
        ticks = (timing.start_ticks + begin, timing.arrival_ticks + begin)
        rows.append(np.stack((segment.station, *ticks)))
        begin += timing.end_tick
    found = np.concatenate(rows, axis=1)
    return found[:, np.lexsort(found[::-1])]


def whole(parts: Iterator[Part]) -> Segment:
    """Return all parts as one segment."""
    first, *rest = (part.segment for part in parts)
    for segment in rest:
        first = joined(first, segment)
    return first


def compare(name: str, mesh: Mesh, count: int) -> None:
    """Print how a stream that is cut compares with the whole."""
    stations = mesh.stations()

    def make(table: StationTable) -> object:
        return choose("fast", table)

    print(f"\n8×8 mesh, uniform traffic at a load of {LOAD}, {name}, never idle")
    stream(Cutter(stations, make), traffic(mesh, 1))
    short = stream(Cutter(stations, make), traffic(mesh, FEW))
    before = peak_memory()
    long = stream(Cutter(stations, make), traffic(mesh, count))
    grown = peak_memory() - before
    engine, segment = choose("fast", stations), whole(traffic(mesh, FEW))
    timing = engine.run(segment)
    rows = np.stack((segment.station, timing.start_ticks, timing.arrival_ticks))
    cut = starts(Cutter(stations, make), traffic(mesh, FEW))
    same = np.array_equal(rows[:, np.lexsort(rows[::-1])], cut) and short[2] == timing.end_tick
    name = f"{segment.visit_count} visits in {FEW} parts: all ticks equal those of the whole"
    report(name, same, "", "1", met=same)
    pure = 1e9 * seconds(lambda: engine.run(segment)) / segment.visit_count
    report("whole", pure, "ns/visit")
    for parts, (taken, visits, _, most) in ((FEW, short), (count, long)):
        report(f"{visits} visits in {parts} parts", 1e9 * taken / visits, "ns/visit")
        report("by the whole", 1e9 * taken / visits / pure, "×")
        report("most tasks passed on", most, "tasks")
    report(
        f"further memory for {count // FEW} times the visits",
        grown,
        "MiB",
        "<= 50",
        met=grown <= 50,
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter streams")
    count = 12 if parser.parse_args().quick else 100
    compare("unbounded buffers", UNBOUNDED, count)
    compare("4 channels × 4 flits", BUFFERED, count)


if __name__ == "__main__":
    main()
