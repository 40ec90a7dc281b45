"""One's own data sets: arrays in an NPZ file, or rows of a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, StringConstraints, model_validator

from archsim.errors import InputError
from archsim.workload.data.csv_file import read_csv
from archsim.workload.data.dataset import Codes, Dataset, Examples, checked
from archsim.workload.data.description import DatasetDescription, register_dataset, split
from archsim.workload.data.idx_dataset import FileName, Title
from archsim.workload.data.npz_file import read_npz
from archsim.workload.data.place import NO_FOLDER, Folder, Progress

__all__ = ["CsvDataset", "NpzDataset"]

Member = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$", max_length=64)]
Fraction = Annotated[float, Field(gt=0.0, lt=1.0)]
Side = Annotated[int, Field(ge=1, le=4096)]


class _TableDataset(DatasetDescription):
    """What files of one's own have in common."""

    title: Title
    """What the data set is called in results."""
    folder: Folder = NO_FOLDER
    """Folder of the file, from the folder of the description; without one that folder itself,
    ``$ARCHSIM_DATA/TITLE``, then ``$ARCHSIM_DATA``."""
    classes: Annotated[int, Field(ge=2, le=256)]
    """Number of classes."""
    scale: Annotated[float, Field(gt=0.0)] = 1.0
    """Number that a full-scale pixel has in the file."""
    test_fraction: Fraction | None = None
    """Fraction of the examples that is kept for scoring, where the file does not say which."""

    def _path(self, file: str, field: str) -> Path:
        return self.folder.find(file, field=f"dataset.{field}", name=self.title)

    def _made(self, codes: Codes, labels: np.ndarray[Any, Any], place: str) -> Examples:
        if len(codes) != len(labels):
            raise InputError(
                f"{place}: expected as many labels as images, got {len(labels)} and {len(codes)}"
            )
        if labels.dtype.kind == "f":
            whole = np.isfinite(labels) & (labels == np.rint(labels))
            if not whole.all():
                row = int(np.flatnonzero(~whole)[0])
                raise InputError(
                    f"{place}: labels[{row}]: expected a whole number, got {labels[row]:g}"
                )
        return Examples(codes=codes, scale=self.scale, labels=labels.astype(np.int64))


class NpzDataset(_TableDataset):
    """Arrays in one NPZ file, without pickled objects.

    The members are ``train_images``, ``train_labels``, ``test_images`` and ``test_labels``, or
    ``images`` and ``labels`` with `test_fraction`. Images have shape (examples, pixels) or
    (examples, rows, columns).
    """

    name: Literal["npz"]
    """Which kind of data set it is."""
    file: FileName
    """Name of the file."""

    def read(self, progress: Progress | None) -> Dataset:
        """Return the arrays, checked."""
        del progress
        path = self._path(self.file, "file")
        wanted = ["images", "labels"]
        if self.test_fraction is None:
            wanted = [f"{part}_{name}" for part in ("train", "test") for name in wanted]
        arrays = read_npz(path, wanted)
        shapes, parts = [], []
        for images, labels in zip(wanted[::2], wanted[1::2], strict=True):
            codes, shape = _flat(arrays[images], f"{path.name}: {images}")
            if arrays[labels].ndim != 1:
                found = arrays[labels].ndim
                raise InputError(f"{path.name}: {labels}: expected one dimension, got {found}")
            shapes.append(shape)
            parts.append(self._made(codes, arrays[labels], f"{path.name}: {labels}"))
        if len(set(shapes)) > 1:
            raise InputError(
                f"{path.name}: expected images of one shape, got {shapes[0]} and {shapes[1]}"
            )
        places = [f"{path.name}: {name.rpartition('_')[0] or name}" for name in wanted[::2]]
        if self.test_fraction is not None:
            parts, places = list(split(parts[0], self.test_fraction)), [path.name] * 2
        return checked(
            parts[0],
            parts[1],
            classes=self.classes,
            shape=shapes[0],
            places=(places[0], places[1]),
        )


class CsvDataset(_TableDataset):
    """Rows of a CSV file: a header line, one column with the class, all others pixels."""

    name: Literal["csv"]
    """Which kind of data set it is."""
    file: FileName
    """Name of the file with examples to learn from, or with all of them."""
    test_file: FileName | None = None
    """Name of the file with those to score on; absent: `test_fraction` of `file`."""
    label: Member = "label"
    """Header of the column with the class."""
    rows: Side | None = None
    """Rows of an image; absent: one."""

    @model_validator(mode="after")
    def _one_split(self) -> Self:
        if (self.test_file is None) == (self.test_fraction is None):
            found = "neither" if self.test_file is None else "both"
            message = f"expected either test_file or test_fraction, got {found}"
            raise ValueError(message)
        return self

    def read(self, progress: Progress | None) -> Dataset:
        """Return the tables, checked."""
        del progress
        path = self._path(self.file, "file")
        table = read_csv(path, label=self.label)
        examples = self._made(table.pixels, table.labels, path.name)
        pixels = table.pixels.shape[1]
        rows = self.rows or 1
        if pixels % rows:
            raise InputError(
                f"{path.name}: expected images of {rows} rows, got {pixels} pixels, which is no "
                "multiple of it"
            )
        if self.test_file is None:
            train, test = split(examples, self.test_fraction or 0.0)
            places = (path.name, path.name)
        else:
            other = self._path(self.test_file, "test_file")
            second = read_csv(other, label=self.label)
            if second.header != table.header:
                raise InputError(f"{other.name}: expected the same header as {path.name}")
            train, test = examples, self._made(second.pixels, second.labels, other.name)
            places = (path.name, other.name)
        shape = (rows, pixels // rows)
        return checked(train, test, classes=self.classes, shape=shape, places=places)


def _flat(images: np.ndarray[Any, Any], place: str) -> tuple[Codes, tuple[int, int]]:
    """Return images as rows of pixels, and the shape of one image."""
    if images.ndim not in (2, 3) or images.size == 0:
        found = " x ".join(map(str, images.shape)) or "a scalar"
        raise InputError(
            f"{place}: expected images as (examples, pixels) or (examples, rows, columns), "
            f"got {found}"
        )
    shape = (1, images.shape[1]) if images.ndim == 2 else (images.shape[1], images.shape[2])
    flat = images.reshape(len(images), -1)
    return (flat if flat.dtype == np.uint8 else flat.astype(np.float32)), shape


register_dataset("npz", NpzDataset)
register_dataset("csv", CsvDataset)
