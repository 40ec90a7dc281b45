"""Energy of a finished run under other prices."""

from __future__ import annotations

import dataclasses
import math
import time
from fractions import Fraction

import numpy as np
import pytest

from archsim.analysis import energy, interval
from archsim.analysis.repricing import repricing
from archsim.analysis.variable import draw
from archsim.errors import InputError, ModelError
from archsim.trace.ops import COUNT_SCALE

PULSES = {("array[0]", "array", "cell_pulse"): 30_000 * COUNT_SCALE}
MANY = {
    ("array[0]", "array", "cell_pulse"): 30_000 * COUNT_SCALE,
    ("array[1]", "array", "cell_pulse"): 10_000 * COUNT_SCALE,
    ("array[0]", "array", "cell_read"): 90_000 * COUNT_SCALE,
    ("array[0]", "adc", "convert"): 2_268,
    ("array[1]", "dac", "drive"): 2_257,
    ("control", "alu", "operate"): 5_000,
    ("control", "accumulator", "add"): 3_660,
    ("control->array[0]", "link", "transfer"): 40_000,
}


def test_the_nominal_energy_is_that_of_the_ledger_exactly(made_run):
    for static in (False, True):
        run = made_run(MANY)
        energies = run.totals.energy
        expected = energies["training"] + (energies["static"] if static else 0)
        assert repricing(run, static=static).nominal == expected


def test_a_pulse_costs_as_the_square_of_the_voltage_times_its_width(made_run):
    model = repricing(made_run(PULSES), static=False)
    (term,) = model.terms
    powers = {variable.label.rpartition(".")[2]: power for variable, power in term.powers}
    assert powers == {"write_voltage": 2.0, "pulse_time": 1.0}


def test_an_accumulator_costs_the_sum_of_its_read_its_addition_and_its_write(made_run):
    model = repricing(made_run({("control", "accumulator", "add"): 100}), static=False)
    shares = {term.powers[0][0].constant.value: term.scale for term in model.terms}
    # one published number, 5 pJ, stands for read and write
    assert shares == pytest.approx({5e-12: 100 * 10e-12, 0.21e-12: 100 * 0.21e-12})


def test_laws_agree_with_components_built_anew_for_every_draw(made_run):
    for static in (False, True):
        model = repricing(made_run(MANY), static=static)
        drawn = draw(tuple(model.paths), draws=40, seed=5)
        rebuilt = dataclasses.replace(model, terms=None)
        assert model.terms is not None
        assert model.evaluate(drawn) == pytest.approx(rebuilt.evaluate(drawn), rel=1e-5)


@pytest.mark.slow
def test_all_draws_take_well_under_two_seconds(made_run):
    run = made_run(MANY)
    begin = time.perf_counter()
    interval(energy(run, static=True), draws=300)
    assert time.perf_counter() - begin < 2.0


class TestExactMoments:
    def test_of_one_product_by_hand(self, made_run):
        run = made_run(PULSES)
        mean, variance = energy(run).moments
        end = 1.6448536269514722
        volts, width = math.log(2.5 / 1.5) / 2 / end, math.log(50 / 10) / 2 / end
        middle = math.log(1.5 * 2.5) + math.log(10 * 50) / 2  # of V² t, in V² ns
        spread = math.hypot(2 * volts, width)
        scale = float(run.totals.energy["training"]) / (2.0**2 * 20)
        assert mean == pytest.approx(scale * math.exp(middle + spread**2 / 2))
        assert variance == pytest.approx(mean**2 * math.expm1(spread**2))

    @pytest.mark.parametrize("static", [False, True])
    def test_lie_within_the_error_of_plain_draws(self, made_run, static):
        quantity = energy(made_run(MANY), static=static)
        mean, variance = quantity.moments
        generator = np.random.default_rng(7)
        count = 40_000
        values = quantity.evaluate(
            {one: one.at(generator.standard_normal(count)) for one in quantity.variables}
        )
        centred = values - values.mean()
        error_of_variance = math.sqrt((np.mean(centred**4) - np.var(values) ** 2) / count)
        assert abs(values.mean() - mean) < 4 * values.std() / math.sqrt(count)
        assert abs(values.var() - variance) < 4 * error_of_variance

    def test_stand_in_the_interval(self, made_run):
        quantity = energy(made_run(MANY))
        found = interval(quantity, draws=100)
        assert found.exact_moments
        assert (found.mean, found.variance) == quantity.moments


def test_only_static_energy_depends_on_leakage(made_run):
    plain, static = (energy(made_run(MANY), static=which) for which in (False, True))
    more = {one.label for one in static.variables} - {one.label for one in plain.variables}
    assert more == {
        "madem_64 tiles.array.adc.leakage.idle",
        "madem_64 tiles.array.dac.leakage.idle",
    }


def test_energy_outside_training_is_left_out(made_run):
    run = made_run(MANY, phase="evaluate")
    assert energy(run).nominal == 0
    assert energy(run, static=True).nominal == 0


def test_a_chip_without_ranges_that_matter_gives_a_point(made_run):
    found = interval(energy(made_run({("array[0]", "sample_hold", "sample"): 10**6})))
    assert (found.kind, found.low, found.high) == ("point", found.nominal, found.nominal)
    assert found.nominal == float(Fraction(98, 100) * 10**6 / 10**15)


def test_a_price_that_is_nominally_nothing_is_rebuilt_for_each_draw(made_run):
    free = {
        "tiles.array.array.leakage.idle.low": "0 W",
        "tiles.array.array.leakage.idle.high": "1 mW",
    }
    run = made_run(PULSES, settings=free, ticks=10**12)
    model = repricing(run, static=True)
    leakage = next(one for one in model.paths if one.label.endswith("array.leakage.idle"))
    assert model.terms is None
    assert model.moments() is None
    found = model.evaluate({leakage: np.array([0.0, 1e-3])})
    # two arrays, for 1 ms
    assert found - float(model.nominal) == pytest.approx([0.0, 2 * 1e-3 * 1e-3])


def test_a_run_whose_prices_are_no_longer_those_of_its_chip_is_refused(made_run):
    run = made_run(PULSES)
    run.machine = made_run(PULSES, settings={"tiles.array.array.write_voltage": "3 V"}).machine
    expected = r"^run on madem_64: its description prices it at .* J, its ledger at .* J; was a"
    with pytest.raises(ModelError, match=expected):
        energy(run)


def test_a_run_on_no_crossbar_is_refused(made_run):
    run = made_run(PULSES)
    run.machine = None
    with pytest.raises(InputError, match="run on madem_64: expected a crossbar chip, whose prices"):
        energy(run)
