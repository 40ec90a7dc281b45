"""Training: what a run does, in which order, and what it must not depend on."""

from typing import Literal

import numpy as np
import pytest

from archsim.components.substrate import Substrate
from archsim.errors import InputError, SpecError
from archsim.trace import Phase, Recorder
from archsim.workload import baseline, read_workload, train
from archsim.workload.backprop import _forward, _step
from archsim.workload.rules import RULES, Change, LearningRule, register_rule


def trained(task, behaviour, *, seed=0, recorder=None, on_metric=None):
    substrate = Substrate(behaviour, task.shapes, seed=seed, recorder=recorder)
    result = train(task, substrate, seed=seed, on_metric=on_metric)
    learnt = b"".join(substrate.weights(name).tobytes() for name in substrate.shapes)
    return result, learnt


@pytest.mark.parametrize(("variant", "chip_name"), [("", "madem_64"), ("two_layer", "madem_64x4")])
def test_one_seed_meets_the_criterion(workload, chip, variant, chip_name):
    result, _ = trained(workload(variant), chip(chip_name))
    assert (result.met, result.clean.exact) == (True, 1.0)
    assert result.validation.near >= 0.93
    assert [trial.flips for trial in result.trials] == [0.1, 0.2, 0.3]
    assert all(trial.score.near <= trial.ceiling + 0.01 for trial in result.trials)
    assert result.steps == 9 * result.epochs


@pytest.mark.parametrize(
    ("variant", "chip_name"),
    [("", "madem_64"), ("batched", "madem_64:reference"), ("two_layer", "madem_64x4:clocked")],
)
def test_recording_and_metrics_change_no_learnt_bit(workload, chip, variant, chip_name):
    task = workload(variant, stop__max_epochs=2, stop__copies=2, test__copies=2)
    plain = trained(task, chip(chip_name))
    watched = trained(task, chip(chip_name), recorder=Recorder(), on_metric=[].append)
    assert plain == watched


def test_how_much_is_evaluated_changes_no_learnt_bit(workload, chip):
    found = []
    for copies in (1, 30):
        task = workload(stop__max_epochs=2, stop__near=1, stop__copies=copies, test__copies=copies)
        found.append(trained(task, chip("madem_64"))[1])
    assert found[0] == found[1]


def test_seeds_differ(workload, chip):
    task = workload(stop__max_epochs=1)
    assert len({trained(task, chip("madem_64"), seed=seed)[1] for seed in range(3)}) == 3


def test_phases_come_in_order_and_each_in_segments_of_its_own(workload, chip):
    seen = []
    recorder = Recorder(lambda segment: seen.append((segment.epoch, segment.step, segment.phase)))
    trained(workload(stop__max_epochs=1), chip("madem_64"), recorder=recorder)
    free, clamped, update = Phase.FREE, Phase.CLAMPED, Phase.UPDATE
    steps = [(0, step, phase) for step in range(1, 10) for phase in (free, clamped, update)]
    evaluated = (0, 9, Phase.EVALUATE)
    assert seen == [(-1, 0, Phase.INITIALISE), *steps, *[evaluated] * 4]


def test_metrics_are_told_after_each_epoch_and_test(workload, chip):
    rows = []
    trained(workload(stop__max_epochs=2, stop__near=1), chip("madem_64"), on_metric=rows.append)
    names = [(row["epoch"], row["metric"]) for row in rows]
    after = ["clean_near", "clean_exact", "validation_near", "validation_exact"]
    after += ["device_pulses", "array_reads"]
    tests = [f"test_{name}_{p}" for p in (0.1, 0.2, 0.3) for name in ("near", "exact", "ceiling")]
    assert names == [(epoch, name) for epoch in (0, 1) for name in after] + [
        (1, name) for name in tests
    ]
    assert set(rows[0]) == {"epoch", "step", "phase", "metric", "value"}


def test_trace_and_result_count_the_same_pulses(workload, chip):
    recorder = Recorder()
    result, _ = trained(workload(stop__max_epochs=2), chip("madem_64"), recorder=recorder)
    assert recorder.totals.counts["update", "array.pulse"] == result.pulses
    assert recorder.totals.counts["free", "adc.convert"] == 60 * result.reads


@pytest.mark.parametrize(
    ("training", "phase"), [("open_loop", "initialise"), ("verified", "verify")]
)
def test_weights_learnt_elsewhere_are_only_written(workload, chip, training, phase):
    recorder = Recorder()
    task = workload(training=training)
    result, _ = trained(task, chip("madem_64"), recorder=recorder)
    assert (result.epochs, result.pulses, result.reads) == (0, 0, 0)
    assert {name for name, _ in recorder.totals.counts} == {phase, "evaluate"}
    assert ((phase, "array.verify_read") in recorder.totals.counts) == (training == "verified")


def test_a_batch_is_written_once_and_its_sums_are_counted(workload, chip):
    writes = []

    def keep(segment):
        writes.extend(op for op in segment.ops if op.kind == "write" and op.phase == "update")

    recorder = Recorder(keep)
    trained(workload("batched", stop__max_epochs=2), chip("madem_64"), recorder=recorder)
    assert len(writes) == 2
    assert recorder.totals.counts["update", "accumulator.add"] == 2 * 9 * 61 * 60


@pytest.mark.parametrize("batch", [1, 9])
@pytest.mark.parametrize("variant", ["", "classify", "two_layer", "two_layer_classify"])
def test_the_baseline_meets_the_same_criterion(workload, variant, batch):
    result = baseline(workload(variant), batch=batch, seed=0)
    assert result.met
    assert result.shapes == tuple(workload(variant).shapes.values())
    assert 2 <= result.steps <= (200 if batch == 1 else 60)


def test_backpropagation_follows_the_gradient(workload):
    generator = np.random.default_rng(0)
    weights = [generator.standard_normal(shape) / 2 for shape in ((5, 4), (4, 3))]
    x = generator.standard_normal((2, 4))
    target = np.sign(generator.standard_normal((2, 3)))

    def loss(matrices):
        y = _forward(matrices, x)[-1]
        z = np.arctanh(y)
        return np.log1p(np.exp(-2 * target * z)).sum() / len(x)

    moved = [matrix.copy() for matrix in weights]
    _step(moved, x, target, 1e-3)
    for layer, matrix in enumerate(weights):
        for index in np.ndindex(*matrix.shape):
            step = [one.copy() for one in weights], [one.copy() for one in weights]
            step[0][layer][index] += 1e-5
            step[1][layer][index] -= 1e-5
            slope = (loss(step[0]) - loss(step[1])) / 2e-5
            assert moved[layer][index] - matrix[index] == pytest.approx(-1e-3 * slope, rel=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule.name": "hebb"}, "expected one of the learning rules activity_difference, .*equil"),
        ({"rule.nudge": "0.5"}, "rule.nudge"),
        ({"dataset.cells": "7"}, "words of at most 7 letters, got lovelace, dijkstra, mccarthy"),
        ({"dataset.words": "[ada, ada]"}, "expected words that all differ"),
        ({"dataset.name": "mnist"}, "dataset.name"),
        ({"network.gains": "[0.4, 0.4]"}, "gains: expected 1 for 0 hidden layers, got 2"),
        ({"network.gains": "[0]"}, "expected a number above 0"),
        ({"pulses.slope": "[0, 0]"}, "pulses.slope: expected one entry, or 1 for as many layers"),
        ({"stop.flips": "0.5"}, "expected a number below 0.5"),
        ({"test.flips": "[]"}, "test.flips"),
        ({"stop.max_epochs": "0"}, "expected a number of at least 1"),
        ({"training": "cloud"}, "training: expected"),
    ],
)
def test_faults_of_a_workload_are_named(settings, message):
    with pytest.raises(SpecError, match=message):
        read_workload("madem_braille", settings=settings)


def test_an_unknown_workload_is_refused():
    with pytest.raises(InputError, match="madem_brail"):
        read_workload("madem_brail")


class SignRule(LearningRule):
    """Delta rule that sees only the signs of the outputs."""

    name: Literal["sign"]

    def changes(self, network, inputs, targets, phase):
        with phase(Phase.FREE):
            outputs = network.free(inputs).values
        return [Change("layer1", outputs[0][0], (targets - np.sign(outputs[1]))[0])]


def test_a_rule_of_ones_own_trains_under_its_name(workload, chip, monkeypatch):
    monkeypatch.setattr(RULES, "_models", dict(RULES._models))
    register_rule("sign", SignRule)
    result, _ = trained(workload(rule="{name: sign}"), chip("madem_64"))
    assert result.clean.exact == 1.0


def test_only_rules_can_be_registered():
    with pytest.raises(InputError, match="expected a subclass of LearningRule, got dict"):
        register_rule("mine", dict)
