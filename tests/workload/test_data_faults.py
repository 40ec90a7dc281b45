"""Bad data files are refused with the file, the place in it, what was found and what was expected."""

from __future__ import annotations

import gzip
import io
import re
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from archsim.errors import InputError
from archsim.workload.data import AnyDataset

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"


def described(**fields):
    return TypeAdapter(AnyDataset).validate_python(fields)


def idx(array):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


PIXELS = np.zeros((6, 3, 2))

IDX_FAULTS = {
    "truncated": (
        TRAIN_IMAGES,
        idx(PIXELS)[:-1],
        "train-images-idx3-ubyte.gz: truncated: its header announces 36 bytes of data, it holds 35",
    ),
    "truncated header": (
        TRAIN_IMAGES,
        idx(PIXELS)[:7],
        "train-images-idx3-ubyte.gz: truncated: it ends within its header",
    ),
    "too long": (
        TRAIN_LABELS,
        idx(np.arange(6) % 2) + b"\0",
        "train-labels-idx1-ubyte.gz: its header announces 6 bytes of data, it holds more than that",
    ),
    "empty": (
        TRAIN_LABELS,
        b"",
        "train-labels-idx1-ubyte.gz: expected an IDX file of labels, which begins with 00000801, got an empty file",
    ),
    "no idx": (
        TRAIN_IMAGES,
        b"\x89PNG....",
        "expected an IDX file of images, which begins with 00000803, got 89504e47",
    ),
    "mislabelled": (
        TRAIN_IMAGES,
        idx(np.zeros(6)),
        "train-images-idx3-ubyte.gz: expected images (00000803), got labels (00000801); are the files of images and labels mixed up?",
    ),
    "absurd size": (
        TRAIN_IMAGES,
        struct.pack(">BBBB3I", 0, 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1),
        "expected at most 1073741824 bytes of images, got a header that announces 4294967295 x 4294967295 x 4294967295",
    ),
    "other count": (
        TRAIN_LABELS,
        idx(np.arange(5) % 2),
        "train-labels-idx1-ubyte: expected 6 labels, one for each image of train-images-idx3-ubyte, got 5",
    ),
    "no images": (
        TRAIN_IMAGES,
        idx(np.zeros((6, 0, 2))),
        "train-images-idx3-ubyte: expected images, got 0 x 2 pixels",
    ),
    "other shape": (
        TEST_IMAGES,
        idx(np.zeros((4, 2, 3))),
        "t10k-images-idx3-ubyte: expected images of 3 x 2 pixels as in train-images-idx3-ubyte, got 2 x 3",
    ),
    "label out of range": (
        TRAIN_LABELS,
        idx(np.array([0, 1, 2, 1, 0, 9])),
        "train-labels-idx1-ubyte: labels[2]: expected a class from 0 to 1, got 2 (2 of 6 labels are out of range)",
    ),
    "empty class": (
        TRAIN_LABELS,
        idx(np.ones(6)),
        "train-labels-idx1-ubyte: expected examples of each of the 2 classes, got none of 0",
    ),
}


@pytest.mark.parametrize("name", IDX_FAULTS)
def test_bad_idx_file(name, idx_set):
    file, content, message = IDX_FAULTS[name]
    with pytest.raises(InputError, match=re.escape(message)):
        idx_set({file: content}).load()


def test_file_without_examples(idx_set):
    other = {TRAIN_IMAGES: idx(np.zeros((0, 3, 2))), TRAIN_LABELS: idx(np.zeros(0))}
    with pytest.raises(
        InputError, match=r"train-labels-idx1-ubyte: expected at least one example, got none"
    ):
        idx_set(other).load()


def test_damaged_gzip(idx_set, tmp_path):
    bad = idx_set()
    path = tmp_path / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(
        InputError,
        match=r"train-images-idx3-ubyte.gz: expected a sound gzip file, got a damaged one",
    ):
        bad.load()


def test_gzip_bomb_is_not_unpacked(idx_set, tmp_path):
    bad = idx_set()
    bomb = gzip.compress(idx(PIXELS) + bytes(1 << 27), compresslevel=1)
    (tmp_path / f"{TRAIN_IMAGES}.gz").write_bytes(bomb)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"announces 36 bytes of data, it holds more than that"):
        bad.load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


def test_promise_of_a_gigabyte_takes_no_memory(idx_set):
    head = struct.pack(">BBBB3I", 0, 0, 8, 3, 1 << 20, 32, 32)
    bad = idx_set({TRAIN_IMAGES: head + bytes(100)})
    tracemalloc.start()
    with pytest.raises(InputError, match=r"announces 1073741824 bytes of data, it holds 100"):
        bad.load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 23


def test_wrong_checksum(idx_set):
    bad = idx_set(train_images={"file": TRAIN_IMAGES, "sha256": "0" * 64})
    with pytest.raises(
        InputError,
        match=r"train-images-idx3-ubyte.gz: dataset.train_images: expected content with SHA-256 0000",
    ):
        bad.load()


def test_missing_file_says_where_it_looked(tmp_path):
    with pytest.raises(
        InputError,
        match=r"dataset.train_images: expected the file train-images-idx3-ubyte\[.gz\], not found in .*; set dataset.folder",
    ):
        described(name="mnist", folder=str(tmp_path)).load()


def test_file_outside_the_folder_is_refused():
    with pytest.raises(ValidationError, match=r"pattern"):
        described(name="idx", title="x", train_images={"file": "../secret"})


def test_more_examples_than_there_are(idx_set):
    with pytest.raises(
        InputError, match=r"dataset.train_count: expected at most 6 examples, got 7"
    ):
        idx_set(train_count=7).load()
    with pytest.raises(
        InputError, match=r"dataset.held_out: expected fewer than the 6 training examples, got 6"
    ):
        idx_set(held_out=6).load()


def test_unknown_name_lists_what_there_is():
    with pytest.raises(
        ValidationError,
        match=r'expected one of the data sets .*mnist.*, got "minst"; did you mean "mnist"',
    ):
        described(name="minst")


GOOD = {"images": np.eye(8), "labels": np.arange(8) % 2}
NPZ_FAULTS = {
    "not a number": (
        GOOD | {"images": np.where(np.eye(8) > 0, np.nan, 0.0)},
        r"own.npz: images\[0, \d\]: expected a pixel from 0 to 1, got nan",
    ),
    "above full scale": (GOOD | {"images": 3 * np.eye(8)}, "expected a pixel from 0 to 1, got 3"),
    "missing": ({"images": np.eye(8)}, "own.npz: expected an array labels, there are images"),
    "objects": (
        GOOD | {"labels": np.array([None] * 8)},
        "own.npz: labels: expected whole or floating-point numbers, got object",
    ),
    "labels in two dimensions": (
        GOOD | {"labels": np.eye(8)},
        "own.npz: labels: expected one dimension, got 2",
    ),
    "flat images": (
        GOOD | {"images": np.arange(8.0)},
        r"own.npz: images: expected images as \(examples, pixels\) or \(examples, rows, columns\), got 8",
    ),
    "other count": (
        GOOD | {"labels": np.arange(7) % 2},
        "own.npz: labels: expected as many labels as images, got 7 and 8",
    ),
    "half a class": (
        GOOD | {"labels": np.arange(8) / 2},
        r"own.npz: labels: labels\[1\]: expected a whole number, got 0.5",
    ),
}


@pytest.mark.parametrize("name", NPZ_FAULTS)
def test_bad_npz_file(name, tmp_path):
    arrays, message = NPZ_FAULTS[name]
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(InputError, match=message):
        own(tmp_path).load()


def own(folder, **fields):
    fields = {"name": "npz", "file": "own.npz", "test_fraction": 0.5} | fields
    return described(title="own", classes=2, folder=str(folder), **fields)


def test_npz_that_is_none(tmp_path):
    (tmp_path / "own.npz").write_bytes(b"hello")
    with pytest.raises(InputError, match=r"own.npz: expected a sound NPZ file, got a damaged one"):
        own(tmp_path).load()


def test_npz_array_shorter_than_its_header(tmp_path):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.eye(8))
    with zipfile.ZipFile(tmp_path / "own.npz", "w") as archive:
        archive.writestr("images.npy", buffer.getvalue()[:-8])
        archive.writestr("labels.npy", buffer.getvalue())
    with pytest.raises(
        InputError, match=r"own.npz: images: its header announces 512 bytes, it holds 504"
    ):
        own(tmp_path).load()


def test_npz_array_of_absurd_size(tmp_path):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 9)}
    )
    with zipfile.ZipFile(tmp_path / "own.npz", "w") as archive:
        archive.writestr("images.npy", buffer.getvalue())
    with pytest.raises(
        InputError,
        match=r"own.npz: images: expected at most 1073741824 bytes, got 1099511627776 x 9 of float64",
    ):
        own(tmp_path).load()


CSV_FAULTS = {
    "no label": ("a,b\n1,2\n", "own.csv:1: expected a column label, got a, b"),
    "empty": ("", "own.csv:1: expected a column label, got nothing"),
    "header only": ("label,a\n", "own.csv: expected at least one row below the header, got none"),
    "text": (
        "label,a\n0,x\n",
        "own.csv: row 1: a: expected a number, got 'x'",
    ),
    "short row": (
        "label,a,b\n0,1,1\n1,1\n",
        "own.csv: row 2: expected 3 numbers as in the header, got 2",
    ),
    "all rows short": (
        "label,a,b\n0,1\n",
        "own.csv: expected rows of 3 numbers as in the header, got 2",
    ),
    "not a number": (
        "label,a\n0,0\n1,nan\n0,1\n1,1\n",
        r"own.csv: images\[\d, 0\]: expected a pixel from 0 to 1, got nan",
    ),
    "no pixels": ("label\n0\n1\n", "own.csv: expected columns of pixels beside label, got none"),
    "no rows of three": ("label,a\n0,0\n1,0\n", "own.csv: expected images of 3 rows, got 1 pixels"),
}


@pytest.mark.parametrize("name", CSV_FAULTS)
def test_bad_csv_file(name, tmp_path):
    text, message = CSV_FAULTS[name]
    (tmp_path / "own.csv").write_text(text)
    fields = {"rows": 3} if name == "no rows of three" else {}
    with pytest.raises(InputError, match=message):
        own(tmp_path, name="csv", file="own.csv", **fields).load()


def test_csv_needs_one_split():
    with pytest.raises(
        ValidationError, match=r"expected either test_file or test_fraction, got neither"
    ):
        described(name="csv", title="own", classes=2, file="own.csv")
