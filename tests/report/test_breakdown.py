from __future__ import annotations

from fractions import Fraction

import pytest

from archsim.report.breakdown import (
    component_table,
    energy_by,
    phase_table,
    phase_times,
    totals_table,
)
from archsim.report.tables import formatted

PICO = Fraction(1, 10**12)


def rows(table):
    headers, cells = formatted(table)
    return [headers, *cells]


@pytest.mark.parametrize("key", ["component", "tile", "phase"])
def test_every_way_to_group_has_the_same_sums(run, key):
    spent = energy_by(run.ledger, key)
    sums = {}
    for parts in spent.values():
        for part, energy in parts.items():
            sums[part] = sums.get(part, 0) + energy
    assert (
        sums
        == run.totals.energy
        == {
            "training": 8 * PICO,
            "evaluate": 20 * PICO,
            "static": 26 * PICO,
        }
    )


def test_totals_name_the_headline_and_what_stands_beside_it(run):
    assert rows(totals_table(run.totals)) == [
        ["part", "energy [pJ]", "time [ns]", "mean power [mW]"],
        ["training (headline)", "8", "16", "0.5"],
        ["evaluate", "20", "10", "2"],
        ["static", "26", "–", "–"],
        ["grand total", "54", "26", "2.077"],
    ]


def test_components_without_a_price_say_so(run):
    table = rows(component_table(run.ledger))
    assert table[0][:4] == [
        "component",
        "training energy [pJ]",
        "share [%]",
        "busy in training [ns]",
    ]
    assert [row[:4] for row in table[1:]] == [
        ["adc", "8", "100.0", "15"],
        ["alu", "unpriced", "–", "2e-6"],
        ["all", "8", "100.0", "–"],
    ]


def test_phases_of_training_add_up_to_the_headline(run):
    assert rows(phase_table(run.ledger, phase_times(run.book))) == [
        ["phase", "time [ns]", "energy [pJ]", "share of training [%]", "static [pJ]"],
        ["free", "10", "6", "75.0", "10"],
        ["update", "6", "2", "25.0", "6"],
        ["training (headline)", "16", "8", "100.0", "16"],
        ["evaluate", "10", "20", "–", "10"],
        ["all phases", "26", "28", "–", "26"],
    ]
