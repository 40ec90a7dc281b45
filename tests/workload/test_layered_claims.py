"""Progressive gradient descent learns as conventional backpropagation does, below its limit of η."""

from __future__ import annotations

import pytest

from archsim.report.trainings import train_ways
from archsim.report.trainings_recipe import read_trainings

pytestmark = pytest.mark.slow


def trained(report, *names, seeds):
    """Return the trainings of some ways of a report, by name."""
    recipe = read_trainings(report)
    ways = tuple(way.model_copy(update={"beside": ""}) for way in recipe.ways if way.name in names)
    assert len(ways) == len(names)
    chosen = recipe.model_copy(update={"ways": ways})
    found = {one.way.name: one for one in train_ways(chosen, seeds=seeds)}
    return [found[name] for name in names]


@pytest.mark.parametrize(
    ("report", "first", "gap"), [("ecram_digits", 2, 0.015), ("ecram_digits:deep", 3, 0.03)]
)
def test_both_rules_learn_alike_on_cells(report, first, gap):
    both = trained(report, "cells, progressive", "cells, conventional", seeds=10)
    progressive, conventional = both
    assert abs(progressive.above(conventional)[0]) <= 0.01
    assert progressive.widest_gap(conventional, first=first) <= gap
    assert min(min(one.finals) for one in both) > 0.9


@pytest.mark.parametrize(
    ("report", "rate"), [("ecram_digits", "0.15"), ("ecram_digits:deep", "0.05")]
)
def test_above_its_limit_progressive_descent_falls_behind(report, rate):
    names = [f"software, {rule}, rate {rate}" for rule in ("progressive", "conventional")]
    progressive, conventional = trained(report, *names, seeds=4)
    mean, error = progressive.above(conventional)
    assert mean < -0.03
    assert mean + error < 0
    assert progressive.widest_gap(conventional) > 0.1
