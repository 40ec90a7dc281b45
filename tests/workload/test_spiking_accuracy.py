"""What spiking networks learn of MNIST: a quick look in seconds, the whole in minutes.

Tolerances are those of a prototype that others wrote, with other random numbers; where this one lies
outside, the test says so.
"""

from __future__ import annotations

import pytest

from archsim.chip import read_chip
from archsim.components.bit_sliced import substrate_of
from archsim.workload import read_workload, train_spiking

pytestmark = pytest.mark.mnist


def learnt(variant, seed=0, **settings):
    task = read_workload(f"cbram_mnist{variant}", settings={"readout.probes": "0"} | settings)
    substrate = substrate_of(read_chip("cbram_512k").behaviour, task.shapes, seed=seed)
    return train_spiking(task, substrate, seed=seed)


@pytest.mark.slow
def test_20_000_images_are_enough_for_87_in_100():
    result = learnt(":quick")
    assert 0.86 < result.accuracy["hard"] < 0.90
    assert result.accuracy["log_soft"] > result.accuracy["hard"]


@pytest.fixture(scope="module")
def whole():
    return learnt("")


@pytest.mark.slow
class TestWholeTraining:
    def test_accuracy_without_pruning(self, whole):
        assert 0.925 < whole.accuracy["hard"] < 0.94
        assert 0.935 < whole.accuracy["log_soft"] < 0.95

    def test_activity(self, whole):
        activity = whole.activity
        shown = activity.presentations
        assert shown == 180_000
        assert activity.input_spikes / shown == pytest.approx(808, rel=0.01)
        assert activity.output_spikes / shown == pytest.approx(6.2, rel=0.01)
        assert activity.rows_read / activity.output_spikes == pytest.approx(98.8, rel=0.01)
        assert activity.attempts == activity.output_spikes * 397

    def test_all_neurons_fire_alike(self, whole):
        least, middle, most = whole.fired
        assert 0.9 * middle < least <= most < 1.2 * middle

    def test_half_the_weights_at_one_constant_cost_nothing(self):
        assert learnt(":soft_50").accuracy["hard"] >= 0.92

    def test_three_quarters_at_one_constant_cost_one_or_two_points(self):
        result = learnt(":soft_75")
        assert 0.908 < result.accuracy["hard"] < 0.93
        assert 0.921 < result.accuracy["log_soft"] < 0.94
        assert result.pruned == pytest.approx(0.75, abs=1e-4)

    def test_three_quarters_at_their_own_values_cost_less(self):
        assert 0.92 < learnt(":own_75").accuracy["hard"] < 0.935

    @pytest.mark.parametrize(
        ("variant", "low", "high"),
        [
            ("removed_lowest_40", 0.86, 0.90),
            ("removed_smallest_40", 0.905, 0.93),
            ("removed_after_lowest_40", 0.0, 0.85),
            ("removed_after_smallest_40", 0.0, 0.90),
        ],
    )
    def test_removing_weights_depends_on_which_and_when(self, variant, low, high):
        assert low < learnt(f":{variant}").accuracy["hard"] < high
