"""archsim train, and the files of runs of layered workloads."""

from __future__ import annotations

import pytest

FILES = {"report.md", "courses.csv", "metrics.csv", "manifest.json", "run.log"}
FEW = (
    "--set",
    "workload.dataset.train_count=12",
    "--set",
    "workload.dataset.test_count=8",
    "--set",
    "workload.stop.max_epochs=2",
)
RECIPE = """\
name: mine
kind: trainings
seeds: 2
priced: true
ways:
  - {name: one, workload: "ecram_digits:conventional", chip: ecram_2layer, settings: {SET}}
  - {name: other, workload: ecram_digits, chip: ecram_2layer, settings: {SET}, beside: one}
"""
SETTINGS = (
    "workload.dataset.train_count: '12', workload.dataset.test_count: '8', "
    "workload.stop.max_epochs: '2'"
)


def content(folder):
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.log"
    }


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "report.yaml"
    path.write_text(RECIPE.replace("SET", SETTINGS))
    return path


@pytest.mark.slow
def test_the_report_of_trainings_has_equal_bytes_when_repeated(archsim, recipe, tmp_path):
    for name in ("a", "b"):
        result = archsim("train", recipe, "-q", "-o", tmp_path / name)
        assert result.exit_code == 0, result.output
    first = content(tmp_path / "a")
    assert set(first) == FILES - {"run.log"}
    assert content(tmp_path / "b") == first
    assert b"gradient words" in first["report.md"]


def test_tables_are_printed(archsim, recipe):
    result = archsim("train", recipe, "--seeds", "1")
    assert result.exit_code == 0
    assert "Mean accuracy" in result.output


def test_a_report_that_is_not_there_is_refused(archsim, tmp_path):
    result = archsim("train", "nowhere", "-o", tmp_path / "a")
    assert result.exit_code == 2
    assert "nowhere" in result.output
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("workload", "chip"),
    [
        ("ecram_digits:stored_gradients", "ecram_2layer"),
        ("ecram_digits:transfer", "taox_2layer"),
    ],
)
def test_two_runs_give_equal_bytes_and_pass_the_audit(workload, chip, archsim, tmp_path):
    for name in ("a", "b"):
        result = archsim("run", workload, chip, "-q", "-o", tmp_path / name, "--no-ranges", *FEW)
        assert result.exit_code == 0, result.output
    first = content(tmp_path / "a")
    assert content(tmp_path / "b") == first
    assert b"Accuracy after training" in first["report.md"]
    assert b"flipped dots" not in first["report.md"]
    assert archsim("audit", tmp_path / "a", "-q").exit_code == 0
