from __future__ import annotations

import json

import pytest

import archsim
from archsim.errors import InputError, StorageError
from archsim.report.encode import csv_text
from archsim.study import Workers, evaluate, store, sweep

PRICES = "sweep: [{field: chip.tiles.array.adc.energy, values: [1 pJ, 2 pJ, 4 pJ]}]"


@pytest.fixture
def trainings(monkeypatch):
    """Seeds of all trainings of this process; it has none of before."""
    done = []
    real = evaluate.record

    def record(task, behaviour, *, seed):
        done.append(seed)
        return real(task, behaviour, seed=seed)

    monkeypatch.setattr(evaluate, "record", record)
    monkeypatch.setattr(evaluate, "_chargers", {})
    return done


def test_a_point_is_what_a_run_of_its_own_gives(study, tmp_path):
    described = study("sweep: [{field: chip.tiles.array.adc.rate, values: [0.5 GHz, 2 GHz]}]")
    frame = sweep(described, tmp_path / "out").frame
    settings = {"chip.tiles.array.adc.rate": "0.5 GHz"}
    settings |= {path: str(value) for path, value in described.settings.items()}
    run = archsim.run("madem_braille", "madem_64", settings=settings)
    row = frame.loc[0]
    assert (row["training_energy_j"], row["training_time_s"]) == (
        run.totals.training_energy,
        run.totals.training_time,
    )
    assert row["total_energy_j"] == float(run.totals.grand_energy)
    last = run.metrics.drop_duplicates("metric", keep="last").set_index("metric")["value"]
    assert {name: row[name] for name in last.index} == dict(last)
    assert frame.loc[1, "training_time_s"] < row["training_time_s"]


def test_points_that_differ_in_cost_only_are_trained_once(study, tmp_path, trainings):
    outcome = sweep(study(f"seeds: 2\n{PRICES}"), tmp_path / "out")
    assert (len(outcome.frame), outcome.run, sorted(trainings)) == (6, 6, [0, 1])


def test_points_that_training_can_tell_apart_are_trained_apart(study, tmp_path, trainings):
    text = "sweep: [{field: chip.behaviour.cell.read_noise, values: [0, 0.02, 0.05]}]"
    frame = sweep(study(text), tmp_path / "out").frame
    assert trainings == [0, 0, 0]
    assert frame["training_energy_j"].nunique() == 3


def test_finished_points_are_never_run_again_by_whatever_study(study, tmp_path, trainings):
    sweep(study(PRICES), tmp_path / "out")
    first = len(trainings)
    more = study(PRICES.replace("4 pJ", "4 pJ, 8 pJ"))
    assert (sweep(more, tmp_path / "out").run, len(trainings)) == (1, first)
    assert sweep(more, tmp_path / "out").run == 0


@pytest.mark.parametrize("workers", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_the_table_does_not_depend_on_the_number_of_workers(study, tmp_path, workers):
    described = study(f"seeds: 3\n{PRICES}")
    alone = sweep(described, tmp_path / "alone").frame
    shared = sweep(described, tmp_path / "shared", workers=Workers(count=workers)).frame
    assert csv_text(shared) == csv_text(alone)


def test_a_point_that_fails_is_recorded_and_ends_no_other(study, tmp_path):
    described = study(
        """
sweep:
  - together:
      - {field: chip.behaviour.rows, name: rows, values: [64, 32]}
  - {field: chip.tiles.array.adc.energy, name: energy, values: [1 pJ]}
"""
    )
    outcome = sweep(described, tmp_path / "out")
    assert list(outcome.frame["status"]) == ["done", "failed"]
    assert outcome.frame.loc[1, "error"].startswith(
        "InputError: the network needs 4 arrays (layer1 needs 4), chip madem_64 has 2"
    )
    assert outcome.failed == 1
    assert outcome.frame["training_energy_j"].isna().tolist() == [False, True]
    assert sweep(described, tmp_path / "out").run == 0
    assert sweep(described, tmp_path / "out", again=True).run == 1


def test_values_that_fit_no_point_are_named_before_anything_runs(study, tmp_path, trainings):
    text = """
sweep:
  - {field: chip.tiles.array.adc.rate, values: [1 GHz, 2 GHz]}
  - {field: chip.tiles.array.adc.energy, values: [1 pJ, 1 ns, lots]}
"""
    with pytest.raises(
        InputError, match=r'axis energy = 1 ns, .* expected an energy .*\n.*got "lots"'
    ):
        sweep(study(text), tmp_path / "out")
    assert (trainings, (tmp_path / "out").exists()) == ([], False)


def test_a_full_disk_loses_nothing_that_was_finished(study, tmp_path, monkeypatch):
    described = study(f"seeds: 2\n{PRICES}")
    whole = csv_text(sweep(described, tmp_path / "whole").frame)
    left = [4]

    def fsync(number):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store.os, "fsync", fsync)
        with pytest.raises(StorageError, match="cannot be written: No space left on device"):
            sweep(described, tmp_path / "out")
    kept = sorted((tmp_path / "out").glob("points/*.json"))
    assert kept
    assert not list((tmp_path / "out").glob("unfinished/*"))
    results = [one for path in kept for one in json.loads(path.read_text()).values()]
    assert all("values" in one for one in results)
    again = sweep(described, tmp_path / "out")
    assert (again.run, csv_text(again.frame)) == (6 - len(results), whole)


def test_an_interrupt_loses_nothing_that_was_finished(study, tmp_path, monkeypatch):
    described = study(f"seeds: 2\n{PRICES}")
    whole = csv_text(sweep(described, tmp_path / "whole").frame)

    def interrupting(run, recorded, *, area):
        raise KeyboardInterrupt("by the user")

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "measures", interrupting)
        with pytest.raises(KeyboardInterrupt, match="by the user"):
            sweep(described, tmp_path / "out")
    assert csv_text(sweep(described, tmp_path / "out").frame) == whole


def test_points_that_share_a_file_are_forgotten_one_by_one(tmp_path):
    kept = store.Store.at(tmp_path)
    kept.write({"a": {"error": "bad"}, "b": {"values": {}}, "c": {"values": {}}})
    kept.write({"d": {"values": {}}})
    kept.forget({"a", "c"})
    assert sorted(kept.finished()) == ["b", "d"]
    assert sorted(store.Store.at(tmp_path).finished()) == ["b", "d"]


def test_a_damaged_result_is_named_with_what_to_do(study, tmp_path):
    described = study(PRICES)
    sweep(described, tmp_path / "out")
    path = next((tmp_path / "out").glob("points/*.json"))
    path.write_text('{"val')
    with pytest.raises(
        StorageError, match=rf"{path.name}: expected results of points, .*; remove it"
    ):
        sweep(described, tmp_path / "out")
