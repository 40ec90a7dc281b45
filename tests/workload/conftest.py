"""Chips and workloads for training, ideal or of the catalog; small data sets, written as files."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from pydantic import TypeAdapter

from archsim.chip import CrossbarDescription, read_chip
from archsim.components.behaviour import Behaviour
from archsim.components.substrate import Substrate
from archsim.trace import Recorder
from archsim.workload import TrainingResult, WorkloadDescription, read_workload, train
from archsim.workload.data import AnyDataset, DatasetDescription

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

Make = Callable[..., Behaviour]
Learn = Callable[..., TrainingResult]


def behaviour_of(chip: str, **settings: object) -> Behaviour:
    """Return the behaviour of a chip of the catalog, with some of its fields changed."""
    texts = {f"behaviour.{name.replace('__', '.')}": str(v) for name, v in settings.items()}
    description = read_chip(chip, settings=texts)
    assert isinstance(description, CrossbarDescription)
    return description.behaviour


@pytest.fixture
def chip() -> Make:
    """Return `behaviour_of`."""
    return behaviour_of


@pytest.fixture
def ideal() -> Make:
    """Return a function that gives ideal cells and fine converters to a chip of the catalog."""

    def make(name: str = "madem_64", **settings: object) -> Behaviour:
        behaviour = behaviour_of(name, **settings)
        fine = {
            "cell": behaviour.cell.ideal(),
            "adc": behaviour.adc.model_copy(update={"bits": 16}),
            "dac": behaviour.dac.model_copy(update={"bits": 10}),
        }
        return behaviour.model_copy(update=fine)

    return make


@pytest.fixture
def workload() -> Callable[..., WorkloadDescription]:
    """Return a function that reads a variant of madem_braille, with some fields changed."""

    def make(variant: str = "", **settings: object) -> WorkloadDescription:
        texts = {name.replace("__", "."): str(value) for name, value in settings.items()}
        return read_workload(f"madem_braille:{variant}".rstrip(":"), settings=texts)

    return make


@pytest.fixture
def learn() -> Learn:
    """Return a function that trains a workload on a behaviour."""

    def make(
        task: WorkloadDescription,
        behaviour: Behaviour,
        seed: int = 0,
        recorder: Recorder | None = None,
    ) -> TrainingResult:
        substrate = Substrate(behaviour, task.shapes, seed=seed, recorder=recorder)
        return train(task, substrate, seed=seed)

    return make


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
