from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import archsim
from archsim.analysis.estimate import (
    Estimate,
    Group,
    estimate,
    mean_interval,
    student_quantile,
)
from archsim.analysis.sampling import _Cost, _Sampler, sampled_run
from archsim.errors import InputError
from archsim.runs import Hooks
from archsim.trace import Op, OpKind, Phase, TraceSegment

QUICK = {"workload.test.copies": "2", "workload.stop.copies": "5"}


def segment(number, slots=1):
    op = Op(kind=OpKind.WRITE, phase=Phase.UPDATE, slots=slots)
    return TraceSegment(epoch=0, step=number, phase=Phase.UPDATE, ops=(op,))


def sample_of(values, *, group, seed):
    """Return the groups that a sampler makes of segments with these costs."""
    sampler = _Sampler(group=group, seed=seed)
    sampler.before(lambda one: sampler._costs.append(_Cost({}, values[one.step])))
    for number in range(len(values)):
        sampler._take(segment(number))
    for kind in tuple(sampler._open):
        sampler._close(kind)
    return [
        Group(size, tuple(float(cost.ticks) for cost in costs))
        for size, costs in sampler._groups["update"]
    ]


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.7062), (2, 4.302653), (3, 3.182446), (6, 2.446912), (10, 2.228139), (100, 1.983972)],
)
def test_quantiles_of_student_are_those_of_tables(freedom, quantile):
    assert student_quantile(0.975, freedom) == pytest.approx(quantile, rel=4e-3)


def test_all_segments_leave_nothing_open():
    assert estimate([Group(2, (1.0, 5.0)), Group(1, (7.0,))]) == Estimate(13.0, 13.0, 13.0)


def test_a_total_and_its_variance_follow_from_each_group():
    found = estimate([Group(10, (1.0, 3.0))] * 50)
    assert found.value == 50 * 10 * 2.0
    deviation = (50 * 100 * (1 - 2 / 10) * 2.0 / 2) ** 0.5
    assert found.high - found.value == pytest.approx(student_quantile(0.975, 50) * deviation)


@pytest.mark.slow
def test_the_mean_of_many_samples_is_the_total():
    values = [number**2 for number in range(60)]
    found = [estimate(sample_of(values, group=10, seed=seed)).value for seed in range(3000)]
    assert len(set(found)) > 100
    assert abs(np.mean(found) - sum(values)) < 4 * np.std(found) / 3000**0.5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["drifting", "skewed", "rising in steps"])
def test_95_percent_intervals_cover_the_truth_in_92_to_98_percent_of_200_trials(kind):
    generator = np.random.default_rng(5)
    step = np.arange(1500)
    noise = {
        "drifting": generator.normal(1000, 100, 1500) * (1 + step / 300),
        "skewed": 1000 * np.exp(generator.normal(0, 0.5, 1500)),
        "rising in steps": 1000.0 * (1 + step // 400) + generator.normal(0, 50, 1500),
    }[kind]
    values = np.rint(noise).astype(int).tolist()
    truth = sum(values)
    held = sum(estimate(sample_of(values, group=20, seed=seed)).holds(truth) for seed in range(200))
    assert 184 <= held <= 196


def test_large_segments_are_not_taken_for_small_ones():
    sampler = _Sampler(group=4, seed=0)
    sampler.before(lambda one: sampler._costs.append(_Cost({}, one.ops[0].slots)))
    for number in range(8):
        sampler._take(segment(number, slots=1 if number % 2 else 1000))
    groups = [size for size, _ in sampler._groups["update"]]
    assert groups == [4, 4]


def test_a_sampled_run_simulates_a_part_and_learns_as_the_whole_run():
    whole = archsim.run("madem_braille", "madem_64", settings=QUICK)
    found = sampled_run("madem_braille", "madem_64", fraction=0.2, settings=QUICK)
    assert found.segments == whole.book.segments
    assert found.simulated < 0.7 * found.segments
    assert found.run.learnt == whole.learnt
    assert found.run.writes == whole.writes
    for part, truth in whole.totals.time.items():
        assert found.time[part].value == pytest.approx(float(truth), rel=0.2)
    assert found.energy["training"].value == pytest.approx(whole.totals.training_energy, rel=0.1)


def test_a_sample_of_everything_is_the_run():
    whole = archsim.run("madem_braille", "madem_64", settings=QUICK)
    found = sampled_run("madem_braille", "madem_64", fraction=1, settings=QUICK)
    assert found.simulated == found.segments
    for part, truth in whole.totals.energy.items():
        assert found.energy[part].value == pytest.approx(float(truth), rel=1e-12)


def test_workloads_in_real_time_are_not_sampled():
    with pytest.raises(InputError, match="expected a workload that is paced as fast as possible"):
        _Sampler(group=2, seed=0)._take(SimpleNamespace(window=1e-3))


@pytest.mark.parametrize("fraction", [0, -1, 1.5])
def test_a_share_outside_0_to_1_is_refused(fraction):
    with pytest.raises(InputError, match="sample: expected a share above 0 and up to 1, got"):
        sampled_run("madem_braille", "madem_64", fraction=fraction)


@pytest.mark.parametrize("seeds", [2, 3, 4, 6])
def test_intervals_of_a_mean_over_seeds_cover_it_as_often_as_they_say(seeds):
    generator = np.random.default_rng(2)
    held = sum(
        mean_interval(generator.normal(3.0, 1.0, seeds).tolist()).holds(3.0) for _ in range(4000)
    )
    assert 0.94 * 4000 < held < 0.96 * 4000


def test_a_mean_of_one_seed_has_no_interval():
    with pytest.raises(InputError, match="mean: expected at least 2 values, got 1"):
        mean_interval([1.0])


class Replayed:
    """Stands for the fold of a run that is over: what a segment costs is known."""

    def __init__(self, workload, chip, settings):
        keeper = _Sampler(group=2, seed=0)
        self.segments, self._costs = [], {}
        self._sampler = None

        def through(fold):
            self.lowering = fold.lowering

            def take(one):
                fold(one)
                self.segments.append(one)
                self._costs[id(one)] = keeper._costs.pop()

            return take

        self.run = archsim.run(
            workload, chip, settings=settings, hooks=Hooks(watch=keeper.watch, through=through)
        )

    def __call__(self, one):
        self._sampler._costs.append(self._costs[id(one)])

    def sampled(self, *, group, seed):
        """Return what a sampled run with this choice finds."""
        self._sampler = _Sampler(group=group, seed=seed)
        take = self._sampler.before(self)
        for one in self.segments:
            take(one)
        return self._sampler.result(self.run)


REAL = [
    ("madem_braille:two_layer", "madem_64x4", QUICK),
    ("madem_braille", "madem_64", {"workload.test.copies": "2"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("workload", "chip", "settings"), REAL)
def test_intervals_of_200_samples_of_a_real_run_cover_what_it_costs(workload, chip, settings):
    whole = Replayed(workload, chip, settings)
    truth = whole.run.totals
    found = [whole.sampled(group=20, seed=seed) for seed in range(200)]
    assert found[0].simulated < 0.7 * found[0].segments
    for part, energy in truth.energy.items():
        held = [one.energy[part].holds(float(energy)) for one in found]
        known = [one.energy[part].high == one.energy[part].low for one in found]
        assert all(known) or sum(held) >= 184, part
    assert 184 <= sum(one.energy["training"].holds(truth.training_energy) for one in found) <= 196
    for part, time in truth.time.items():  # slots tell it
        assert all(one.time[part].holds(float(time)) for one in found), part
