"""Parity: the truth table of exclusive or, of any number of bits, as a data set."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from archsim.workload.data import Dataset, DatasetDescription, Examples, register_dataset
from archsim.workload.data.place import Progress

__all__ = ["ParityDataset"]


class ParityDataset(DatasetDescription):
    """All patterns of some bits; the class of each is whether an odd number of them is set.

    Two bits are exclusive or. What is learnt and what is scored are the same patterns.
    """

    name: Literal["parity"]
    """Which data set it is."""
    bits: Annotated[int, Field(ge=2, le=10)] = 2
    """Bits of a pattern; there are 2^bits patterns. [bit]"""

    def read(self, progress: Progress | None) -> Dataset:
        """Return the truth table."""
        del progress
        numbers = np.arange(1 << self.bits)
        codes = (numbers[:, None] >> np.arange(self.bits) & 1).astype(np.uint8)
        labels = (codes.sum(axis=1) % 2).astype(np.int64)
        for array in (codes, labels):
            array.flags.writeable = False
        table = Examples(codes=codes, scale=1.0, labels=labels)
        return Dataset(
            train=table,
            test=table,
            classes=2,
            shape=(1, self.bits),
            fingerprint=hashlib.sha256(
                codes.tobytes() + labels.astype("<i8").tobytes()
            ).hexdigest(),
        )


register_dataset("parity", ParityDataset)
