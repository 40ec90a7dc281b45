"""Measured entries: a training done on a real GPU, as it stands beside the GPU's chip file."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from archsim import catalog
from archsim.baseline.baseline import EXCLUDED, INCLUDED, Baseline
from archsim.baseline.description import GpuDescription
from archsim.baseline.roofline import TILE
from archsim.ledger import Ledger, Price, Prices
from archsim.mapping.program import AccountTable, SegmentBuilder, Station, StationTable, Visit
from archsim.spec import Description, Energy, Power, Time, read
from archsim.trace.ops import Phase

__all__ = ["MEASURED_FILE", "MeasuredFile", "Measurement", "measured_baseline", "read_measured"]

MEASURED_FILE = "measured.yaml"
"""Name of the file with measured entries beside a GPU's chip file."""

_BOARD = "board"


class Measurement(Description):
    """One training that was measured."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
    """Name in results."""
    workload: str = Field(min_length=1)
    """What was learnt, as ``NAME[:VARIANT]``."""
    row: Literal["framework_batch1", "framework_whole"]
    """How the GPU was used, as in `archsim.baseline.ROWS`."""
    steps: Annotated[int, Field(ge=1)]
    """Weight updates of one training."""
    batch: Annotated[int, Field(ge=1)]
    """Patterns of one step."""
    met: bool
    """Whether the trained network answered every clean pattern right."""
    energy: Energy
    """Energy of one training, the card's idle draw included. [J]"""
    time: Time
    """Time of one training. [s]"""
    idle: Power
    """Draw of the card with its context open and nothing running, in the same sitting. [W]"""
    device: str = Field(min_length=1)
    """Name of the card, as its driver gives it."""
    versions: str = Field(min_length=1)
    """Versions of driver and framework."""
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """Day of the measurement."""
    trainings: Annotated[int, Field(ge=1)]
    """Trainings in all trials together."""
    trials: Annotated[int, Field(ge=1)]
    """Windows over which the counter was read."""


class MeasuredFile(Description):
    """What stands in a file of measured entries."""

    measured: tuple[Measurement, ...] = ()
    """The entries."""


def read_measured(reference: str) -> tuple[Measurement, ...]:
    """Return the measured entries that stand beside a GPU's chip file.

    Parameters
    ----------
    reference : str
        ``NAME[:VARIANT]`` of the catalog, or a path to a chip's folder or file.

    Returns
    -------
    tuple of Measurement
        None at all if there is no file `MEASURED_FILE`.

    Raises
    ------
    InputError
        If the reference names nothing, or the file has a fault.
    """
    path, _ = catalog.find("chips", reference)
    file = path.with_name(MEASURED_FILE)
    return read(file, MeasuredFile).measured if file.is_file() else ()


def measured_baseline(gpu: GpuDescription, measurement: Measurement) -> Baseline:
    """Return a measurement as a baseline: one act ``measured_run`` with its energy and time.

    Parameters
    ----------
    gpu : GpuDescription
        The GPU that it stands beside; none of its constants is used.
    measurement : Measurement
        What was measured.

    Returns
    -------
    Baseline
        Its ledger has one segment of phase ``mixed``.
    """
    accounts = AccountTable()
    station = Station(name=f"{TILE}.{_BOARD}", tile=TILE, component=_BOARD)
    ledger = Ledger(accounts=accounts, stations=StationTable(stations=(station,)))
    phase, action = Phase.MIXED.value, "measured_run"
    ticks = round(Fraction(measurement.time.value) * 10**15)
    builder = SegmentBuilder(epoch=-1, phase=phase)
    account = accounts.number(phase, TILE, _BOARD, action)
    builder.task([Visit(0, ticks, ticks, account)], label=measurement.name)
    zeros = np.zeros(1, dtype=np.int64)
    ledger.add(builder.build(), arrival_ticks=zeros, start_ticks=zeros, end_tick=ticks)
    price = Price(round(Fraction(measurement.energy.value) * 10**24), 1)
    idle = measurement.idle.value * measurement.time.value
    facts: dict[str, object] = {
        "steps": measurement.steps,
        "batch": measurement.batch,
        "criterion_met": measurement.met,
        "provenance": measurement.model_dump(mode="json"),
        "energy_above_idle_j": measurement.energy.value - idle,
        "included": (*INCLUDED, "setting the first weights"),
        "excluded": tuple(item for item in EXCLUDED if item != "drawing the first weights"),
    }
    return Baseline(
        gpu=gpu,
        name=measurement.name,
        about=f"measured on {measurement.device}, {measurement.date}",
        work=None,
        measured_energy=measurement.energy,
        measured_time=measurement.time,
        book=ledger,
        prices=Prices(actions={(TILE, _BOARD, action): price}, leakage_aw={}),
        facts=facts,
    )
