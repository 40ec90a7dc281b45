"""Layered learning on EC-RAM cells, one example at a time: examples a second, what counting adds.

Cells with noise and spread, converters of 8 bits. Times are of the processor; reference loops of
the same run stand beside them, so that only ratios need comparing between machines.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from archsim.chip import read_chip
from archsim.components.substrate import Substrate
from archsim.trace import Recorder
from archsim.workload import learn_in_software, read_workload, train

EXAMPLES = 1_297
FEW, MANY = 2, 12
"""Epochs; what both have in common drops out of the difference."""


def reference() -> float:
    """Return the time that ten million additions take in plain Python, in seconds."""
    begin = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - begin


def timed(act: Callable[[], object]) -> float:
    """Return the processor time of an act, in seconds."""
    begin = time.process_time()
    act()
    return time.process_time() - begin


def cells(variant: str, epochs: int, *, counted: bool) -> None:
    """Learn on cells; the recorder throws segments away."""
    settings = {"stop.max_epochs": str(epochs)}
    task = read_workload(f"ecram_digits:{variant}".rstrip(":"), settings=settings)
    recorder = Recorder(lambda _: None, merge=frozenset()) if counted else None
    behaviour = read_chip("ecram_2layer").behaviour
    train(task, Substrate(behaviour, task.shapes, seed=0, recorder=recorder), seed=0)


def software(epochs: int) -> None:
    """Learn in floats."""
    task = read_workload("ecram_digits", settings={"stop.max_epochs": str(epochs)})
    learn_in_software(task, seed=0)


def rate(act: Callable[[int], None]) -> float:
    """Return examples a second, best of three."""
    taken = min(timed(lambda: act(MANY)) - timed(lambda: act(FEW)) for _ in range(3))
    return EXAMPLES * (MANY - FEW) / taken


def main() -> None:
    """Measure and print."""
    print(f"reference loop             {reference():8.2f} s   10⁷ additions in Python")
    print(f"the same in NumPy floats   {rate(software):8.0f} examples/s")
    for variant in ("", "conventional", "stochastic"):
        cells(variant, 1, counted=True)  # compiles
        for counted in (False, True):
            found = rate(lambda n, v=variant, c=counted: cells(v, n, counted=c))
            name = (variant or "progressive") + (", counted" if counted else "")
            print(f"{name:26s} {found:8.0f} examples/s   limit 5000")


if __name__ == "__main__":
    main()
