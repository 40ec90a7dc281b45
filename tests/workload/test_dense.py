"""The compiled loops: every learnt bit, count and segment as act by act through the substrate."""

import numpy as np
import pytest

from archsim.components.substrate import Substrate
from archsim.trace import Recorder
from archsim.workload import layered_training, read_workload, train
from archsim.workload.dense import _Stream, can_be_dense

DIGITS = {"dataset__train_count": 8, "dataset__test_count": 5, "stop__max_epochs": 2}
LONG = {"dataset__train_count": 28}
"""So many examples that those who draw run out of numbers drawn ahead within an epoch."""
PARITY = {
    "dataset": "{name: parity, bits: 2}",
    "network__inputs": 2,
    "network__hidden": [5],
    "network__outputs": 1,
    "stop__max_epochs": 8,
}
FAULTY = {"cell__stuck_low": 0.03, "cell__stuck_high": 0.02, "cell__asymmetry_up": 0.4}
CASES = {
    "coincidence": ({}, {}),
    "stochastic": (LONG | {"pulses__rounding": "stochastic"}, {}),
    "nearest": (LONG | {"pulses__rounding": "nearest", "rate": 0.3}, {}),
    "few pulses": (LONG | {"pulses__most": 2, "rate": 0.5}, {}),
    "conventional": ({"rule": "{name: conventional, keep: errors}"}, {}),
    "stored gradients": (
        LONG | {"rule": "{name: conventional}", "pulses__rounding": "stochastic"},
        {"write_scheme": "row_serial"},
    ),
    "squared loss": ({"rule": "{name: progressive, loss: squared}", "rate": 0.5}, {}),
    "relu": ({"network__activation": "relu"}, {}),
    "deep": ({"network__hidden": [20, 12, 9]}, {}),
    "pairs": ({}, {"weight_form": "balanced"}),
    "small arrays": ({}, {"rows": 24, "columns": 20}),
    "small arrays, stochastic, pairs": (
        LONG | {"pulses__rounding": "stochastic"},
        {"rows": 24, "columns": 20, "weight_form": "balanced"},
    ),
    "faulty cells": ({}, FAULTY),
    "quiet cells": ({}, {"cell__read_noise": 0, "cell__response_noise": 0}),
    "forgetful cells": ({}, {"cell__retention": "1 ms", "step_period": "100 us"}),
    "parity": (PARITY, {}),
}


@pytest.fixture
def bench(chip, monkeypatch):
    """Return a function that trains a case by either way, and says all that came of it."""

    def made(case, *, dense, segments=None, merge=None):
        of_task, of_chip = CASES[case]
        settings = {**DIGITS, **of_task} if "dataset" not in of_task else of_task
        texts = {name.replace("__", "."): str(value) for name, value in settings.items()}
        task, behaviour = (
            read_workload("ecram_digits", settings=texts),
            chip("ecram_2layer", **of_chip),
        )
        assert can_be_dense(task, behaviour)
        recorder = None if segments is None else Recorder(segments.append, merge=merge)
        substrate = Substrate(behaviour, task.shapes, seed=4, recorder=recorder)
        with monkeypatch.context() as patch:
            if not dense:
                patch.setattr(layered_training, "can_be_dense", lambda *_: False)
            result = train(task, substrate, seed=4)
        return result, state_of(substrate), None if recorder is None else recorder.totals

    return made


def state_of(substrate):
    """Return everything that a substrate holds: devices, what follows from them, and streams."""
    held = []
    for matrix in substrate.shapes:
        for piece in substrate.pieces(matrix):
            cells = piece.cells
            streams = [stream.bit_generator.state for stream in cells.training_streams]
            arrays = (*cells.devices, cells.net, cells.row_levels, cells.column_levels)
            held.append(([array.tobytes() for array in arrays], streams))
    return held


@pytest.mark.parametrize("case", CASES)
def test_learnt_bits_and_streams_are_those_of_the_substrate(bench, case):
    assert bench(case, dense=True)[:2] == bench(case, dense=False)[:2]


@pytest.mark.parametrize("case", CASES)
def test_segments_are_those_of_the_substrate(bench, case):
    fast, slow = [], []
    result, state, totals = bench(case, dense=True, segments=fast)
    assert (result, state, totals) == bench(case, dense=False, segments=slow)
    assert fast == slow


@pytest.mark.parametrize("case", ["coincidence", "stochastic", "small arrays", "stored gradients"])
def test_merged_segments_hold_the_same_totals_and_learn_the_same(bench, case):
    merged, single = [], []
    together = bench(case, dense=True, segments=merged, merge=frozenset())
    assert together == bench(case, dense=True, segments=single)
    assert len(merged) < len(single) == sum(segment.repeat for segment in merged)


def test_segments_with_unequal_counts_of_timed_acts_are_not_merged(bench):
    segments = []
    bench("stochastic", dense=True, segments=segments, merge=frozenset({"random.draw"}))
    for segment in segments:
        counts = {name: n for op in segment.ops for name, _, _, n in op.counts}
        assert counts.get("random.draw", 0) % segment.repeat == 0


@pytest.mark.parametrize("case", ["coincidence", "stochastic"])
def test_counting_changes_no_learnt_bit(bench, case):
    assert bench(case, dense=True)[:2] == bench(case, dense=True, segments=[])[:2]


def test_what_the_loops_do_not_know_goes_through_the_substrate(chip, behaviour_of_taox):
    task = read_workload("ecram_digits")
    assert not can_be_dense(task, behaviour_of_taox)
    assert not can_be_dense(task, chip("ecram_2layer", input_drive="two_pass"))
    assert not can_be_dense(task, chip("ecram_2layer", write_scheme="device_serial"))
    half = chip("ecram_2layer", weight_form="balanced", density=0.5)
    assert not can_be_dense(task, half)


@pytest.fixture
def behaviour_of_taox(chip):
    return chip("madem_64")


def test_numbers_drawn_ahead_are_given_back():
    plain, ahead = (np.random.Generator(np.random.PCG64DXSM(5)) for _ in range(2))
    buffer = np.empty(10)
    stream = _Stream(ahead, ahead.standard_normal, buffer)
    seen, used = [], 0
    for amount in (4, 7, 10, 0, 3):
        stream.fill(used)
        seen += buffer[:amount].tolist()
        used = amount
    stream.close(used)
    assert seen == plain.standard_normal(24).tolist()
    assert ahead.bit_generator.state == plain.bit_generator.state
