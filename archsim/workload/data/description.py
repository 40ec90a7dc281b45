"""Data sets as they stand in a file, and the registry of their kinds."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from importlib.util import find_spec
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, SerializeAsAny

from archsim.components.registry import Registry
from archsim.errors import InputError
from archsim.seeds import stream
from archsim.spec import Description
from archsim.workload.data.dataset import Dataset, Examples, checked
from archsim.workload.data.place import Progress

__all__ = ["AnyDataset", "DatasetDescription", "DigitsDataset", "register_dataset", "split"]

Count = Annotated[int, Field(ge=1, le=10_000_000)]


class DatasetDescription(Description):
    """Base of all data sets of labelled images.

    A kind subclasses it, pins `name` to a literal and implements `read`.
    """

    name: str
    """Which data set, or which kind of file, it is."""
    train_count: Count | None = None
    """Learn from the first so many examples only; absent: from all."""
    test_count: Count | None = None
    """Score on the first so many examples only; absent: on all."""
    held_out: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Take the last so many training examples out of training and score on them, not on the test
    examples: for choosing settings. 0: score on the test examples."""

    @abstractmethod
    def read(self, progress: Progress | None) -> Dataset:
        """Return all examples, checked."""

    def load(self, progress: Progress | None = None) -> Dataset:
        """Return the examples to learn from and those to score on.

        Parameters
        ----------
        progress : callable, optional
            Told how far downloads are.

        Raises
        ------
        InputError
            If files are missing or wrong, or fewer examples are there than asked for.
        StorageError
            If a download fails.
        """
        whole = self.read(progress)
        train, test = whole.train, whole.test
        if self.held_out:
            if self.held_out >= len(train):
                raise InputError(
                    f"dataset.held_out: expected fewer than the {len(train)} training examples, "
                    f"got {self.held_out}"
                )
            cut = len(train) - self.held_out
            train, test = train.part(slice(cut)), train.part(slice(cut, None))
        train = _first(train, self.train_count, "train_count")
        test = _first(test, self.test_count, "test_count")
        return replace(whole, train=train, test=test)


def _first(part: Examples, count: int | None, field: str) -> Examples:
    if count is None:
        return part
    if count > len(part):
        raise InputError(f"dataset.{field}: expected at most {len(part)} examples, got {count}")
    return part.part(slice(count))


def split(examples: Examples, fraction: float) -> tuple[Examples, Examples]:
    """Return examples in two: to learn from, and a fraction to score on.

    Which is which comes from a stream of its own and is the same for every seed of a run.
    """
    order = stream(0, "input", "split").permutation(len(examples))
    cut = len(examples) - round(fraction * len(examples))
    parts = [
        replace(examples, codes=examples.codes[rows], labels=examples.labels[rows])
        for rows in (np.sort(order[:cut]), np.sort(order[cut:]))
    ]
    return parts[0], parts[1]


class DigitsDataset(DatasetDescription):
    """1,797 handwritten digits of 8 × 8 pixels that come with scikit-learn; needs no network.

    Notes
    -----
    The test set of [1]_; a fifth of it is kept for scoring.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
       Repository, 1998, doi:10.24432/C50P49.
    """

    name: Literal["digits"]
    """Which data set it is."""
    test_fraction: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.2
    """Fraction of the examples that is kept for scoring."""

    def read(self, progress: Progress | None) -> Dataset:
        """Return the digits, split."""
        del progress
        if find_spec("sklearn") is None:
            raise InputError("dataset digits: they come with scikit-learn; install archsim[data]")
        from sklearn.datasets import load_digits  # noqa: PLC0415 (optional)

        bundle = load_digits()
        examples = Examples(
            codes=bundle.data.astype(np.uint8), scale=16.0, labels=bundle.target.astype(np.int64)
        )
        train, test = split(examples, self.test_fraction)
        return checked(train, test, classes=10, shape=(8, 8), places=("digits", "digits"))


_DATASETS: Registry[DatasetDescription] = Registry(
    DatasetDescription,  # type: ignore[type-abstract]  # never instantiated
    field="name",
    what="data set",
)

AnyDataset = Annotated[SerializeAsAny[DatasetDescription], _DATASETS]
"""A data set of any registered kind, told by its field `name`."""


def register_dataset(name: str, cls: type[DatasetDescription]) -> None:
    """Make `cls` the description of data sets of this name.

    Raises
    ------
    InputError
        If another class has the name, or `cls` describes no data set.
    """
    _DATASETS.register(name, cls)


register_dataset("digits", DigitsDataset)
