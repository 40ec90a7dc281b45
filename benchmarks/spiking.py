"""Spiking learning of MNIST: images a second, what counting adds, every spike through the engine.

Needs MNIST in ARCHSIM_DATA. Times are of the processor; a reference loop of the same run stands
beside them, so that only ratios need comparing between machines.

Run it from the checkout: python benchmarks/spiking.py [--short]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import cast

from archsim.chip import read_chip
from archsim.components.bit_sliced import substrate_of
from archsim.runs import run
from archsim.trace import Recorder
from archsim.workload import SpikingDescription, SpikingResult, read_workload, train_spiking

WHOLE = 180_000
"""Presentations of the full training."""
FEW, MANY = 2_000, 22_000
"""Images of a training that is timed, and of one that is taken off: reading data, cropping."""


def reference() -> float:
    """Return the time that ten million additions take in plain Python, in seconds."""
    begin = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - begin


def task(images: int, *, readout: int, **settings: str) -> SpikingDescription:
    """Return the workload on so many images, shown once."""
    wanted = {
        "epochs": "1",
        "dataset.train_count": str(images),
        "dataset.test_count": str(readout),
        "readout.assign_count": str(readout),
        "readout.probes": "0",
    }
    return cast("SpikingDescription", read_workload("cbram_mnist", settings=wanted | settings))


def timed(act: Callable[[], object]) -> float:
    """Return the processor time of an act, in seconds."""
    begin = time.process_time()
    act()
    return time.process_time() - begin


def trained(images: int, recorder: Recorder | None) -> SpikingResult:
    """Train on so many images; next to nothing is read out."""
    workload = task(images, readout=10)
    behaviour = read_chip("cbram_512k").behaviour
    substrate = substrate_of(behaviour, workload.shapes, seed=0, recorder=recorder)
    return train_spiking(workload, substrate, seed=0)


def told(what: str, value: float, unit: str, *, least: float = 0.0, most: float = 0.0) -> None:
    """Print a figure with its limit and whether it is met."""
    met = value >= least and (not most or value <= most)
    limit = f"at least {least:,.0f}" if least else f"at most {most:,.0f}"
    print(f"{what:38s} {value:10,.1f} {unit:9s} {limit:>15s}   {'met' if met else 'MISSED'}")


def learning(rounds: int) -> None:
    """Measure images a second, and what counting adds.

    Both take turns and the best time of each counts: what else runs can only add to it.
    """
    trained(FEW, None)  # compiles
    bare, counted = [], []
    for _ in range(rounds):
        bare.append(timed(lambda: trained(MANY, None)) - timed(lambda: trained(FEW, None)))
        counted.append(
            timed(lambda: trained(MANY, Recorder())) - timed(lambda: trained(FEW, Recorder()))
        )
    told("training", (MANY - FEW) / min(bare), "images/s", least=5000)
    told("counting adds", 100 * (min(counted) / min(bare) - 1), "%", most=25)


def spikes(count: int) -> None:
    """Measure every spike through the fast engine, streamed, both ways of pacing."""
    for pacing in ("as_fast_as_possible", "real_time"):
        settings = {"storage.detail": "spikes", "pacing": pacing}
        run(task(200, readout=10, **settings), "cbram_512k")  # compiles
        workload = task(count, readout=10, **settings)
        begin = time.process_time()
        done = run(workload, "cbram_512k")
        taken = time.process_time() - begin
        name = f"every spike, {pacing.replace('_', ' ')}"
        told(name, taken * WHOLE / count, "s", most=300)
        print(f"    for {WHOLE:,} presentations, from {count:,} with {done.book.visits:,} visits")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    told("memory for every spike, streamed", peak, "MiB", most=2048)


def whole() -> None:
    """Measure the memory of the whole training, costed, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = "-m archsim.cli run cbram_mnist cbram_512k -q --no-ranges -o"
        subprocess.run([sys.executable, *command.split(), f"{folder}/out"], check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told("memory of 3 x 60,000, costed", used.ru_maxrss / 2**10, "MiB", most=2048)
    print(f"    in {used.ru_utime + used.ru_stime:.0f} s of processor time, tests included")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="one round, and no whole training")
    short = parser.parse_args().short
    print(f"{'reference loop, 10^7 additions':38s} {reference():10,.2f} s")
    learning(1 if short else 5)
    spikes(3_000 if short else 12_000)
    if not short:
        whole()


if __name__ == "__main__":
    main()
