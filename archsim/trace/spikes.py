"""Spikes: a trace segment in which every spike has its moment, held as arrays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.trace.ops import Block, Op, OpKind, Phase

__all__ = ["OpSeries", "SpikeSegment"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpSeries:
    """Ops that are alike but for their numbers, one at each of many moments."""

    kind: OpKind
    phase: Phase
    names: tuple[tuple[str, int, int], ...]
    """(``role.action``, block index, plane) of each column of `counts`, as in `Op.counts`."""
    counts: IntArray
    """Shape (moments, names)."""
    slots: IntArray
    """Time slots of each op, shape (moments,)."""
    blocks: tuple[Block, ...] = ()
    """Blocks that act; empty for digital ops."""
    input_bits: IntArray | None = None
    """Bits that each op is told before it begins, shape (moments,); None: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSegment:
    """Input spikes, and output spikes with all they bring about, for some images in turn.

    An output spike follows from all input spikes before it, and from all that the one before it
    brought about; its ops follow each other.
    """

    epoch: int
    """Epoch from 0."""
    step: int
    """Running number of the first presentation."""
    phase: Phase
    """Phase that the time of the segment is booked on; ops have phases of their own."""
    arrivals: FloatArray
    """When input spikes come, from the begin of the first image, ascending. [s]"""
    arrival: Op
    """What each of them does."""
    moments: FloatArray
    """When output spikes come, from the same begin, ascending. [s]"""
    series: tuple[OpSeries, ...]
    """What each of them does, op after op."""
    real_time: bool
    """Whether spikes come at these times; else each as soon as all before it are done with."""
    window: float = 0.0
    """As in `TraceSegment`. [s]"""

    @property
    def op_count(self) -> int:
        """Number of ops."""
        return len(self.arrivals) + len(self.series) * len(self.moments)

    def counts(self) -> Counter[tuple[str, str]]:
        """Return (phase, ``role.action``) → count of all spikes together."""
        result: Counter[tuple[str, str]] = Counter()
        for name, _, _, count in self.arrival.counts:
            result[self.arrival.phase.value, name] += count * len(self.arrivals)
        for one in self.series:
            for (name, _, _), count in zip(one.names, one.counts.sum(axis=0), strict=True):
                if count:
                    result[one.phase.value, name] += int(count)
        return result
