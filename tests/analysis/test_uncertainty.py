"""Intervals, ratios and what dominates them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from archsim.analysis import (
    CANNOT_TELL,
    Interval,
    Quantity,
    as_quantity,
    baseline_energy,
    baseline_time,
    dominant,
    energy,
    interval,
    quotient,
    ratio_interval,
    time_interval,
    verdict,
)
from archsim.analysis.variable import Variable
from archsim.baseline import gpu_baselines, price_training, training_work
from archsim.chip import read_chip
from archsim.errors import InputError
from archsim.spec import Description, Number, Time
from archsim.trace.ops import COUNT_SCALE
from archsim.workload import BackpropResult

END = 1.6448536269514722


def product(constant, powers, *, name="product"):
    """Return Π x^a of wide variables with median 1, and the spread of its logarithm."""
    variables = {
        Variable.of(constant(1, 1 / high, high, source=source), "a.b"): power
        for source, (high, power) in powers.items()
    }

    def values(draws):
        result = np.ones(())
        for variable, power in variables.items():
            result = result * draws.get(variable, 1.0) ** power
        return result

    spread = math.hypot(*(power * math.log(high) / END for high, power in powers.values()))
    quantity = Quantity(
        name=name, unit="J", nominal=1.0, variables=tuple(variables), evaluate=values
    )
    return quantity, spread


@pytest.fixture
def learnt():
    return {
        batch: BackpropResult(
            batch=batch, steps=steps, epochs=3, met=True, shapes=((61, 60),), weights=()
        )
        for batch, steps in ((1, 27), (9, 3))
    }


def test_the_interval_of_a_product_is_that_of_its_distribution(constant):
    quantity, spread = product(constant, {"x": (2.0, 1), "y": (1.5, 2), "z": (3.0, -1)})
    found = interval(quantity, draws=4000)
    assert found.low == pytest.approx(math.exp(-END * spread), rel=0.06)
    assert found.high == pytest.approx(math.exp(END * spread), rel=0.06)
    assert (found.kind, found.draws, found.nominal) == ("monte carlo", 4000, 1.0)


def test_equal_seeds_give_equal_intervals(constant):
    quantity, _ = product(constant, {"x": (2.0, 1), "y": (1.5, 2)})
    assert interval(quantity, seed=4) == interval(quantity, seed=4)
    assert interval(quantity, seed=4) != interval(quantity, seed=5)


def test_fewer_draws_than_make_an_interval_are_refused(constant):
    quantity, _ = product(constant, {"x": (2.0, 1)})
    with pytest.raises(InputError, match="interval: expected at least 20 draws, got 19"):
        interval(quantity, draws=19)


class TestRatios:
    def test_a_quantity_over_itself_is_one(self, constant):
        quantity, _ = product(constant, {"x": (2.0, 1), "y": (1.5, 2)})
        found = ratio_interval(quantity, quantity)
        assert (found.low, found.nominal, found.high, found.unit) == (1.0, 1.0, 1.0, "")

    def test_a_shared_constant_is_drawn_once_for_both_sides(self, constant):
        first, _ = product(constant, {"shared": (10.0, 1), "x": (1.6, 1)})
        second, _ = product(constant, {"shared": (10.0, 1), "y": (1.6, 1)})
        found = ratio_interval(first, second, draws=4000)
        spread = math.hypot(math.log(1.6), math.log(1.6))
        assert found.high == pytest.approx(math.exp(spread), rel=0.05)
        assert len(quotient(first, second).variables) == 3

    def test_a_chip_against_a_gpu_has_low_and_high_ends(self, made_run, learnt):
        counts = {("array[0]", "array", "cell_pulse"): 30_000 * COUNT_SCALE}
        chip = energy(made_run(counts))
        for baseline in gpu_baselines(read_chip("gpu_a100"), learnt).values():
            gpu = baseline_energy(baseline)
            found = ratio_interval(gpu, chip)
            assert found.low < found.nominal < found.high
            assert found.nominal == gpu.nominal / chip.nominal

    def test_two_gpus_share_the_time_of_a_framework_call(self, learnt):
        rows = [
            baseline_time(gpu_baselines(read_chip(name), learnt)["framework_whole"])
            for name in ("gpu_a100", "gpu_h100")
        ]
        alone, together = interval(rows[0]), ratio_interval(*rows)
        assert together.high / together.low < 1.2 < alone.high / alone.low


class TestBaselines:
    def test_a_launch_bound_row_is_a_product_of_launch_time_and_idle_power(self, learnt):
        row = gpu_baselines(read_chip("gpu_a100"), learnt)["bare_whole"]
        found = interval(baseline_energy(row), draws=4000)
        spread = math.hypot(math.log(5 / 2.26), math.log(146 / 50)) / 2
        middle = 15 * math.sqrt(2.26e-6 * 5e-6) * math.sqrt(50 * 146)
        # the few per cent of busy time push both ends up a little
        assert found.low == pytest.approx(middle * math.exp(-spread), rel=0.08)
        assert found.high == pytest.approx(middle * math.exp(spread), rel=0.08)

    def test_nominal_is_what_the_ledger_says(self, learnt):
        for row in gpu_baselines(read_chip("gpu_h100"), learnt).values():
            assert interval(baseline_energy(row)).nominal == float(row.training_energy)
            assert interval(baseline_time(row)).nominal == float(row.training_time)

    def test_time_depends_on_no_power(self, learnt):
        row = gpu_baselines(read_chip("gpu_a100"), learnt)["amortised"]
        names = {one.label.partition(" ")[2] for one in baseline_time(row).variables}
        assert names == {"compute.efficiency", "memory.efficiency", "launch.time"}

    def test_a_gpu_without_ranges_gives_a_point(self):
        gpu = read_chip("gpu_a100", settings={"launch.time": "3 us", "board.idle": "80 W"})
        work = training_work([(61, 60)], steps=3, batch=9, driver="bare", word_bytes=4)
        found = interval(baseline_time(price_training(gpu, work, name="row")))
        assert (found.kind, found.low, found.high) == ("point", found.nominal, found.nominal)


class TestDominance:
    def test_shares_are_those_of_the_variance_of_the_logarithm(self, constant):
        quantity, spread = product(constant, {"x": (2.0, 1), "y": (1.5, 2), "z": (3.0, -1)})
        shares = dominant(quantity)
        expected = {
            "z": (math.log(3) / END / spread) ** 2,
            "y": (2 * math.log(1.5) / END / spread) ** 2,
            "x": (math.log(2) / END / spread) ** 2,
        }
        assert [share.constant.source for share in shares] == list(expected)
        assert [share.share for share in shares] == pytest.approx(list(expected.values()))
        assert (shares[0].low, shares[0].high) == pytest.approx((3.0, 1 / 3))

    def test_power_and_call_time_dominate_a_framework_on_a_gpu(self, learnt):
        row = gpu_baselines(read_chip("gpu_a100"), learnt)["framework_whole"]
        labels = [share.label for share in dominant(baseline_energy(row))]
        assert set(labels[:2]) == {"gpu_a100 host.call_time", "gpu_a100 board.idle"}


class TestVerdicts:
    @pytest.mark.parametrize(
        ("first", "second", "said"),
        [
            ((1, 2, 3), (4, 5, 6), "lower"),
            ((4, 5, 6), (1, 2, 3), "higher"),
            ((1, 2, 3), (3, 4, 5), CANNOT_TELL),
            ((1, 5, 9), (4, 5, 6), CANNOT_TELL),
        ],
    )
    def test_overlapping_intervals_cannot_be_told_apart(self, first, second, said):
        intervals = [
            Interval(low=low, nominal=nominal, high=high, kind="monte carlo")
            for low, nominal, high in (first, second)
        ]
        assert verdict(*intervals) == said

    def test_an_interval_holds_its_ends(self):
        one = Interval(low=1, nominal=2, high=3, kind="monte carlo")
        assert [one.holds(value) for value in (0.9, 1, 2, 3, 3.1)] == [
            False,
            True,
            True,
            True,
            False,
        ]


class Machine(Description):
    read: Time
    share: Number
    fixed: Time


MACHINE = Machine.model_validate(
    {
        "read": {"value": "4 ns", "low": "1 ns", "high": "9 ns", "source": "made up"},
        "share": {"value": 0.5, "low": 0.4, "high": 0.8, "source": "made up"},
        "fixed": {"value": "7 ns", "source": "made up"},
    }
)


class TestTimes:
    @staticmethod
    def simulate(values):
        assert "fixed" not in values
        return values.get("read", 4e-9) / values.get("share", 0.5)

    def test_nominal_all_low_and_all_high_are_simulated(self):
        found = time_interval(MACHINE, self.simulate)
        assert dict(found.samples) == pytest.approx(
            {"nominal": 8e-9, "all low": 2.5e-9, "all high": 11.25e-9}
        )
        assert found.kind == "sampled"
        assert (found.low, found.high) == pytest.approx((2.5e-9, 11.25e-9))

    def test_few_draws_widen_the_ends_and_many_set_them(self):
        few = time_interval(MACHINE, self.simulate, draws=5)
        many = time_interval(MACHINE, self.simulate, draws=400)
        assert few.low == min(value for _, value in few.samples)
        assert few.high == max(value for _, value in few.samples)
        drawn = [value for label, value in many.samples if label.startswith("draw ")]
        assert len(drawn) == 400
        assert (many.low, many.high) == tuple(np.quantile(drawn, (0.05, 0.95)))

    def test_an_interval_serves_as_one_side_of_a_ratio(self, learnt):
        chip = as_quantity(time_interval(MACHINE, self.simulate), name="time on a machine")
        gpu = baseline_time(gpu_baselines(read_chip("gpu_a100"), learnt)["bare_whole"])
        found = ratio_interval(gpu, chip, draws=2000)
        alone = interval(chip, draws=2000)
        assert (alone.low, alone.high) == pytest.approx((2.5e-9, 11.25e-9), rel=0.01)
        assert found.low < found.nominal < found.high
        assert interval(gpu).low / alone.high < found.low
        assert found.high < interval(gpu).high / alone.low
