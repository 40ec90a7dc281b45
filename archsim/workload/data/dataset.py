"""Labelled examples in memory, and the checks that every data set passes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError

__all__ = ["Codes", "Dataset", "Examples", "checked"]

Codes = NDArray[np.uint8] | NDArray[np.float32]
Labels = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_CHUNK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Images as rows of pixels, and the class of each; arrays are read-only."""

    codes: Codes
    """Pixels as stored, shape (examples, pixels); whole codes or numbers, 0 to `scale`."""
    scale: float
    """Code of a full-scale pixel."""
    labels: Labels
    """Class of each example, shape (examples,)."""

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.labels)

    def values(self, rows: slice | NDArray[np.int64] = slice(None)) -> FloatArray:
        """Return pixels in [0, 1] of some rows (default: all), shape (examples, pixels)."""
        result: FloatArray = self.codes[rows].astype(np.float64) / self.scale
        return result

    def part(self, rows: slice) -> Examples:
        """Return some of the examples, without copying them."""
        return replace(self, codes=self.codes[rows], labels=self.labels[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Examples to learn from, and others to score on."""

    train: Examples
    """Examples to learn from."""
    test: Examples
    """Examples to score on, none of them in `train`."""
    classes: int
    """Number of classes; labels run from 0 to one less."""
    shape: tuple[int, int]
    """Rows and columns of an image."""
    fingerprint: str
    """SHA-256 of all pixels and labels, before any part of them was taken."""

    @property
    def pixels(self) -> int:
        """Pixels of one image."""
        return self.shape[0] * self.shape[1]


def checked(
    train: Examples,
    test: Examples,
    *,
    classes: int,
    shape: tuple[int, int],
    places: tuple[str, str],
) -> Dataset:
    """Return a data set, after checking that it makes sense.

    Parameters
    ----------
    train, test : Examples
        What was read.
    classes : int
        Classes that there should be.
    shape : tuple of int
        Rows and columns of an image.
    places : tuple of str
        What to call train and test in messages: file, and member where it has several.

    Raises
    ------
    InputError
        If there are no examples, pixels are not finite or outside 0 to full scale, a label is out
        of range, or a class has no example to learn from.
    """
    for part, place in zip((train, test), places, strict=True):
        if not len(part):
            raise InputError(f"{place}: expected at least one example, got none")
        _check_labels(part.labels, classes, place)
        _check_pixels(part, place)
        for array in (part.codes, part.labels):
            array.flags.writeable = False
    counts = np.bincount(train.labels, minlength=classes)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        listed = ", ".join(map(str, empty[:16]))
        raise InputError(
            f"{places[0]}: expected examples of each of the {classes} classes, got none of {listed}"
        )
    return Dataset(
        train=train,
        test=test,
        classes=classes,
        shape=shape,
        fingerprint=_fingerprint(train, test, shape),
    )


def _check_labels(labels: Labels, classes: int, place: str) -> None:
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        first = int(wrong[0])
        raise InputError(
            f"{place}: labels[{first}]: expected a class from 0 to {classes - 1}, got "
            f"{int(labels[first])} ({len(wrong)} of {len(labels)} labels are out of range)"
        )


def _check_pixels(part: Examples, place: str) -> None:
    for start in range(0, len(part), _CHUNK):
        block: NDArray[Any] = part.codes[start : start + _CHUNK]
        good = (block >= 0) & (block <= part.scale)  # false for NaN, too
        if not good.all():
            row, column = (int(index[0]) for index in np.nonzero(~good))
            raise InputError(
                f"{place}: images[{start + row}, {column}]: expected a pixel from 0 to "
                f"{part.scale:g}, got {block[row, column]:g}"
            )


def _fingerprint(train: Examples, test: Examples, shape: tuple[int, int]) -> str:
    digest = hashlib.sha256()
    for part in (train, test):
        digest.update(f"{part.codes.shape} {shape} {part.codes.dtype.str} {part.scale!r}".encode())
        digest.update(np.ascontiguousarray(part.codes).data)
        digest.update(np.ascontiguousarray(part.labels, dtype="<i8").data)
    return digest.hexdigest()
