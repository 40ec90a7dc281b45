from __future__ import annotations

import pytest

from archsim.report.course import Point, course, reach_section, reach_table
from archsim.report.examples import epochs_table, examples_table, has_examples
from archsim.report.folder import claim
from archsim.report.plots import write_plots
from archsim.report.tables import formatted


def measured(name, *values):
    """Metrics after 100, 200, ... presentations, each of which costs 1 nJ and 1 us."""
    return [
        {
            "run": 0,
            "epoch": number,
            "step": 100 * (number + 1),
            "phase": "evaluate",
            "metric": name,
            "value": value,
            "cumulative_energy_j": 1e-7 * (number + 1),
            "cumulative_time_s": 1e-4 * (number + 1),
        }
        for number, value in enumerate(values)
    ]


def test_accuracy_is_followed_under_the_name_of_its_workload(make_run):
    for metric, kind in (
        ("validation_near", "distorted words, nearest"),
        ("test_accuracy", "test examples"),
        ("probe_hard", "test images, hard vote"),
    ):
        found = course(make_run(metrics=measured(metric, 0.5, 0.75)).metrics)
        assert found == {kind: [Point(100, 0.5, 1e-7, 1e-4), Point(200, 0.75, 2e-7, 2e-4)]}


def test_the_price_of_an_accuracy_is_that_of_the_first_measurement_that_reaches_it():
    points = [
        Point(100, 0.62, 1e-7, 1e-4),
        Point(200, 0.9, 2e-7, 2e-4),
        Point(300, 0.8, 3e-7, 3e-4),
    ]
    table = reach_table("test examples", points)
    assert formatted(table)[1] == [
        ["50 %", "62.0", "100", "100", "100"],
        ["60 %", "62.0", "100", "100", "100"],
        ["70 %", "90.0", "200", "200", "200"],
        ["80 %", "90.0", "200", "200", "200"],
        ["85 %", "90.0", "200", "200", "200"],
        ["90 %", "90.0", "200", "200", "200"],
    ]
    assert "measured 3 times" in table.note
    assert "The best was 90.0 %" in table.note


def test_a_run_without_a_course_has_no_joules_to_accuracy(make_run):
    assert reach_section(make_run(metrics=measured("device_pulses", 1.0)).metrics) is None


def test_a_layered_network_is_shown_by_its_examples(make_run):
    rows = measured("test_accuracy", 0.5, 0.75) + measured("presented_accuracy", 0.4, 0.7)
    metrics = make_run(metrics=rows).metrics
    assert has_examples(metrics)
    assert formatted(examples_table(metrics))[1] == [["75.0", "70.0"]]
    assert formatted(epochs_table(metrics))[1] == [
        ["100", "100", "100", "50.0"],
        ["200", "200", "200", "75.0"],
    ]


def test_accuracy_by_cost_is_drawn(make_run, tmp_path):
    pytest.importorskip("matplotlib")
    with claim(tmp_path / "out") as folder:
        write_plots(folder, make_run(metrics=measured("test_accuracy", 0.5, 0.75)))
        folder.commit()
    assert (tmp_path / "out" / "accuracy_by_cost.png").stat().st_size > 10_000
