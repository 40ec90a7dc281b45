from __future__ import annotations

import numpy as np
import pytest

from archsim.ledger import Ledger, Price, Prices
from archsim.mapping.program import AccountTable, SegmentBuilder, Station, StationTable, Visit
from archsim.runs.result import Run
from archsim.trace import TraceTotals

ADC, ALU = 0, 1


def metric(name, value, epoch=0, step=9):
    return {
        "run": 0,
        "epoch": epoch,
        "step": step,
        "phase": "evaluate",
        "metric": name,
        "value": value,
        "cumulative_energy_j": 1e-9,
        "cumulative_time_s": 1e-6,
    }


METRICS = [
    metric("clean_near", 1.0),
    metric("clean_exact", 8 / 9),
    metric("device_pulses", 1234.0),
    metric("array_reads", 9.0),
    metric("test_near_0.2", 0.95),
    metric("test_exact_0.2", 0.1),
    metric("test_ceiling_0.2", 0.98),
]


def hand_made_run(*, seed=0, adc_price=2 * 10**12, metrics=METRICS):
    """A run of three segments on a chip of an ADC and an unpriced ALU, in round numbers.

    free: 3 conversions of 2 pJ = 6 pJ in 10 ns; update: 1 conversion = 2 pJ in 5 ns with a gap of
    1 ns; evaluate: 10 conversions = 20 pJ in 10 ns. The ADC leaks 1 mW.
    """
    accounts = AccountTable()
    stations = StationTable(
        stations=(
            Station(name="a[0].adc", tile="a[0]", component="adc"),
            Station(name="c.alu", tile="c", component="alu"),
        )
    )
    book = Ledger(accounts=accounts, stations=stations)
    for phase, epoch, count, length, gap in (
        ("free", 0, 3, 10**7, 0),
        ("update", 0, 1, 5 * 10**6, 10**6),
        ("evaluate", 0, 10, 10**7, 0),
    ):
        builder = SegmentBuilder(epoch=epoch, phase=phase, gap_ticks=gap)
        adc = accounts.number(phase, "a[0]", "adc", "convert")
        alu = accounts.number(phase, "c", "alu", "operate")
        builder.task([Visit(ADC, length, length, adc, count), Visit(ALU, 1, 1, alu, 1)])
        segment = builder.build()
        arrivals = np.array([0, length], dtype=np.int64)
        book.add(segment, arrival_ticks=arrivals, start_ticks=arrivals, end_tick=length)
    prices = Prices(
        actions={
            ("a[0]", "adc", "convert"): Price(adc_price, 1),
            ("c", "alu", "operate"): Price(0, 1),
        },
        leakage_aw={("a[0]", "adc", "idle"): 10**15},
    )
    return Run(
        chip="tiny",
        workload="words",
        seed=seed,
        config={"chip": "name: tiny\n", "workload": "name: words\n"},
        inputs={"braille": "0" * 64},
        book=book,
        prices=prices,
        measured=metrics,
        trace=TraceTotals(),
        placement=None,
    )


@pytest.fixture
def make_run():
    return hand_made_run


@pytest.fixture
def run():
    return hand_made_run()
