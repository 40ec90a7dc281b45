from __future__ import annotations

import dataclasses

import pytest

from archsim.chip import build, read_chip
from archsim.report.accuracy import accuracy_table, course_table
from archsim.report.currents import currents_table
from archsim.report.sections import chip_section, included_section, totals_section
from archsim.report.tables import formatted
from archsim.runs import run as simulate


def test_accuracy_stands_beside_the_ceiling(run):
    assert formatted(accuracy_table(run.metrics))[1] == [
        ["clean", "100.0", "88.9", "100.0"],
        ["20 %", "95.0", "10.0", "98.0"],
    ]


def test_a_long_course_is_thinned_to_its_ends(make_run):
    from_each = [
        {
            "run": 0,
            "epoch": epoch,
            "step": 9 * epoch,
            "phase": "evaluate",
            "metric": "clean_exact",
            "value": epoch / 100,
            "cumulative_energy_j": 1e-9 * epoch,
            "cumulative_time_s": 1e-6 * epoch,
        }
        for epoch in range(100)
    ]
    epochs = [row[0] for row in formatted(course_table(make_run(metrics=from_each).metrics))[1]]
    assert (len(epochs), epochs[0], epochs[-1]) == (12, "1", "100")


def test_peak_currents_stand_in_the_order_of_lines():
    table = currents_table({"write_row": 4e-3, "read_row": 7e-4, "bit_line": 1e-3})
    assert formatted(table) == (
        ["line", "current [mA]"],
        [["row, in a read", "0.7"], ["row, in a write", "4"], ["bit_line", "1"]],
    )


def test_a_chip_names_the_parts_whose_area_is_not_known():
    area, leakage = chip_section(build(read_chip("madem_64"))).items
    assert area.startswith("Area: ")
    assert "array.tia" in area
    assert leakage.startswith("Leakage: ")
    assert leakage.endswith("where it is not known.")


def test_what_nobody_priced_is_listed_with_its_reason():
    *_, table = included_section(read_chip("madem_64"), ("The card.",)).items
    rows = formatted(table)[1]
    assert rows[0][:2] == ["array.tia", "all"]
    assert ["clock tree, supply regulators, pads", "", "no number found"] in rows


@pytest.mark.parametrize(("period", "warned"), [("300 ns", False), ("1 us", True)])
def test_a_step_period_that_is_off_is_warned_of(period, warned):
    settings = {
        "workload.test.copies": "2",
        "workload.stop.copies": "5",
        "chip.behaviour.step_period": period,
    }
    run = simulate("madem_braille", "madem_64", settings=settings)
    _, text = totals_section(run).items
    assert text.startswith("A step took 30")
    assert ("Warning: they are" in text) == warned
    assert len(totals_section(dataclasses.replace(run, learnt=None)).items) == 1
