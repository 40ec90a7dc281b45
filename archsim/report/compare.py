"""Comparisons: a run beside another run, or beside the same training on a GPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from archsim import catalog
from archsim.analysis import CANNOT_TELL, Interval, Quantity, interval, ratio_interval, verdict
from archsim.analysis.variable import variables
from archsim.errors import InputError
from archsim.report.accuracy import Trial, trials
from archsim.report.breakdown import PARTS, energy_by
from archsim.report.figures import Figures, figures
from archsim.report.gpu import catalog_gpus, gpu_boundary, gpu_rows
from archsim.report.page import Page, Section
from archsim.report.restore import restored
from archsim.report.sections import included_section
from archsim.report.stored import read_run
from archsim.report.tables import Cell, Column, Table
from archsim.runs import Run
from archsim.workload import as_attractor

__all__ = ["Compared", "Comparison", "comparison"]

Progress = Callable[[str, float], None]


class Compared(NamedTuple):
    """One quantity on both sides."""

    quantity: str
    item: str
    """What of it, such as a row of the baseline."""
    unit: str
    first: Interval
    second: Interval
    ratio: Interval
    """Second over first; constants that both share are the same in both."""
    verdict: str
    """Whether the second is lower or higher, or cannot be told from the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sides, quantity by quantity."""

    first: str
    second: str
    rows: tuple[Compared, ...]
    sections: tuple[Section, ...] = ()
    """What else is set side by side."""

    def frame(self) -> pd.DataFrame:
        """Return the rows as a frame, in SI."""
        return pd.DataFrame.from_records(self.records())

    def records(self) -> list[dict[str, Any]]:
        """Return the rows for programs, in SI."""
        records = []
        for row in self.rows:
            record: dict[str, Any] = {
                "quantity": row.quantity,
                "item": row.item,
                "unit": row.unit,
                "verdict": row.verdict,
            }
            for name in ("first", "second", "ratio"):
                one: Interval = getattr(row, name)
                record |= {name: one.nominal, f"{name}_low": one.low, f"{name}_high": one.high}
            records.append(record)
        return records

    def page(self) -> Page:
        """Return the comparison as a page: absolute figures before ratios."""
        units = dict.fromkeys(row.unit for row in self.rows)
        tables = tuple(
            self._table([row for row in self.rows if row.unit == unit], unit) for unit in units
        )
        return Page(
            title=f"{self.first} and {self.second}",
            sections=(Section(title="Training", items=tables), *self.sections),
        )

    def _table(self, rows: Sequence[Compared], unit: str) -> Table:
        return Table(
            title="",
            columns=(
                Column(name="quantity"),
                Column(name="of"),
                Column(name=f"A: {self.first}", unit=unit, style="quantity"),
                Column(name=f"B: {self.second}", unit=unit, style="quantity"),
                Column(name="B over A", style="number"),
                Column(name="B is"),
            ),
            rows=tuple((one.quantity, one.item, *one[3:]) for one in rows),
            note="In parentheses the 5 % and 95 % points; times of chips are sampled at all-low "
            "and all-high constants: no bounds.",
        )


def comparison(first: str, second: str, *, progress: Progress | None = None) -> Comparison:
    """Compare a stored run with another one, or with a GPU.

    Parameters
    ----------
    first : str
        Folder of a run.
    second : str
        Folder of another run, or reference of a chip of kind gpu.
    progress : callable, optional
        Told how far it is.

    Raises
    ------
    StorageError
        If the first is no folder of a run.
    InputError
        If the second is neither a run nor a GPU.
    """
    tell = progress or (lambda _text, _fraction: None)
    with_run = Path(second).is_dir() and not (Path(second) / "chip.yaml").exists()
    if not with_run:
        _known(second)
    run = restored(read_run(first))
    own = _figures(run, tell, 0.0)
    if with_run:
        other = restored(read_run(second))
        return _of_runs(run, own, other, _figures(other, tell, 0.5), (first, second))
    return _with_gpu(run, own, second)


def _known(reference: str) -> None:
    """Check that a reference that is no folder of a run names a chip."""
    try:
        catalog.find("chips", reference)
    except InputError:
        message = (
            f"expected the folder of a run or a chip of kind gpu, got {reference!r}; "
            f"there are {', '.join(catalog_gpus()) or 'no such chips'}"
        )
        raise InputError(message) from None


def _figures(run: Run, tell: Progress, fraction: float) -> Figures:
    tell(f"ranges of {run.workload} on {run.chip}", fraction)
    return figures(run)


def _of_runs(
    run: Run, own: Figures, other: Run, theirs: Figures, folders: tuple[str, str]
) -> Comparison:
    energies = [
        _compared("training energy", "headline", own.energy, theirs.energy),
        _compared("training energy", "with static", own.full_energy, theirs.full_energy),
    ]
    ratio = _time_ratio(run, own.time, other, theirs.time)
    shared = run.machine is not None and bool(_shared(run, other))
    said = _verdict(own.time, theirs.time, ratio, shared=shared)
    time = Compared("training time", "headline", "s", own.time, theirs.time, ratio, said)
    names = (f"{own.of}, seed {run.seed}", f"{theirs.of}, seed {other.seed}")
    if names[0] == names[1]:
        names = (f"{names[0]} ({folders[0]})", f"{names[1]} ({folders[1]})")
    return Comparison(
        first=names[0],
        second=names[1],
        rows=(*energies, time),
        sections=(
            Section(title="Accuracy", items=(_accuracy_table(run, other),)),
            Section(
                title="Where it goes",
                items=(_parts_table(run, other), _components_table(run, other)),
            ),
        ),
    )


def _with_gpu(run: Run, own: Figures, reference: str) -> Comparison:
    if run.task is None or run.machine is None:
        raise InputError(f"run on {run.chip}: expected a run of a workload on a crossbar chip")
    rows = gpu_rows(own, as_attractor(run.task), [reference])
    compared = []
    whole = interval(own.full_energy)
    for row in rows:
        said = _verdict(whole, row.energy, row.energy_ratio, shared=False)
        compared.append(
            Compared("training energy", row.row, "J", whole, row.energy, row.energy_ratio, said)
        )
    for row in rows:
        said = _verdict(own.time, row.time, row.time_ratio, shared=False)
        compared.append(
            Compared("training time", row.row, "s", own.time, row.time, row.time_ratio, said)
        )
    return Comparison(
        first=own.of,
        second=rows[0].gpu,
        rows=tuple(compared),
        sections=(included_section(run.machine, gpu_boundary(rows)),),
    )


def _compared(quantity: str, item: str, first: Quantity, second: Quantity) -> Compared:
    own, theirs = interval(first), interval(second)
    ratio = ratio_interval(second, first)
    shared = bool(set(first.variables) & set(second.variables))
    said = _verdict(own, theirs, ratio, shared=shared)
    return Compared(quantity, item, first.unit, own, theirs, ratio, said)


def _verdict(first: Interval, second: Interval, ratio: Interval, *, shared: bool) -> str:
    """Return whether the second is lower or higher, if their ranges lie apart."""
    said = verdict(second, first)
    if said != CANNOT_TELL or not shared or ratio.holds(1.0):
        return said
    way = "lower" if ratio.nominal < 1 else "higher"
    return f"{CANNOT_TELL}; {way} if the constants of both are the same"


def _shared(run: Run, other: Run) -> bool:
    """Return whether two chips have the same constants with a range, outside behaviour."""
    if run.machine is None or other.machine is None:
        return False
    first, second = (variables(one, skip=("behaviour",)) for one in (run.machine, other.machine))
    return first.keys() == second.keys()


def _time_ratio(run: Run, first: Interval, other: Run, second: Interval) -> Interval:
    """Return second over first: at the same ends if their constants are the same, else at any."""
    if _shared(run, other):
        pairs = zip(first.samples, second.samples, strict=True)
        ratios = [theirs[1] / own[1] for own, theirs in pairs]
    else:
        ratios = [second.low / first.high, second.high / first.low]
    nominal = second.nominal / first.nominal
    return Interval(
        low=min(nominal, *ratios), nominal=nominal, high=max(nominal, *ratios), kind="sampled"
    )


def _accuracy_table(run: Run, other: Run) -> Table:
    first, second = ({one.flips: one for one in trials(side.metrics)} for side in (run, other))
    rows: list[tuple[Cell, ...]] = []
    for flips in sorted(first.keys() | second.keys()):
        both: list[Trial | None] = [first.get(flips), second.get(flips)]
        scores = [
            getattr(one, name) if one is not None else None
            for name in ("near", "exact", "ceiling")
            for one in both
        ]
        rows.append((f"{flips * 100:g} %" if flips else "clean", *scores))
    names = [
        f"{name}, {side}"
        for name in ("nearest word", "exact", "ceiling of the ideal decoder")
        for side in "AB"
    ]
    return Table(
        title="Accuracy after training",
        columns=(
            Column(name="flipped dots"),
            *(Column(name=name, style="share") for name in names),
        ),
        rows=tuple(rows),
    )


def _parts_table(run: Run, other: Run) -> Table:
    first, second = run.totals, other.totals
    rows: list[tuple[Cell, ...]] = []
    for part in PARTS:
        energies = first.energy.get(part), second.energy.get(part)
        times = first.time.get(part), second.time.get(part)
        if any(energies) or any(times):
            rows.append((part, *energies, *times))
    energies, times = (
        (first.grand_energy, second.grand_energy),
        (first.grand_time, second.grand_time),
    )
    rows.append(("grand total", *energies, *times))
    return Table(
        title="Parts of the cost, nominal",
        columns=(
            Column(name="part"),
            *(Column(name=f"energy, {side}", unit="J", style="quantity") for side in "AB"),
            *(Column(name=f"time, {side}", unit="s", style="quantity") for side in "AB"),
        ),
        rows=tuple(rows),
        strong=frozenset((len(rows) - 1,)),
    )


def _components_table(run: Run, other: Run) -> Table:
    first, second = (energy_by(side.ledger, "component") for side in (run, other))
    zero = Fraction(0)
    rows = []
    for name in sorted(first.keys() | second.keys()):
        own, theirs = (side.get(name, {}).get("training", zero) for side in (first, second))
        if own or theirs:
            rows.append((name, own, theirs, theirs - own))
    rows.sort(key=lambda row: (-max(row[1], row[2]), row[0]))
    return Table(
        title="Training energy by component, nominal",
        columns=(
            Column(name="component"),
            *(
                Column(name=name, unit="J", style="quantity")
                for name in ("energy, A", "energy, B", "B minus A")
            ),
        ),
        rows=tuple(rows),
    )
