"""Tables of CBRAM learning MNIST: accuracy over seeds, and what storing, pacing and memories cost.

Needs MNIST in ARCHSIM_DATA. Run it from the checkout:
python benchmarks/cbram_tables.py accuracy [--seeds N] [--jobs N]    (half an hour on two cores)
python benchmarks/cbram_tables.py costs                               (ten minutes)
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

import joblib
from rich.progress import track
from threadpoolctl import threadpool_limits

from archsim.chip import CrossbarDescription, read_chip
from archsim.components.bit_sliced import substrate_of
from archsim.report.gains import gains_section, pruning_section
from archsim.report.page import Page, page_markdown
from archsim.report.tables import Cell, Column, Table, markdown
from archsim.runs import Run, run
from archsim.workload import SpikingDescription, SpikingResult, read_workload, train_spiking

CHIP = "cbram_512k"
SHOWN = 180_000
"""Images presented in training."""
CASES = {
    "": ("none", "", ""),
    "soft_25": ("soft, set to -1: 25 %", "quiet", "during"),
    "soft_50": ("soft, set to -1: 50 %", "quiet", "during"),
    "soft_75": ("soft, set to -1: 75 %", "quiet", "during"),
    "soft_75_late": ("soft, set to -1: 75 %", "quiet", "during, later"),
    "set_after_75": ("soft, set to -1: 75 %", "quiet", "after"),
    "own_25": ("soft, own value: 25 %", "quiet", "during"),
    "own_50": ("soft, own value: 50 %", "quiet", "during"),
    "own_75": ("soft, own value: 75 %", "quiet", "during"),
    **{
        f"removed_{after}{key}_{part}": (
            f"conventional, removed: {part} %",
            {"lowest": "lowest w", "smallest": "lowest |w|"}[key],
            "after" if after else "during",
        )
        for after, key, part in itertools.product(
            ("", "after_"), ("lowest", "smallest"), (20, 40, 60)
        )
    },
    "outputs_800": ("none, 800 neurons", "", ""),
}
"""Variant → how it prunes, by which key, when."""


class Learnt(NamedTuple):
    """What one training came to."""

    case: str
    seed: int
    hard: float
    log_soft: float
    attempts: int
    changes: int


def learnt(case: str, seed: int) -> Learnt:
    """Return what training one variant with one seed comes to; nothing is priced."""
    reference = f"cbram_mnist:{case}" if case else "cbram_mnist"
    task = read_workload(reference, settings={"readout.probes": "0"})
    machine = cast("CrossbarDescription", read_chip(CHIP))
    with threadpool_limits(limits=1):
        substrate = substrate_of(machine.behaviour, task.shapes, seed=seed)
        found = train_spiking(cast("SpikingDescription", task), substrate, seed=seed)
    accuracy, did = found.accuracy, found.activity
    return Learnt(case, seed, accuracy["hard"], accuracy["log_soft"], did.attempts, did.changes)


def accuracy_table(rows: Iterable[Learnt]) -> Table:
    """Return mean and sample standard deviation over seeds of every variant."""
    several: dict[str, list[Learnt]] = {}
    for row in rows:
        several.setdefault(row.case, []).append(row)
    return Table(
        title="Accuracy on the test images of MNIST",
        columns=(
            *(Column(name=name) for name in ("pruning", "key", "when")),
            *(Column(name=name) for name in ("hard vote [%]", "log-probability vote [%]")),
            Column(name="seeds", style="number"),
            Column(name="attempts an image", style="number"),
            Column(name="changes an image", style="number"),
        ),
        rows=tuple(_accuracy_row(case, several[case]) for case in CASES if case in several),
    )


def _accuracy_row(case: str, rows: Sequence[Learnt]) -> tuple[Cell, ...]:
    counts = (statistics.fmean(one) / SHOWN for one in zip(*(row[4:] for row in rows), strict=True))
    return (
        *CASES[case],
        _spread([row.hard for row in rows]),
        _spread([row.log_soft for row in rows]),
        len(rows),
        *(round(count) for count in counts),
    )


def _spread(values: Sequence[float]) -> str:
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{100 * statistics.fmean(values):.1f} ± {100 * spread:.1f}"


COSTS: Mapping[str, tuple[str, str, dict[str, str]]] = {
    "whole": ("cbram_mnist", CHIP, {}),
    "in place, -1": ("cbram_mnist:soft_75", CHIP, {}),
    "in place, own values": ("cbram_mnist:own_75", CHIP, {}),
    "compacted, -1": ("cbram_mnist:compacted_75", CHIP, {}),
    "compacted, -0.5": ("cbram_mnist:compacted_75", CHIP, {"workload.pruning.value": "-0.5"}),
    "in real time": ("cbram_mnist:real_time", CHIP, {}),
    "rows as inputs come and go": (
        "cbram_mnist",
        CHIP,
        {"workload.storage.reads": "at_input_spikes"},
    ),
    **{name: ("cbram_mnist", f"{CHIP}:{name}", {}) for name in ("rram", "pcm", "sram")},
    "sram, in real time": ("cbram_mnist:real_time", f"{CHIP}:sram", {}),
}
"""Name → workload, chip and settings of a priced run."""


def costed() -> Iterator[tuple[str, Run]]:
    """Give the priced runs, seed 0, by name."""
    for name, (workload, chip, settings) in COSTS.items():
        yield name, run(workload, chip, settings={"workload.readout.probes": "0"} | settings)


def cost_table(runs: Mapping[str, Run]) -> Table:
    """Return energy, time and leakage of every run."""
    return Table(
        title="What each choice costs",
        columns=(
            Column(name="case"),
            Column(name="training", unit="J", style="quantity"),
            Column(name="of it updates", unit="J", style="quantity"),
            Column(name="of it pulses", unit="J", style="quantity"),
            Column(name="of it mask", unit="J", style="quantity"),
            Column(name="static in training", unit="J", style="quantity"),
            Column(name="time", unit="s", style="quantity"),
            Column(name="an image shown later", unit="J", style="quantity"),
            Column(name="windows late", style="number"),
            Column(name="hard vote", style="share"),
            Column(name="log-probability vote", style="share"),
        ),
        rows=tuple(_cost_row(name, one) for name, one in runs.items()),
    )


def _cost_row(name: str, done: Run) -> tuple[Cell, ...]:
    ledger = done.ledger
    training = ledger[ledger["phase"].isin(["forward", "update"])]
    static = training["action"].str.startswith("static")
    acts = training[~static]
    pulses = acts["action"].isin(["set", "reset"])
    found = cast("SpikingResult", done.learnt).accuracy
    images = 20_000  # to assign classes and to test
    return (
        name,
        done.totals.training_energy,
        float(acts[acts["phase"] == "update"]["energy_j"].sum()),
        float(acts[pulses]["energy_j"].sum()),
        float(acts[acts["component"] == "buffer"]["energy_j"].sum()),
        float(training[static]["energy_j"].sum()),
        done.totals.training_time,
        float(done.totals.energy["evaluate"]) / images,
        done.late_windows,
        found["hard"],
        found["log_soft"],
    )


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("accuracy", "costs"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    if chosen.what == "accuracy":
        pairs = list(itertools.product(CASES, range(chosen.seeds)))
        work = joblib.Parallel(n_jobs=chosen.jobs, return_as="generator")(
            joblib.delayed(learnt)(*pair) for pair in pairs
        )
        tables: tuple[Table, ...] = (accuracy_table(list(track(work, total=len(pairs)))),)
        sections = ()
    else:
        runs = dict(track(costed(), total=len(COSTS)))
        tables = (cost_table(runs),)
        alone = gains_section(runs["whole"])
        sections = ((alone,) if alone else ()) + (
            pruning_section(runs["whole"], runs["in place, -1"]),
            pruning_section(runs["whole"], runs["compacted, -1"]),
        )
    print(page_markdown(Page(title="CBRAM on MNIST", sections=sections)))
    for table in tables:
        print(markdown(table))


if __name__ == "__main__":
    main()
