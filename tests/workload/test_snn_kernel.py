"""The compiled kernels do what a plain program does, bit for bit, and count what it counts."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from archsim.workload._snn import learn, show
from archsim.workload.spiking_state import (
    COUNTS,
    BlockCount,
    Layout,
    Log,
    Model,
    Network,
    Rule,
    State,
    Tally,
)

_SPEC = importlib.util.spec_from_file_location(
    "snn_reference", Path(__file__).with_name("snn_reference.py")
)
reference = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(reference)

INPUTS, NEURONS, TURNS = 23, 11, 30
SETTINGS = {
    "rate": 0.2, "scale": 255.0, "duration": 40.0, "window": 10, "chance": 0.2, "gain": 2.0,
    "bias_gain": 1.0, "sharp": False, "nearest": False, "exponent": 0.6, "floor": 0.1,
    "floor_end": 0.02, "step": 1.0, "step_end": 0.05, "total": 60, "top": 255,
    "potentiation": 5.7, "decay": 3.0, "depression": 0.3,
}  # fmt: skip
CASES = {
    "plain": {},
    "highest": {"sharp": True},
    "nearest": {"nearest": True},
    "four bits": {"top": 15},
    "busy": {"chance": 1.0, "rate": 1.0},
    "sharp test": {"gain": 1.0, "bias_gain": 0.5, "duration": 60.0},
}


def no_log():
    """Return a log that keeps nothing."""
    return Log(
        np.empty(0),
        np.empty(0),
        np.empty((0, COUNTS), np.int64),
        np.empty((0, 3, len(BlockCount())), np.int64),
    )


class Bench:
    """The same network twice: for the kernels, and as plain lists."""

    def __init__(self, settings, *, frozen=0.0, stuck=0.0, pixels=np.uint8):
        rng = np.random.default_rng(7)
        self.settings = settings
        top = settings["top"]
        self.images = np.where(
            rng.random((5, INPUTS)) < 0.5, rng.integers(0, 256, (5, INPUTS)), 0
        ).astype(pixels)
        self.order = rng.integers(0, 5, TURNS)
        self.keys = rng.integers(0, 1 << 64, 3, dtype=np.uint64)
        can = np.where(rng.random((INPUTS, NEURONS)) < stuck, top & ~1, top)
        must = np.where(rng.random((INPUTS, NEURONS)) < stuck, 2, 0)
        codes = (rng.integers(0, top + 1, (INPUTS, NEURONS)) & can) | must
        self.block = (np.arange(NEURONS) // 4).astype(np.int32)
        widths = np.bincount(self.block).astype(np.int32)
        bits = np.array([int(code).bit_count() for code in range(top + 1)], dtype=np.uint8)
        gains = settings["potentiation"] * np.exp(
            -settings["decay"] * 2.0 * np.arange(top + 1) / top
        )
        ones = np.stack([bits[codes][:, self.block == b].sum(axis=1) for b in range(3)], axis=1)
        self.state = State(
            weights=(2 * codes - top).astype(np.int16),
            frozen=rng.random((INPUTS, NEURONS)) < frozen,
            stuck=np.stack((can, must)).astype(np.uint8),
            bias=rng.normal(size=NEURONS),
            fired=np.zeros(NEURONS, np.int64),
            ones=ones.astype(np.int32),
            writes=np.zeros((INPUTS, NEURONS), np.int32),
        )
        self.plain = {
            name: getattr(self.state, name).tolist()
            for name in ("weights", "frozen", "bias", "fired")
        }
        self.plain |= {"can": can.tolist(), "must": must.tolist()}
        self.layout = Layout(
            lines=np.ones((INPUTS, 3), np.int32),
            words=np.tile(widths, (INPUTS, 1)),
            row_block=np.zeros(INPUTS, np.int32),
            column_block=self.block,
            pruned=self.state.frozen.sum(axis=1).astype(np.int32),
        )
        self.rule = Rule(gains=gains * top / 2.0, ones=bits)

    def model(self, *, counted=True):
        s = self.settings
        return Model(
            rate=s["rate"], scale=s["scale"], duration=s["duration"], window=s["window"],
            chance=s["chance"], gain=s["gain"], bias_gain=s["bias_gain"], sharp=s["sharp"],
            nearest=s["nearest"], exponent=s["exponent"], rate_floor=s["floor"],
            rate_floor_end=s["floor_end"], homeostasis=s["step"], homeostasis_end=s["step_end"],
            depression=s["depression"] * s["top"] / 2.0, total=s["total"], top=s["top"],
            counted=counted,
        )  # fmt: skip

    def learn(self, first=0, *, counted=True):
        tally = Tally(
            np.zeros((TURNS, COUNTS), np.int64), np.zeros((TURNS, 3, len(BlockCount())), np.int64)
        )
        network = Network(self.model(counted=counted), self.rule, self.state, self.layout)
        learn(self.images, self.order, first, self.keys, network, tally, no_log())
        return tally

    def expected(self, first=0):
        keys = [int(key) for key in self.keys]
        return reference.learn(
            self.images.tolist(), self.order.tolist(), first, keys, self.settings, self.plain
        )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("frozen", [0.0, 0.4])
def test_learning_equals_the_plain_program(name, frozen):
    bench = Bench(SETTINGS | CASES[name], frozen=frozen, stuck=0.1)
    before = bench.state.weights.copy()
    for first in (0, TURNS):
        tally, expected = bench.learn(first), bench.expected(first)
        for part in ("weights", "bias", "fired"):
            assert getattr(bench.state, part).tolist() == bench.plain[part], part
        sums = tally.blocks.sum(axis=1)
        at = BlockCount()
        found = [
            {
                "spikes": int(row[0]), "fires": int(row[1]), "rows": int(row[2]), "turns": int(row[3]),
                "tries": int(row[4]), "changes": int(row[5]), "ones": int(block[at.ones]),
                "sets": int(block[at.sets]), "resets": int(block[at.resets]),
            }
            for row, block in zip(tally.counts, sums, strict=True)
        ]  # fmt: skip
        assert found == [{**row} for row in expected]
    assert (bench.state.weights != before).any()


def test_pixels_may_be_numbers_that_are_not_whole():
    whole, other = Bench(SETTINGS), Bench(SETTINGS, pixels=np.float32)
    whole.learn()
    other.learn()
    assert (whole.state.weights == other.state.weights).all()


def test_counting_changes_nothing_learnt():
    counted, bare = Bench(SETTINGS), Bench(SETTINGS)
    full, none = counted.learn(), bare.learn(counted=False)
    assert (counted.state.weights == bare.state.weights).all()
    assert (counted.state.bias == bare.state.bias).all()
    assert (full.counts == none.counts).all()
    assert not none.blocks.any()


def test_cells_that_are_on_are_known_at_any_time():
    bench = Bench(SETTINGS, frozen=0.2)
    bench.learn()
    codes = (bench.state.weights + 255) >> 1
    for block in range(3):
        expected = bench.rule.ones[codes][:, bench.block == block].sum(axis=1)
        assert (bench.state.ones[:, block] == expected).all()


def test_reads_of_a_block_follow_from_rows_and_layout():
    tally = Bench(SETTINGS).learn()
    at = BlockCount()
    assert (tally.blocks[:, :, at.lines] == tally.counts[:, [2]]).all()
    assert tally.blocks[:, :, at.words].sum() == tally.counts[:, 2].sum() * NEURONS
    assert (tally.blocks[:, :, at.turn_lines] == tally.counts[:, [3]]).all()
    assert tally.blocks[:, :, at.attempts].sum() == tally.counts[:, 4].sum()


def test_writes_of_each_weight_add_up_to_the_changes():
    bench = Bench(SETTINGS)
    tally = bench.learn()
    assert bench.state.writes.sum() == tally.counts[:, 5].sum()


def test_presenting_in_parts_is_presenting_at_once():
    whole, parts = Bench(SETTINGS), Bench(SETTINGS)
    whole.learn()
    order = parts.order
    for low, high in ((0, 13), (13, TURNS)):
        tally = Tally(
            np.zeros((high - low, COUNTS), np.int64),
            np.zeros((high - low, 3, len(BlockCount())), np.int64),
        )
        network = Network(parts.model(), parts.rule, parts.state, parts.layout)
        learn(parts.images, order[low:high], low, parts.keys, network, tally, no_log())
    assert (whole.state.weights == parts.state.weights).all()


@pytest.mark.parametrize("name", CASES)
def test_showing_equals_the_plain_program(name):
    bench = Bench(SETTINGS | CASES[name])
    steps = int(bench.settings["duration"]) + 1
    winners, reads = np.empty((TURNS, steps), np.int16), np.zeros((2, INPUTS), np.int64)
    weights, bias = bench.state.weights, bench.state.bias
    spikes = show(
        bench.images, bench.order, bench.keys, bench.model(), weights, bias, winners, reads
    )
    keys = [int(key) for key in bench.keys]
    expected = reference.show(
        bench.images.tolist(),
        bench.order.tolist(),
        keys,
        bench.settings,
        weights.tolist(),
        bias.tolist(),
    )
    assert [[k for k in row if k >= 0] for row in winners.tolist()] == expected
    trains = [
        reference.trains(bench.images[i].tolist(), bench.settings, reference.begin(keys[0], int(i)))
        for i in bench.order
    ]
    assert spikes == sum(len(times) for train in trains for times in train)
    assert reads[1].sum() == sum(reference.turns(train, bench.settings) for train in trains)


def test_recent_inputs_are_as_many_as_poisson_trains_make():
    """P(recent) = 1 − e^(−r x τ): 0.5 of full rate, 10 ms, 200 Hz gives 1 − e⁻¹."""
    bench = Bench(SETTINGS | {"chance": 1.0})
    images = np.full((400, INPUTS), 127.5, dtype=np.float32)
    winners, reads = np.empty((400, 41), np.int16), np.zeros((2, INPUTS), np.int64)
    spikes = show(
        images,
        np.arange(400),
        bench.keys,
        bench.model(),
        bench.state.weights,
        bench.state.bias,
        winners,
        reads,
    )
    share = reads[0].sum() / (400 * 31 * INPUTS)
    assert share == pytest.approx(1.0 - np.exp(-1.0), abs=0.006)
    assert spikes / (400 * INPUTS) == pytest.approx(4.0, abs=0.08)


def test_a_log_says_of_each_spike_what_the_tally_says_of_all():
    silent, bench = Bench(SETTINGS), Bench(SETTINGS)
    whole = silent.learn()
    steps = 40 * TURNS
    log = Log(
        np.empty(9000),
        np.empty(steps),
        np.zeros((steps, COUNTS), np.int64),
        np.zeros((steps, 3, len(BlockCount())), np.int64),
    )
    tally = Tally(
        np.zeros((TURNS, COUNTS), np.int64), np.zeros((TURNS, 3, len(BlockCount())), np.int64)
    )
    network = Network(bench.model(), bench.rule, bench.state, bench.layout)
    learn(bench.images, bench.order, 0, bench.keys, network, tally, log)
    assert (bench.state.weights == silent.state.weights).all()
    assert (tally.counts.sum(axis=0) + log.counts.sum(axis=0) == whole.counts.sum(axis=0)).all()
    assert (tally.blocks.sum(axis=0) + log.blocks.sum(axis=0) == whole.blocks.sum(axis=0)).all()
    keys = [int(key) for key in bench.keys]
    expected = [
        40.0 * turn + time
        for turn, image in enumerate(bench.order)
        for times in reference.trains(
            bench.images[image].tolist(), SETTINGS, reference.begin(keys[0], turn)
        )
        for time in times
    ]
    assert log.times[: len(expected)].tolist() == expected
    moments = [
        40.0 * turn + moment
        for turn in range(TURNS)
        for moment in reference.fire_times(SETTINGS, reference.begin(keys[1], turn))
    ]
    assert log.fires[: len(moments)].tolist() == moments
