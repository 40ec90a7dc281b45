"""Synthetic workloads from the command line: costs, no accuracy, and an audit without difference."""

from __future__ import annotations

import json

import pandas as pd
import pytest

LARGE = (
    "--set",
    'chip.layout=["array[0..104][0..99]", control]',
    "--set",
    "chip.network.shape=[106, 100]",
)


def test_a_synthetic_run_says_so_and_its_audit_finds_no_difference(archsim, tmp_path):
    folder = tmp_path / "out"
    done = archsim("run", "synthetic_layers", "mesh_256", "-q", "-o", str(folder))
    assert done.exit_code == 0
    assert json.loads((folder / "manifest.json").read_text())["synthetic"] is True
    report = (folder / "report.md").read_text()
    assert "None: the workload is synthetic." in report
    assert "Busiest links" in report
    audited = archsim("audit", str(folder))
    assert audited.exit_code == 0
    assert "every difference is 0" in audited.stdout


@pytest.mark.slow
def test_a_large_chip_is_told_by_class_and_on_request_by_tile(archsim, tmp_path):
    grouped, single = tmp_path / "grouped", tmp_path / "single"
    archsim("run", "synthetic_layers", "mesh_256", *LARGE, "-q", "-o", str(grouped))
    archsim("run", "synthetic_layers", "mesh_256", *LARGE, "-q", "--each-tile", "-o", str(single))
    classes, tiles = (pd.read_csv(folder / "ledger.csv") for folder in (grouped, single))
    assert sorted(set(classes.tile)) == ["array", "control", "network"]
    assert len(tiles) > 10_000
    for column in ("count", "busy_ticks", "waiting_ticks"):
        together = classes.groupby(["component", "action"])[column].sum()
        apart = tiles.groupby(["component", "action"])[column].sum()
        assert together.to_dict() == apart.to_dict()
    groups = pd.read_csv(grouped / "groups.csv")
    assert set(groups[groups.component == "adc"].tiles) == {10_500}
    assert not (single / "groups.csv").exists()
    totals = [
        json.loads((folder / "manifest.json").read_text())["totals"] for folder in (grouped, single)
    ]
    assert totals[0] == totals[1]


def test_engines_write_equal_ledgers(archsim, tmp_path):
    for engine in ("auto", "reference"):
        folder = tmp_path / engine
        archsim("run", "synthetic_layers", "mesh_256", "-q", "--engine", engine, "-o", folder)
    first, second = (
        (tmp_path / engine / "ledger.csv").read_bytes() for engine in ("auto", "reference")
    )
    assert first == second


def test_a_file_under_any_name_is_told_by_its_fields(archsim, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "kind: synthetic\nname: mine\nlayers:\n  - {name: a, inputs: 0, outputs: 8}\n", "utf-8"
    )
    result = archsim("check", file)
    assert result.exit_code == 2
    assert (
        "mine.yaml:4:23: layers[0].inputs: expected a number of at least 1, got 0" in result.stderr
    )
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(("kind", "verb"), [("study", "sweep"), ("trainings", "train")])
def test_a_report_is_no_chip_and_no_workload(archsim, tmp_path, kind, verb):
    file = tmp_path / "mine.yaml"
    file.write_text(f"kind: {kind}\nname: mine\n", "utf-8")
    result = archsim("show", file)
    assert result.exit_code == 2
    assert f"got a report of kind {kind}; archsim {verb} reads it" in result.stderr


def test_reasons_of_a_run_that_trains_nothing_are_those_of_its_inference(archsim):
    shown = archsim("why", "synthetic_layers", "mesh_256", "--component", "array.array").stdout
    assert "Where the inference time goes" in shown
    (row,) = (line.split() for line in shown.splitlines() if line.split()[:1] == ["array.array"])
    before, after = map(float, row[1:3])
    assert 0 < after < before
