"""Data sets by name: what stands in a workload file, and the patterns it means."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StringConstraints, model_validator

from archsim.spec import Description
from archsim.workload.braille import braille

__all__ = ["BrailleDataset"]

Word = Annotated[str, StringConstraints(pattern=r"^[a-z]+$", max_length=64)]


class BrailleDataset(Description):
    """Words in six-dot Braille, each dot an input of ±1."""

    name: Literal["braille"]
    """Which data set it is."""
    words: Annotated[tuple[Word, ...], Field(min_length=2, max_length=1000)]
    """Words to learn, in the letters a to z."""
    cells: Annotated[int, Field(ge=1, le=64)]
    """Braille cells of a row; words are left-aligned, the rest stays empty."""

    @model_validator(mode="after")
    def _words_fit(self) -> Self:
        long = [word for word in self.words if len(word) > self.cells]
        if long:
            message = f"expected words of at most {self.cells} letters, got {', '.join(long)}"
            raise ValueError(message)
        if len(set(self.words)) < len(self.words):
            message = "expected words that all differ"
            raise ValueError(message)
        return self

    @property
    def patterns(self) -> NDArray[np.int8]:
        """Dots of each word as ±1, shape (words, dots)."""
        return braille(self.words, cells=self.cells)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the patterns."""
        return hashlib.sha256(self.patterns.tobytes()).hexdigest()
