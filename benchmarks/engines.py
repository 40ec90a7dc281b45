"""Speed of the engines, beside bare loops of the same run; only the ratios are judged.

All contestants of a comparison take turns, each round gives one ratio, and the median counts.

Run it from the checkout: python benchmarks/engines.py [--quick] [--only PART]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median

from bare import heap_loop, simpy_loop
from tracing import Traced, peak_memory
from traffic import Mesh, Traffic, random_walks, uniform

from archsim.engine import Engine, ReferenceEngine, choose
from archsim.mapping.program import Segment
from archsim.report.event_file import Compression

LOAD = 0.3
"""Flits per node and cycle on the 8×8 mesh: three quarters of what it can carry."""
UNBOUNDED = Mesh(channels=0, depth=0)
BUFFERED = Mesh(channels=4, depth=4, credit=2)


def seconds(act: Callable[[], object]) -> float:
    """Return how much of a processor's time it takes [s]; what else is running matters less."""
    begin = time.process_time()
    act()
    return time.process_time() - begin


def take_turns(acts: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the times of each act, one for every round, after one unmeasured round."""
    found: dict[str, list[float]] = {name: [] for name in acts}
    for turn in range(rounds + 1):
        for name, act in acts.items():
            taken = seconds(act)
            if turn:
                found[name].append(taken)
    return found


def ratio(numerator: list[float], denominator: list[float]) -> float:
    """Return the median over rounds of one time by another."""
    return median(n / d for n, d in zip(numerator, denominator, strict=True))


def report(name: str, found: float, unit: str, target: str = "", *, met: bool = True) -> None:
    """Print one row."""
    verdict = f"target {target}: {'met' if met else 'MISSED'}" if target else ""
    print(f"{name:68}{found:>10.3g} {unit:16}{verdict}", flush=True)


def in_flight(traffic: Traffic, engine: Engine) -> int:
    """Return how many packets are on their way, on average."""
    latencies = traffic.latencies(engine.run(traffic.segment).start_ticks)
    return round(latencies.sum() / int(traffic.segment.release_ticks.max()))


def compare_on_mesh(name: str, mesh: Mesh, packets: int, rounds: int, target: float) -> None:
    """Compare both engines and the bare heap on one program."""
    traffic = uniform(mesh, load=LOAD, cycles=int(packets / mesh.nodes / LOAD), seed=1)
    stations, visits = mesh.stations(), traffic.segment.visit_count
    fast, slow = choose("fast", stations), ReferenceEngine(stations)
    size = in_flight(traffic, fast)
    events = _events(fast, traffic.segment)
    found = take_turns(
        {
            "fast": lambda: fast.run(traffic.segment),
            "heap": lambda: heap_loop(size, visits),
            "reference": lambda: slow.run(traffic.segment),
        },
        rounds,
    )
    print(f"\n8×8 mesh, uniform traffic at a load of {LOAD}, {name}")
    print(f"({visits} visits, {size} packets in flight)")
    report("fast engine", visits / median(found["fast"]) / 1e6, "million visits/s")
    report(
        "bare compiled two-array binary heap of that size",
        visits / median(found["heap"]) / 1e6,
        "million events/s",
    )
    report("reference engine", visits / median(found["reference"]) / 1e6, "million visits/s")
    slower = ratio(found["reference"], found["fast"])
    report("fast by reference", slower, "×", ">= 60", met=slower >= 60)
    times = ratio(found["heap"], found["fast"])
    report("fast by bare heap", times, "×", f">= {target}", met=times >= target)
    report("events per visit of the fast engine", events, "", "<= 3", met=events <= 3)
    events = _events(slow, traffic.segment)
    report("SimPy events per visit of the reference engine", events, "")
    if slower < 60:
        print("    it handles whole ticks of a clocked mesh at once, so SimPy hardly slows it down")


def _events(engine: Engine, segment: Segment) -> float:
    before = engine.event_count  # type: ignore[attr-defined]
    engine.run(segment)
    return float(engine.event_count - before) / segment.visit_count  # type: ignore[attr-defined]


def compare_with_simpy(visits: int, rounds: int) -> None:
    """Compare the reference engine with SimPy on its own, where few ticks coincide."""
    stations, traffic = random_walks(stations=64, tasks=visits // 8, load=0.7, seed=3)
    engine = ReferenceEngine(stations)
    size = in_flight(traffic, engine)
    events = _events(engine, traffic.segment)
    found = take_turns(
        {
            "reference": lambda: engine.run(traffic.segment),
            "simpy": lambda: simpy_loop(size, visits),
        },
        rounds,
    )
    print("\nRandom walks over 64 stations at random ticks")
    print(f"({visits} visits, {size} tasks in flight)")
    own, bare = visits * events / median(found["reference"]), visits / median(found["simpy"])
    report("reference engine", own / 1e6, "million events/s")
    report("bare SimPy timeouts of as many processes", bare / 1e6, "million events/s")
    times = events * ratio(found["simpy"], found["reference"])
    report("reference by bare SimPy", times, "×", ">= 0.5", met=times >= 0.5)
    if times < 0.5:
        print("    beside an event of SimPy it keeps phases, queues and the ticks of every visit")
    report("SimPy events per visit", events, "", "<= 3", met=events <= 3)


def stream(engine: Engine, segments: list[Segment], visits: int) -> float:
    """Return the time per visit of so many visits, segment after segment [ns]."""
    done, taken = 0, 0.0
    for segment in _cycle(segments):
        taken += seconds(lambda: engine.run(segment))  # noqa: B023 - called at once
        done += segment.visit_count
        if done >= visits:
            return 1e9 * taken / done
    raise AssertionError


def _cycle(segments: list[Segment]) -> Iterator[Segment]:
    while True:
        yield from segments


def growth(name: str, mesh: Mesh, largest: int) -> None:
    """Print the cost per visit of ever longer runs, streamed in segments of 10⁵ visits."""
    engine = choose("fast", mesh.stations())
    cycles = int(1e5 / 7.25 / mesh.nodes / LOAD)
    segments = [uniform(mesh, load=LOAD, cycles=cycles, seed=n).segment for n in range(16)]
    stream(engine, segments, 1_000_000)
    print(f"\nStreamed, {name}")
    costs = []
    visits = 100_000
    while visits <= largest:
        repeats = max(1, min(5, 2_000_000 // visits))
        costs.append(median(stream(engine, segments, visits) for _ in range(repeats)))
        report(f"10^{len(str(visits)) - 1} visits", costs[-1], "ns/visit")
        visits *= 10
    times = costs[-1] / costs[0]
    report("last by first", times, "×", "<= 1.5", met=times <= 1.5)
    report("most memory so far", peak_memory(), "MiB")


def trace_cost(name: str, mesh: Mesh, rounds: int) -> None:
    """Print what writing every event to disk costs, beside the run that writes none."""
    traced = Traced(mesh, load=LOAD, visits=100_000)
    times: dict[Compression | None, list[float]] = {None: [], "zstd": [], "none": []}
    size: dict[Compression | None, float] = {}
    for turn in range(rounds + 1):
        for compression, found in times.items():
            taken, visits, written = traced.run(5, compression=compression)
            size[compression] = written / visits
            if turn:
                found.append(1e9 * taken / visits)
    before = peak_memory()
    traced.run(50, compression="zstd")
    print(f"\nEvents to disk, {name} (engine, ledger and file; by the clock)")
    report("without events", median(times[None]), "ns/visit")
    for compression, target in (("zstd", 3.0), ("none", 1.5)):
        report(f"events.parquet, compression {compression}", size[compression], "bytes/visit")
        factor = ratio(times[compression], times[None])
        report("time by that without", factor, "×", f"<= {target}", met=factor <= target)
        if factor > target:
            print("    without buffers a visit costs less than packing and writing its event")
    growth = peak_memory() - before
    report("further memory for ten times the events", growth, "MiB", "<= 50", met=growth <= 50)


def first_call() -> None:
    """Print how long the compiler takes without and with code kept by an earlier process."""
    print("\nFirst call of the fast engine in a process")
    with tempfile.TemporaryDirectory() as folder:
        for name, target in (("nothing compiled yet", 20.0), ("compiled by another process", 2.0)):
            begin = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", _FIRST],
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
                capture_output=True,
                text=True,
                check=True,
            )
            whole = time.perf_counter() - begin
            taken = float(done.stdout)
            report(f"{name}: first segment", taken, "s", f"<= {target}", met=taken <= target)
            report(f"{name}: whole process", whole, "s")
            print(f"    it says: {' / '.join(done.stderr.splitlines()) or 'nothing'}")


_FIRST = """
import time
begin = time.process_time()
from archsim.engine import choose
from archsim.mapping.program import SegmentBuilder, Station, StationTable, Visit
builder = SegmentBuilder()
builder.task([Visit(0, 1, 1)])
choose("fast", StationTable(stations=(Station(name="s"),))).run(builder.build())
print(time.process_time() - begin)
"""


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and shorter streams")
    parser.add_argument("--only", metavar="PART", help="one part of the table, such as events")
    chosen = parser.parse_args()
    packets = 15_000  # fewer would measure what a run costs by itself
    rounds, largest = (2, 10**6) if chosen.quick else (7, 10**8)
    parts: dict[str, Callable[[], None]] = {
        "unbounded": lambda: compare_on_mesh(
            "unbounded buffers, packets of 1 flit", UNBOUNDED, packets, rounds, 1.2
        ),
        "buffered": lambda: compare_on_mesh(
            "4 channels × 4 flits, packets of 1 flit", BUFFERED, packets, rounds, 0.2
        ),
        "simpy": lambda: compare_with_simpy(20_000 if chosen.quick else 100_000, rounds),
        "growth": lambda: growth("unbounded buffers", UNBOUNDED, largest),
        "growth-buffered": lambda: growth("4 channels × 4 flits", BUFFERED, largest),
        "events": lambda: trace_cost("unbounded buffers", UNBOUNDED, rounds),
        "events-buffered": lambda: trace_cost("4 channels × 4 flits", BUFFERED, rounds),
        "compile": first_call,
    }
    if chosen.only not in (None, *parts):
        parser.error(f"--only: expected one of {', '.join(parts)}, got {chosen.only!r}")
    for name, part in parts.items():
        if chosen.only in (None, name):
            part()


if __name__ == "__main__":
    main()
