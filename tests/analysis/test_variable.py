"""Constants as random numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.analysis.variable import Variable, draw, variables
from archsim.chip import read_chip
from archsim.spec import Constant

RANGES = [(1.0, 1.2), (1.0, 8.0), (2e-8, 2.4e-7), (0.0, 4.0)]


def of(constant, path="part.field"):
    return Variable.of(constant, path)


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_the_ends_of_a_range_are_its_5_and_95_percent_points(constant, low, high):
    variable = of(constant((low + high) / 2, low, high))
    values = draw([variable], draws=2000, seed=3)[variable]
    assert np.quantile(values, 0.95) == pytest.approx(high, rel=0.01)
    assert np.quantile(values, 0.05) == pytest.approx(low, rel=0.01, abs=0.02 * high)
    assert values.min() >= 0


@pytest.mark.parametrize(("low", "high", "wide"), [(1, 1.5, False), (1, 1.51, True)])
def test_a_range_is_log_normal_only_where_its_ends_differ_by_more_than_half(
    constant, low, high, wide
):
    variable = of(constant(low, low, high))
    middle = math.sqrt(low * high) if wide else (low + high) / 2
    assert variable.wide == wide
    assert float(variable.at(np.zeros(1))[0]) == pytest.approx(middle)


@pytest.mark.parametrize(("low", "high"), RANGES)
@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_moments_are_those_of_the_distribution(constant, low, high, power):
    variable = of(constant(high, low, high))
    scores = np.linspace(-9, 9, 200_001)
    weights = np.exp(-(scores**2) / 2)
    numeric = (variable.at(scores) ** power * weights).sum() / weights.sum()
    assert variable.moment(power) == pytest.approx(numeric, rel=1e-6)


def test_an_inverse_has_a_mean_only_where_the_value_cannot_come_near_zero(constant):
    assert of(constant(1, 1, 1.2)).moment(-1) is None
    assert of(constant(1, 1, 1.2)).moment(0.5) is None
    variable = of(constant(1, 0.5, 2))
    spread = math.log(4) / 2 / 1.6448536269514722
    assert variable.moment(-1) == pytest.approx(math.exp(spread**2 / 2))


@given(st.integers(20, 200), st.integers(0, 2**32))
def test_each_stratum_is_drawn_once(draws, seed):
    variable = Variable.of(Constant(value=2.0, low=1.0, high=4.0, source="made up"), "a.b")
    values = draw([variable], draws=draws, seed=seed)[variable]
    ends = variable.at(np.array([-1.6448536269514722, 1.6448536269514722]))
    assert abs(np.mean(values < ends[0]) - 0.05) <= 1 / draws
    assert abs(np.mean(values > ends[1]) - 0.05) <= 1 / draws


def test_draws_of_a_variable_do_not_depend_on_others(constant):
    first, other = of(constant(1, 0.5, 2)), of(constant(3, 1, 9))
    alone = draw([first], draws=50, seed=1)[first]
    assert np.array_equal(draw([other, first], draws=50, seed=1)[first], alone)
    assert not np.array_equal(draw([first], draws=50, seed=2)[first], alone)


class TestIdentity:
    def test_the_same_published_number_is_one_variable_in_two_places(self, constant):
        one, other = (constant(1, 0.5, 2, note=note) for note in ("as listed", "as the alu"))
        assert Variable.of(one, "alu.energy") == Variable.of(other, "accumulator.add_energy")

    def test_another_range_or_source_is_another_variable(self, constant):
        first = of(constant(1, 0.5, 2))
        assert first != of(constant(1, 0.5, 3))
        assert first != of(constant(1, 0.5, 2, source="someone else"))
        assert first != of(constant(1, 0.5, 2, dimension="time"))

    def test_guesses_are_one_only_with_the_same_field_and_reason(self, constant):
        guess = constant(1, 0.5, 2, source="assumption", note="why")
        assert Variable.of(guess, "a.energy") == Variable.of(guess, "b.energy")
        assert Variable.of(guess, "a.energy") != Variable.of(guess, "a.delay")

    def test_a_chip_gives_each_variable_with_all_its_places(self):
        found = variables(read_chip("madem_64"), skip=("behaviour",))
        places = {places for places in found.values() if len(places) > 1}
        assert (
            "tiles.control.alu.energy",
            "tiles.control.accumulator.add_energy",
        ) in places
        assert not any(path.startswith("behaviour") for paths in found.values() for path in paths)
