from __future__ import annotations

import pytest

import archsim
from archsim.analysis.critical_path import critical_path
from archsim.analysis.difference import HALF_UNIT, Item, difference
from archsim.analysis.energy_flow import ROOT, energy_flow

QUICK = {"workload.test.copies": "2", "workload.stop.copies": "5"}
READ = ("array[0]", "adc", "convert")
PULSE = ("array[0]", "array", "pulse")


@pytest.fixture(scope="module")
def pair():
    settings = QUICK | {"chip.tiles.array.adc.energy": "3 pJ", "chip.tiles.array.adc.rate": "1 GHz"}
    return (
        critical_path("madem_braille", "madem_64", settings=QUICK),
        critical_path("madem_braille", "madem_64", settings=settings, seed=1),
    )


def test_terms_of_counts_and_prices_leave_no_rest(made_run):
    first = made_run({READ: 10})
    second = made_run({READ: 16}, settings={"tiles.array.adc.energy": "2 pJ"})
    cheap = first.prices.actions[READ].price_yj
    dear = 2 * 10**12
    terms = {
        one.cause: one.amount
        for one in difference(first, second).energy
        if one.item[3] == "convert"
    }
    assert terms == {
        "count": 6 * (cheap + dear) * HALF_UNIT // 2,
        "price": (dear - cheap) * 26 * HALF_UNIT // 2,
    }


def test_what_only_one_run_does_is_a_matter_of_count(made_run):
    found = difference(made_run({READ: 10}), made_run({PULSE: 5, READ: 10}))
    assert [one.cause for one in found.energy] in ([], ["count"])
    found = difference(made_run({PULSE: 5}), made_run({READ: 10}))
    (term,) = [one for one in found.energy if one.item == Item("update", *READ)]
    assert term.cause == "count"


def test_longer_time_is_told_from_higher_leakage(made_run):
    found = difference(made_run({READ: 1}, ticks=10**9), made_run({READ: 1}, ticks=2 * 10**9))
    assert {one.cause for one in found.energy} == {"time"}
    found = difference(
        made_run({READ: 1}),
        made_run({READ: 1}, settings={"tiles.array.adc.leakage.idle": "1 mW"}),
    )
    assert {one.cause for one in found.energy} == {"leakage"}


def test_terms_of_two_runs_sum_exactly_to_what_they_differ_by(pair):
    (own, first), (theirs, second) = pair
    exact = (second.totals.grand_energy - first.totals.grand_energy) * 10**24 * HALF_UNIT
    ticks = (second.totals.grand_time - first.totals.grand_time) * 10**15
    for paths in (None, (own, theirs)):
        found = difference(first, second, paths=paths)
        assert sum(one.amount for one in found.energy) == found.energy_delta == exact
        assert sum(one.ticks for one in found.time) == found.time_delta == ticks
    assert found.energy_delta
    assert found.time_delta


def test_a_run_differs_in_nothing_from_its_repetition():
    runs = [archsim.run("madem_braille", "madem_64", settings=QUICK) for _ in range(2)]
    found = difference(*runs)
    assert (found.energy, found.time) == ((), ())


def test_flows_of_energy_sum_exactly_at_every_node(pair):
    (_, done), _ = pair
    flows = energy_flow(done)
    total = done.totals.grand_energy * 10**24 * HALF_UNIT
    assert sum(flow.value for flow in flows if flow.source == ROOT) == total
    into, out = {}, {}
    for flow in flows:
        into[flow.target] = into.get(flow.target, 0) + flow.value
        out[flow.source] = out.get(flow.source, 0) + flow.value
    between = into.keys() & out.keys()
    assert {node: into[node] for node in between} == {node: out[node] for node in between}
    leaves = into.keys() - out.keys()
    assert sum(into[node] for node in leaves) == total
    assert {"training", "phase free", "array", "adc, static"} <= between
