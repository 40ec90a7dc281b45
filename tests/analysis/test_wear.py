from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import archsim
from archsim.analysis.wear import array_wear, lives, wear_of, worn_first
from archsim.chip import read_chip
from archsim.components.wear import Wear
from archsim.errors import InputError
from archsim.runs.writes import WriteRow

QUICK = {"workload.test.copies": "2", "workload.stop.copies": "5"}


@pytest.fixture(scope="module")
def done():
    return archsim.run("madem_braille", "madem_64", settings=QUICK)


@pytest.fixture
def wear(constant):
    def make(endurance, *, low=None, high=None, retention=None):
        kept = None if retention is None else constant(retention, retention, retention)
        return Wear.model_construct(endurance=constant(endurance, low, high), retention=kept)

    return make


def row(updates, cells, tile="a", matrix="m"):
    return WriteRow(tile, matrix, 0, 1, updates, cells)


def test_writes_of_cells_sum_to_the_pulses_of_the_ledger(done):
    counts = done.trace.counts
    assert (
        sum(one.cells * one.update_writes for one in done.writes) == counts["update", "array.pulse"]
    )
    programmed = sum(one.cells * one.programming_writes for one in done.writes)
    assert programmed == counts["initialise", "array.pulse"]
    assert sum(one.cells for one in done.writes) == 2 * 61 * 60
    totals = {one.tile: one.updates for one in array_wear(done.writes) if one.tile}
    table = done.ledger.query("action == 'pulse' and phase == 'update'")
    assert totals == table.groupby("tile")["count"].sum().to_dict()


def test_the_cell_with_most_writes_is_the_one_that_training_names(done):
    most = max(one.programming_writes + one.update_writes for one in done.writes)
    assert most == done.learnt.most_pulses


def test_the_first_hundredth_ends_first():
    rows = [row(100, 1), row(10, 99), row(1, 9900)]
    assert worn_first(rows) == 10
    assert worn_first(rows, Fraction(1, 10_000)) == 100
    assert worn_first([]) == 0


def test_a_histogram_gives_what_the_cells_themselves_give():
    updates = np.random.default_rng(0).integers(0, 50, 997)
    values, cells = np.unique(updates, return_counts=True)
    rows = [row(int(value), int(number)) for value, number in zip(values, cells, strict=True)]
    assert worn_first(rows) == np.sort(updates)[-10]  # ceil(9.97)
    assert array_wear(rows)[-1].updates == updates.sum()
    assert array_wear(rows)[-1].mean == updates.mean()


def test_a_cell_lasts_as_long_as_its_writes_take_to_reach_the_endurance(wear):
    found = lives(
        [row(20, 1), row(0, 99)],
        training_time=Fraction(1, 10),
        technologies={"x": wear(1000, low=100, high=4000, retention=60)},
    )["x"]
    assert (found.first_end, found.low, found.high) == pytest.approx((5.0, 0.5, 20.0))
    assert found.refresh_end == pytest.approx(1000 * 60 / 2)


def test_cells_that_are_not_written_last_for_ever(wear):
    found = lives([row(0, 100)], training_time=Fraction(1), technologies={"x": wear(10)})["x"]
    assert found.first_end == math.inf
    assert (found.retention, found.refresh_end) == (None, None)


def test_a_chip_whose_cells_nobody_rated_is_refused():
    machine = read_chip("madem_64", settings={"tiles.array.array.wear": "null"})
    message = (
        r"tiles.array.array.wear: expected the endurance of the cells, found none; add it with"
    )
    with pytest.raises(InputError, match=message):
        wear_of(machine)


def test_endurance_costs_nothing_and_changes_no_learnt_bit(done):
    wear = "{endurance: {value: 5, source: assumption, note: test}}"
    other = archsim.run(
        "madem_braille", "madem_64", settings=QUICK | {"chip.tiles.array.array.wear": wear}
    )
    assert other.ledger.equals(done.ledger)
    assert other.writes == done.writes
