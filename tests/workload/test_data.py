"""Data sets are read as they lie in their files, in part where asked, and never a pixel differently."""

from __future__ import annotations

import gzip
import http.server
import importlib.util
import threading
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from archsim.errors import InputError, StorageError
from archsim.spec import Description, dump, read
from archsim.workload.data import AnyDataset, Dataset


def described(**fields):
    return TypeAdapter(AnyDataset).validate_python(fields)


def test_idx_files_give_pixels_in_file_order(idx_set, images):
    data = idx_set().load()
    assert data.shape == (3, 2)
    assert data.classes == 2
    assert data.train.values().tolist() == (np.arange(36).reshape(6, 6) / 255).tolist()
    assert data.test.labels.tolist() == [0, 1, 0, 1]


def test_plain_and_packed_files_are_the_same_data(idx_set, tmp_path, images):
    packed = idx_set().load()
    for path in list(tmp_path.glob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    plain = described(name="idx", title="small", classes=2, folder=str(tmp_path)).load()
    assert plain.fingerprint == packed.fingerprint


def test_examples_are_read_only(idx_set):
    with pytest.raises(ValueError, match=r"read-only"):
        idx_set().load().train.codes[0, 0] = 1


def test_held_out_examples_come_from_training_and_leave_it(idx_set):
    data = idx_set(held_out=2).load()
    assert (len(data.train), len(data.test)) == (4, 2)
    assert data.test.codes[0, 0] == 24


def test_counts_take_the_first_examples_and_keep_the_fingerprint(idx_set):
    data = idx_set(train_count=3, test_count=1).load()
    assert (len(data.train), len(data.test)) == (3, 1)
    assert data.fingerprint == idx_set().load().fingerprint


def test_folder_comes_from_the_environment(idx_set, tmp_path, monkeypatch):
    idx_set()
    monkeypatch.setenv("ARCHSIM_DATA", str(tmp_path))
    assert len(described(name="idx", title="small", classes=2).load().train) == 6


def test_folder_is_relative_to_the_description_and_in_no_result(idx_set, tmp_path):
    class Holder(Description):
        dataset: AnyDataset

    idx_set()
    path = tmp_path / "workload.yaml"
    path.write_text("dataset: {name: idx, title: small, classes: 2, folder: .}\n")
    holder = read(path, Holder)
    assert len(holder.dataset.load().train) == 6
    assert "folder" not in dump(holder)
    assert str(tmp_path) not in dump(holder)


def test_digits_are_split_the_same_way_every_time():
    pytest.importorskip("sklearn")
    first, second = (described(name="digits").load() for _ in range(2))
    assert (len(first.train), len(first.test), first.shape) == (1438, 359, (8, 8))
    assert (first.train.labels == second.train.labels).all()
    assert first.train.values().max() == 1.0


def npz(path: Path, **arrays: np.ndarray) -> Dataset:
    np.savez_compressed(path, **arrays)
    fields = {
        "name": "npz",
        "title": "own",
        "classes": 2,
        "file": path.name,
        "folder": str(path.parent),
    }
    if "images" in arrays:
        fields["test_fraction"] = 0.5
    return described(**fields).load()


def test_npz_gives_what_idx_gives(tmp_path, images):
    train, labels, test, test_labels = images.values()
    data = npz(
        tmp_path / "own.npz",
        train_images=train / 59.0,
        train_labels=labels,
        test_images=test / 59.0,
        test_labels=test_labels,
    )
    assert data.shape == (3, 2)
    assert np.allclose(data.train.values() * 59, np.arange(36).reshape(6, 6), atol=1e-5)


def test_npz_without_a_split_is_split(tmp_path):
    data = npz(tmp_path / "own.npz", images=np.eye(8), labels=np.arange(8) % 2)
    assert (len(data.train), len(data.test)) == (4, 4)


def csv(path: Path, text: str, **fields: object) -> Dataset:
    path.write_text(text)
    fields = {
        "name": "csv",
        "title": "own",
        "classes": 2,
        "file": path.name,
        "folder": str(path.parent),
    } | fields
    return described(**fields).load()


def test_csv_takes_the_label_column_wherever_it_stands(tmp_path):
    (tmp_path / "test.csv").write_text("a,label,b\n4,1,0\n")
    data = csv(tmp_path / "own.csv", "a,label,b\n0,0,4\n2,1,0\n", scale=4.0, test_file="test.csv")
    assert data.train.values().tolist() == [[0.0, 1.0], [0.5, 0.0]]
    assert data.train.labels.tolist() == [0, 1]
    assert data.test.values().tolist() == [[1.0, 0.0]]


@pytest.mark.skipif(importlib.util.find_spec("pooch") is None, reason="downloads need pooch")
class TestDownload:
    @pytest.fixture
    def url(self, idx_set, tmp_path, monkeypatch):
        idx_set()
        monkeypatch.delenv("ARCHSIM_DATA", raising=False)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args):
                super().__init__(*args, directory=str(tmp_path))

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
        server.server_close()

    def test_fills_the_cache_and_tells_how_far_it_is(self, url):
        told = []
        data = described(name="idx", title="small", classes=2, url=url).load(
            lambda text, share: told.append((text, share))
        )
        assert len(data.train) == 6
        assert ("download train-images-idx3-ubyte.gz", 1.0) in told

    def test_of_a_missing_file_names_the_address(self, url):
        missing = {"file": "absent"}
        with pytest.raises(StorageError, match=r"/absent\.gz could not be downloaded \(404"):
            described(name="idx", title="small", url=url, train_images=missing).load()

    def test_of_other_content_is_refused(self, url):
        other = {"file": "train-images-idx3-ubyte", "sha256": "0" * 64}
        with pytest.raises(
            InputError, match=r"dataset.train_images: expected content with SHA-256 0000"
        ):
            described(name="idx", title="small", url=url, train_images=other).load()
