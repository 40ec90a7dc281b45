from __future__ import annotations

import pytest

from archsim.analysis import energy
from archsim.report.breakdown import energy_by, phase_times
from archsim.report.figures import figures, simulated_time
from archsim.report.files import write_run
from archsim.report.folder import claim
from archsim.report.restore import restored
from archsim.report.seeds import learn, outcome_of
from archsim.report.stored import read_run
from archsim.runs import run as simulate

QUICK = {"workload.test.copies": "2", "workload.stop.copies": "5"}


@pytest.fixture(scope="module")
def run():
    return simulate("madem_braille", "madem_64", settings=QUICK)


@pytest.fixture(scope="module")
def again(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "out"
    with claim(folder) as place:
        write_run(place, run, report="", log={})
        place.commit()
    return restored(read_run(folder))


def test_a_restored_run_has_the_same_costs(run, again):
    assert again.totals == run.totals
    assert energy_by(again.ledger, "tile") == energy_by(run.ledger, "tile")
    assert again.ledger.equals(run.ledger)
    assert phase_times(again.book) == phase_times(run.book)
    assert (again.machine, again.task) == (run.machine, run.task)


def test_a_restored_run_can_be_priced_anew(run, again):
    for static in (False, True):
        assert energy(again, static=static).nominal == energy(run, static=static).nominal
        assert energy(again, static=static).moments == energy(run, static=static).moments


def test_a_restored_run_can_be_simulated_anew(run, again):
    path = "tiles.array.array.read_time"
    assert simulated_time(again, {}) == run.totals.training_time
    assert simulated_time(again, {path: 1e-7}) == run.totals.training_time
    assert simulated_time(again, {path: 2e-7}) > run.totals.training_time


def test_the_range_of_a_time_holds_it(run):
    time = figures(run).time
    assert time.low < time.nominal == run.totals.training_time < time.high
    assert [name for name, _ in time.samples] == ["nominal", "all low", "all high"]
    assert figures(run, sample_time=False).time.kind == "point"


def test_learning_alone_comes_to_the_same_as_a_priced_run(run):
    settings = {path.partition(".")[2]: text for path, text in QUICK.items()}
    (alone,) = learn("madem_braille", "madem_64", seeds=[0], workload_settings=settings)
    assert alone == outcome_of(run.learnt, 0)
