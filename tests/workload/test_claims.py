"""What the catalog's chips must learn, over ten seeds, with the constants and settings as shipped.

Each test trains on seeds 0 to 9; the settings were chosen on others. The bounds are those of the
task and the published claims, not of our own last result.
"""

from statistics import mean

import pytest

pytestmark = pytest.mark.slow

SEEDS = range(10)
SPREAD = {"cell__static_spread": 0.2}
NONE = {"cell__static_spread": 0}


@pytest.fixture
def runs(workload, chip, learn):
    """Return a function that trains a variant on a chip with ten seeds."""

    def make(chip_name, variant="", *, training="on_chip", seeds=SEEDS, stop=None, **settings):
        task = workload(variant, training=training, **(stop or {}))
        return [learn(task, chip(chip_name, **settings), seed) for seed in seeds]

    return make


def near(results, number):
    return mean(result.trials[number].score.near for result in results)


def exact_clean(results):
    return mean(result.clean.exact for result in results)


@pytest.mark.parametrize(
    ("chip_name", "variant"),
    [
        ("madem_64", ""),
        ("madem_64:reference", ""),
        ("madem_64", "batched"),
        ("madem_64x4", "two_layer"),
        ("madem_64x4:clocked", "two_layer"),
        ("madem_64x4", "two_layer_ep"),
        ("madem_64:reference", "two_layer"),
    ],
)
def test_nine_words_are_recalled(runs, chip_name, variant):
    results = runs(chip_name, variant)
    assert [result.clean.exact for result in results] == [1.0] * 10
    for result in results:
        assert result.trials[0].score.near >= 0.9
        assert result.trials[1].score.near >= 0.9
    assert near(results, 1) >= 0.93
    assert near(results, 2) < mean(result.trials[2].ceiling for result in results) < 0.85


@pytest.mark.parametrize(
    ("chip_name", "variant"),
    [
        ("madem_64", "classify"),
        ("madem_64:reference", "classify"),
        ("madem_64x4", "two_layer_classify"),
        ("madem_64x4:clocked", "two_layer_classify"),
    ],
)
def test_nine_words_are_told_apart(runs, chip_name, variant):
    results = runs(chip_name, variant)
    assert [result.clean.near for result in results] == [1.0] * 10
    assert near(results, 0) >= 0.97
    assert near(results, 1) >= 0.9


def test_the_hidden_layer_has_to_learn(runs):
    stop = {"pulses__threshold": [1000, 0.114], "stop__max_epochs": 15}
    frozen = runs("madem_64x4", "two_layer", stop=stop)
    assert sum(result.met for result in frozen) == 0
    assert near(frozen, 1) < near(runs("madem_64x4", "two_layer"), 1) - 0.1


@pytest.mark.parametrize("chip_name", ["madem_64", "madem_64:reference"])
def test_training_on_the_chip_absorbs_static_spread_in_classification(runs, chip_name):
    here = [near(runs(chip_name, "classify", **spread), 1) for spread in (NONE, SPREAD)]
    there = [
        near(runs(chip_name, "classify", training="open_loop", **spread), 1)
        for spread in (NONE, SPREAD)
    ]
    assert here[0] - here[1] <= 0.05
    assert there[0] - there[1] > here[0] - here[1] + 0.02


@pytest.mark.parametrize(("chip_name", "variant"), [("madem_64", ""), ("madem_64x4", "two_layer")])
def test_training_on_the_chip_absorbs_static_spread_in_exact_recall(runs, chip_name, variant):
    here = [exact_clean(runs(chip_name, variant, **spread)) for spread in (NONE, SPREAD)]
    there = [
        exact_clean(runs(chip_name, variant, training="open_loop", **spread))
        for spread in (NONE, SPREAD)
    ]
    assert here[0] - here[1] <= 0.05
    assert there[0] - there[1] > 0.3


@pytest.mark.parametrize(("error", "helps"), [("graded", False), ("one_bit", True)])
def test_temporal_noise_helps_only_a_one_bit_error(runs, error, helps):
    stop = {"stop__near": 1, "stop__max_epochs": 10}
    found = [
        near(runs("madem_64", "classify", stop=stop, error=error, cell__read_noise=noise), 1)
        for noise in (0, 0.1)
    ]
    gain = found[1] - found[0]
    assert gain > 0.03 if helps else -0.03 < gain < 0.01
