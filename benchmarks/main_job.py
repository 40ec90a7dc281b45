"""The main job: start of the command line, the demo's simulation, memory against length.

Prints one table; every figure stands beside a reference measured in the same run.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

HELP = [sys.executable, "-m", "archsim.cli", "--help"]
NOTHING = [sys.executable, "-c", "pass"]
RUNS = (("madem_braille", "madem_64"), ("madem_braille:two_layer", "madem_64x4"))
LONG_RUN = """
import json, resource
from archsim.runs import run
settings = {"workload.stop.near": "1.0", "workload.stop.max_epochs": "%d"}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
done = run("madem_braille", "madem_64", settings=settings)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([done.book.segments, done.longest_segment, before, after]))
"""


def seconds(command: list[str], *, times: int = 5) -> float:
    """Return the median wall time of a command, in seconds."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def main() -> None:
    """Measure and print."""
    bare, page = seconds(NOTHING), seconds(HELP)
    print(f"archsim --help          {page:6.3f} s   bare Python {bare:6.3f} s   limit 0.2 s")

    from archsim.runs import run  # noqa: PLC0415 (its import is not part of the figure)

    for workload, chip in RUNS:
        begin = time.perf_counter()
        run(workload, chip)
        print(f"{workload:23s} {time.perf_counter() - begin:6.3f} s   on {chip}, limit 5 s")

    rows = []
    for epochs in (20, 200):
        text = subprocess.run(
            [sys.executable, "-c", LONG_RUN % epochs], check=True, capture_output=True, text=True
        ).stdout
        rows.append((epochs, *json.loads(text)))
    for epochs, segments, longest, before, after in rows:
        print(
            f"{epochs:4d} epochs  {segments:6d} segments, longest {longest} visits, "
            f"peak memory {after / 1024:.0f} MiB, {(after - before) / 1024:.1f} MiB above the start"
        )
    print(f"peak memory, ten times the epochs: × {rows[1][4] / rows[0][4]:.3f}")


if __name__ == "__main__":
    main()
