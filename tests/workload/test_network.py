"""Networks: where activities come to rest, and what rules make of it."""

import contextlib

import numpy as np
import pytest

from archsim.components.substrate import Substrate
from archsim.trace import OpKind, Phase, Recorder
from archsim.workload.network import Network, NetworkDescription
from archsim.workload.rule_difference import ActivityDifference
from archsim.workload.rule_equilibrium import EquilibriumPropagation

K1, K2, KB = 0.08, 0.15, 0.1
SIZES = {"inputs": 12, "outputs": 6}


def description(*, hidden=(), sweeps=0):
    return NetworkDescription(
        hidden=hidden,
        gains=(K1, K2)[: len(hidden) + 1],
        feedback=(KB,) * len(hidden),
        sweeps=sweeps,
        initial_spread=0.1,
    )


def made(behaviour, *, hidden=(), sweeps=0, recorder=None):
    settings = description(hidden=hidden, sweeps=sweeps)
    shapes = Network.shapes(settings, **SIZES)
    substrate = Substrate(behaviour, shapes, seed=5, recorder=recorder)
    with substrate.segment(epoch=-1, step=0, phase=Phase.INITIALISE):
        for number, (name, shape) in enumerate(shapes.items()):
            weights = np.random.default_rng(number).uniform(-0.6, 0.6, shape)
            substrate.program(name, weights)
    return Network(settings, substrate)


def pattern(seed=1):
    generator = np.random.default_rng(seed)
    inputs = np.sign(generator.standard_normal((1, SIZES["inputs"])))
    return inputs, generator.uniform(-0.5, 0.5, (1, SIZES["outputs"]))


def rest(w1, w2, x, *, sweeps, target=None, nudge=0.0):
    """Return hidden and output activities by the recursion, in floats."""
    held = K1 * np.append(x, 1.0) @ w1
    hidden = np.clip(held, -1, 1)
    output = np.clip(K2 * hidden @ w2, -1, 1)
    for _ in range(sweeps):
        hidden = np.clip(held + KB * w2 @ output, -1, 1)
        pull = 0.0 if target is None else nudge * (target - output)
        output = np.clip(K2 * hidden @ w2 + pull, -1, 1)
    return hidden, output


def closed(_phase):
    return contextlib.nullcontext()


def test_one_layer_is_a_clipped_product(ideal):
    network = made(ideal())
    x, _ = pattern()
    weights = network.substrate.weights("layer1")
    expected = np.clip(K1 * np.append(x, 1.0) @ weights, -1, 1)
    np.testing.assert_allclose(network.free(x).values[-1][0], expected, atol=1e-4)


@pytest.mark.parametrize("settling", ["analog", "clocked"])
@pytest.mark.parametrize("form", ["balanced", "reference"])
@pytest.mark.parametrize("sweeps", [0, 1, 3])
def test_two_layers_follow_the_recursion(ideal, settling, form, sweeps):
    behaviour = ideal("madem_64x4", settling=settling, weight_form=form)
    network = made(behaviour, hidden=(10,), sweeps=sweeps)
    x, _ = pattern()
    weights = [network.substrate.weights(name) for name in network.matrices]
    hidden, output = rest(*weights, x[0], sweeps=sweeps)
    state = network.free(x)
    np.testing.assert_allclose(state.values[1][0], hidden, atol=3e-3)
    np.testing.assert_allclose(state.values[2][0], output, atol=3e-3)


@pytest.mark.parametrize("form", ["one_sided", "centred"])
def test_equilibrium_propagation_gives_the_gradient_for_a_small_nudge(ideal, form):
    network = made(ideal("madem_64x4", settling="analog"), hidden=(10,), sweeps=40)
    x, target = pattern()
    rule = EquilibriumPropagation(name="equilibrium_propagation", nudge=0.2, form=form)
    first, second = rule.changes(network, x, target, closed)
    w1, w2 = (network.substrate.weights(name) for name in network.matrices)

    def loss(one, two):
        _, output = rest(one, two, x[0], sweeps=60)
        return ((target[0] - output) ** 2).sum() / 2

    for change, weights, place in ((first, w1, 0), (second, w2, 1)):
        wanted = np.outer(change.rows, change.columns)
        gradient = np.empty_like(wanted)
        for index in np.ndindex(*weights.shape):
            step = np.zeros_like(weights)
            step[index] = 1e-4
            both = [[w1, w2], [w1, w2]]
            both[0][place], both[1][place] = weights + step, weights - step
            gradient[index] = (loss(*both[0]) - loss(*both[1])) / 2e-4
        cosine = -(wanted * gradient).sum() / np.linalg.norm(wanted) / np.linalg.norm(gradient)
        assert cosine > (0.99 if form == "centred" else 0.97)


def test_one_layer_difference_is_the_delta_rule_and_reads_once(ideal):
    network = made(ideal())
    x, target = pattern()
    rule = ActivityDifference(name="activity_difference")
    (change,) = rule.changes(network, x, target, closed)
    np.testing.assert_array_equal(change.rows, np.append(x, 1.0))
    np.testing.assert_allclose(change.columns, target[0] - network.free(x).values[-1][0])
    assert network.substrate.read_count == 2


def test_the_two_forms_differ_by_what_lies_before_the_weights(ideal):
    network = made(ideal("madem_64x4", settling="analog"), hidden=(10,), sweeps=1)
    x, target = pattern()
    forms = {}
    for form in ("rank_one", "symmetric"):
        rule = ActivityDifference(name="activity_difference", form=form)
        forms[form] = rule.changes(network, x, target, closed)
    one, two = forms["rank_one"], forms["symmetric"]
    assert [change.matrix for change in one] == ["layer1", "layer2"]
    assert [change.matrix for change in two] == ["layer1", "layer2", "layer2"]
    difference = sum(np.outer(change.rows, change.columns) for change in two[1:])
    extra = np.outer(two[1].rows - one[1].rows, target[0])
    np.testing.assert_allclose(difference, np.outer(one[1].rows, one[1].columns) + extra)


def test_with_a_one_bit_error_only_comparators_are_seen(ideal):
    network = made(ideal(error="one_bit"))
    x, target = pattern()
    rule = ActivityDifference(name="activity_difference")
    (change,) = rule.changes(network, x, np.sign(target), closed)
    assert set(np.abs(change.columns).tolist()) <= {0.0, 2.0}
    assert len(set(np.abs(network.free(x, evaluate=True).values[-1][0]).tolist())) > 2


def test_analog_neurons_settle_once_a_phase_and_are_converted_at_its_end(ideal):
    ops = []
    recorder = Recorder(lambda segment: ops.extend(segment.ops))
    network = made(
        ideal("madem_64x4", settling="analog"), hidden=(10,), sweeps=3, recorder=recorder
    )
    ops.clear()
    x, target = pattern()
    substrate = network.substrate
    with substrate.segment(epoch=0, step=0, phase=Phase.FREE):
        state = network.free(x)
    with substrate.segment(epoch=0, step=0, phase=Phase.CLAMPED):
        network.clamped(state, target)
    kinds = [(op.phase, op.kind) for op in ops]
    assert kinds == [
        (Phase.FREE, OpKind.SETTLE),
        (Phase.FREE, OpKind.CONVERT),
        (Phase.FREE, OpKind.CONVERT),
        (Phase.CLAMPED, OpKind.SETTLE),
        (Phase.CLAMPED, OpKind.CONVERT),
    ]


def test_clocked_neurons_read_once_for_the_inputs_and_twice_a_sweep(ideal):
    network = made(ideal("madem_64x4", settling="clocked"), hidden=(10,), sweeps=3)
    x, target = pattern()
    state = network.free(x)
    assert network.substrate.read_count == 2 + 2 * 3
    network.clamped(state, target)
    assert network.substrate.read_count == 2 + 2 * 3 + 1
