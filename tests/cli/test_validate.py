from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archsim.report.validate import session
from archsim.report.validate.recipe import Validation, read_validation

ROOT = Path(__file__).parents[2]


@pytest.fixture
def one_case(monkeypatch):
    """Validate with a single quick case, by a recipe that is otherwise the catalog's."""
    whole = read_validation()
    case = whole.cases["one_layer"].model_copy(
        update={"seeds": 2, "settings": {"workload.test.copies": "2"}}
    )
    kept = tuple(one for one in whole.measures if list(one.of) == ["one_layer"])
    recipe = Validation(name="validate", cases={"one_layer": case}, measures=kept)
    monkeypatch.setattr(session, "read_validation", lambda *, quick: recipe)


def test_a_folder_holds_the_table_for_readers_and_for_programs(archsim, one_case, tmp_path):
    result = archsim("validate", "--workers", "1", "-o", tmp_path / "out")
    assert result.exit_code == 3  # most of what is committed was not measured
    assert 'H8: verdict: committed "hit", found "not evaluated"' in result.stderr
    assert "takes a line under Verdicts in CHANGELOG.md" in result.stderr
    assert "madem_64/published.yaml: H1: verdict" not in result.stderr
    folder = tmp_path / "out"
    names = {path.name for path in folder.iterdir()}
    assert names == {"report.md", "validation.json", "scores.csv", "manifest.json", "run.log"}
    claims = json.loads((folder / "validation.json").read_text())["claims"]
    first = next(one for one in claims if (one["chip"], one["id"]) == ("madem_64", "H1"))
    assert (first["verdict"], first["committed"], first["range"]) == ("hit", "hit", "sampled")
    assert first["found_low"] < first["found"] < first["found_high"]
    assert (folder / "scores.csv").read_text().startswith("case,seed,metric,value\none_layer,0,")
    assert "# Published headlines, reproduced or not" in (folder / "report.md").read_text()


@pytest.mark.slow
def test_workers_change_no_byte(archsim, one_case, tmp_path):
    for workers in ("1", "2"):
        archsim("validate", "--workers", workers, "-q", "-o", tmp_path / workers)
    for name in ("report.md", "validation.json", "scores.csv", "manifest.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def test_missing_images_are_told_before_anything_is_trained(archsim, tmp_path, monkeypatch):
    monkeypatch.delenv("ARCHSIM_DATA", raising=False)
    monkeypatch.setattr(session, "trained", lambda *_, **__: pytest.fail("something was trained"))
    (tmp_path / "empty").mkdir()
    done = archsim("validate", "--data", tmp_path / "empty", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "expected the file train-images-idx3-ubyte[.gz], not found in" in done.stderr
    assert "name the folder of MNIST's four IDX files with --data or ARCHSIM_DATA" in done.stderr
    assert "archsim[data], which downloads them; --quick needs none" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_an_interrupt_leaves_nothing(archsim, one_case, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "trained", interrupted)
    result = archsim("validate", "--workers", "1", "-o", tmp_path / "out")
    assert result.exit_code == 130
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_interrupt_of_all_processes_leaves_nothing(tmp_path):
    running = subprocess.Popen(
        [sys.executable, "-m", "archsim.cli", "validate", "--quick", "-o", "out"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    limit = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < limit:
        time.sleep(0.02)
    time.sleep(2.0)  # some are training by now
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: all of them
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_every_quick_verdict_is_the_one_that_is_committed(process, tmp_path):
    done = process("validate", "--quick", "-o", tmp_path / "out", ARCHSIM_DATA="")
    assert done.returncode == 0, done.stderr.decode()
    summary = json.loads((tmp_path / "out" / "validation.json").read_text())
    assert summary["as_committed"] is True
    assert summary["counts"]["hit"] > summary["counts"]["miss"]
