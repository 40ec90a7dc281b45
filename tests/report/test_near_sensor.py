"""The ready study of learning near a sensor: accepted results come out again."""

from __future__ import annotations

import pandas as pd
import pytest

from archsim import catalog
from archsim.chip import read_chip
from archsim.errors import InputError
from archsim.report.trainings import samples_frame, streams_frame, train_ways
from archsim.report.trainings_page import trainings_page, trainings_summary
from archsim.report.trainings_recipe import read_trainings
from archsim.report.trainings_stream import gpu_sample
from archsim.workload import read_workload

SHORT = {
    "workload.dataset.train_count": "40",
    "workload.dataset.test_count": "20",
    "workload.stop.max_epochs": "1",
    "workload.stream.samples": "20",
    "workload.stream.parts": "2",
}


def frozen(name):
    return pd.read_csv(catalog.folder("reports") / "near_sensor" / "frozen" / f"{name}.csv")


def only(recipe, *names, **update):
    ways = [
        way.model_copy(update={"beside": "", **update}) for way in recipe.ways if way.name in names
    ]
    return recipe.model_copy(update={"ways": tuple(ways)})


@pytest.mark.parametrize(
    "way",
    [way for way in read_trainings("near_sensor").ways if way.chip.startswith("gpu")],
    ids=lambda way: way.name,
)
def test_the_accepted_cost_of_a_sample_on_a_gpu_comes_out_again(way):
    cost = gpu_sample(read_chip(way.chip), read_workload(way.workload), sensors=way.sensors)
    (row,) = frozen("samples").query("way == @way.name").to_dict("records")
    assert cost.energy.nominal == pytest.approx(row["energy_j"], rel=1e-9)
    assert cost.energy.high == pytest.approx(row["energy_high_j"], rel=1e-9)
    assert cost.link == pytest.approx(row["link_energy_j"], rel=1e-9)
    assert cost.time.nominal == pytest.approx(row["time_s"], rel=1e-9)


@pytest.mark.slow
def test_the_accepted_results_of_inference_on_the_chip_come_out_again():
    name = "chip, inference only"
    found = train_ways(only(read_trainings("near_sensor"), name), seeds=1)
    accepted = frozen("streams").query("way == @name and seed == 0")
    assert list(streams_frame(found).test_accuracy) == list(accepted.test_accuracy)
    (cost,) = samples_frame(found).drop(columns="way").to_dict("records")
    (row,) = frozen("samples").query("way == @name").drop(columns="way").to_dict("records")
    assert cost == pytest.approx(row, rel=1e-9)


def test_the_readme_explains_the_accepted_tables():
    text = (catalog.folder("reports") / "near_sensor" / "README.md").read_text(encoding="utf-8")
    for way in read_trainings("near_sensor").ways:
        assert f"| {way.name} |" in text, way.name
    assert len([line for line in text.splitlines() if line.startswith("- ")]) == 5


def test_a_stream_adds_its_accuracies_and_the_cost_of_a_sample_to_the_report():
    names = ("chip, inference only", "GPU by radio, many sensors")
    recipe = only(read_trainings("near_sensor"), *names, settings=SHORT)
    several = train_ways(recipe, seeds=1)
    titles = [item.title for item in trainings_page(recipe, several).sections[0].items]
    assert titles[-2:] == [
        "Mean accuracy [%] over the drift",
        "Cost of one sample of the stream with seed 0",
    ]
    assert list(streams_frame(several).drift) == [0.5, 1.0] * 2
    ways = trainings_summary(recipe, several)["ways"]
    assert ways[names[0]]["drifts"] == [0.5, 1.0]
    assert ways[names[0]]["sample_energy_j"] == several[0].sample.energy.nominal
    assert 0 < several[0].sample.energy.low <= several[0].sample.energy.high


def test_a_gpu_without_a_link_is_refused():
    task = read_workload("sensor_digits")
    with pytest.raises(InputError, match=r"expected a link to the sensor, got none"):
        gpu_sample(read_chip("gpu_h100"), task, sensors="one")


def test_a_gpu_that_learns_from_some_samples_is_refused():
    task = read_workload("sensor_digits:tenth")
    with pytest.raises(InputError, match=r"expected stream\.learn_every 0 or 1 on a GPU"):
        gpu_sample(read_chip("gpu_h100:wired"), task, sensors="one")


def test_a_workload_without_a_stream_has_no_sample_to_price():
    task = read_workload("ecram_digits")
    with pytest.raises(InputError, match=r"expected a workload with a stream, got none"):
        gpu_sample(read_chip("gpu_h100:wired"), task, sensors="one")
