from __future__ import annotations

import io

import pytest

import archsim
from archsim.chip import build, read_chip
from archsim.errors import StorageError
from archsim.runs.recorded import Charger, read_recorded, record, write_recorded
from archsim.workload import read_workload

BRAILLE = {"test.copies": "2", "stop.copies": "2", "stop.max_epochs": "2"}
CASES = [
    pytest.param("madem_braille", "madem_64", BRAILLE, id="attractor"),
    pytest.param("lif_random:small", "loihi", {"steps": "4"}, id="neurons on cores"),
    pytest.param(
        "lif_random:driven", "loihi", {"steps": "4"}, id="driven neurons", marks=pytest.mark.slow
    ),
    pytest.param("synthetic_layers", "mesh_256", {"dataset.passes": "2"}, id="synthetic"),
    pytest.param("madem_braille:batched", "madem_64:clocked", BRAILLE, id="batched"),
    pytest.param(
        "ecram_digits:stochastic",
        "ecram_2layer",
        {"stop.max_epochs": "1"},
        id="layered",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        "cbram_mnist:digits", "cbram_512k", {"epochs": "1"}, id="spiking", marks=pytest.mark.slow
    ),
    pytest.param(
        "cbram_mnist:digits",
        "cbram_512k",
        {"epochs": "1", "pacing": "real_time"},
        id="real time",
        marks=pytest.mark.slow,
    ),
]


def kept(recorded):
    """Return what a file makes of a recorded training."""
    file = io.BytesIO()
    write_recorded(recorded, file)
    file.seek(0)
    return read_recorded(file)


@pytest.mark.parametrize(("workload", "chip", "settings"), CASES)
def test_a_charged_trace_gives_the_very_tables_of_a_run(workload, chip, settings):
    task, machine = read_workload(workload, settings=settings), read_chip(chip)
    run = archsim.run(task, machine, seed=2)
    recorded = record(task, machine, seed=2)
    assert task.metrics is not None
    assert set(run.metrics["metric"]) == set(task.metrics)
    for one in (recorded, kept(recorded)):
        charged = Charger(one).charge(build(machine))
        assert charged.ledger.equals(run.ledger)
        assert charged.metrics.equals(run.metrics)
        assert charged.totals == run.totals
        assert charged.peak_currents == run.peak_currents
        brief = Charger(one).charge(build(machine), metrics=False)
        assert brief.ledger.equals(run.ledger)


CHANGES = {
    "a price": {"tiles.array.adc.energy": "7 pJ"},
    "leakage": {"tiles.array.adc.leakage.idle": "1 uW"},
    "a rate": {"tiles.array.adc.rate": "0.3 GHz"},
    "a voltage": {"tiles.array.array.write_voltage": "1 V"},
    "a network": {"network.link.width": "16"},
    "converters": {"tiles.array.adc.count": "4"},
}


@pytest.mark.parametrize(
    "settings",
    [
        {"mapping.placement": "traffic"},
        pytest.param(
            {"layout": "['array[0..101][0..99]', control]", "network.shape": "[103, 100]"},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["placed by traffic", "told by tile class"],
)
def test_a_charged_synthetic_trace_is_laid_out_as_in_a_run(settings):
    task, machine = read_workload("synthetic_layers"), read_chip("mesh_256", settings=settings)
    run = archsim.run(task, machine)
    charged = Charger(kept(record(task, machine, seed=0))).charge(build(machine))
    assert charged.ledger.equals(run.ledger)
    assert charged.groups.equals(run.groups)
    assert run.groups.empty == ("layout" not in settings)


def test_chips_in_turn_cost_what_they_cost_alone():
    task = read_workload("madem_braille", settings=BRAILLE)
    charger = Charger(record(task, read_chip("madem_64"), seed=0), kept=3)
    machines = [read_chip("madem_64", settings=settings) for settings in CHANGES.values()]
    ledgers = [archsim.run(task, machine).ledger for machine in machines]
    for machine, ledger in 2 * list(zip(machines, ledgers, strict=True)):
        assert charger.charge(build(machine), metrics=False).ledger.equals(ledger)


def test_a_cut_file_is_refused_with_what_to_do():
    task = read_workload("madem_braille", settings=BRAILLE)
    file = io.BytesIO()
    write_recorded(record(task, read_chip("madem_64"), seed=0), file)
    cut = io.BytesIO(file.getvalue()[:-100])
    cut.name = "traces/a.npz"
    with pytest.raises(
        StorageError, match=r"traces/a.npz: expected a recorded trace, .*; remove it to"
    ):
        read_recorded(cut)
