from __future__ import annotations

import hashlib
import json
import os

import pytest

from archsim.errors import StorageError
from archsim.report.files import write_run
from archsim.report.folder import claim
from archsim.report.stored import read_run

LOG = {"begin": "now", "engine": "auto"}
RESULTS = [
    "config.resolved.yaml",
    "ledger.csv",
    "manifest.json",
    "metrics.csv",
    "report.md",
    "writes.csv",
]


def written(folder, run, name="out"):
    with claim(folder / name) as place:
        write_run(place, run, report="# R\n", log=LOG)
        place.commit()
    return folder / name


def entries(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_run_writes_its_files_and_nothing_else(tmp_path, run):
    written(tmp_path, run)
    assert entries(tmp_path) == ["out", *(f"out/{name}" for name in sorted([*RESULTS, "run.log"]))]


def test_manifest_knows_the_digest_of_every_other_result(tmp_path, run):
    out = written(tmp_path, run)
    files = json.loads((out / "manifest.json").read_text())["files"]
    assert sorted(files) == [name for name in RESULTS if name != "manifest.json"]
    for name, digest in files.items():
        assert digest == hashlib.sha256((out / name).read_bytes()).hexdigest()


def test_two_writings_give_equal_bytes(tmp_path, make_run):
    first, second = written(tmp_path, make_run(), "a"), written(tmp_path, make_run(), "b")
    for name in RESULTS:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_files_have_plain_line_ends(tmp_path, run):
    out = written(tmp_path, run)
    for name in RESULTS:
        data = (out / name).read_bytes()
        assert b"\r" not in data
        assert data.endswith(b"\n")


def test_a_read_run_equals_the_written_one(tmp_path, run):
    stored = read_run(written(tmp_path, run))
    assert stored.ledger.equals(run.ledger)
    assert stored.metrics.equals(run.metrics)
    assert stored.totals == run.totals
    assert (stored.chip, stored.workload, stored.seed) == ("tiny", "words", 0)


def test_an_existing_folder_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(StorageError, match="out: expected a folder that does not exist yet, found"):
        claim(tmp_path / "out")
    assert entries(tmp_path) == ["out"]


def test_a_link_to_nowhere_counts_as_existing(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StorageError, match="does not exist yet, found one"):
        claim(tmp_path / "out")


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written: Not a directory"):
        claim(tmp_path / "file" / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="cannot be written: Permission denied"):
        claim(tmp_path / "out")


@pytest.mark.parametrize("name", ["", "  ", "a\0b"])
def test_a_name_that_names_nothing_is_refused(name):
    with pytest.raises(StorageError, match="cannot be written: expected the name of a folder"):
        claim(name)


def test_a_name_too_long_is_refused(tmp_path):
    with pytest.raises(StorageError, match="cannot be written: File name too long"):
        claim(tmp_path / ("x" * 300))
    assert entries(tmp_path) == []


def test_missing_parents_are_made_and_taken_back(tmp_path, run):
    with claim(tmp_path / "a" / "b" / "out"):
        pass
    assert entries(tmp_path) == []
    written(tmp_path, run, "a/b/out")
    assert (tmp_path / "a" / "b" / "out" / "manifest.json").is_file()


def test_an_interrupted_writing_leaves_nothing(tmp_path, run):
    def interrupted():
        with claim(tmp_path / "out") as place:
            write_run(place, run, report="# R\n", log=LOG)
            raise KeyboardInterrupt("by the user")

    with pytest.raises(KeyboardInterrupt, match="by the user"):
        interrupted()
    assert entries(tmp_path) == []


def test_a_full_disk_leaves_nothing(tmp_path, run, monkeypatch):
    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"out/config.resolved.yaml'.*No space left on device"):
        written(tmp_path, run)
    assert entries(tmp_path) == []


def test_a_folder_made_in_the_meantime_is_not_replaced(tmp_path, run):
    with claim(tmp_path / "out") as place:
        write_run(place, run, report="# R\n", log=LOG)
        (tmp_path / "out").mkdir()
        with pytest.raises(StorageError, match="it was made in the meantime"):
            place.commit()
    assert entries(tmp_path) == ["out"]


def test_nothing_stands_in_its_place_before_the_commit(tmp_path, run):
    with claim(tmp_path / "out") as place:
        write_run(place, run, report="# R\n", log=LOG)
        assert not (tmp_path / "out").exists()
        place.commit()
    assert (tmp_path / "out").is_dir()


def test_results_hold_no_trace_of_where_they_were_written(tmp_path, run):
    out = written(tmp_path, run)
    for name in RESULTS:
        assert str(tmp_path) not in (out / name).read_text()
