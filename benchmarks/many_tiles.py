"""A chip of up to a million tiles: how long it takes to build it, to lower work onto it, to run it.

The work is of two kinds at once: `side` chains of layers whose packets go from tile to neighbour on
one half of the mesh, and one matrix on the other half whose partial sums are added up over all its
block rows. Each step is timed by itself; beside it stands the most memory so far.

Run it from the checkout: python benchmarks/many_tiles.py [--side 1000] [--channels 0] [--depth 0]
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import TypeVar

from archsim.chip import CrossbarDescription, build, read_chip
from archsim.engine import choose
from archsim.ledger import Ledger
from archsim.mapping.lower import Lowering
from archsim.mapping.lower_batches import batch_segment
from archsim.mapping.place import place
from archsim.runs.group import group_prices, grouped, groups_frame
from archsim.runs.price import prices
from archsim.workload import SyntheticDescription

T = TypeVar("T")
BUILD_SECONDS, GIBIBYTES = 60.0, 6.0
"""Targets for a million tiles."""
ROWS = 63
"""Logical rows of a block of the chip."""


def peak() -> float:
    """Return the most memory that the process had [GiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def timed(what: str, act: Callable[[], T]) -> tuple[T, float]:
    """Return what an act gives and how long it took [s]; print a row."""
    begin = time.perf_counter()
    result = act()
    seconds = time.perf_counter() - begin
    print(f"{what:44}{seconds:>9.2f} s{peak():>9.2f} GiB", flush=True)
    return result, seconds


def described(side: int, channels: int, depth: int) -> CrossbarDescription:
    """Return a mesh of side × side tiles with a crossbar each."""
    settings = {
        "layout": f'["array[0..{side - 1}][0..{side - 1}]", control]',
        "network.shape": f"[{side + 1}, {side}]",
        "behaviour.weight_form": "reference",
        "network.link.channels": str(channels),
        "network.link.depth": str(depth),
    }
    chip = read_chip("mesh_256", settings=settings)
    if not isinstance(chip, CrossbarDescription):
        raise TypeError(chip)
    return chip


def work(side: int) -> SyntheticDescription:
    """Return chains along the mesh on one half, and a reduction over its columns on the other."""
    half = side // 2
    chain = [
        {"name": f"l{n}", "inputs": ROWS, "outputs": ROWS, "replicas": side, "positions": side}
        for n in range(half)
    ]
    chain[0]["after"] = []
    large = {"name": "large", "inputs": ROWS * half, "outputs": ROWS * side, "after": []}
    fields = {"kind": "synthetic", "name": "many_tiles", "layers": [*chain, large]}
    return SyntheticDescription.model_validate(fields)


def warm(channels: int, depth: int) -> None:
    """Run a small chip, so that the compiler's time is nobody's."""
    description = described(4, channels, depth)
    chip, task = build(description), work(4)
    placement = place(task.blocks(description.behaviour), planes=1, chip=chip)
    lowering = Lowering(chip=chip, placement=placement, joined=False)
    segment = batch_segment(lowering, task.segment(description.behaviour))
    choose("fast", lowering.stations).run(segment)


def main() -> None:
    """Build, lower, run and account, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=1000)
    parser.add_argument("--channels", type=int, default=0)
    parser.add_argument("--depth", type=int, default=0)
    chosen = parser.parse_args()
    side = chosen.side
    timed("the compiled engine's first use", lambda: warm(chosen.channels, chosen.depth))
    print(f"{side}×{side} = {side * side:,} tiles on a mesh")
    description, reading = timed("read", lambda: described(side, chosen.channels, chosen.depth))
    chip, building = timed("build", lambda: build(description))
    build_peak = peak()
    task = work(side)
    trace, _ = timed("trace", lambda: task.segment(description.behaviour))
    blocks = task.blocks(description.behaviour)
    placement, _ = timed("place", lambda: place(blocks, planes=1, chip=chip))
    lowering, tables = timed(
        "stations", lambda: Lowering(chip=chip, placement=placement, joined=False)
    )
    segment, lowered = timed("lower", lambda: batch_segment(lowering, trace))
    engine, _ = timed("engine: tables", lambda: choose("fast", lowering.stations))
    timing, ran = timed("engine: run", lambda: engine.run(segment))
    ledger = Ledger(accounts=lowering.accounts, stations=lowering.stations)
    timed(
        "ledger",
        lambda: ledger.add(
            segment,
            arrival_ticks=timing.arrival_ticks,
            start_ticks=timing.start_ticks,
            end_tick=timing.end_tick,
        ),
    )
    (book, spreads), _ = timed("group by class", lambda: grouped(ledger, chip))
    if spreads:
        timed("frame", lambda: groups_frame(spreads, group_prices(chip, book)))
    else:
        timed("prices", lambda: prices(chip, book.accounts))
    visits = segment.visit_count
    print(f"{visits:,} visits of {segment.task_count:,} tasks, {trace.op_count:,} ops")
    print(f"lowering {1e9 * lowered / visits:.0f} ns, engine {1e9 * ran / visits:.0f} ns a visit")
    print(f"lowering by engine {lowered / ran:.2f}; stations once {tables:.2f} s")
    if side >= 1000:
        took = reading + building
        verdict = "met" if took <= BUILD_SECONDS and build_peak <= GIBIBYTES else "MISSED"
        print(
            f"built in {took:.1f} s and {build_peak:.2f} GiB; "
            f"target {BUILD_SECONDS:.0f} s and {GIBIBYTES:.0f} GiB: {verdict}"
        )
        held = "met" if peak() <= GIBIBYTES else "MISSED"
        print(f"all of it {peak():.2f} GiB; target {GIBIBYTES:.0f} GiB: {held}")


if __name__ == "__main__":
    main()
