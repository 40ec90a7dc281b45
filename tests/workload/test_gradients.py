"""Gradients: what each rule asks for in the ideal-device limit, against central differences."""

import contextlib
import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from archsim.workload.layered_rules import Conventional, Progressive
from archsim.workload.layers import FloatLayers, LayersDescription
from archsim.workload.network import Network, NetworkDescription
from archsim.workload.rule_difference import ActivityDifference
from archsim.workload.rule_equilibrium import EquilibriumPropagation

SIZES = (5, 7, 6, 4)
K1, K2, KB = 0.3, 0.4, 0.25


def nowhere(_):
    return contextlib.nullcontext()


def central(function, weights, *, step=1e-5):
    """Return the gradient of a function of matrices, changed in place one entry at a time."""
    gradients = []
    for matrix in weights:
        gradient = np.empty_like(matrix)
        for place in np.ndindex(matrix.shape):
            kept = matrix[place]
            ends = []
            for sign in (1, -1):
                matrix[place] = kept + sign * step
                ends.append(function())
            matrix[place] = kept
            gradient[place] = (ends[0] - ends[1]) / (2 * step)
        gradients.append(gradient)
    return gradients


def distance(found, expected):
    """Return the relative distance of lists of matrices."""
    off = sum(np.sum((a - b) ** 2) for a, b in zip(found, expected, strict=True))
    return np.sqrt(off / sum(np.sum(b**2) for b in expected))


class Case:
    """A layered network in floats with one example, and its loss."""

    def __init__(self, *, activation="tanh", output="sigmoid", loss="cross_entropy"):
        generator = np.random.default_rng(5)
        self.description = LayersDescription(
            inputs=SIZES[0],
            hidden=SIZES[1:-1],
            outputs=SIZES[-1],
            activation=activation,
            output=output,
            full_weight=1.0,
        )
        shapes = [(rows + 1, columns) for rows, columns in itertools.pairwise(SIZES)]
        self.first = [generator.uniform(-0.5, 0.5, shape) for shape in shapes]
        if activation == "relu":  # away from the corners, where there is no derivative
            for matrix in self.first:
                matrix[:] = np.abs(matrix) * 0.3
        self.inputs = generator.uniform(0, 1, SIZES[0])
        self.targets = generator.uniform(0.1, 0.9, SIZES[-1])
        self.loss_name = loss

    def layers(self, rate):
        named = {f"layer{n}": matrix for n, matrix in enumerate(self.first, start=1)}
        return FloatLayers(self.description, named, rate=rate)

    def loss(self, layers):
        outputs = layers.forward(self.inputs[None])[-1][0]
        if self.loss_name == "squared":
            return 0.5 * np.sum((self.targets - outputs) ** 2)
        wanted = self.targets
        return -np.sum(wanted * np.log(outputs) + (1 - wanted) * np.log(1 - outputs))

    def gradients(self):
        layers = self.layers(1.0)
        return central(lambda: self.loss(layers), layers.weights)

    def changes(self, rule, rate):
        """Return what a step adds to the weights, over −η: the gradient it follows."""
        layers = self.layers(rate)
        rule.step(layers, self.inputs, self.targets, nowhere)
        return [
            (before - after) / rate
            for before, after in zip(self.first, layers.weights, strict=True)
        ]


CASES = {
    "cross entropy": {},
    "squared": {"loss": "squared"},
    "linear outputs": {"loss": "squared", "output": "linear"},
    "relu": {"activation": "relu", "loss": "squared", "output": "linear"},
}


@pytest.mark.parametrize("keep", ["gradients", "errors"])
@pytest.mark.parametrize("name", CASES)
def test_conventional_backprop_follows_the_gradient(name, keep):
    case = Case(**CASES[name])
    rule = Conventional(name="conventional", loss=case.loss_name, keep=keep)
    assert distance(case.changes(rule, 1e-3), case.gradients()) < 1e-8


@pytest.mark.parametrize("name", CASES)
def test_progressive_descent_goes_to_the_gradient_linearly_with_the_rate(name):
    case = Case(**CASES[name])
    rule = Progressive(name="progressive", loss=case.loss_name)
    exact = case.gradients()
    errors = [distance(case.changes(rule, rate), exact) for rate in (4e-2, 2e-2, 1e-2, 5e-3)]
    assert errors[-1] > 1e-6
    ratios = [a / b for a, b in itertools.pairwise(errors)]
    assert ratios == pytest.approx([2.0] * 3, rel=0.1)


def test_progressive_descent_follows_the_gradient_in_the_last_layer():
    case = Case()
    changes = case.changes(Progressive(name="progressive"), 0.1)
    assert distance(changes[-1:], case.gradients()[-1:]) < 1e-8


def test_progressive_errors_differ_by_the_term_along_the_activities():
    case, rate = Case(), 0.05
    layers = case.layers(rate)
    activities = [values[0] for values in layers.forward(case.inputs[None])]
    error = case.targets - activities[-1]
    before = layers.sums_back(layers.last, error)
    layers.weights[-1] += rate * np.outer(activities[-2], error)
    after = layers.sums_back(layers.last, error)
    expected = rate * np.sum(error**2) * activities[-2]
    assert after - before == pytest.approx(expected, rel=1e-9)


class Exact:
    """Stands in for a substrate whose cells and converters are ideal."""

    behaviour = SimpleNamespace(error="graded", settling="clocked")

    def __init__(self, weights):
        self.held = weights
        self.shapes = {name: matrix.shape for name, matrix in weights.items()}

    def driven(self, values):
        return values

    def read(self, matrix, values, *, gain, transposed=False, evaluate=False):
        weights = self.held[matrix]
        return gain * (values @ (weights.T if transposed else weights))

    def operate(self, acts):
        pass


class Attractor:
    """A relaxing network with one hidden layer, and the energies that it has.

    Its rest is the minimum of E = |s₁|²/2κ_b − (κ₁/κ_b) x W₁ s₁ + |s₂|²/2κ₂ − s₁ W₂ s₂, as long as
    no activity is clipped.
    """

    def __init__(self):
        generator = np.random.default_rng(7)
        self.weights = {
            "layer1": generator.uniform(-0.5, 0.5, (6, 4)),
            "layer2": generator.uniform(-0.5, 0.5, (4, 3)),
        }
        settings = NetworkDescription(
            hidden=(4,), gains=(K1, K2), feedback=(KB,), sweeps=200, initial_spread=0.1
        )
        self.network = Network(settings, Exact(self.weights))
        self.inputs = generator.uniform(-1, 1, (1, 5))
        self.targets = generator.uniform(-0.5, 0.5, (1, 3))

    def energy(self, hidden, output):
        held = np.append(self.inputs, 1.0) @ self.weights["layer1"]
        return (
            hidden @ hidden / (2 * KB)
            - K1 / KB * held @ hidden
            + output @ output / (2 * K2)
            - hidden @ self.weights["layer2"] @ output
        )

    def cost(self):
        output = self.network.free(self.inputs).activities[-1][0]
        return np.sum((self.targets[0] - output) ** 2) / (2 * K2)

    def contrast(self):
        """Return the energy at rest with the outputs held at the targets, minus that without."""
        free = self.network.free(self.inputs)
        held = self.network.clamped(free, self.targets)
        energies = [self.energy(*(a[0] for a in s.activities[1:])) for s in (held, free)]
        return energies[0] - energies[1]

    def changes(self, rule):
        """Return the sum of what a rule asks for, with the scale that the energy gives it."""
        total = {name: np.zeros(matrix.shape) for name, matrix in self.weights.items()}
        for change in rule.changes(self.network, self.inputs, self.targets, nowhere):
            total[change.matrix] += np.outer(change.rows, change.columns)
        return [-K1 / KB * total["layer1"], -total["layer2"]]


def equilibrium(form, nudge, product="symmetric"):
    return EquilibriumPropagation(
        name="equilibrium_propagation", nudge=nudge, form=form, product=product
    )


@pytest.mark.parametrize(("form", "power"), [("one_sided", 1), ("centred", 2)])
def test_equilibrium_propagation_goes_to_the_gradient_with_the_nudge(form, power):
    net = Attractor()
    exact = central(net.cost, list(net.weights.values()))
    nudges = (0.08, 0.04, 0.02)
    errors = [distance(net.changes(equilibrium(form, nudge)), exact) for nudge in nudges]
    ratios = [a / b for a, b in itertools.pairwise(errors)]
    assert errors[-1] < 0.03
    assert ratios == pytest.approx([2.0**power] * 2, rel=0.1)


def test_one_outer_product_is_the_gradient_in_the_first_layer_and_near_it_in_the_second():
    net = Attractor()
    exact = central(net.cost, list(net.weights.values()))
    found = net.changes(equilibrium("centred", 0.01, product="rank_one"))
    assert distance(found[:1], exact[:1]) < 1e-3
    assert 1e-3 < distance(found[1:], exact[1:]) < 0.5


def test_activity_difference_follows_the_gradient_of_the_contrast_of_energies():
    net = Attractor()
    exact = central(net.contrast, list(net.weights.values()))
    rule = ActivityDifference(name="activity_difference", form="symmetric")
    assert distance(net.changes(rule), exact) < 1e-8


def test_activity_difference_without_hidden_layers_is_the_gradient_of_the_squared_error():
    generator = np.random.default_rng(3)
    weights = {"layer1": generator.uniform(-0.5, 0.5, (6, 3))}
    settings = NetworkDescription(gains=(K1,), initial_spread=0.1)
    network = Network(settings, Exact(weights))
    inputs, targets = generator.uniform(-1, 1, (1, 5)), generator.uniform(-0.5, 0.5, (1, 3))

    def loss():
        output = network.free(inputs).activities[-1][0]
        return np.sum((targets[0] - output) ** 2) / (2 * K1)

    (change,) = ActivityDifference(name="activity_difference").changes(
        network, inputs, targets, nowhere
    )
    found = [-np.outer(change.rows, change.columns)]
    assert distance(found, central(loss, [weights["layer1"]])) < 1e-8
