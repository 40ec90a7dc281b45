"""Speed of sweeps: points charged for one trace, workers side by side, and what scheduling costs.

One worker, two workers and two plain loops take turns, and medians are shown. Judged is what
two workers reach by processor time, which other processes do not stretch: the work (that of one,
or of two if less) over the longest chain (parent and busier worker). By the clock it is judged
too where two plain loops show that the machine is quiet. Linux only.

Run it from the checkout: python benchmarks/sweep.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from archsim.chip.description import TiledDescription
from archsim.runs import run
from archsim.spec import read, with_values
from archsim.study import StudyDescription, Workers, sweep
from archsim.study.points import points_of
from archsim.study.reprice import PriceAxis, PriceMatrix

LOOP = 30_000_000
"""Turns of a plain loop, about a second and a half."""
QUIET = 0.95
"""What two plain loops reach, of twice one, where nothing else runs."""
HEAD = """
kind: study
name: benchmark
chips: [madem_64]
workloads: [madem_braille]
settings: {workload.test.copies: 2}
"""
COSTS = """
sweep:
  - {{field: chip.tiles.array.adc.rate, from: 0.1 GHz, to: 10 GHz, count: {rates}}}
  - {{field: chip.tiles.array.adc.energy, from: 0.1 pJ, to: 10 pJ, count: {prices}}}
"""


def study(text: str, folder: Path) -> StudyDescription:
    """Return the study of a text."""
    path = folder / "report.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return read(path, StudyDescription)


def report(name: str, found: float, unit: str, target: str = "", *, met: bool = True) -> None:
    """Print one row."""
    verdict = f"target {target}: {'met' if met else 'MISSED'}" if target else ""
    print(f"{name:68}{found:>10.3g} {unit:16}{verdict}", flush=True)


class Taken(NamedTuple):
    """What a sweep took."""

    clock: float
    """By the clock. [s]"""
    parent: float
    """Processor time of the process that asked. [s]"""
    workers: tuple[float, ...]
    """Processor time of each of the others. [s]"""


def spent() -> dict[int, float]:
    """Return the processor time of each child of this process [s]."""
    children = [
        int(child)
        for path in Path("/proc/self/task").glob("*/children")
        for child in path.read_text(encoding="utf-8").split()
    ]
    tick = os.sysconf("SC_CLK_TCK")
    found = {}
    for child in children:
        fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        found[child] = (int(fields[11]) + int(fields[12])) / tick
    return found


def taken(described: StudyDescription, folder: Path, *, workers: int) -> Taken:
    """Return how long a sweep takes whose traces are there."""
    before, own, begin = spent(), time.process_time(), time.perf_counter()
    sweep(described, folder, workers=Workers(count=workers))
    clock, parent, after = time.perf_counter() - begin, time.process_time() - own, spent()
    return Taken(clock, parent, tuple(after[one] - before.get(one, 0.0) for one in sorted(after)))


def loop(size: int) -> int:
    """Add up numbers in plain Python."""
    total = 0
    for number in range(size):
        total += number & 7
    return total


def plain(*, workers: int, size: int) -> float:
    """Return how long plain loops take, one for each worker, side by side [s]."""
    begin = time.perf_counter()
    Parallel(n_jobs=2, batch_size=1, max_nbytes=None)(delayed(loop)(size) for _ in range(workers))
    return time.perf_counter() - begin


def forget_points(folder: Path) -> None:
    """Remove finished points, and keep traces."""
    for path in folder.glob("points/*.json"):
        path.unlink()


def throughput(folder: Path, *, rates: int, prices: int, rounds: int) -> None:
    """Compare one worker with two on points that reuse a trace."""
    described = study(COSTS.format(rates=rates, prices=prices), folder)
    size = len(points_of(described))
    out = folder / "costs"
    for workers in (1, 2):
        taken(described, out, workers=workers)  # trains, compiles, starts processes
        forget_points(out)
    found: dict[int, list[Taken]] = {1: [], 2: []}
    machine: list[float] = []
    for _ in range(rounds):
        for workers, each in found.items():
            each.append(taken(described, out, workers=workers))
            forget_points(out)
        machine.append(plain(workers=1, size=LOOP) / plain(workers=2, size=LOOP))
    pairs = list(zip(found[1], found[2], strict=True))
    rate = size / median(one.parent for one in found[1])
    report("points a second of one core, trace reused", rate, "1/s", "≥ 50", met=rate >= 50)
    gain = median(
        min(one.parent, two.parent + sum(two.workers)) / (two.parent + max(two.workers)) / 2
        for one, two in pairs
    )
    report(f"two workers on {size} points, of twice one", gain, "", "≥ 0.85", met=gain >= 0.85)
    alone = median(two.parent / (two.parent + sum(two.workers)) for two in found[2])
    report("  share of the work that one process does alone", 100 * alone, "%")
    more = median((two.parent + sum(two.workers)) / one.parent for one, two in pairs)
    report("  work of both, of that of one", more, "")
    clock = median(one.clock / two.clock for one, two in pairs) / 2
    loops = median(machine)
    report("  by the clock", clock, "")
    report("  by the clock, two plain loops instead", loops, "")
    if loops < QUIET:
        print("  (this machine is busy: read nothing into the clock)")
    else:
        report("  by the clock, judged", clock, "", "≥ 0.85", met=clock >= 0.85)


def scheduling(folder: Path, *, points: int) -> None:
    """Measure a sweep whose points are finished: planning, looking up, and the table."""
    described = study(COSTS.format(rates=points // 50, prices=50), folder)
    out = folder / "scheduling"
    sweep(described, out)
    size = len(points_of(described))
    each = median(taken(described, out, workers=1).clock for _ in range(3)) / size * 1000
    report("planning, keys, look-up and table of a point", each, "ms", "≤ 5", met=each <= 5)


def dispatch(*, jobs: int) -> None:
    """Measure what it costs to hand an empty job to another process and hear of its end."""
    from archsim.study.evaluate import Job, Setup  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        described = study("", Path(folder))
        (point,) = points_of(described)
        empty = [Job(trace="none", model=point, points=())] * jobs
        setup = Setup(store=folder)
        pool = Workers(count=2)
        for _ in pool.results(lambda: empty[:4], setup):
            pass
        begin = time.perf_counter()
        for _ in pool.results(lambda: empty, setup):
            pass
        each = (time.perf_counter() - begin) / jobs * 1000
    report("handing over a job that charges nothing", each, "ms", "≤ 5", met=each <= 5)


def repricing(*, points: int) -> None:
    """Measure energies at many prices by the matrix of counts."""
    done = run("madem_braille", "madem_64", settings={"workload.stop.max_epochs": "2"})
    machine = done.machine
    if machine is None:
        raise SystemExit("the benchmark needs a crossbar chip")
    path = "tiles.array.adc.energy"

    def variant(settings: dict[str, str]) -> TiledDescription:
        return with_values(machine, {name: float(value) for name, value in settings.items()})

    axes = [
        PriceAxis(label=path, paths=(path,), values=tuple(f"{n}e-12" for n in range(1, 101))),
        PriceAxis(
            label="alu", paths=("tiles.control.alu.energy",), values=("1e-12", "2e-12", "3e-12")
        ),
    ]
    matrix = PriceMatrix(done, axes, variant)  # type: ignore[arg-type]
    steps = np.stack([np.arange(points) % 100, np.arange(points) % 3], axis=1)
    begin = time.perf_counter()
    matrix.energies(steps)
    rate = points / (time.perf_counter() - begin)
    report("repriced points a second by the matrix", rate, "1/s", "≥ 1e5", met=rate >= 1e5)


def main() -> None:
    """Print all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer points")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        throughput(folder, rates=20 if quick else 50, prices=20, rounds=3 if quick else 5)
        scheduling(folder, points=500 if quick else 2000)
    dispatch(jobs=200)
    repricing(points=200_000)


if __name__ == "__main__":
    main()
