"""A finished run: ledger, metrics and what they were made from."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd

import archsim
from archsim import plugins
from archsim.chip.description import CrossbarDescription, TiledDescription
from archsim.components.array import CrossbarArray
from archsim.frames import EVENT_COLUMNS, cost_share, frame, ledger_frame, metrics_frame
from archsim.ledger import STATE_SCALE, Ledger, Prices
from archsim.mapping.place import Placement
from archsim.runs.events import EventBatch, EventRow
from archsim.runs.group import Spread, groups_frame
from archsim.runs.writes import WriteRow
from archsim.trace import COUNT_SCALE, TraceTotals
from archsim.workload import SyntheticDescription, TrainingResult, WorkloadDescription

__all__ = ["RESULT_SCHEMA", "Run", "Totals"]

RESULT_SCHEMA = 1
"""Version of the tables and files that a run writes."""

_JOULE = 10**24


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Energy and time of a run, exact."""

    energy: Mapping[str, Fraction]
    """Part of the cost (training, inference, evaluate, initialise, static) → energy. [J]"""
    time: Mapping[str, Fraction]
    """Part of the cost, static left out → time, gaps included. [s]"""

    @property
    def training_energy(self) -> float:
        """Headline: energy of the phases of training, io included, in joules."""
        return float(self.energy.get("training", Fraction(0)))

    @property
    def training_time(self) -> float:
        """Headline: time of the same phases, in seconds."""
        return float(self.time.get("training", Fraction(0)))

    @property
    def headline(self) -> str:
        """Part of the cost that the run was for: training, or inference where none was trained."""
        return "training" if self.time.get("training") else "inference"

    @property
    def grand_energy(self) -> Fraction:
        """Everything, static energy included, in joules."""
        return sum(self.energy.values(), Fraction(0))

    @property
    def grand_time(self) -> Fraction:
        """Everything, in seconds."""
        return sum(self.time.values(), Fraction(0))


@dataclass(kw_only=True)
class Run:
    """One workload on one chip with one seed, done.

    The tables are `ledger`, `metrics` and, on request, `events`.
    """

    chip: str
    """Name of the chip, with its variant."""
    workload: str
    """Name of the workload, with its variant."""
    seed: int
    config: Mapping[str, str]
    """``chip`` and ``workload`` → resolved YAML text of what was really simulated."""
    inputs: Mapping[str, str]
    """Name → SHA-256 of further inputs, such as data sets."""
    book: Ledger
    prices: Prices
    measured: list[Mapping[str, object]]
    """Rows of the metrics table."""
    trace: TraceTotals
    placement: Placement | None
    spreads: tuple[Spread, ...] = ()
    """Where the ledger tells of many tiles together: how they differ; else empty."""
    event_batches: list[EventBatch] | None = None
    """What was booked in each segment, if the run kept it."""
    policies: tuple[str, ...] = ()
    """Station policies of the user's own, ``station=policy``."""
    longest_segment: int = 0
    """Visits of the longest segment."""
    late_windows: int = 0
    """Windows of real time that the chip needed longer than."""
    machine: TiledDescription | None = None
    """The chip as described; None where it was a GPU's."""
    task: WorkloadDescription | None = None
    """The workload as described."""
    learnt: TrainingResult | None = None
    """How well it was learnt; None where nothing was trained."""
    writes: tuple[WriteRow, ...] = ()
    """How many cells of each array were written how often."""

    @functools.cached_property
    def ledger(self) -> pd.DataFrame:
        """What everything cost, one row per (epoch, tile, component, action, phase)."""
        return ledger_frame(self.book, self.prices)

    @functools.cached_property
    def groups(self) -> pd.DataFrame:
        """How tiles of a class differ, where the ledger has one row for all of them; else empty."""
        return groups_frame(self.spreads, self.prices)

    @functools.cached_property
    def metrics(self) -> pd.DataFrame:
        """What was measured while training, with the energy and time spent until then."""
        return metrics_frame(self.measured)

    @functools.cached_property
    def event_rows(self) -> list[EventRow]:
        """One row per booked count of every visit, in the order of starts.

        Raises
        ------
        ValueError
            If the run did not keep events.
        """
        if self.event_batches is None:
            raise ValueError("this run kept no events; run it again with events=True")
        return [row for batch in self.event_batches for row in batch.rows()]

    @functools.cached_property
    def events(self) -> pd.DataFrame:
        """The same as a table.

        Raises
        ------
        ValueError
            If the run did not keep events.
        """
        return frame(EVENT_COLUMNS, ((0, *row) for row in self.event_rows))

    @functools.cached_property
    def totals(self) -> Totals:
        """Energy and time by part of the cost, summed in integers."""
        energy: dict[str, Fraction] = {}
        for _, account, tally in self.book.actions():
            price, scale = self.prices.actions[account[1:]]
            part = cost_share(account.phase, account.action)
            energy[part] = energy.get(part, Fraction(0)) + Fraction(tally.count * price, scale)
        for row in self.book.states(self.prices):
            leakage = self.prices.leakage_aw[row.tile, row.component, row.state]
            ticks = Fraction(row.ticks * leakage, STATE_SCALE)
            energy["static"] = energy.get("static", Fraction(0)) + ticks
        time: dict[str, Fraction] = {}
        for (epoch, phase), duration in self.book.durations.items():
            part = cost_share(phase, "")
            whole = Fraction(duration + self.book.gaps[epoch, phase], 10**15)
            time[part] = time.get(part, Fraction(0)) + whole
        return Totals(energy={part: value / _JOULE for part, value in energy.items()}, time=time)

    @functools.cached_property
    def peak_currents(self) -> Mapping[str, float]:
        """Largest currents at once, on one line and in one array: name → amperes.

        The trace keeps Σ g·|x| of lines in full-scale cells; a full-scale cell carries G_max times
        the array's read or write voltage (Ohm's law).
        """
        if not isinstance(self.machine, CrossbarDescription):
            return {}
        arrays = [
            part
            for table in self.machine.groups().values()
            for part in table.values()
            if isinstance(part, CrossbarArray)
        ]
        if not arrays:
            return {}
        top = self.machine.behaviour.cell.maximum_conductance.value
        read = top * max(array.read_voltage.value for array in arrays)
        write = top * max(array.write_voltage.value for array in arrays)
        return {
            line: peak / COUNT_SCALE * (read if line.startswith("read") else write)
            for line, peak in sorted(self.trace.peaks.items())
        }

    def manifest(self) -> dict[str, object]:
        """Return what identifies the run: hashes of inputs, seed and versions."""
        hashes = {name: _sha256(text) for name, text in sorted(self.config.items())}
        totals = self.totals
        return {
            "archsim": archsim.__version__,
            "result_schema": RESULT_SCHEMA,
            "python": platform.python_version(),
            "numba": importlib.metadata.version("numba"),
            "numpy": np.__version__,
            "pandas": pd.__version__,
            "chip": self.chip,
            "workload": self.workload,
            "seed": self.seed,
            "policies": list(self.policies),
            "extensions": plugins.provenance(),
            "inputs": hashes | dict(sorted(self.inputs.items())),
            **({"synthetic": True} if isinstance(self.task, SyntheticDescription) else {}),
            "totals": {
                "energy_yj": {k: str(v * _JOULE) for k, v in sorted(totals.energy.items())},
                "time_fs": {k: str(v * 10**15) for k, v in sorted(totals.time.items())},
                "segments": self.book.segments,
                "visits": self.book.visits,
            },
        }

    def _repr_html_(self) -> str:
        """Return a short table for notebooks."""
        totals = self.totals
        rows = [
            ("chip", self.chip),
            ("workload", self.workload),
            ("seed", str(self.seed)),
            ("training energy [J]", f"{totals.training_energy:.4g}"),
            ("training time [s]", f"{totals.training_time:.4g}"),
        ]
        cells = "".join(
            f"<tr><th>{name}</th><td>{_escape(value)}</td></tr>" for name, value in rows
        )
        return f"<table>{cells}</table>"

    def __repr__(self) -> str:
        """Return a line that says what ran and what it cost."""
        totals = self.totals
        return (
            f"Run({self.workload} on {self.chip}, seed {self.seed}: "
            f"{totals.training_energy:.4g} J, {totals.training_time:.4g} s of training)"
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
