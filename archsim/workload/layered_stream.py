"""Streams: what a layered network meets after it has learnt, from a sensor that drifts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from archsim.components.cell import FloatArray
from archsim.seeds import stream
from archsim.spec import Description, misfit
from archsim.workload.data import Examples

__all__ = ["DriftDescription", "Sensor", "StreamDescription", "StreamPart"]

Part = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]


class DriftDescription(Description):
    """How the pixels of a sensor change from the first sample of a stream to the last."""

    gain: Part
    """Most that a pixel's sensitivity falls by, as a share of what it was."""
    offset: Part
    """Most that a pixel's dark level rises by, as a share of full scale."""


class StreamDescription(Description):
    """Samples that come one after another once the network has learnt, while the sensor drifts.

    They are the examples to learn from, in passes, each pass in an order of its own. After each
    part the test examples are scored as the sensor would give them then.
    """

    samples: Count
    """Samples of the stream."""
    parts: Count
    """Parts of it, with a test after each."""
    learn_every: Annotated[int, Field(ge=0, le=10_000_000)]
    """1: learn from every sample, 10: from each tenth, 0: from none, inference only. A sample that
    is learnt from is taken to come with its label."""
    sample_bytes: Count
    """Size of a sample where it is sent elsewhere. [byte]"""
    drift: DriftDescription
    """How the sensor changes."""

    @model_validator(mode="after")
    def _parts_hold_samples(self) -> Self:
        if self.parts > self.samples:
            message = f"expected at most {self.samples} parts, the samples, got {self.parts}"
            raise misfit(("parts",), message)
        return self

    @property
    def ends(self) -> tuple[float, ...]:
        """How far the drift is at the end of each part, up to 1."""
        return tuple(float(part[-1]) / self.samples for part in self.numbers())

    def numbers(self) -> list[NDArray[np.int64]]:
        """Return the numbers of the samples of each part, from 1 on."""
        return np.array_split(np.arange(1, self.samples + 1), self.parts)


class Sensor:
    """A sensor that drifts.

    Parameters
    ----------
    description : StreamDescription
        Length and drift.
    pixels : int
        Pixels of a sample.
    seed : int
        Seed of drift and order.

    Notes
    -----
    At t from 0 to 1 pixel i gives clip((1 − t g_i) x_i + t o_i, 0, 1), with g_i uniform in
    [0, gain] and o_i uniform in [0, offset]: sensitivities that fall and dark levels that rise,
    linearly in time. That sensors drift so is an assumption.
    """

    def __init__(self, description: StreamDescription, pixels: int, *, seed: int) -> None:
        self._description = description
        self._seed = seed
        generator = stream(seed, "input", "drift")
        self._gains = generator.uniform(0.0, description.drift.gain, pixels)
        self._offsets = generator.uniform(0.0, description.drift.offset, pixels)

    def seen(self, values: FloatArray, times: float | FloatArray) -> FloatArray:
        """Return pixels in [0, 1] as the sensor gives them.

        Parameters
        ----------
        values : ndarray, shape (samples, pixels)
            Pixels in [0, 1] without drift.
        times : float or ndarray, shape (samples, 1)
            How far the drift is, 0 to 1.
        """
        drifted = (1.0 - times * self._gains) * values + times * self._offsets
        return np.clip(drifted, 0.0, 1.0)

    def parts(self, examples: Examples) -> Iterator[StreamPart]:
        """Yield the parts of the stream, its samples taken from examples in passes."""
        stated, size = self._description, len(examples)
        order = stream(self._seed, "input", "stream")
        passes = -(-stated.samples // size)
        rows = np.concatenate([order.permutation(size) for _ in range(passes)])
        every = stated.learn_every
        for numbers, end in zip(stated.numbers(), stated.ends, strict=True):
            chosen = rows[numbers - 1]
            times = (numbers / stated.samples)[:, None]
            yield StreamPart(
                end=end,
                values=self.seen(examples.values(chosen), times),
                labels=examples.labels[chosen],
                learns=numbers % every == 0 if every else np.zeros(len(numbers), dtype=np.bool_),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPart:
    """Samples between two tests."""

    end: float
    """How far the drift is at the last of them; 1 at the end of the stream."""
    values: FloatArray
    """Pixels in [0, 1] as the sensor gives them, shape (samples, pixels)."""
    labels: NDArray[np.int64]
    """Class of each."""
    learns: NDArray[np.bool_]
    """Whether it is learnt from."""
