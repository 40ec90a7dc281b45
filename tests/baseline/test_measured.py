"""Measured entries, and measuring as far as it goes without a GPU."""

from __future__ import annotations

import importlib.util
import itertools
import time

import pytest

from archsim.baseline import (
    MEASURED_FILE,
    MeasuredFile,
    Measurement,
    measure,
    measured_baseline,
    measuring,
    read_measured,
)
from archsim.baseline.measuring import _run, _sit
from archsim.errors import InputError, ModelError, SpecError
from archsim.frames import ledger_frame
from archsim.spec import dump

HAS_TORCH = importlib.util.find_spec("torch") is not None

ENTRY = """
measured:
  - name: made_up
    workload: madem_braille
    row: framework_whole
    steps: 3
    batch: 9
    met: true
    energy: {value: 42 mJ, low: 40 mJ, high: 45 mJ, source: made up}
    time: {value: 0.5 ms, low: 0.4 ms, high: 0.6 ms, source: made up}
    idle: {value: 60 W, source: made up}
    device: none
    versions: none
    date: 2026-01-31
    trainings: 1000
    trials: 5
"""


@pytest.fixture
def entry(tmp_path, gpu):
    (tmp_path / "chip.yaml").write_text(dump(gpu), encoding="utf-8")
    (tmp_path / MEASURED_FILE).write_text(ENTRY, encoding="utf-8")
    return read_measured(str(tmp_path))[0]


def test_a_measurement_is_one_act_with_energy_and_time(entry, gpu):
    baseline = measured_baseline(gpu, entry)
    frame = ledger_frame(baseline.book, baseline.prices)
    columns = ["tile", "component", "action", "phase", "count", "busy_ticks", "energy_j"]
    assert frame[columns].to_numpy().tolist() == [
        ["gpu", "board", "measured_run", "mixed", 1, 5 * 10**11, 0.042]
    ]
    assert float(baseline.training_energy) == 0.042
    assert float(baseline.training_time) == 0.0005


def test_a_measurement_says_where_it_comes_from_and_what_is_above_idle(entry, gpu):
    facts = measured_baseline(gpu, entry).facts
    assert facts["provenance"]["date"] == "2026-01-31"
    assert facts["energy_above_idle_j"] == pytest.approx(0.042 - 60 * 0.0005)


def test_entries_are_written_as_they_are_read(entry, tmp_path):
    copy = tmp_path / "copy" / MEASURED_FILE
    copy.parent.mkdir()
    copy.write_text(dump(MeasuredFile(measured=(entry,))), encoding="utf-8")
    copy.with_name("chip.yaml").touch()
    assert read_measured(str(copy.parent)) == (entry,)


def test_a_gpu_without_a_file_has_no_measured_entries():
    assert read_measured("gpu_a100") == ()


def test_a_measured_entry_without_provenance_is_refused(tmp_path):
    (tmp_path / "chip.yaml").touch()
    text = ENTRY.replace("    device: none\n", "").replace("2026-01-31", "January")
    (tmp_path / MEASURED_FILE).write_text(text, encoding="utf-8")
    expected = r"(?s)measured\[0\]\.device: .*measured\[0\]\.date: "
    with pytest.raises(SpecError, match=expected):
        read_measured(str(tmp_path))


@pytest.mark.skipif(HAS_TORCH, reason="PyTorch is installed")
def test_without_pytorch_measuring_says_what_to_install():
    expected = r"measure: needs PyTorch, which cannot be imported \(.*\); install archsim\[gpu\]"
    with pytest.raises(InputError, match=expected):
        measure("madem_braille")


@pytest.mark.parametrize(("window", "trials"), [(0.05, 5), (10.0, 1)])
def test_a_window_in_which_nothing_can_be_read_is_refused(window, trials):
    with pytest.raises(InputError, match=r"^measure: expected a window above 0.1 s and at least 2"):
        measure("madem_braille", window=window, trials=trials)


class Clock:
    """Time that passes only when a training or a pause says so."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(measuring.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(measuring.time, "sleep", self.sleep)

    def sleep(self, seconds):
        self.now += seconds


class Session:
    """A session whose training takes 1/512 s and nothing else."""

    def __init__(self, clock):
        self.clock, self.finished = clock, 0

    def train(self):
        self.clock.sleep(1 / 512)

    def finish(self):
        self.finished += 1


def test_a_window_holds_whole_trainings_and_waits_for_the_last(monkeypatch):
    clock = Clock(monkeypatch)
    session = Session(clock)
    joules, seconds, count = _run(session, lambda: 100 * clock.now, 1.001)
    assert (count, session.finished) == (513, 2)
    assert (seconds, joules) == (513 / 512, 51300 / 512)


def test_a_sitting_gives_cost_of_one_training_and_the_idle_draw(monkeypatch):
    clock = Clock(monkeypatch)
    sitting = _sit(Session(clock), lambda: 50 * clock.now, window=1.0, trials=3)
    assert sitting.idle == pytest.approx(50.0)
    assert sitting.energies == pytest.approx((50 / 512,) * 3)
    assert sitting.times == pytest.approx((1 / 512,) * 3)
    assert sitting.trainings == pytest.approx(3 * 512, abs=3)


def test_a_counter_that_stands_still_is_no_measurement(monkeypatch):
    with pytest.raises(ModelError, match="expected an energy counter that rises, got 0 W idle"):
        _sit(Session(Clock(monkeypatch)), lambda: 1.0, window=1.0, trials=2)


@pytest.mark.skipif(not HAS_TORCH, reason="needs PyTorch")
@pytest.mark.parametrize("row", ["framework_batch1", "framework_whole"])
def test_the_measured_training_learns_what_the_one_in_software_did(row):
    begin = time.perf_counter()
    measured = measure(
        "madem_braille",
        row=row,
        window=0.2,
        trials=2,
        device="cpu",
        counter=lambda: 50 * (time.perf_counter() - begin),
    )
    assert isinstance(measured, Measurement)
    assert measured.met
    assert measured.workload == "madem_braille"
    assert measured.energy.value == pytest.approx(50 * measured.time.value, rel=0.01)
    ends = itertools.pairwise((measured.time.low, measured.time.value, measured.time.high))
    assert all(first <= second for first, second in ends)
