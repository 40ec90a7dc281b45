"""Data sets in four IDX files, such as MNIST, Fashion-MNIST or one's own."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, StringConstraints

from archsim.errors import InputError
from archsim.spec import Description
from archsim.workload.data.dataset import Dataset, Examples, checked
from archsim.workload.data.description import DatasetDescription, register_dataset
from archsim.workload.data.idx import read_idx
from archsim.workload.data.place import NO_FOLDER, Folder, Progress

__all__ = ["FileName", "IdxDataset", "IdxFile", "MnistDataset", "Title"]

FileName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$", max_length=128)
]
"""Name of a file inside the folder of its data set; no path."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
Title = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]


class IdxFile(Description):
    """One IDX file."""

    file: FileName
    """Its name, with or without ``.gz``."""
    sha256: Sha256 = ""
    """SHA-256 of its uncompressed content; empty: not checked."""


class IdxDataset(DatasetDescription):
    """Images and labels in four IDX files.

    The files are looked for in `folder`; without one beside the description, then in
    ``$ARCHSIM_DATA/TITLE`` and ``$ARCHSIM_DATA``; where that is not set either they are downloaded
    once, into a cache.
    """

    name: Literal["idx"]
    """Which kind of data set it is."""
    title: Title
    """What the data set is called in results."""
    folder: Folder = NO_FOLDER
    """Folder of the files, from the folder of the description."""
    url: Annotated[str, StringConstraints(pattern=r"^(https?://.*)?$", max_length=1024)] = ""
    """Folder on the network to download ``FILE.gz`` from."""
    classes: Annotated[int, Field(ge=2, le=256)] = 10
    """Number of classes."""
    train_images: IdxFile = IdxFile(file="train-images-idx3-ubyte")
    train_labels: IdxFile = IdxFile(file="train-labels-idx1-ubyte")
    test_images: IdxFile = IdxFile(file="t10k-images-idx3-ubyte")
    test_labels: IdxFile = IdxFile(file="t10k-labels-idx1-ubyte")

    def read(self, progress: Progress | None) -> Dataset:
        """Return the four files' content, checked."""
        train, shape = self._part("train", progress)
        test, test_shape = self._part("test", progress)
        if shape != test_shape:
            raise InputError(
                f"{self.test_images.file}: expected images of {shape[0]} x {shape[1]} pixels as in "
                f"{self.train_images.file}, got {test_shape[0]} x {test_shape[1]}"
            )
        places = (self.train_labels.file, self.test_labels.file)
        return checked(train, test, classes=self.classes, shape=shape, places=places)

    def _part(self, part: str, progress: Progress | None) -> tuple[Examples, tuple[int, int]]:
        images = self._array(f"{part}_images", "images", progress)
        labels = self._array(f"{part}_labels", "labels", progress)
        if len(images) != len(labels):
            raise InputError(
                f"{getattr(self, f'{part}_labels').file}: expected {len(images)} labels, one for "
                f"each image of {getattr(self, f'{part}_images').file}, got {len(labels)}"
            )
        rows, columns = images.shape[1:]
        if rows * columns == 0:
            file = getattr(self, f"{part}_images").file
            raise InputError(f"{file}: expected images, got {rows} x {columns} pixels")
        codes = images.reshape(len(images), rows * columns)
        examples = Examples(codes=codes, scale=255.0, labels=labels.astype(np.int64))
        return examples, (int(rows), int(columns))

    def _array(
        self, field: str, what: Literal["images", "labels"], progress: Progress | None
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        entry: IdxFile = getattr(self, field)
        path = self.folder.find(
            entry.file,
            field=f"dataset.{field}",
            name=self.title,
            url=self.url,
            progress=progress,
        )
        content = read_idx(path, what, place=path.name)
        if entry.sha256 and content.sha256 != entry.sha256:
            raise InputError(
                f"{path.name}: dataset.{field}: expected content with SHA-256 {entry.sha256}, got "
                f"{content.sha256}; it is another file, or damaged"
            )
        return content.data


class MnistDataset(IdxDataset):
    """MNIST: 60,000 and 10,000 handwritten digits of 28 × 28 pixels.

    Checked by the SHA-256 of the uncompressed files, so any gzip wrapper will do.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
       recognition", Proc. IEEE 86 (1998) 2278, doi:10.1109/5.726791.
    """

    name: Literal["mnist"]  # type: ignore[assignment]  # a kind of its own
    """Which data set it is."""
    title: Title = "mnist"
    url: str = "https://ossci-datasets.s3.amazonaws.com/mnist"
    train_images: IdxFile = IdxFile(
        file="train-images-idx3-ubyte",
        sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    )
    train_labels: IdxFile = IdxFile(
        file="train-labels-idx1-ubyte",
        sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    )
    test_images: IdxFile = IdxFile(
        file="t10k-images-idx3-ubyte",
        sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    )
    test_labels: IdxFile = IdxFile(
        file="t10k-labels-idx1-ubyte",
        sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    )


register_dataset("idx", IdxDataset)
register_dataset("mnist", MnistDataset)
