"""Studies of every kind of chip and workload that runs: a point is what a run of its own gives."""

from __future__ import annotations

import pytest

import archsim
from archsim.frames import cost_share
from archsim.report.encode import csv_text
from archsim.study import Workers, sweep

SPIKES = """
kind: study
name: spikes
chips: [loihi]
workloads: ["lif_random:small"]
settings: {workload.steps: 3}
sweep:
  - {field: workload.cores, name: parts, values: [8, 16]}
  - {field: chip.network.parts.east_west.width, name: east_west, values: [8, 32]}
"""
SYNTHETIC = """
kind: study
name: layers
chips: [mesh_256]
workloads: [synthetic_layers]
sweep:
  - {field: chip.network.link.width, values: [256, 512]}
  - {field: chip.mapping.placement, values: [tile_order, traffic]}
"""
GATES = """
kind: study
name: gates
chips: [taox_2layer]
workloads: [ecram_xor]
settings: {workload.stop.max_epochs: 2}
sweep:
  - {field: chip.behaviour.cell.read_noise, values: [0, 0.02]}
  - {field: chip.network.link.width, values: [8, 32]}
"""
DIGITS = """
kind: study
name: digits
chips: [ecram_2layer]
workloads: [ecram_digits]
settings: {workload.stop.max_epochs: 1}
sweep: [{field: chip.tiles.array.adc.energy, values: [1 pJ, 2 pJ]}]
"""
BINARY = """
kind: study
name: binary
chips: [cbram_512k]
workloads: ["cbram_mnist:digits"]
settings: {workload.epochs: 1, workload.dataset.train_count: 60, workload.dataset.test_count: 20}
sweep: [{field: chip.network.link.width, values: [8, 32]}]
"""
STUDIES = [
    pytest.param(SPIKES, id="neurons on cores"),
    pytest.param(SYNTHETIC, id="synthetic"),
    pytest.param(GATES, id="layered"),
    pytest.param(DIGITS, id="EC-RAM", marks=pytest.mark.slow),
    pytest.param(BINARY, id="CBRAM", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("text", STUDIES)
def test_a_point_of_any_kind_is_what_a_run_of_its_own_gives(study, tmp_path, text):
    described = study("", head=text)
    frame = sweep(described, tmp_path / "out").frame
    assert set(frame["status"]) == {"done"}
    last = frame.iloc[-1]
    settings = {path: str(value) for path, value in described.settings.items()}
    settings |= {axis.field: str(last[axis.label]) for axis in described.flat_axes}
    run = archsim.run(last["workload"], last["chip"], seed=int(last["seed"]), settings=settings)
    assert last["total_energy_j"] == float(run.totals.grand_energy)
    assert last["total_time_s"] == float(run.totals.grand_time)
    shares = list(map(cost_share, run.ledger.phase, run.ledger.action))
    rows = run.ledger[[share == run.totals.headline for share in shares]]
    parts = rows.groupby("component").energy_j.sum()
    assert {name: last[f"{name}_energy_j"] for name in parts.index} == pytest.approx(dict(parts))
    metrics = run.metrics.drop_duplicates("metric", keep="last").set_index("metric")["value"]
    assert {name: last[name] for name in metrics.index} == dict(metrics)


@pytest.mark.parametrize("text", STUDIES)
def test_two_workers_give_the_same_bytes_for_any_kind(study, tmp_path, text):
    described = study("", head=text)
    alone = sweep(described, tmp_path / "alone").frame
    shared = sweep(described, tmp_path / "shared", workers=Workers(count=2)).frame
    assert csv_text(shared) == csv_text(alone)


def test_spikes_are_drawn_once_for_all_chips(study, tmp_path):
    sweep(study("", head=SPIKES), tmp_path / "out")
    assert (
        len(list((tmp_path / "out" / "traces").iterdir())) == 2
    )  # one for each way to cut the network


def test_links_that_are_narrower_make_spikes_slower(study, tmp_path):
    frame = sweep(study("", head=SPIKES), tmp_path / "out").frame
    times = frame.pivot_table(index="parts", columns="east_west", values="total_time_s")
    assert (times[8] > times[32]).all()
