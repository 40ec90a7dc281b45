"""The ideal limit: layers in floats against a learner that knows nothing of this package."""

import contextlib
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

from archsim.components.substrate import Substrate
from archsim.seeds import stream
from archsim.trace import Phase
from archsim.workload import read_workload
from archsim.workload.cell_layers import CellLayers
from archsim.workload.layered_rules import Conventional, Progressive
from archsim.workload.layers import FloatLayers, LayersDescription

RULES = {"progressive": Progressive, "conventional": Conventional}
DYADIC = 2.0**-8


@pytest.fixture(scope="module")
def plain():
    path = Path(__file__).parent / "plain_learner.py"
    spec = importlib.util.spec_from_file_location("plain_learner", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "archsim" not in path.read_text()
    return module


def nowhere(_):
    return contextlib.nullcontext()


def description(sizes, *, activation, output):
    return LayersDescription(
        inputs=sizes[0],
        hidden=sizes[1:-1],
        outputs=sizes[-1],
        activation=activation,
        output=output,
        full_weight=1.0,
    )


def matrices(sizes, generator, scale):
    shapes = [(rows + 1, columns) for rows, columns in itertools.pairwise(sizes)]
    return [scale(generator.uniform(-0.5, 0.5, shape)) for shape in shapes]


@pytest.mark.parametrize("rule", RULES)
def test_dyadic_examples_are_learnt_to_the_bit(plain, rule):
    sizes, generator = (9, 8, 5), np.random.default_rng(2)

    def dyadic(values):
        return np.round(values / DYADIC) * DYADIC

    expected = matrices(sizes, generator, dyadic)
    settings = description(sizes, activation="relu", output="linear")
    named = {str(n): matrix for n, matrix in enumerate(expected)}
    layers = FloatLayers(settings, named, rate=0.125, steps=[DYADIC] * 2)
    learner, first = RULES[rule](name=rule, loss="squared"), [m.copy() for m in expected]
    for _ in range(300):
        x, target = dyadic(generator.uniform(0, 1, 9)), dyadic(generator.uniform(0, 1, 5))
        learner.step(layers, x, target, nowhere)
        plain.step(
            expected,
            x,
            target,
            rate=0.125,
            progressive=rule == "progressive",
            hidden=plain.rectified,
            output="linear",
            limits=plain.Limits(quantum=DYADIC),
        )
        assert all((a == b).all() for a, b in zip(layers.weights, expected, strict=True))
    assert all((a != b).mean() > 0.5 for a, b in zip(first, expected, strict=True))


@pytest.mark.parametrize("sizes", [(9, 8, 5), (9, 7, 6, 5, 4)])
@pytest.mark.parametrize("rule", RULES)
def test_every_step_agrees_to_twelve_digits(plain, rule, sizes):
    generator = np.random.default_rng(3)
    expected = matrices(sizes, generator, lambda values: values)
    settings = description(sizes, activation="tanh", output="sigmoid")
    layers = FloatLayers(settings, {str(n): m for n, m in enumerate(expected)}, rate=0.3)
    learner = RULES[rule](name=rule)
    for _ in range(100):
        x = generator.uniform(0, 1, sizes[0])
        target = np.eye(sizes[-1])[generator.integers(sizes[-1])]
        learner.step(layers, x, target, nowhere)
        plain.step(
            expected,
            x,
            target,
            rate=0.3,
            progressive=rule == "progressive",
            hidden=plain.tanh,
            output="sigmoid",
        )
        for ours, theirs in zip(layers.weights, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
            ours[:] = theirs


def test_the_two_rules_part_after_one_step(plain):
    sizes, generator = (9, 8, 5), np.random.default_rng(4)
    first = matrices(sizes, generator, lambda values: values)
    x, target = generator.uniform(0, 1, 9), np.eye(5)[0]
    ends = []
    for progressive in (True, False):
        weights = [matrix.copy() for matrix in first]
        settings = {"rate": 0.3, "hidden": plain.tanh, "output": "sigmoid"}
        plain.step(weights, x, target, progressive=progressive, **settings)
        ends.append(weights)
    assert (ends[0][1] == ends[1][1]).all()
    assert (ends[0][0] != ends[1][0]).any()


def test_ideal_cells_with_fine_converters_answer_and_send_back_as_floats_do(chip):
    task = read_workload("ecram_digits")
    behaviour = chip("ecram_2layer")
    fine = {
        "cell": behaviour.cell.ideal(),
        "adc": behaviour.adc.model_copy(update={"bits": 16}),
        "dac": behaviour.dac.model_copy(update={"bits": 10}),
    }
    substrate = Substrate(behaviour.model_copy(update=fine), task.shapes, seed=0)
    layers = CellLayers(task, substrate, stream(0, "rule", "test"))
    generator = np.random.default_rng(1)
    with substrate.segment(epoch=-1, step=0, phase=Phase.INITIALISE):
        for name, shape in task.shapes.items():
            substrate.program(name, generator.uniform(-0.2, 0.2, shape))
    weights = {
        name: scale * substrate.weights(name)
        for name, scale in zip(task.shapes, task.scales, strict=True)
    }
    floats = FloatLayers(task.network, weights, rate=task.rate)
    inputs = generator.uniform(0, 1, (20, 64))
    for ours, theirs in zip(layers.forward(inputs), floats.forward(inputs), strict=True):
        assert np.abs(ours - theirs).max() < 0.01
    for error in generator.uniform(-1, 1, (20, 10)) * 10.0 ** generator.uniform(-4, 0, (20, 1)):
        ours, theirs = (one.sums_back(1, error) for one in (layers, floats))
        assert np.abs(ours - theirs).max() < 0.004 * np.abs(error).max() * task.scales[1] * 10


@pytest.mark.parametrize("rule", RULES)
def test_ideal_cells_learn_dyadic_examples_to_the_bit(plain, chip, rule):
    sizes, generator = (11, 11, 5), np.random.default_rng(8)  # √(3/12): a full window is a weight
    settings = {
        "network.inputs": "11",
        "network.hidden": "[11]",
        "network.outputs": "5",
        "network.output": "linear",
        "network.full_weight": "2",
        "network.error_gain": "1",
        "rule": f"{{name: {rule}, loss: squared}}",
        "rate": "0.125",
        "pulses": "{rounding: nearest, most: 1000}",
    }
    task = read_workload("ecram_digits", settings=settings)
    behaviour = chip("ecram_2layer", cell__states="256", adc__range=8191 / 1024)
    coarse = {  # codes of 1/1024, and lines that are driven fully or not at all
        "cell": behaviour.cell.ideal(),
        "adc": behaviour.adc.model_copy(update={"bits": 14}),
        "dac": behaviour.dac.model_copy(update={"bits": 2}),
    }
    substrate = Substrate(behaviour.model_copy(update=coarse), task.shapes, seed=0)
    layers = CellLayers(task, substrate, stream(0, "rule", "test"))
    expected = matrices(sizes, generator, lambda values: np.round(values * 128) / 128)
    with substrate.segment(epoch=-1, step=0, phase=Phase.INITIALISE):
        for name, matrix in zip(task.shapes, expected, strict=True):
            substrate.program(name, matrix)
    first = [matrix.copy() for matrix in expected]
    for _ in range(200):
        x, target = generator.integers(0, 2, 11).astype(float), generator.integers(-64, 65, 5) / 64
        task.rule.step(layers, x, target, nowhere)
        plain.step(
            expected,
            x,
            target,
            rate=0.125,
            progressive=rule == "progressive",
            hidden=plain.threefold,
            output="linear",
            limits=plain.Limits(quantum=1 / 128, bound=1.0, sent=plain.threefold_errors),
        )
        for name, matrix in zip(task.shapes, expected, strict=True):
            assert (substrate.weights(name) == matrix).all()
    assert all((a != b).mean() > 0.5 for a, b in zip(first, expected, strict=True))
