"""Spiking learning of MNIST: images a second, what counting adds, every spike through the engine.

Needs MNIST in ARCHSIM_DATA. Times are of the processor; a reference loop of the same run stands
beside them, so that only ratios need comparing between machines.
"""

from __future__ import annotations

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


def main() -> None:
    """Measure and print."""
    few, many = 2_000, 22_000
    trained(few, None)  # compiles
    print(f"reference loop                 {reference():8.2f} s   10⁷ additions in Python")

    bare = min(
        timed(lambda: trained(many, None)) - timed(lambda: trained(few, None)) for _ in range(3)
    )
    counted = min(
        timed(lambda: trained(many, Recorder())) - timed(lambda: trained(few, Recorder()))
        for _ in range(3)
    )
    images = many - few
    print(f"training                       {images / bare:8.0f} images/s   limit 5000")
    print(f"training, counted              {images / counted:8.0f} images/s")
    print(f"counting adds                  {100 * (counted / bare - 1):8.1f} %   limit 25 %")

    for pacing in ("as_fast_as_possible", "real_time"):
        settings = {"storage.detail": "spikes", "pacing": pacing}
        for count in (few, 12_000):  # the first one compiles
            workload = task(count, readout=10, **settings)
            begin = time.process_time()
            done = run(workload, "cbram_512k")
            taken = time.process_time() - begin
        whole = taken * WHOLE / count
        print(
            f"every spike, {pacing:19s} {whole:6.0f} s for {WHOLE:,} presentations, "
            f"from {count:,} with {done.book.visits:,} visits   limit 300 s"
        )


if __name__ == "__main__":
    main()
