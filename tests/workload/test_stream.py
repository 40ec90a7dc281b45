"""Streams from a sensor that drifts, met after a layered network has learnt."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from archsim.chip import build, read_chip
from archsim.errors import SpecError
from archsim.runs.recorded import Charger, record
from archsim.workload import learn_in_software, read_workload
from archsim.workload.data import Examples
from archsim.workload.layered_stream import Sensor, StreamDescription

SMALL = {
    "dataset.train_count": "40",
    "dataset.test_count": "20",
    "stop.max_epochs": "1",
    "stream.samples": "30",
    "stream.parts": "3",
}
PIXELS = 64


def described(samples=30, parts=3, learn_every=1, gain=0.8, offset=0.4):
    drift = {"gain": gain, "offset": offset}
    sizes = {"samples": samples, "parts": parts, "sample_bytes": PIXELS}
    return StreamDescription(**sizes, learn_every=learn_every, drift=drift)


def examples(count):
    generator = np.random.default_rng(0)
    return Examples(
        codes=generator.integers(0, 17, (count, PIXELS)).astype(np.uint8),
        scale=16.0,
        labels=np.arange(count),
    )


def done(variant="", **settings):
    task = read_workload(f"sensor_digits{variant}", settings={**SMALL, **settings})
    chip = read_chip("ecram_2layer")
    charger = Charger(record(task, chip, seed=0))
    return charger.charge(build(chip), task=task)


def test_before_the_drift_a_sensor_gives_what_is_there():
    values = examples(5).values()
    assert np.array_equal(Sensor(described(), PIXELS, seed=0).seen(values, 0.0), values)


def test_sensitivities_fall_and_dark_levels_rise_in_proportion_to_time():
    sensor = Sensor(described(gain=0.8, offset=0.4), PIXELS, seed=0)
    dark, half = np.zeros((1, PIXELS)), np.full((1, PIXELS), 0.5)
    offset = sensor.seen(dark, 1.0)
    gain = 1.0 - (sensor.seen(half, 1.0) - offset) / 0.5
    assert 0.0 < offset.min() < offset.max() < 0.4
    assert 0.0 < gain.min() < gain.max() < 0.8
    expected = (1.0 - 0.25 * gain) * 0.5 + 0.25 * offset
    assert sensor.seen(half, 0.25) == pytest.approx(expected)


def test_what_would_leave_the_full_scale_stays_at_its_end():
    sensor = Sensor(described(gain=0.0, offset=1.0), PIXELS, seed=0)
    assert sensor.seen(np.ones((1, PIXELS)), 1.0).max() == 1.0


def test_a_stream_takes_every_example_once_before_any_again():
    parts = list(Sensor(described(samples=20, parts=4), PIXELS, seed=0).parts(examples(10)))
    labels = np.concatenate([part.labels for part in parts])
    assert sorted(labels[:10]) == sorted(labels[10:]) == list(range(10))
    assert [part.end for part in parts] == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(("every", "learnt"), [(0, 0), (1, 20), (10, 2)])
def test_so_many_samples_are_learnt_from(every, learnt):
    sensor = Sensor(described(samples=20, learn_every=every), PIXELS, seed=0)
    assert sum(part.learns.sum() for part in sensor.parts(examples(20))) == learnt


def test_what_was_learnt_before_a_stream_is_the_same_without_it():
    task = read_workload("sensor_digits", settings=SMALL)
    alone = task.model_copy(update={"stream": None})
    with_stream, without = (learn_in_software(one, seed=0) for one in (task, alone))
    assert with_stream.course == without.course
    assert len(with_stream.stream) == 3
    assert without.stream == ()


def test_inference_reads_every_sample_in_a_phase_of_its_own_and_writes_nothing():
    ledger = done(":inference").ledger
    stream = ledger[(ledger.epoch == 1) & (ledger.phase != "evaluate")]
    assert set(stream.phase) == {"inference"}
    acts = stream[~stream.action.str.startswith("static")].set_index(["component", "action"])
    neurons = acts.loc[("neuron", "operate"), "count"]
    assert int(np.sum(neurons)) == 30 * (64 + 10)
    assert not any("write" in action or "pulse" in action for _, action in acts.index)


def test_learning_from_each_tenth_updates_on_each_tenth_and_reads_the_others():
    ledger = done(":tenth").ledger
    mine = ledger[(ledger.epoch == 1) & (ledger.component == "neuron")]
    counts = mine[mine.action == "operate"].groupby("phase")["count"].sum()
    assert counts["forward"] == 3 * (64 + 10)
    assert counts["inference"] == 27 * (64 + 10)


def test_without_drift_or_learning_the_accuracy_stays_that_of_the_training():
    task = read_workload(
        "sensor_digits:inference",
        settings={**SMALL, "stream.drift.gain": "0", "stream.drift.offset": "0"},
    )
    learnt = learn_in_software(task, seed=0)
    assert learnt.stream == (learnt.accuracy,) * 3


def test_a_part_of_the_ledger_and_the_rest_are_the_whole():
    book = done().book
    phases = {phase for _, phase in book.durations}
    early = book.part(phases, since=-1)
    late = book.part(phases, since=1)
    assert early.duration_ticks() == book.duration_ticks()
    assert {key: dataclasses.astuple(one) for key, one in early.tallies.items()} == {
        key: dataclasses.astuple(one) for key, one in book.tallies.items()
    }
    assert {epoch for epoch, _ in late.durations} == {1}
    assert set(late.durations) < set(book.durations)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"stream.parts": "31"}, r"stream\.parts: expected at most 30 parts, the samples, got 31"),
        ({"training": "verified"}, r"stream\.learn_every: expected 0 for training verified, got 1"),
        ({"stream.drift.gain": "1.5"}, r"stream\.drift\.gain: .*1\.5"),
    ],
)
def test_bad_stream(settings, text):
    with pytest.raises(SpecError, match=text):
        read_workload("sensor_digits", settings={**SMALL, **settings})
