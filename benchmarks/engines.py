"""Speed of the engines, beside bare loops of the same run; only the ratios are judged.

All contestants of a comparison take turns, each round gives one ratio, and the median counts.

Run it from the checkout: python benchmarks/engines.py [--quick]
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median

from bare import heap_loop, simpy_loop
from traffic import Mesh, Traffic, random_walks, uniform

from archsim.engine import Engine, ReferenceEngine, choose
from archsim.mapping.program import Segment

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
    times = ratio(found["reference"], found["fast"])
    report("fast by reference", times, "×", ">= 60", met=times >= 60)
    times = ratio(found["heap"], found["fast"])
    report("fast by bare heap", times, "×", f">= {target}", met=times >= target)
    report("events per visit of the fast engine", events, "", "<= 3", met=events <= 3)


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
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report("most memory so far", memory, "MiB")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    quick = parser.parse_args().quick
    packets, rounds, largest = (1_500, 3, 10**7) if quick else (15_000, 7, 10**8)
    compare_on_mesh("unbounded buffers, packets of 1 flit", UNBOUNDED, packets, rounds, 1.2)
    compare_on_mesh("4 channels × 4 flits, packets of 1 flit", BUFFERED, packets, rounds, 0.2)
    compare_with_simpy(20_000 if quick else 100_000, rounds)
    growth("unbounded buffers", UNBOUNDED, largest)
    growth("4 channels × 4 flits", BUFFERED, largest)


if __name__ == "__main__":
    main()
