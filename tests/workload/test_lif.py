"""Leaky integrate-and-fire networks: exact dynamics, given networks and spikes, and what is refused."""

from __future__ import annotations

import math
import os
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import archsim
from archsim.cli.application import app
from archsim.components.cores import Cores
from archsim.errors import InputError, SpecError
from archsim.report.auditing import audit_folder
from archsim.report.check import check
from archsim.report.files import write_run
from archsim.report.folder import claim
from archsim.trace import Recorder
from archsim.workload import read_workload, run_lif
from archsim.workload.lif.graph import read_graph
from archsim.workload.lif.membrane import Membranes, MembraneState
from archsim.workload.lif.running import steps_of
from archsim.workload.lif.tables import read_connections, read_spikes

SMALL = {"network.neurons": "200", "network.fan_out": "7", "cores": "5", "steps": "8"}
NIR = Path(os.environ.get("ARCHSIM_DATA", "")) / "nir"


def state_of(currents, *, decay):
    return MembraneState.at_rest(Membranes.alike(np.array(currents), decay=decay, gain=1.0 - decay))


def test_a_membrane_decays_exponentially():
    state = state_of([0.0], decay=math.exp(-0.3))
    state.potential[:] = 0.8
    found = []
    for _ in range(20):
        state.step(np.zeros(1))
        found.append(state.potential[0])
    assert found == pytest.approx([0.8 * math.exp(-0.3 * n) for n in range(1, 21)], rel=1e-13)


@pytest.mark.parametrize("current", [1.01, 1.2, 1.7, 3.0, 40.0])
def test_spikes_under_a_constant_current_come_at_the_interval_of_the_closed_form(current):
    # v_n = I (1 - d^n) passes 1 first at n = floor(ln(1 - 1/I) / ln d) + 1.
    decay = math.exp(-0.05)
    interval = math.floor(math.log(1.0 - 1.0 / current) / math.log(decay)) + 1
    state = state_of([current], decay=decay)
    fired = [n for n in range(1, 500) if len(state.step(np.zeros(1)))]
    assert fired == list(range(interval, 500, interval))


def test_a_current_too_weak_never_makes_a_spike():
    state = state_of([1.0], decay=0.5)
    assert not any(len(state.step(np.zeros(1))) for _ in range(2000))


def traced(settings, *, name="lif_random", seed=0):
    """Return what a workload came to, and its trace segments."""
    segments: list = []
    workload = read_workload(name, settings=settings)
    result = run_lif(workload, Cores(recorder=Recorder(segments.append)), seed=seed)
    return result, segments


def test_spikes_times_fan_out_are_synaptic_events():
    result, segments = traced(SMALL)
    assert result.spikes == sum(len(one.fired) for one in segments) > 0
    assert result.events == 7 * result.spikes


def test_a_run_books_every_event_and_every_update_once():
    settings = {f"workload.{path}": text for path, text in SMALL.items()}
    done = archsim.run("lif_random", "loihi", settings=settings)
    counts = done.ledger.groupby("action")["count"].sum()
    assert counts["event"] == done.learnt.events == 7 * done.learnt.spikes
    assert counts["update_active"] + counts["update_inactive"] == 200 * 8


def test_both_engines_give_equal_ledgers():
    settings = {f"workload.{path}": text for path, text in SMALL.items()}
    one, two = (
        archsim.run("lif_random", "loihi", settings=settings, engine=engine)
        for engine in ("fast", "reference")
    )
    assert one.ledger.equals(two.ledger)


def test_an_empty_step_of_full_cores_takes_its_updates_and_the_barrier():
    full = {"network.neurons": "131072", "network.fan_out": "0", "cores": "128", "steps": "1"}
    settings = {f"workload.{path}": text for path, text in full.items()}
    settings["workload.dataset.probability"] = "0"
    done = archsim.run("lif_random", "loihi", settings=settings)
    assert float(done.totals.time["inference"]) == pytest.approx(5.8922e-6, abs=1e-15)
    settings["workload.network.neurons"] = "131073"
    with pytest.raises(InputError, match="needs 129 cores of 1024; chip loihi has 128"):
        archsim.run("lif_random", "loihi", settings=settings)


def test_a_neuron_is_active_if_it_fires_or_was_reached_in_the_step_before():
    _, segments = traced(SMALL)
    before = np.zeros(0, dtype=np.int64)
    for one in segments:
        wiring = one.wiring
        reached = {
            t for n in before for t in wiring.targets[wiring.offsets[n] : wiring.offsets[n + 1]]
        }
        assert set(np.flatnonzero(one.active).tolist()) == reached | set(one.fired.tolist())
        before = one.fired


def test_driven_neurons_fire_without_being_told():
    settings = {"network.neurons": "300", "network.fan_out": "20", "cores": "3", "steps": "60"}
    result, _ = traced(settings, name="lif_random:driven")
    assert 0.05 < result.spikes / (300 * 60) < 0.2


def test_equal_seeds_give_equal_spikes_and_others_do_not():
    first, second, other = (traced(SMALL, seed=seed)[1] for seed in (3, 3, 4))
    assert all((a.fired == b.fired).all() for a, b in zip(first, second, strict=True))
    assert any(a.fired.tolist() != b.fired.tolist() for a, b in zip(first, other, strict=True))


OWN = """
kind: lif
name: own
network: {kind: table, file: links.csv, neurons: 4}
dataset: {name: recorded, file: spikes.csv}
cores: 2
steps: 3
"""


def own(folder, *, spikes="step,neuron\n0,0\n0,3\n2,1\n", links="source,target\n3,0\n0,1\n0,2\n"):
    (folder / "workload.yaml").write_text(OWN)
    (folder / "spikes.csv").write_text(spikes)
    (folder / "links.csv").write_text(links)
    return read_workload(str(folder / "workload.yaml"))


def test_a_recorded_network_fires_as_recorded(tmp_path):
    segments: list = []
    result = run_lif(own(tmp_path), Cores(recorder=Recorder(segments.append)), seed=0)
    assert [one.fired.tolist() for one in segments] == [[0, 3], [], [1]]
    assert [np.flatnonzero(one.active).tolist() for one in segments] == [[0, 3], [0, 1, 2], [1]]
    assert (result.spikes, result.events, result.synapses) == (3, 3, 3)
    assert sorted(result.inputs) == ["links.csv", "spikes.csv"]


def test_arrays_mean_the_same_as_rows(tmp_path):
    np.savez(tmp_path / "spikes.npz", step=[0, 0, 2], neuron=[0, 3, 1])
    np.savez(tmp_path / "links.npz", source=[3, 0, 0], target=[0, 1, 2], weight=[1.0, 0.5, 2.0])
    steps, neurons = read_spikes(tmp_path / "spikes.npz", steps=3, neurons=4)
    assert (steps.tolist(), neurons.tolist()) == ([0, 0, 2], [0, 3, 1])
    source, target, weight = read_connections(tmp_path / "links.npz", neurons=4)
    assert (source.tolist(), target.tolist(), weight.tolist()) == (
        [3, 0, 0],
        [0, 1, 2],
        [1.0, 0.5, 2.0],
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"links": "source,target\n0,4\n"},
            "links.csv: row 1: target: expected a neuron of the 4 that there are, from 0 to 3, got 4",
        ),
        (
            {"links": "source,target\n-1,1\n"},
            "links.csv: row 1: source: expected a neuron of the 4",
        ),
        (
            {"links": "source,goal\n0,1\n"},
            "links.csv:1: expected a column target, got source, goal",
        ),
        (
            {"spikes": "step,neuron\n0,1\n0,0\n"},
            "spikes.csv: row 2: expected spikes sorted by step, then neuron, none twice; got step 0, neuron 0 after step 0, neuron 1",
        ),
        ({"spikes": "step,neuron\n0,1\n0,1\n"}, "spikes.csv: row 2: expected spikes sorted"),
        (
            {"spikes": "step,neuron\n3,1\n"},
            "spikes.csv: row 1: step: expected a step of the run, from 0 to 2, got 3",
        ),
        (
            {"spikes": "step,neuron\n0,1.5\n"},
            "spikes.csv: row 1: neuron: expected a neuron, from 0 to 3, got 1.5",
        ),
        ({"spikes": "step,neuron\n0,nan\n"}, "spikes.csv: row 1: neuron: expected a neuron"),
        (
            {"spikes": "step,neuron\n0,1\n1\n"},
            "spikes.csv: row 2: expected 2 numbers as in the header, got 1",
        ),
        (
            {"spikes": "step,neuron\n"},
            "spikes.csv: expected at least one row below the header, got none",
        ),
    ],
)
def test_wrong_files_are_refused_by_row(tmp_path, given, message):
    with pytest.raises(InputError, match=message):
        run_lif(own(tmp_path, **given), Cores(), seed=0)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,nan", r"target: expected a neuron of the 4 that there are, from 0 to 3, got nan"),
        ("1.5,0", r"source: expected a neuron of the 4 that there are, from 0 to 3, got 1.5"),
        ("-1,0", r"source: expected a neuron of the 4 that there are, from 0 to 3, got -1"),
        ("0,x", r"target: expected a number, got 'x'"),
        ("0,", r"target: expected a number, got ''"),
        ("0,1_0", r"target: expected a number, got '1_0'"),
        ("0,1,2", r"expected 2 numbers as in the header, got 3"),
    ],
)
def test_a_wrong_connection_ends_the_command_with_file_row_and_column(tmp_path, row, fault):
    own(tmp_path, links=f"source,target\n3,0\n{row}\n")
    result = CliRunner().invoke(app, ["run", str(tmp_path / "workload.yaml"), "loihi"])
    assert result.exit_code == 2
    assert re.search(rf"links\.csv: row 2: {fault}", result.stderr)


def test_files_lie_beside_the_description_else_among_data(tmp_path, monkeypatch):
    data, here = tmp_path / "data" / "spikes", tmp_path / "here"
    for folder in (data, here):
        folder.mkdir(parents=True)
    monkeypatch.setenv("ARCHSIM_DATA", str(tmp_path / "data"))
    workload = own(here, links="source,target\n0,1\n")
    (data / "links.csv").write_text("source,target\n2,3\n")
    assert workload.load(seed=0).wiring.targets.tolist() == [1]
    (here / "links.csv").unlink()
    assert workload.load(seed=0).wiring.targets.tolist() == [3]


@pytest.mark.parametrize(
    ("name", "field", "line"), [("links", "network", 4), ("spikes", "dataset", 5)]
)
def test_a_missing_file_is_named_with_its_field_and_all_places(
    tmp_path, monkeypatch, name, field, line
):
    data = tmp_path / "data"
    monkeypatch.setenv("ARCHSIM_DATA", str(data))
    workload = own(tmp_path)
    (tmp_path / f"{name}.csv").unlink()
    with pytest.raises(InputError) as caught:
        run_lif(workload, Cores(), seed=0)
    place, _, text = str(caught.value).partition(f": {field}.file: ")
    assert place.startswith(f"{tmp_path / 'workload.yaml'}:{line}:")
    assert text == (
        f"expected the file {name}.csv[.gz], not found in {tmp_path}, {data / 'spikes'}, {data}; "
        f"set {field}.folder or the environment variable ARCHSIM_DATA to where it lies"
    )


def test_a_truncated_archive_of_spikes_is_refused(tmp_path):
    np.savez(tmp_path / "whole.npz", step=np.arange(100), neuron=np.arange(100))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:-90])
    with pytest.raises(InputError, match=r"cut\.npz: expected a sound NPZ file, got a damaged one"):
        read_spikes(tmp_path / "cut.npz", steps=100, neurons=100)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dataset.probability": "1.5"}, "probability"),
        ({"network.neurons": "0"}, "neurons"),
        ({"cores": "0"}, "cores"),
    ],
)
def test_impossible_descriptions_are_refused(settings, message):
    with pytest.raises(SpecError, match=message):
        read_workload("lif_random", settings=settings)


def test_more_cores_than_neurons_are_refused():
    with pytest.raises(InputError, match="cores: expected at most as many as there are neurons"):
        traced({"network.neurons": "10"})


def test_a_network_of_neurons_needs_cores_and_arrays_need_a_chip_of_arrays():
    with pytest.raises(
        InputError, match="no tile has a component 'soma', which the workload needs"
    ):
        archsim.run("lif_random:small", "madem_64")
    with pytest.raises(
        InputError, match="expected a chip of kind crossbar, got loihi of kind neuron"
    ):
        archsim.run("madem_braille", "loihi")


def test_a_check_says_whether_a_network_fits():
    found = check(["loihi", "lif_random:small"])
    assert found.summary()[1:] == [
        "workload lif_random: no faults",
        "the workload fits: it takes 16 cores of the chip",
    ]
    with pytest.raises(InputError, match="needs at least 10 of them: choose cores from 10 to 128"):
        check(["loihi", "lif_random"], settings={"workload.cores": "5"})
    with pytest.raises(
        InputError, match="expected a chip of kind crossbar, got loihi of kind neur"
    ):
        check(["loihi", "madem_braille"])


def test_a_run_repeats_to_the_last_byte_and_its_audit_finds_nothing(tmp_path):
    settings = {f"workload.{path}": text for path, text in SMALL.items()}
    for name in ("one", "two"):
        done = archsim.run("lif_random", "loihi", settings=settings)
        with claim(tmp_path / name) as folder:
            write_run(folder, done, report="", log={})
            folder.commit()
    names = {path.name for path in (tmp_path / "one").iterdir()} - {"run.log"}
    assert "ledger.csv" in names
    for name in sorted(names):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert all(line.difference == 0 for line in audit_folder(tmp_path / "one"))


needs_graphs = pytest.mark.skipif(
    not (NIR.is_dir() and find_spec("nir")),
    reason="the NIR graphs are not in $ARCHSIM_DATA/nir, or the library nir is not installed",
)


@needs_graphs
def test_a_graph_of_one_neuron_fires_at_the_interval_of_the_closed_form():
    # tau 2.5 ms, R 1, threshold 0.1, weight 1: v_n = 1 - d^n under a spike in every step.
    network = read_graph(NIR / "lif_norse.nir", time_step=1e-4, cores=1)
    told = (np.array([0]) for _ in range(30))
    fired = [one.step for one in steps_of(network, told) if 1 in one.fired]
    interval = math.floor(math.log(0.9) / (-1e-4 / 2.5e-3)) + 1
    assert fired == list(range(interval, 30, interval))


@needs_graphs
def test_a_recurrent_graph_is_read_whole():
    network = read_graph(NIR / "braille_noDelay_bias_zero.nir", time_step=1e-4, cores=4)
    wiring = network.wiring
    assert wiring.neurons == 12 + 38 + 7
    assert len(wiring.targets) == 12 * 38 + 38 * 38 + 38 * 7
    assert network.sources.tolist() == list(range(12))
    assert np.bincount(wiring.part).tolist() == [15, 14, 14, 14]
    done = archsim.run("lif_braille", "loihi", settings={"workload.steps": "40"})
    assert done.learnt.events == done.ledger[done.ledger.action == "event"]["count"].sum() > 0


@needs_graphs
def test_damaged_and_unknown_graphs_are_refused(tmp_path):
    import nir  # noqa: PLC0415 (optional)

    cut = tmp_path / "cut.nir"
    cut.write_bytes((NIR / "lif_norse.nir").read_bytes()[:9000])
    with pytest.raises(InputError, match=r"cut\.nir: expected a sound NIR graph"):
        read_graph(cut, time_step=1e-4, cores=1)
    nodes = {
        "input": nir.Input(np.array([2])),
        "odd": nir.Threshold(np.array([1.0, 1.0])),
        "output": nir.Output(np.array([2])),
    }
    graph = nir.NIRGraph(nodes, [("input", "odd"), ("odd", "output")])
    nir.write(tmp_path / "odd.nir", graph)
    with pytest.raises(
        InputError, match=r"odd\.nir: node odd: expected one of Input, LIF.*Threshold"
    ):
        read_graph(tmp_path / "odd.nir", time_step=1e-4, cores=1)
