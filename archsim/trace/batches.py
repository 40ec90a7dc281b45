"""Batches: a trace segment of very many ops that are alike, held as arrays."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from archsim.trace.ops import Block, OpKind, Phase

__all__ = ["BatchSegment", "BlockGrid", "Blocks", "Messages", "OpBatch"]

IntArray = NDArray[np.int64]


class BlockGrid(NamedTuple):
    """The blocks that a matrix is cut into."""

    matrix: str
    rows: int
    columns: int
    copy: int = 0
    """Which copy of its layer the matrix is."""
    copies: int = 1
    """Copies of that layer."""


class Blocks(Sequence[Block]):
    """Blocks of several matrices, matrix by matrix and row by row; each made when it is asked for.

    Parameters
    ----------
    grids : sequence of BlockGrid
        The matrices, in order.
    """

    def __init__(self, grids: Sequence[BlockGrid]) -> None:
        self.grids = tuple(grids)
        """The matrices."""
        sizes = [grid.rows * grid.columns for grid in grids]
        self.first = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        """Number of the first block of each matrix, and how many there are in all."""

    def __len__(self) -> int:
        """Return the number of blocks."""
        return int(self.first[-1])

    def copy_by_copy(self) -> IntArray:
        """Return the numbers of all blocks, those that work on one share of the vectors together.

        Copies of all layers share the same vectors, so the n-th of a layer's N copies belongs to
        the m-th of another's M where n / N is nearest to m / M; within one share layers keep their
        order.
        """
        shares = [grid.copy / grid.copies for grid in self.grids]
        return np.argsort(np.repeat(shares, np.diff(self.first)), kind="stable")

    @property
    def per_matrix(self) -> dict[str, int]:
        """Matrix → how many blocks it has."""
        return {grid.matrix: grid.rows * grid.columns for grid in self.grids}

    @overload
    def __getitem__(self, number: int) -> Block: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Block, ...]: ...
    def __getitem__(self, number: int | slice) -> Block | tuple[Block, ...]:
        """Return the block of this number, or some."""
        if isinstance(number, slice):
            return tuple(self[one] for one in range(*number.indices(len(self))))
        if not 0 <= number < len(self):
            message = f"expected the number of one of {len(self)} blocks, got {number}"
            raise IndexError(message)
        place = bisect.bisect_right(self.first.tolist(), number) - 1
        row, column = divmod(number - int(self.first[place]), self.grids[place].columns)
        return Block(self.grids[place].matrix, row, column)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpBatch:
    """Ops that are alike but for their numbers and places."""

    kind: OpKind
    names: tuple[tuple[str, int], ...]
    """(``role.action``, plane) of each column of `counts`; plane -1 serves a block as a whole."""
    counts: IntArray
    """(ops, names) counts, summed over the segment's repeats."""
    slots: IntArray
    """(ops,) time slots that each takes."""
    blocks: IntArray
    """(ops,) number of the block at which each acts."""

    def __len__(self) -> int:
        """Return the number of ops."""
        return len(self.blocks)


class Messages(NamedTuple):
    """Results on their way; ops are numbered batch after batch."""

    producer: IntArray
    """(messages,) op that each comes from; -1: from the controller."""
    bits: IntArray
    """(messages,) how long it is; 0: nothing is carried, but the consumers wait."""
    offsets: IntArray
    """(messages+1,) slices of `consumers`."""
    consumers: IntArray
    """Ops that take it, each of a later batch than the producer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSegment:
    """The ops from one moment at which the chip is idle to the next, in batches."""

    epoch: int
    step: int
    phase: Phase
    """Phase of all ops."""
    batches: tuple[OpBatch, ...]
    """No op waits for one of its own batch or of a later one."""
    messages: Messages
    repeat: int = 1
    """As in `TraceSegment`."""
    window: float = 0.0
    """As in `TraceSegment`. [s]"""

    @property
    def op_count(self) -> int:
        """Number of ops of one repeat."""
        return sum(map(len, self.batches))

    def counts(self) -> Counter[tuple[str, str]]:
        """Return (phase, ``role.action``) → count of all ops together."""
        result: Counter[tuple[str, str]] = Counter()
        for batch in self.batches:
            for place, (name, _) in enumerate(batch.names):
                high, low = np.divmod(batch.counts[:, place], 1 << 31)
                result[self.phase.value, name] += (int(high.sum()) << 31) + int(low.sum())
        return result
