"""Recorder: collects ops while a workload trains and hands on each finished segment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from archsim.trace.batches import BatchSegment
from archsim.trace.ops import Block, Op, OpKind, Phase
from archsim.trace.spikes import SpikeSegment
from archsim.trace.steps import StepSegment

__all__ = ["AnySegment", "Recorder", "TraceSegment", "TraceTotals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSegment:
    """The ops from one moment at which the chip is idle to the next."""

    epoch: int
    """Epoch from 0; -1 before training and for what belongs to none."""
    step: int
    """Running number of the step within the run."""
    phase: Phase
    """Phase of all ops, or ``mixed``."""
    ops: tuple[Op, ...]
    repeat: int = 1
    """How many stretches it stands for, one after another, that take the same time; the counts of
    its ops are their sums."""
    window: float = 0.0
    """Above 0 where inputs come in real time and this segment ends what is done for one of them:
    the next segment begins so long after the first one since the last such end, or as soon as the
    chip is idle if it is late. 0: the next segment begins at once. [s]"""


AnySegment = TraceSegment | SpikeSegment | StepSegment | BatchSegment
"""A trace segment in any of its forms."""


@dataclass(slots=True)
class TraceTotals:
    """Running sums over a trace, kept apart from mapping and ledger so that audit can compare."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(phase, ``role.action``) → count."""
    peaks: dict[str, int] = field(default_factory=dict)
    """Name of a line (``read_row``, ``read_column``, ``read_array``, ``write_row``, …) → largest
    Σ g·|x| seen on one line, in 1/COUNT_SCALE of one full-scale cell."""
    segments: int = 0
    ops: int = 0


class Recorder:
    """Collects ops and passes every finished segment to `sink`.

    Parameters
    ----------
    sink : callable, optional
        Receives each TraceSegment as it ends; without it segments are dropped and only the
        totals remain.
    merge : frozenset of str, optional
        Segments that differ in nothing but counts may come as one, with `repeat`; counts named
        here (``role.action``) have to be equal nevertheless, because their acts take time.
        Absent: every segment comes by itself.
    """

    def __init__(
        self,
        sink: Callable[[AnySegment], None] | None = None,
        *,
        merge: frozenset[str] | None = None,
    ) -> None:
        self.totals = TraceTotals()
        self.merge = merge
        self._sink = sink
        self._ops: list[Op] | None = None
        self._phase = Phase.MIXED

    @contextmanager
    def segment(self, *, epoch: int, step: int, phase: Phase, repeat: int = 1) -> Iterator[None]:
        """Record the ops of the body as one segment; an empty body records none.

        Parameters
        ----------
        epoch, step : int
            Where in the training it stands.
        phase : Phase
            What it is charged to.
        repeat : int
            How many segments of equal length it stands for.
        """
        if self._ops is not None:
            message = "a trace segment is open already"
            raise RuntimeError(message)
        self._ops, self._phase = [], phase
        try:
            yield
            ops = tuple(self._ops)
        finally:
            self._ops = None
        if ops:
            self._finish(TraceSegment(epoch=epoch, step=step, phase=phase, ops=ops, repeat=repeat))

    def op(
        self,
        kind: OpKind,
        *,
        blocks: tuple[Block, ...] = (),
        counts: Mapping[tuple[str, int, int], int] | None = None,
        after: tuple[int, ...] | None = None,
        slots: int = 1,
        input_bits: int = 0,
        output_bits: int = 0,
    ) -> int:
        """Record one op in the open segment and return its number there.

        Without `after` the op follows the one recorded before it.

        Parameters
        ----------
        kind : OpKind
            What is done.
        blocks : tuple of Block
            Where; none for digital acts.
        counts : mapping, optional
            (role.action, place in `blocks` or −1, plane or −1) → count, data-dependent ones in
            1/COUNT_SCALE.
        after : tuple of int, optional
            Numbers of the ops that it follows.
        slots : int
            Time slots that it takes on its arrays.
        input_bits, output_bits : int
            What it is told and what it tells. [bit]
        """
        if self._ops is None:
            message = "no trace segment is open"
            raise RuntimeError(message)
        number = len(self._ops)
        if after is None:
            after = (number - 1,) if number else ()
        items = () if counts is None else tuple((*key, value) for key, value in counts.items())
        self._ops.append(
            Op(
                kind=kind,
                phase=self._phase,
                blocks=blocks,
                after=after,
                counts=items,
                slots=slots,
                input_bits=input_bits,
                output_bits=output_bits,
            )
        )
        return number

    @property
    def streams(self) -> bool:
        """Whether anybody receives the segments."""
        return self._sink is not None

    def add(self, segment: AnySegment) -> None:
        """Take a segment that was made elsewhere."""
        if isinstance(segment, TraceSegment):
            self._finish(segment)
            return
        segments = segment.repeat if isinstance(segment, BatchSegment) else 1
        self.tally(segment.counts(), segments=segments, ops=segments * segment.op_count)
        if self._sink is not None:
            self._sink(segment)

    def tally(self, counts: Mapping[tuple[str, str], int], *, segments: int, ops: int) -> None:
        """Add to the totals what segments would have, where nobody receives them.

        Parameters
        ----------
        counts : mapping
            (phase, role.action) → count.
        segments, ops : int
            How many of them there would be.
        """
        self.totals.segments += segments
        self.totals.ops += ops
        self.totals.counts.update(counts)

    def peak(self, line: str, value: int) -> None:
        """Keep `value` if it is the largest seen on `line`."""
        if value > self.totals.peaks.get(line, -1):
            self.totals.peaks[line] = value

    def _finish(self, segment: TraceSegment) -> None:
        totals = self.totals
        totals.segments += segment.repeat
        totals.ops += segment.repeat * len(segment.ops)
        for op in segment.ops:
            for name, _, _, count in op.counts:
                totals.counts[op.phase.value, name] += count
        if self._sink is not None:
            self._sink(segment)
