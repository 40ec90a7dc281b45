from __future__ import annotations

import pytest

from archsim.errors import InputError, SpecError
from archsim.report.accuracy import Trial
from archsim.report.recipe import ToleranceCase, read_recipe
from archsim.report.seeds import Outcome, mean_and_spread, seeds_findings, seeds_table
from archsim.report.tables import formatted
from archsim.report.tolerance import Tolerance, tolerance_findings, tolerance_table


def outcome(seed, near, exact):
    trials = (Trial(0.0, 1.0, exact, 1.0), Trial(0.2, near, 0.5, 0.98))
    return Outcome(seed=seed, met=True, epochs=4 + seed, trials=trials)


def test_the_report_of_the_demo_names_what_exists():
    recipe = read_recipe("madem")
    assert [case.name for case in recipe.cases][:2] == ["one_layer", "two_layers"]
    assert all(case.seeds >= 10 for case in recipe.cases[:2])
    assert recipe.gpus == ("gpu_a100", "gpu_h100")


def test_cases_must_have_names_of_their_own(tmp_path):
    path = tmp_path / "report.yaml"
    case = "  - {name: a, workload: madem_braille, chip: madem_64, seeds: 1}\n"
    path.write_text(f"name: mine\ncases:\n{case}{case}")
    with pytest.raises(SpecError, match="expected every name of a case once, got a twice"):
        read_recipe(str(path))


def test_only_behaviour_can_be_varied_for_tolerance():
    with pytest.raises(ValueError, match="String should match pattern"):
        ToleranceCase(
            name="x",
            workload="w",
            chip="c",
            setting="chip.tiles.array.adc.energy",
            levels=("1 pJ", "2 pJ"),
            measure="clean_exact",
            seeds=1,
        )


def test_seeds_give_mean_and_spread():
    assert mean_and_spread([0.5]) == "50.0"
    table = seeds_table({"one": [outcome(0, 0.90, 1.0), outcome(1, 0.94, 8 / 9)]})
    assert formatted(table)[1] == [
        [
            "one",
            "2 of 2 seeds",
            "4.5 (4 to 5)",
            "clean",
            "100.0 ± 0.0",
            "94.4 ± 7.9",
            "100.0 ± 0.0",
        ],
        ["", "", "", "20 %", "92.0 ± 2.8", "50.0 ± 0.0", "98.0 ± 0.0"],
    ]


def test_claims_are_held_against_the_worst_recall_and_the_mean_of_the_rest():
    found = seeds_findings("one", [outcome(0, 0.90, 1.0), outcome(1, 0.94, 8 / 9)], 9)
    assert found["clean_words_recalled"] == ("one, fewest of 2 seeds", 8, "")
    of, value, _ = found["nearest_accuracy_at_20_percent"]
    assert (of, value) == ("one, mean of 2 seeds", pytest.approx(0.92))


def test_an_outcome_knows_its_metrics_by_name():
    one = outcome(0, 0.9, 1.0)
    assert (one.measure("clean_exact"), one.measure("test_near_0.2")) == (1.0, 0.9)
    with pytest.raises(InputError, match=r"measure: expected one of clean_near, .*got 'near'"):
        one.measure("near")


def test_losses_are_from_the_first_level_to_the_last():
    case = ToleranceCase(
        name="recall",
        workload="w",
        chip="c",
        setting="chip.behaviour.cell.static_spread",
        levels=("0", "0.2"),
        measure="clean_exact",
        seeds=2,
    )
    result = Tolerance(
        case,
        {
            ("on_chip", "0"): (1.0, 1.0),
            ("on_chip", "0.2"): (1.0, 0.98),
            ("open_loop", "0"): (1.0, 0.9),
            ("open_loop", "0.2"): (0.5, 0.6),
        },
    )
    found = tolerance_findings([result])
    assert found["on_chip_accuracy_loss"][0].value == pytest.approx(0.01)
    assert found["transfer_loss_minus_on_chip_loss"][0].value == pytest.approx(0.39)
    assert [row[-1] for row in formatted(tolerance_table([result]))[1]] == ["1.0", "40.0"]
