"""What holds of every system alike: audits close, bytes repeat, costing changes no learnt bit."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import numpy as np
import pytest

from archsim.chip import read_chip
from archsim.cli.application import app
from archsim.components.bit_sliced import substrate_of
from archsim.report.course import course
from archsim.runs import run
from archsim.trace import Recorder
from archsim.workload import read_workload, spiking_training, train
from archsim.workload.spiking_network import SpikingNetwork

SYSTEMS = {
    "madem": (
        "madem_braille",
        "madem_64",
        {"workload.test.copies": "2", "workload.stop.copies": "5"},
    ),
    "ecram": (
        "ecram_digits",
        "ecram_2layer",
        {
            "workload.dataset.train_count": "20",
            "workload.dataset.test_count": "20",
            "workload.stop.max_epochs": "2",
        },
    ),
    "cbram": (
        "cbram_mnist:digits",
        "cbram_512k",
        {
            "workload.epochs": "1",
            "workload.outputs": "20",
            "workload.dataset.train_count": "120",
            "workload.dataset.test_count": "40",
            "workload.readout.assign_count": "40",
            "workload.readout.probe_count": "20",
            "workload.readout.probes": "2",
        },
    ),
}


@pytest.fixture(scope="module", params=sorted(SYSTEMS))
def system(request):
    return SYSTEMS[request.param]


@pytest.fixture(scope="module")
def folders(system, tmp_path_factory):
    """Two folders of the same run."""
    workload, chip, settings = system
    options = [text for path, value in settings.items() for text in ("--set", f"{path}={value}")]
    found = []
    for name in ("a", "b"):
        folder = tmp_path_factory.mktemp("systems") / name
        args = ["run", workload, chip, "-o", str(folder), "-q", "--no-ranges", *options]
        app.main(args, standalone_mode=False)
        found.append(folder)
    return found


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every result file; the log is none."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.log"
    }


def test_an_audit_closes_at_zero(folders, capsys):
    app.main(["audit", str(folders[0])], standalone_mode=False)
    shown = capsys.readouterr().out
    assert shown.startswith("Audit: every difference is 0\n")
    assert {line.split()[-1] for line in shown.splitlines() if "agree" in line} == {"0"}


def test_two_runs_give_equal_bytes(folders):
    first, second = map(digests, folders)
    assert first == second
    assert {"ledger.csv", "metrics.csv", "report.md", "manifest.json"} <= set(first)


def test_costing_changes_no_learnt_bit(system, monkeypatch):
    networks = []

    def kept(*arguments):
        networks.append(SpikingNetwork(*arguments))
        return networks[-1]

    monkeypatch.setattr(spiking_training, "SpikingNetwork", kept)
    workload, chip, settings = system
    own = {k.removeprefix("workload."): v for k, v in settings.items()}
    task, machine = read_workload(workload, settings=own), read_chip(chip)
    priced = run(task, machine, seed=3)
    costed = {(row["step"], row["metric"]): row["value"] for row in priced.measured}
    substrates = []
    for recorder in (None, Recorder()):
        free = {}

        def keep(row, free=free):
            free[row["step"], row["metric"]] = row["value"]

        substrate = substrate_of(machine.behaviour, task.shapes, seed=3, recorder=recorder)
        train(task, substrate, seed=3, on_metric=keep)
        assert free == costed
        substrates.append(substrate)
    if networks:  # these keep their codes themselves
        learnt = [{"weights": one.codes} for one in networks]
    else:
        learnt = [{name: one.weights(name) for name in task.shapes} for one in substrates]
    for other in learnt[1:]:
        for matrix, weights in learnt[0].items():
            assert np.array_equal(weights, other[matrix])


def test_what_was_spent_grows_with_every_measurement(system):
    workload, chip, settings = system
    done = run(workload, chip, settings=settings)
    followed = course(done.metrics)
    assert followed
    for points in followed.values():
        assert len(points) > 1
        for before, after in itertools.pairwise(points):
            assert 0 < before.energy < after.energy
            assert 0 < before.time < after.time
        assert points[-1].energy <= done.totals.training_energy
        assert points[-1].time <= done.totals.training_time
