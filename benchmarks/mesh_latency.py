"""Latency against load of an 8×8 mesh of virtual-channel routers, beside BookSim 2's numbers.

Both simulate 4 channels of 4 flits, x-y routes, packets of 1 flit, 4 cycles a hop, and uniform
traffic by a Bernoulli process at every node. BookSim 2 (Jiang et al., "A detailed and flexible
cycle-accurate network-on-chip simulator", ISPASS 2013, doi:10.1109/ISPASS.2013.6557149) chooses
channels as it goes and matches inputs to outputs by rounds; archsim fixes a packet's channel in
advance and serves in order of arrival. A packet alone takes 6 cycles and 4 more for each link.

Run it from the checkout: python benchmarks/mesh_latency.py
"""

from __future__ import annotations

import argparse
import bisect
from dataclasses import replace

from traffic import Mesh, uniform

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
VARIANTS = {
    "4 channels × 4 flits": ROUTER,
    "... credit a cycle earlier": replace(ROUTER, credit=1),
    "... credit a cycle later": replace(ROUTER, credit=3),
    "1 channel × 16 flits": replace(ROUTER, channels=1, depth=16),
    "1 channel × 4 flits": replace(ROUTER, channels=1, depth=4),
    "unbounded first-in-first-out links": replace(ROUTER, channels=0, depth=0),
}


def mean_latency(mesh: Mesh, load: float, cycles: int) -> float:
    """Return the mean latency of packets released after a fifth of the run [cycles]."""
    traffic = uniform(mesh, load=load, cycles=cycles, seed=1)
    timing = choose("fast", mesh.stations()).run(traffic.segment)
    measured = traffic.segment.release_ticks >= cycles // 5
    return float(traffic.latencies(timing.start_ticks)[measured].mean())


def saturation(mesh: Mesh, cycles: int) -> float:
    """Return the lowest load, in steps of 0.005, at which the mesh is saturated."""
    steps = range(20, 140)
    found = bisect.bisect(steps, 0, key=lambda n: mean_latency(mesh, n / 200, cycles) >= SATURATED)
    return steps[found] / 200


def cells(mesh: Mesh, cycles: int) -> str:
    """Return one row of the table."""
    row = ""
    for load, expected in BOOKSIM.items():
        found = mean_latency(mesh, load, cycles)
        text = f"{found:.2f} {found / expected - 1:+6.1%}" if found < SATURATED else "saturated"
        row += f"{text:>15}"
    limit = saturation(mesh, cycles)
    return f"{row}{limit:>12.3f} {limit / BOOKSIM_SATURATION - 1:+6.1%}"


def main() -> None:
    """Print one row for every variant."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=30_000, help="length of each run")
    cycles = parser.parse_args().cycles
    print("Mean latency [cycles], and its distance from BookSim 2, at a load of")
    print(" " * 36 + "".join(f"{load:>15}" for load in BOOKSIM) + f"{'saturates at':>19}")
    row = "".join(f"{latency:>8.2f}{'':7}" for latency in BOOKSIM.values())
    print(f"{'BookSim 2, 4 channels × 4 flits':36}{row}{BOOKSIM_SATURATION:>12.3f}")
    for name, mesh in VARIANTS.items():
        print(f"{name:36}{cells(mesh, cycles)}", flush=True)
    print("Of single-channel routers there are no numbers of BookSim 2 to compare with.")


if __name__ == "__main__":
    main()
