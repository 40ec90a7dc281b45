"""GPU rows: the same task on graphics processors, absolute figures first, then ratios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from archsim import catalog
from archsim.analysis import (
    Interval,
    baseline_energy,
    baseline_time,
    interval,
    ratio_interval,
)
from archsim.baseline import Baseline, GpuDescription, gpu_baselines, learnt
from archsim.baseline.measured import measured_baseline, read_measured
from archsim.chip import read_chip
from archsim.chip.published import Claim, Published
from archsim.errors import ArchsimError, InputError
from archsim.report.claims import Finding
from archsim.report.figures import Figures
from archsim.report.page import Section
from archsim.report.tables import Cell, Column, Table
from archsim.spec.read import resolve
from archsim.workload import AttractorDescription

__all__ = [
    "GpuRow",
    "catalog_gpus",
    "gpu_boundary",
    "gpu_findings",
    "gpu_frame",
    "gpu_records",
    "gpu_rows",
    "gpu_section",
    "read_gpu",
]

RATIOS = {"gpu_time_ratio": "time_ratio", "gpu_energy_ratio": "energy_ratio"}
"""Quantity of a published claim → what of a row it is held against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuRow:
    """One training on a GPU beside a run on a chip."""

    case: str
    """Name of the run."""
    gpu: str
    row: str
    about: str
    steps: int | None
    """Weight updates; None where a measurement does not say."""
    nets: int
    """Networks trained at once."""
    energy: Interval
    """Of one network. [J]"""
    time: Interval
    """Of one network. [s]"""
    energy_ratio: Interval
    """Energy of the GPU over that of the chip, static energy on both sides."""
    time_ratio: Interval
    """Time of the GPU over that of the chip."""
    facts: Mapping[str, Any]
    """What is included, what is not, and the counts behind the figures."""


def catalog_gpus() -> list[str]:
    """Return the chips of the catalog whose file says ``kind: gpu``."""
    found = []
    for name in catalog.entries("chips"):
        try:
            plain = resolve(catalog.find("chips", name)[0])[0].plain()
        except ArchsimError:
            continue
        if isinstance(plain, dict) and plain.get("kind") == "gpu":
            found.append(name)
    return found


def read_gpu(reference: str) -> GpuDescription:
    """Return the GPU that a reference names.

    Raises
    ------
    InputError
        If it names nothing, or another kind of chip.
    """
    gpu = read_chip(reference)
    if not isinstance(gpu, GpuDescription):
        raise InputError(f"{reference}: expected a chip of kind gpu, got {gpu.kind}")
    return gpu


def gpu_rows(
    own: Figures,
    workload: AttractorDescription,
    gpus: Sequence[str],
    *,
    case: str = "",
    seed: int = 0,
) -> list[GpuRow]:
    """Return every row of every GPU beside one run.

    Parameters
    ----------
    own : Figures
        Figures of the run.
    workload : AttractorDescription
        What it learnt; the GPU learns the same by backpropagation, to the same criterion.
    gpus : sequence of str
        References of chips of kind gpu; measurements beside them are rows too.
    case : str, optional
        Name of the run in the table.
    seed : int
        Seed of the GPU's training.
    """
    results = learnt(workload, seed=seed)
    rows = []
    for reference in gpus:
        gpu = read_gpu(reference)
        baselines = [*gpu_baselines(gpu, results).values(), *_measured(gpu, reference, own.of)]
        rows += [_row(own, baseline, case or own.of) for baseline in baselines]
    return rows


def _measured(gpu: GpuDescription, reference: str, of: str) -> Iterator[Baseline]:
    """Give the measurements beside a GPU that were made of the same workload."""
    workload = of.partition(" on ")[0]
    for one in read_measured(reference):
        if one.workload == workload:
            yield measured_baseline(gpu, one)


def _row(own: Figures, baseline: Baseline, case: str) -> GpuRow:
    energy, time = baseline_energy(baseline), baseline_time(baseline)
    known = {**_mapping(baseline.facts.get("provenance")), **baseline.facts}
    steps = known.get("steps")
    return GpuRow(
        case=case,
        gpu=baseline.gpu.name,
        row=baseline.name,
        about=baseline.about,
        steps=steps if isinstance(steps, int) else None,
        nets=baseline.nets,
        energy=interval(energy),
        time=interval(time),
        energy_ratio=ratio_interval(energy, own.full_energy),
        time_ratio=ratio_interval(time, own.time_quantity),
        facts=baseline.facts,
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def gpu_section(
    several: Mapping[str, Figures], rows: Sequence[GpuRow], published: Published | None = None
) -> Section:
    """Return the comparison: what both sides take, then the ratios, with published ranges.

    Parameters
    ----------
    several : mapping
        Name → figures of the runs.
    rows : sequence of GpuRow
        Rows of all of them.
    published : Published, optional
        Claims on ratios; each gets a column that says hit or miss.
    """
    items: list[Table | str] = [_chips_table(several)]
    for name, own in several.items():
        mine = [row for row in rows if row.case == name]
        items.append(_gpu_table(own.of, mine, published))
    kinds = dict.fromkeys((row.row, row.about) for row in rows if row.about)
    if kinds:
        items.append("Rows:")
        items += [f"- {name}: {about}" for name, about in kinds]
    return Section(title="Against a GPU", items=tuple(items))


def _chips_table(several: Mapping[str, Figures]) -> Table:
    return Table(
        title="Training of one network on the chip",
        columns=(
            Column(name="run"),
            Column(name="energy", unit="J", style="quantity"),
            Column(name="time", unit="s", style="quantity"),
        ),
        rows=tuple((own.of, interval(own.full_energy), own.time) for own in several.values()),
        note="Energies here include static energy of the training phases, as those of the GPU do. "
        "In parentheses the 5 % and 95 % points; times are simulated at all-low and all-high "
        "constants: sampled, no bound.",
    )


def _gpu_table(of: str, rows: Sequence[GpuRow], published: Published | None) -> Table:
    claims = _ratio_claims(published)
    cells: list[tuple[Cell, ...]] = [
        (
            row.gpu,
            row.row,
            row.steps,
            row.energy,
            row.time,
            row.energy_ratio,
            row.time_ratio,
            *(_mark(claim, getattr(row, RATIOS[claim.quantity])) for claim in claims),
        )
        for row in rows
    ]
    return Table(
        title=f"The same on a GPU, beside {of}",
        columns=(
            Column(name="GPU"),
            Column(name="row"),
            Column(name="steps", style="number"),
            Column(name="energy", unit="J", style="quantity"),
            Column(name="time", unit="s", style="quantity"),
            Column(name="energy over chip's", style="number"),
            Column(name="time over chip's", style="number"),
            *(Column(name=claim.id) for claim in claims),
        ),
        rows=tuple(cells),
        note="A constant that both sides use is one variable in a ratio. A star: part of the "
        "range says otherwise."
        + "".join(f" {claim.id}: published {claim.published}." for claim in claims),
    )


def _mark(claim: Claim, ratio: Interval) -> str:
    """Return hit or miss, with a star where part of the range says otherwise."""
    hit = claim.accepts(ratio.nominal)
    low, high = claim.bounds
    within = claim.accepts(ratio.low) and claim.accepts(ratio.high)
    apart = (low is not None and ratio.high < low) or (high is not None and ratio.low > high)
    return ("hit" if hit else "miss") + ("" if (within if hit else apart) else "*")


def _ratio_claims(published: Published | None) -> list[Claim]:
    claims = published.claims if published is not None else ()
    return [claim for claim in claims if claim.quantity in RATIOS]


def gpu_findings(rows: Sequence[GpuRow], published: Published | None) -> dict[str, list[Finding]]:
    """Return which rows hit the published ratios: quantity → a finding for each run."""
    found: dict[str, list[Finding]] = {}
    for claim in _ratio_claims(published):
        for case in dict.fromkeys(row.case for row in rows):
            mine = [row for row in rows if row.case == case]
            hits = [
                f"{row.row} on {row.gpu}"
                for row in mine
                if claim.accepts(getattr(row, RATIOS[claim.quantity]).nominal)
            ]
            said = f"hit in {len(hits)} of {len(mine)} rows: {', '.join(hits)}" if hits else ""
            said = said or f"miss in all {len(mine)} rows"
            found.setdefault(claim.quantity, []).append(Finding(case, None, said))
    return found


def gpu_boundary(rows: Sequence[GpuRow]) -> tuple[str, ...]:
    """Return what the GPU's side includes and leaves out, a paragraph each."""
    texts: dict[str, None] = {}
    for row in rows:
        for word, name in (("Included", "included"), ("Left out", "excluded")):
            listed = row.facts.get(name)
            if isinstance(listed, list | tuple) and listed:
                texts.setdefault(f"{word} on the GPU: {', '.join(map(str, listed))}.")
    return tuple(texts)


def gpu_frame(rows: Sequence[GpuRow]) -> pd.DataFrame:
    """Return the rows as a frame, in SI."""
    frame = pd.DataFrame.from_records(gpu_records(rows))
    if len(frame):
        frame["steps"] = pd.Series([row.steps for row in rows], dtype=object)
    return frame


def gpu_records(rows: Sequence[GpuRow]) -> list[dict[str, Any]]:
    """Return the rows for programs, in SI."""
    records = []
    for row in rows:
        record: dict[str, Any] = {
            "case": row.case,
            "gpu": row.gpu,
            "row": row.row,
            "steps": row.steps,
            "nets": row.nets,
        }
        for name, unit in (
            ("energy", "_j"),
            ("time", "_s"),
            ("energy_ratio", ""),
            ("time_ratio", ""),
        ):
            one: Interval = getattr(row, name)
            record[f"{name}{unit}"] = one.nominal
            record[f"{name}_low{unit}"] = one.low
            record[f"{name}_high{unit}"] = one.high
        records.append(record)
    return records
