"""Tape: a whole trace kept as columns, so that many chips can be priced on one training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.errors import ResourceError
from archsim.trace.batches import BatchSegment
from archsim.trace.ops import Op, Phase
from archsim.trace.recorder import AnySegment, TraceSegment
from archsim.trace.spikes import SpikeSegment
from archsim.trace.steps import StepSegment

__all__ = ["Pattern", "Row", "Tape", "WholeSegment"]

IntArray = NDArray[np.int64]
WholeSegment = SpikeSegment | StepSegment | BatchSegment
"""A trace segment that is arrays already, and is kept as it came."""

_LARGEST = 2.0**62
"""Sums of counts stay below this, so that none can overflow 64 bits."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What segments that differ in nothing but numbers have in common."""

    phase: Phase
    """Phase of the segment."""
    ops: tuple[Op, ...]
    """Its ops, with all counts 0."""

    @property
    def names(self) -> list[str]:
        """``role.action`` of every count of a segment, op after op."""
        return [name for op in self.ops for name, _, _, _ in op.counts]

    def filled(self, counts: Sequence[int]) -> tuple[Op, ...]:
        """Return the ops with these counts."""
        begin, ops = 0, []
        for op in self.ops:
            end = begin + len(op.counts)
            items = zip(op.counts, counts[begin:end], strict=True)
            ops.append(replace(op, counts=tuple((*key[:3], count) for key, count in items)))
            begin = end
        return tuple(ops)


class Row(NamedTuple):
    """One segment of a pattern, without its counts."""

    place: int
    """Running number of the segment on the tape."""
    epoch: int
    step: int
    repeat: int
    window: float
    """As in `TraceSegment`. [s]"""


@dataclass(slots=True)
class Tape:
    """The segments of a trace in the order of time, those of one pattern side by side."""

    patterns: dict[Pattern, int] = field(default_factory=dict)
    """Pattern → its number."""
    rows: list[list[Row]] = field(default_factory=list)
    """Segments of each pattern."""
    counts: list[list[IntArray]] = field(default_factory=list)
    """Their counts."""
    whole: dict[int, WholeSegment] = field(default_factory=dict)
    """Place on the tape → segment of spikes, of a time step, or of batches."""
    length: int = 0
    """Segments on the tape."""

    def append(self, segment: AnySegment) -> None:
        """Add the next segment."""
        place = self.length
        self.length += 1
        if not isinstance(segment, TraceSegment):
            self.whole[place] = segment
            return
        blank = tuple(
            replace(op, counts=tuple((*key[:3], 0) for key in op.counts)) for op in segment.ops
        )
        pattern = Pattern(segment.phase, blank)
        number = self.patterns.setdefault(pattern, len(self.rows))
        if number == len(self.rows):
            self.rows.append([])
            self.counts.append([])
        row = Row(place, segment.epoch, segment.step, segment.repeat, segment.window)
        self.rows[number].append(row)
        counts = [count for op in segment.ops for _, _, _, count in op.counts]
        self.counts[number].append(np.array(counts, dtype=np.int64))

    @property
    def in_real_time(self) -> bool:
        """Whether some inputs come at moments of their own, so that order matters."""
        windows = [row.window for rows in self.rows for row in rows]
        return any(windows) or any(
            one.window for one in self.whole.values() if not isinstance(one, StepSegment)
        )

    def segments(
        self, *, timed: frozenset[str], marks: Sequence[int] = ()
    ) -> Iterator[tuple[int, AnySegment]]:
        """Give the segments in order, those that take equal time as one, with their place.

        Parameters
        ----------
        timed : frozenset of str
            Acts, ``role.action``, of which more take more time; their counts must be equal.
        marks : sequence of int
            Places, ascending; segments on both sides of one are never joined.

        Raises
        ------
        ResourceError
            If a sum of counts does not fit 64 bits.

        Notes
        -----
        The sums over each epoch are those of the tape as it was recorded, since equal timing gives
        equal ticks. In real time nothing is joined.
        """
        apart = self.in_real_time
        found: list[tuple[int, AnySegment]] = list(self.whole.items())
        for pattern, number in self.patterns.items():
            found += _joined(pattern, self.rows[number], self.counts[number], timed, marks, apart)
        found.sort(key=lambda item: item[0])
        yield from found


def _joined(
    pattern: Pattern,
    rows: Sequence[Row],
    counts: Sequence[IntArray],
    timed: frozenset[str],
    marks: Sequence[int],
    apart: bool,  # noqa: FBT001
) -> Iterator[tuple[int, TraceSegment]]:
    """Give the segments of one pattern, joined where they take equal time."""
    table = np.array(counts, dtype=np.int64).reshape(len(rows), -1)
    repeats = np.array([row.repeat for row in rows], dtype=np.int64)
    slow = [number for number, name in enumerate(pattern.names) if name in timed]
    telling = [
        np.searchsorted(np.array(marks, dtype=np.int64), [row.place for row in rows], side="right"),
        np.array([row.epoch for row in rows]),
        np.arange(len(rows)) if apart else np.zeros(len(rows), dtype=np.int64),
    ]
    each = table[:, slow] // repeats[:, None]
    keys = np.column_stack([*telling, each])
    _, first, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    if np.abs(table).astype(np.float64).sum(axis=0).max(initial=0.0) >= _LARGEST:
        raise ResourceError("trace: a sum of counts does not fit 64 bits; take fewer steps")
    sums = np.zeros((len(first), table.shape[1]), dtype=np.int64)
    times = np.zeros(len(first), dtype=np.int64)
    np.add.at(sums, which.reshape(-1), table)
    np.add.at(times, which.reshape(-1), repeats)
    for start, total, repeat in zip(first.tolist(), sums.tolist(), times.tolist(), strict=True):
        row = rows[start]
        yield (
            row.place,
            TraceSegment(
                epoch=row.epoch,
                step=row.step,
                phase=pattern.phase,
                ops=pattern.filled(total),
                repeat=repeat,
                window=row.window,
            ),
        )
