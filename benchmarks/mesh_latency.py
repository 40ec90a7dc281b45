"""Latency against load of an 8×8 mesh of virtual-channel routers, beside BookSim 2's numbers.

Both simulate 4 channels of 4 flits, x-y routes, packets of 1 flit, 4 cycles a hop, and uniform
traffic by a Bernoulli process at every node. BookSim 2 (Jiang et al., "A detailed and flexible
cycle-accurate network-on-chip simulator", ISPASS 2013, doi:10.1109/ISPASS.2013.6557149) chooses
channels as it goes and matches inputs to outputs by rounds; archsim fixes a packet's channel in
advance and serves in order of arrival. A packet alone takes 6 cycles and 4 more for each link.
`router` is a small model like BookSim's, for comparisons where its numbers are not known.

Run it from the checkout: python benchmarks/mesh_latency.py
"""

from __future__ import annotations

import argparse
import bisect
import math
from collections.abc import Callable
from dataclasses import replace

from router import router_latencies
from traffic import IntArray, Mesh, Traffic, uniform

from archsim.engine import choose

BOOKSIM = {0.005: 27.04, 0.1: 27.24, 0.2: 27.85, 0.3: 29.5, 0.35: 31.6, 0.4: 42.7}
"""Injected flits per node and cycle → mean latency of a packet. [cycles]"""
BOOKSIM_SATURATION = 0.41
"""Load near which its latency grows without bound."""
SATURATED = 100.0
"""Mean latency from which a mesh counts as saturated. [cycles]"""

ROUTER = Mesh(channels=4, depth=4, credit=2)
"""A place is free again when its flit has left (1 cycle), the credit has come back over the link
(1 cycle) and has been taken in (1 cycle)."""
CREDITS = {
    "credit a cycle earlier": replace(ROUTER, credit=1),
    "credit a cycle later": replace(ROUTER, credit=3),
}
SINGLE = {
    "1 channel × 16 flits": replace(ROUTER, channels=1, depth=16),
    "1 channel × 8 flits": replace(ROUTER, channels=1, depth=8),
    "1 channel × 4 flits": replace(ROUTER, channels=1, depth=4),
}
Model = Callable[[Mesh, Traffic], IntArray]


def ours(mesh: Mesh, traffic: Traffic) -> IntArray:
    """Return how long archsim says that each packet takes [cycles]."""
    timing = choose("fast", mesh.stations()).run(traffic.segment)
    return traffic.latencies(timing.start_ticks)


def mean_latency(model: Model, mesh: Mesh, load: float, cycles: int) -> float:
    """Return the mean latency of packets released after a fifth of the run [cycles].

    Infinity if not all came through in twice its length.
    """
    traffic = uniform(mesh, load=load, cycles=cycles, seed=1)
    latencies = model(mesh, traffic)[traffic.segment.release_ticks >= cycles // 5]
    return float(latencies.mean()) if latencies.min() >= 0 else math.inf


def saturation(model: Model, mesh: Mesh, cycles: int) -> float:
    """Return the lowest load, in steps of 0.005, at which the mesh is saturated."""
    steps = range(20, 140)
    found = bisect.bisect(
        steps, 0, key=lambda n: mean_latency(model, mesh, n / 200, cycles) >= SATURATED
    )
    return steps[found] / 200


def curve(model: Model, mesh: Mesh, cycles: int) -> list[float]:
    """Return the latency at every load [cycles], and the load that saturates."""
    found = [mean_latency(model, mesh, load, cycles) for load in BOOKSIM]
    return [*found, saturation(model, mesh, cycles)]


def row(name: str, found: list[float], beside: list[float] | None = None) -> None:
    """Print a row of the table, with its distance from another one."""
    cells = []
    for number, value in enumerate(found):
        last = number == len(found) - 1
        text = f"{value:.3f}" if last else f"{value:.2f}" if value < SATURATED else "saturated"
        other = beside[number] if beside else math.inf
        near = math.isfinite(other) and (last or max(value, other) < SATURATED)
        cells.append(f"{text} {value / other - 1:+6.1%}" if near else f"{text}{'':7}")
    print(f"{name:44}" + "".join(f"{cell:>17}" for cell in cells), flush=True)


def main() -> None:
    """Print the curves."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=30_000, help="length of each run")
    cycles = parser.parse_args().cycles
    booksim = [*BOOKSIM.values(), BOOKSIM_SATURATION]
    print("Mean latency [cycles] at a load of, and distance from the model named on the left")
    print(" " * 44 + "".join(f"{load:>10}{'':7}" for load in BOOKSIM) + f"{'saturates at':>17}")
    row("BookSim 2, 4 channels × 4 flits", booksim)
    row("router, likewise, to BookSim 2", curve(router_latencies, ROUTER, cycles), booksim)
    found = curve(ours, ROUTER, cycles)
    row("archsim, likewise, to BookSim 2", found, booksim)
    for name, mesh in CREDITS.items():
        row(f"archsim, {name}, to BookSim 2", curve(ours, mesh, cycles), booksim)
    near = all(abs(a / b - 1) <= 0.05 for a, b in zip(found[:5], booksim[:5], strict=True))
    print(f"  target within 5 % up to 0.35: {'met' if near else 'MISSED'}")
    near = abs(found[-1] / BOOKSIM_SATURATION - 1) <= 0.1
    print(f"  target saturation within 10 %: {'met' if near else 'MISSED'}")
    for name, mesh in SINGLE.items():
        beside = curve(router_latencies, mesh, cycles)
        row(f"router, {name}", beside)
        row(f"archsim, {name}, to the router", curve(ours, mesh, cycles), beside)
    print(
        "BookSim's numbers are known for 4 channels × 4 flits only; where the router agrees with\n"
        "them it stands in for it elsewhere. Unbounded links wait too little: models differ there."
    )
    unbounded = replace(ROUTER, channels=0, depth=0)
    row("archsim, unbounded links, to BookSim 2", curve(ours, unbounded, cycles), booksim)


if __name__ == "__main__":
    main()
