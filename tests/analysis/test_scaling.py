from __future__ import annotations

import math

import pytest

import archsim
from archsim.analysis.scaling import (
    SAMPLES,
    best_batch,
    fitted,
    gpu_point,
    scaled_energy_ratio,
    scaled_run,
    square,
)
from archsim.analysis.tile_scaling import TilePoint, knee, tile_points
from archsim.chip import read_chip
from archsim.errors import InputError

QUICK = {"workload.test.copies": "2", "workload.stop.copies": "5"}


@pytest.fixture(scope="module")
def done():
    return archsim.run("madem_braille", "madem_64", settings=QUICK)


@pytest.fixture(scope="module")
def fit(done):
    return fitted(done)


@pytest.fixture(scope="module")
def points():
    return list(tile_points(tiles=256))


def counts(run):
    return {
        (one.account.component, one.account.action): one.tally.count for one in run.book.actions()
    }


def test_the_laws_give_the_run_that_they_were_fitted_to(done, fit):
    computed = scaled_run(fit, fit.shape)
    per_sample = done.totals.training_energy / done.learnt.steps
    assert computed.totals.training_energy / SAMPLES == pytest.approx(per_sample, rel=1e-4)
    assert computed.totals.training_time / SAMPLES == pytest.approx(fit.step_time, rel=1e-9)


def test_counts_grow_as_cells_lines_and_neurons_do(fit):
    one, four = (counts(scaled_run(fit, (64 * n, 64 * n))) for n in (1, 4))
    assert four["array", "pulse"] == pytest.approx(16 * one["array", "pulse"], rel=1e-6)
    assert four["adc", "convert"] == pytest.approx(16 * one["adc", "convert"], rel=1e-6)
    assert four["neuron", "operate"] == pytest.approx(4 * one["neuron", "operate"], rel=1e-6)


def test_static_energy_counts_every_tile_for_the_longer_time(fit):
    small, large = (scaled_run(fit, (64 * n, 64 * n)) for n in (1, 3))
    hop = fit.machine.network.link.cycle.value
    longer = (fit.step_time + 4 * hop) / fit.step_time
    ratio = large.totals.energy["static"] / small.totals.energy["static"]
    assert float(ratio) == pytest.approx(9 * longer, rel=1e-6)


def test_the_best_batch_of_a_gpu_is_no_worse_than_any_other():
    gpu = read_chip("gpu_h100")
    shapes = [square(10**6)]
    best = best_batch(gpu, shapes)
    least = gpu_point(gpu, shapes, batch=best).energy.nominal
    for batch in (1, 64, 4096):
        assert least <= gpu_point(gpu, shapes, batch=batch).energy.nominal


def test_a_ratio_has_an_interval_and_shrinks_with_the_batch(fit):
    gpu = read_chip("gpu_h100")
    single = scaled_energy_ratio(fit, gpu, 10**6, batch=1, draws=50)
    best = scaled_energy_ratio(fit, gpu, 10**6, draws=50)
    for one in (single, best):
        assert one.ratio.low < one.ratio.nominal < one.ratio.high
        assert one.ratio.nominal == pytest.approx(one.gpu_energy / one.chip_energy)
    assert best.ratio.nominal < single.ratio.nominal
    assert (single.weights, single.tiles) == (1001 * 1000, 2 * 16 * 16)


def test_sizes_without_number_are_computed(fit):
    found = scaled_energy_ratio(fit, read_chip("gpu_h100"), 10**11, draws=20)
    assert math.isfinite(found.ratio.nominal)


def test_only_a_training_of_one_matrix_is_scaled():
    run = archsim.run("madem_braille:two_layer", "madem_64x4", settings=QUICK)
    with pytest.raises(InputError, match="scaling: expected a training of one matrix, got"):
        fitted(run)


def test_copies_that_stand_together_take_the_time_of_one(points):
    copies = [one for one in points if one.series == "weak"]
    assert len({one.time_s for one in copies}) == 1
    assert [one.throughput_hz for one in copies] == pytest.approx(
        [one.tiles / 4 * copies[0].throughput_hz for one in copies]
    )


def test_layers_far_apart_cost_the_network_more_the_larger_the_chip(points):
    far = [one for one in points if one.series == "scattered"]
    near = [one for one in points if one.series == "weak"]
    lost = [there.network_share - here.network_share for there, here in zip(far, near, strict=True)]
    assert lost == sorted(lost)
    assert lost[-1] > 0


def test_shares_and_utilisation_are_parts_of_a_whole(points):
    assert {one.series for one in points} == {"strong", "weak", "scattered", "wide", "array"}
    for one in points:
        assert 0 < one.utilisation <= 1
        assert 0 < one.network_share + one.converter_share + one.leakage_share < 1


def test_no_more_is_done_by_more_tiles_than_there_are_arrays(points):
    strong = [one for one in points if one.series == "strong"]
    for one in strong:
        assert one.throughput_hz <= strong[0].throughput_hz * one.tiles / strong[0].tiles


def test_the_knee_is_where_throughput_ceases_to_follow():
    rates = {4: 1.0, 16: 4.0, 64: 12.0, 256: 13.0, 1024: 20.0}
    made = [
        TilePoint("strong", tiles, 64, 0, 1, 1 / rate, rate, 0, 0, 0, 0, 0, 0)
        for tiles, rate in rates.items()
    ]
    assert knee(made) == 64
