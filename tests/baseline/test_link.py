"""Samples sent to a GPU over a link: arithmetic by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from archsim.baseline import Call, TrainingWork, evaluate, price_training, stream_work
from archsim.baseline.roofline import nets_without_launch_bound
from archsim.chip import read_chip
from archsim.trace.ops import Phase

SHAPES = ((65, 64), (65, 10))
RADIO = {
    "link.byte_energy.value": "500 nJ/B",
    "link.bandwidth.value": "100 kB/s",
    "link.delay.value": "1 ms",
}


@pytest.fixture
def remote():
    return read_chip("gpu_h100:radio", settings=RADIO)


def message(sent, *, steps=3):
    call = Call(name="receive", phase=Phase.IO, kernels=0, sent=sent)
    return TrainingWork(driver="bare", steps=steps, batch=1, calls=(call,))


def test_a_message_takes_delay_and_bytes_over_bandwidth_and_the_card_is_not_charged(remote):
    baseline = price_training(remote, message(50), name="row")
    assert baseline.training_time == 3 * (Fraction(1, 1000) + Fraction(50, 100_000))
    assert float(baseline.training_energy) == pytest.approx(3 * 50 * 500e-9, rel=1e-12)


def test_networks_at_once_share_the_card_but_no_link(remote):
    alone, many = (price_training(remote, message(50), name="row", nets=n) for n in (1, 64))
    assert many.training_time == alone.training_time
    assert many.training_energy == alone.training_energy


@pytest.mark.parametrize("nets", [1, 64])
@pytest.mark.parametrize("power", ["by_state", "by_act"])
def test_the_ledger_of_a_stream_is_what_the_formula_gives(remote, power, nets):
    charged = {"by_state": "state", "by_act": "act"}[power]
    gpu = remote.model_copy(update={"power": charged})
    work = stream_work(SHAPES, samples=7, sample_bytes=64, learn=True, word_bytes=4)
    cost, baseline = evaluate(gpu, work, nets=nets), price_training(gpu, work, name="r", nets=nets)
    assert float(baseline.training_time) == pytest.approx(float(cost.time), rel=1e-9)
    assert float(baseline.training_energy) == pytest.approx(float(cost.energy), rel=1e-6)


def test_inference_asks_for_the_forward_kernels_alone():
    work = stream_work(SHAPES, samples=1, sample_bytes=64, learn=False, word_bytes=4)
    names = ["receive", "forward1", "activation1", "forward2", "activation2", "answer"]
    assert [call.name for call in work.calls] == names
    assert work.sent == 65


def test_messages_do_not_change_how_many_networks_fill_the_card(remote):
    work = stream_work(SHAPES, samples=1, sample_bytes=64, learn=True, word_bytes=4)
    kernels = tuple(call for call in work.calls if call.kernels)
    plain = TrainingWork(driver="bare", steps=1, batch=1, calls=kernels)
    assert nets_without_launch_bound(remote, work) == nets_without_launch_bound(remote, plain)
