from __future__ import annotations

import pytest

from archsim.errors import InputError
from archsim.study.points import axis_levels, points_of

ADC = "chip.tiles.array.adc"


def axes_of(points):
    return [point.values for point in points]


def test_every_value_of_one_axis_meets_every_value_of_the_others_and_each_seed(study):
    found = points_of(
        study(
            f"""
seeds: [3, 5]
sweep:
  - {{field: {ADC}.energy, values: [1 pJ, 2 pJ]}}
  - {{field: {ADC}.rate, values: [1 GHz, 2 GHz]}}
"""
        )
    )
    assert [(*point.values, point.seed) for point in found] == [
        (energy, rate, seed)
        for energy in ("1 pJ", "2 pJ")
        for rate in ("1 GHz", "2 GHz")
        for seed in (3, 5)
    ]
    assert dict(found[3].settings)[f"{ADC}.rate"] == "2 GHz"
    assert [point.number for point in found] == list(range(8))


def test_cases_take_the_place_of_chips_times_workloads(study):
    head = """
kind: study
name: two
cases:
  - {name: pairs, chip: madem_64x4, workload: "madem_braille:two_layer"}
  - {name: single, chip: "madem_64:reference", workload: madem_braille, settings: {workload.stop.max_epochs: 2}}
settings: {workload.stop.max_epochs: 1}
"""
    found = points_of(study("", head=head))
    assert [(p.case.name, dict(p.settings)["workload.stop.max_epochs"]) for p in found] == [
        ("pairs", "1"),
        ("single", "2"),
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{field: chip.a, from: 1 pJ, to: 100 pJ, count: 3}", ["1 pJ", "10 pJ", "100 pJ"]),
        ("{field: chip.a, from: 0, to: 1, count: 5, spacing: linear}", [0, 0, 0, 1, 1]),
        ("{field: chip.a, from: 0.0, to: 1.0, count: 3, spacing: linear}", [0.0, 0.5, 1.0]),
        ("{field: chip.a, from: 32, to: 1024, count: 6}", [32, 64, 128, 256, 512, 1024]),
        ("{field: chip.a, from: 4, to: 1, count: 3}", [4, 2, 1]),
    ],
)
def test_ranges_have_equal_ratios_or_equal_differences(study, text, values):
    (axis,) = study(f"sweep: [{text}]").sweep
    assert [value for (value,) in axis_levels(axis)] == list(dict.fromkeys(values))


def test_axes_that_go_together_take_their_values_step_by_step(study):
    found = points_of(
        study(
            """
sweep:
  - together:
      - {field: chip.behaviour.rows, values: [64, 128]}
      - {field: chip.behaviour.columns, values: [64, 256]}
"""
        )
    )
    assert axes_of(found) == [(64, 64), (128, 256)]


def test_an_axis_is_left_alone_where_its_condition_does_not_hold(study):
    found = points_of(
        study(
            f"""
sweep:
  - {{field: chip.behaviour.settling, values: [analog, clocked]}}
  - {{field: {ADC}.energy, values: [1 pJ, 2 pJ], when: [{{axis: settling, among: [clocked]}}]}}
"""
        )
    )
    assert axes_of(found) == [("analog", None), ("clocked", "1 pJ"), ("clocked", "2 pJ")]
    assert f"{ADC}.energy" not in dict(found[0].settings)


def test_where_leaves_out_points_by_lists_limits_and_other_axes(study):
    found = points_of(
        study(
            """
sweep:
  - {field: chip.behaviour.rows, values: [32, 64, 128]}
  - {field: chip.behaviour.columns, values: [32, 64, 128]}
where:
  - {axis: rows, at_least: columns}
  - {axis: columns, among: [32, 64]}
  - {axis: rows, at_most: 64}
"""
        )
    )
    assert axes_of(found) == [(32, 32), (64, 32), (64, 64)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sweep: [{field: chip.a}]",
            "expected either values, or from, to and count; got neither",
        ),
        (
            "sweep: [{field: chip.a, from: 1, to: 2}]",
            "expected from, to and count, got not all of them",
        ),
        (
            "sweep: [{field: chip.a, values: [1], from: 1, to: 2, count: 2}]",
            "expected either values, or from, to and count; got both",
        ),
        (
            "sweep: [{field: adc.bits, values: [1]}]",
            r"sweep\[0\].field: expected text of the form",
        ),
    ],
)
def test_an_axis_without_the_right_form_is_refused_when_read(study, text, message):
    with pytest.raises(InputError, match=message):
        study(text)
