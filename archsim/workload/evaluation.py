"""Evaluation: samples to score on, scores, and when training may stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from archsim.components.cell import FloatArray
from archsim.seeds import stream
from archsim.spec import Description
from archsim.workload.braille import distorted, nearest_word_rate

__all__ = ["Goal", "Samples", "Score", "StopDescription", "TrialDescription", "samples"]

Flips = Annotated[float, Field(ge=0.0, lt=0.5)]
Copies = Annotated[int, Field(ge=1, le=100_000)]


class StopDescription(Description):
    """When training ends: every clean pattern right, and distorted ones often enough.

    The distorted patterns come from a stream of their own and are never those of the final test.
    """

    flips: Flips
    """Probability that a dot is flipped."""
    copies: Copies
    """Distorted copies of each pattern."""
    near: Annotated[float, Field(ge=0.0, le=1.0)]
    """Fraction of them that must be answered with the right pattern or class."""
    max_epochs: Annotated[int, Field(ge=1, le=100_000)]
    """Training ends after so many epochs in any case."""


class TrialDescription(Description):
    """The final test, on patterns that training never saw."""

    flips: Annotated[tuple[Flips, ...], Field(min_length=1, max_length=100)]
    """Probabilities that a dot is flipped, one test each."""
    copies: Copies
    """Distorted copies of each pattern in each test."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs to be scored, and what the ideal decoder makes of them."""

    inputs: FloatArray
    """Shape (samples, dots)."""
    labels: NDArray[np.intp]
    """Number of the right pattern."""
    ceiling: float
    """How often the ideal nearest-word decoder is right on these very samples."""


@dataclass(frozen=True, slots=True)
class Score:
    """How good a set of answers is; rates in [0, 1]."""

    near: float
    """Answers nearer to the right target than to any other one."""
    exact: float
    """Answers right in every output."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted of the outputs: one target for each pattern, as ±1."""

    task: Literal["reconstruct", "classify"]
    targets: FloatArray
    """Shape (patterns, outputs)."""

    def score(self, outputs: FloatArray, labels: NDArray[np.intp]) -> Score:
        """Return how many outputs are right.

        Parameters
        ----------
        outputs : ndarray, shape (samples, outputs)
            Converted outputs.
        labels : ndarray of int
            Number of the right pattern for each sample.

        Notes
        -----
        *Near* takes the target with the largest inner product, which among targets of equal length
        is the nearest one; a tie goes to the lowest number. *Exact* takes the sign of each output.
        """
        nearest = np.argmax(outputs @ self.targets.T, axis=1)
        same = (outputs > 0.0) == (self.targets[labels] > 0.0)
        return Score(float(np.mean(nearest == labels)), float(np.mean(same.all(axis=1))))

    def clean(self, score: Score) -> float:
        """Return the measure that must reach 1 on clean patterns: exact, or near for classes."""
        return score.exact if self.task == "reconstruct" else score.near


def samples(
    patterns: NDArray[np.int8], *, flips: float, copies: int, seed: int, name: str
) -> Samples:
    """Draw distorted patterns from the stream that seed and name give.

    Parameters
    ----------
    patterns : ndarray of int8, shape (patterns, dots)
        Dots as ±1.
    flips : float
        Probability that a dot is flipped; 0 gives the clean patterns, without drawing.
    copies : int
        Copies of each pattern.
    seed : int
        Seed of the run.
    name : str
        What the samples are for: ``validation`` or ``test``.
    """
    generator = stream(seed, "input", name, f"{flips!r}")
    inputs, labels = distorted(patterns, flips=flips, samples=copies, generator=generator)
    ceiling = nearest_word_rate(patterns, inputs, labels)
    return Samples(inputs.astype(np.float64), labels, ceiling)
