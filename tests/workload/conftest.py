"""Small data sets, written as files."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from pydantic import TypeAdapter

from archsim.workload.data import AnyDataset, DatasetDescription

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def idx(array: np.ndarray) -> bytes:
    """Return an array of bytes as the content of an IDX file."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def described(**fields: object) -> DatasetDescription:
    """Return the data set that fields of a file describe."""
    return TypeAdapter(AnyDataset).validate_python(fields)


@pytest.fixture
def images() -> dict[str, np.ndarray]:
    """Return two classes of 3 × 2 pixels by file name: 6 examples to learn from, 4 to score on."""
    pixels = np.arange(60, dtype=np.uint8).reshape(10, 3, 2)
    labels = np.arange(10, dtype=np.uint8) % 2
    return dict(zip(NAMES, (pixels[:6], labels[:6], pixels[6:], labels[6:]), strict=True))


@pytest.fixture
def idx_set(
    tmp_path: Path, images: dict[str, np.ndarray]
) -> Callable[[Mapping[str, bytes]], DatasetDescription]:
    """Return a function that writes the four files, some with other content, and describes them."""

    def made(
        other: Mapping[str, bytes] = MappingProxyType({}), **fields: object
    ) -> DatasetDescription:
        for name, array in images.items():
            content = other.get(name, idx(array))
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
        fields = {"name": "idx", "title": "small", "classes": 2} | fields
        return described(folder=str(tmp_path), **fields)

    return made
