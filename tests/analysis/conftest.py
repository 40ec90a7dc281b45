"""Runs made by hand: a chip of the catalog and a ledger with the counts that a test wants."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.chip import build, read_chip
from archsim.ledger import Ledger
from archsim.mapping.program import AccountTable, SegmentBuilder, Station, StationTable, Visit
from archsim.runs import Run
from archsim.runs.price import prices
from archsim.spec import Constant
from archsim.trace import TraceTotals

STATION = Station(name="any", tile="array[0]", component="array")


@pytest.fixture
def made_run():
    """Return a function from counts to a run on a chip."""

    def make(counts, *, settings=None, phase="update", ticks=10**9, chip="madem_64"):
        machine = read_chip(chip, settings=settings)
        accounts = AccountTable()
        book = Ledger(accounts=accounts, stations=StationTable(stations=(STATION,)))
        builder = SegmentBuilder(epoch=0, phase=phase)
        for (tile, component, action), count in counts.items():
            account = accounts.number(phase, tile, component, action)
            builder.task([Visit(0, 0, 1, account, count)])
        zeros = np.zeros(len(counts), dtype=np.int64)
        book.add(builder.build(), arrival_ticks=zeros, start_ticks=zeros, end_tick=ticks)
        return Run(
            chip=chip,
            workload="by_hand",
            seed=0,
            config={},
            inputs={},
            book=book,
            prices=prices(build(machine), accounts),
            measured=[],
            trace=TraceTotals(),
            placement=None,
            machine=machine,
        )

    return make


@pytest.fixture
def constant():
    """Return a function that makes a constant with a range."""

    def make(value, low, high, *, source="made up", note="", dimension="number"):
        return Constant(
            value=value, low=low, high=high, source=source, note=note, dimension=dimension
        )

    return make
