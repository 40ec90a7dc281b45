"""Synthetic traces: the ops of layers of declared shape and activity, which nobody trained.

For networks that are out of reach of training. Counts are means, and so are times; there is no
accuracy. Every layer's matrix is cut into blocks that fit the arrays. The blocks of a column hold
parts of the same sums, which are added up a binary tree over block rows: block 2k takes what block
2k + 1 found, then 4k what 4k + 2 has, and so on. What comes of it goes to all blocks of the next
layers that need it. Copies of a layer share its vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.trace.batches import BatchSegment, BlockGrid, Blocks, Messages, OpBatch
from archsim.trace.ops import COUNT_SCALE, OpKind, Phase

__all__ = ["ArrayShape", "LayerShape", "synthetic_blocks", "synthetic_segment"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShape:
    """One layer: a matrix, and how often it is used in one segment."""

    name: str
    inputs: int
    outputs: int
    vectors: int = 1
    """Input vectors that it takes, one after another (samples × positions)."""
    replicas: int = 1
    """Copies of the matrix that share the vectors."""
    activity: float = 1.0
    """Mean share of inputs that are not zero."""
    level: float = 1.0
    """Mean square of the inputs that are not zero, in full scales of the DAC."""
    conductance: float = 0.5
    """Mean conductance of the cells, in maximum ones; of binary cells, the share that is on."""
    after: tuple[int, ...] = ()
    """Layers, by place, whose outputs it takes; none: its inputs come from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayShape:
    """What a synthetic trace has to know of arrays and converters."""

    rows: int
    """Logical rows of a block."""
    columns: int
    """Logical columns of a block."""
    planes: int
    """Arrays that hold a block."""
    input_bits: int
    """Bits of an input. [bit]"""
    output_bits: int
    """Bits of a converted output. [bit]"""
    passes: int = 1
    """Reads of one vector."""
    weight_bits: int = 0
    """Cells of a bit-sliced weight, read row by row and added up digitally; 0: analog. [bit]"""
    add: str = "shift_add.add"
    """What adds one number to a partial sum."""
    activate: str = "neuron.operate"
    """What is done with each finished sum; empty: nothing."""


class _Placed(NamedTuple):
    """Copies of a layer cut into blocks."""

    shape: LayerShape
    first: int
    """Number of its first block."""
    rows: int
    """Block rows of one copy."""
    columns: int
    vectors: IntArray
    """Vectors of each copy."""
    heights: IntArray
    """Matrix rows in each block row."""
    widths: IntArray
    """Matrix columns in each block column."""

    def blocks(self) -> IntArray:
        """Return the numbers of all blocks, shape (copies, rows, columns)."""
        count = self.shape.replicas * self.rows * self.columns
        numbers = self.first + np.arange(count)
        return numbers.reshape(self.shape.replicas, self.rows, self.columns)


def _parts(size: int, part: int) -> IntArray:
    """Return the sizes of the parts that `size` is cut into, as equal as they can be."""
    number = -(-size // part)
    ends = np.arange(number + 1) * size // number
    return np.diff(ends)


def synthetic_blocks(layers: Sequence[LayerShape], arrays: ArrayShape) -> Blocks:
    """Return the blocks of all copies of all layers, copy by copy."""
    return Blocks(
        [
            BlockGrid(
                f"{layer.name}#{copy}" if layer.replicas > 1 else layer.name,
                -(-layer.inputs // arrays.rows),
                -(-layer.outputs // arrays.columns),
                copy,
                layer.replicas,
            )
            for layer in layers
            for copy in range(layer.replicas)
        ]
    )


class _Writer:
    """Collects batches and messages."""

    def __init__(self, repeat: int) -> None:
        self.batches: list[OpBatch] = []
        self.ops = 0
        self._repeat = repeat
        self._messages: list[tuple[IntArray, IntArray, IntArray, IntArray]] = []

    def add(
        self,
        kind: OpKind,
        blocks: IntArray,
        counts: dict[tuple[str, int], IntArray],
        slots: IntArray,
    ) -> IntArray:
        """Add a batch; arrays have the shape of `blocks`. Return the numbers of its ops."""
        shape = blocks.shape
        columns = [np.broadcast_to(values, shape).ravel() for values in counts.values()]
        table = np.stack(columns, axis=1) * self._repeat
        wide = np.broadcast_to(slots, shape).ravel()
        batch = OpBatch(
            kind=kind,
            names=tuple(counts),
            counts=np.ascontiguousarray(table, dtype=np.int64),
            slots=np.ascontiguousarray(wide, dtype=np.int64),
            blocks=blocks.ravel(),
        )
        self.batches.append(batch)
        numbers = self.ops + np.arange(blocks.size)
        self.ops += blocks.size
        return numbers.reshape(shape)

    def send(self, producer: IntArray, bits: IntArray, consumers: IntArray) -> None:
        """Add messages, each to the consumers of its row."""
        number = np.full(len(producer), consumers.shape[1])
        wide = np.broadcast_to(bits, producer.shape)
        self._messages.append((producer, wide, number, consumers.ravel()))

    def messages(self) -> Messages:
        """Return all messages."""
        if not self._messages:
            none = np.zeros(0, dtype=np.int64)
            return Messages(none, none, np.zeros(1, dtype=np.int64), none)
        producer, bits, number, consumers = (
            np.concatenate(column) for column in zip(*self._messages, strict=True)
        )
        return Messages(producer, bits, np.concatenate(([0], np.cumsum(number))), consumers)


def synthetic_segment(
    layers: Sequence[LayerShape],
    arrays: ArrayShape,
    *,
    phase: Phase = Phase.INFERENCE,
    repeat: int = 1,
    resident: bool = True,
) -> BatchSegment:
    """Return one pass of all vectors through all layers.

    Parameters
    ----------
    layers : sequence of LayerShape
        The network; a layer stands after those whose outputs it takes.
    arrays : ArrayShape
        The arrays that it is cut for.
    phase : Phase
        What it is for.
    repeat : int
        Passes, one after another, that take the same time.
    resident : bool
        Whether inputs from outside stand in the tiles already; else the controller sends them.
    """
    writer = _Writer(repeat)
    placed: list[_Placed] = []
    results: list[IntArray] = []
    first = 0
    for layer in layers:
        shares = np.diff(np.arange(layer.replicas + 1) * layer.vectors // layer.replicas)
        heights = _parts(layer.inputs, arrays.rows)
        widths = _parts(layer.outputs, arrays.columns)
        here = _Placed(layer, first, len(heights), len(widths), shares, heights, widths)
        first += layer.replicas * here.rows * here.columns
        reads = _read(writer, here, arrays)
        for place in layer.after:
            _feed(writer, placed[place], results[place], here, reads, arrays)
        if not layer.after and not resident:
            told = (here.vectors[:, None] * here.heights * arrays.input_bits).ravel()
            writer.send(np.full(len(told), -1), told, reads.reshape(-1, here.columns))
        results.append(_sum(writer, here, reads, arrays))
        placed.append(here)
    return BatchSegment(
        epoch=-1,
        step=0,
        phase=phase,
        batches=tuple(writer.batches),
        messages=writer.messages(),
        repeat=repeat,
    )


def _read(writer: _Writer, here: _Placed, arrays: ArrayShape) -> IntArray:
    """Add the reads of all blocks of a layer; return the op of each block."""
    layer = here.shape
    vectors = here.vectors[:, None, None]
    rows, columns = here.heights[None, :, None], here.widths[None, None, :]
    driven = np.rint(rows * vectors * layer.activity).astype(np.int64)
    if arrays.weight_bits:
        cells = driven * columns * arrays.weight_bits
        on = np.rint(cells * layer.conductance).astype(np.int64)
        counts = {("controller.step", -1): np.ones(1, dtype=np.int64)}
        counts |= {("array.cell_read", 0): cells, ("array.on_read", 0): on}
        counts["accumulator.add", -1] = driven * columns
        return writer.add(OpKind.READ, here.blocks(), counts, np.maximum(driven, 1))
    conducting = rows * columns * vectors * (layer.activity * layer.level * layer.conductance)
    reads = np.rint(conducting * COUNT_SCALE).astype(np.int64)
    converted = columns * vectors * arrays.passes
    counts = {("controller.step", -1): np.ones(1, dtype=np.int64)}
    counts |= {("array.cell_read", plane): reads for plane in range(arrays.planes)}
    counts |= {("dac.drive", plane): driven for plane in range(arrays.planes)}
    names = ("tia.sample", "sample_hold.sample", "adc.convert")
    counts |= {(name, -1): converted for name in names}
    slots = np.maximum(vectors * arrays.passes, 1)
    return writer.add(OpKind.READ, here.blocks(), counts, slots)


def _sum(writer: _Writer, here: _Placed, reads: IntArray, arrays: ArrayShape) -> IntArray:
    """Add up the block rows of a layer; return the op that ends each column of each copy."""
    blocks, value = here.blocks(), reads.copy()
    numbers = here.vectors[:, None, None] * here.widths[None, None, :]
    step, level = 1, 0
    while step < here.rows:
        left = np.arange(0, here.rows - step, 2 * step)
        right = left + step
        added = np.broadcast_to(numbers, value[:, left].shape)
        counts = {(arrays.add, -1): added * (1 if arrays.weight_bits else arrays.passes)}
        ops = writer.add(OpKind.DIGITAL, blocks[:, left], counts, np.ones(1, dtype=np.int64))
        bits = (added * (arrays.output_bits + level)).ravel()
        one = ops.reshape(-1, 1)
        writer.send(value[:, right].ravel(), bits, one)
        writer.send(value[:, left].ravel(), np.zeros(1, dtype=np.int64), one)
        value[:, left] = ops
        step, level = 2 * step, level + 1
    root = value[:, 0]
    if not arrays.activate:
        return root
    ops = writer.add(
        OpKind.DIGITAL,
        blocks[:, 0],
        {(arrays.activate, -1): np.broadcast_to(numbers[:, 0], root.shape)},
        np.ones(1, dtype=np.int64),
    )
    writer.send(root.ravel(), np.zeros(1, dtype=np.int64), ops.reshape(-1, 1))
    return ops


def _overlaps(ends: IntArray, others: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return which parts of two cuts of a line overlap, and by how much; cuts begin at 0."""
    cuts = np.unique(np.concatenate((ends, others)))
    cuts = cuts[cuts <= min(int(ends[-1]), int(others[-1]))]
    sizes = np.diff(cuts, prepend=0)
    return np.searchsorted(ends, cuts), np.searchsorted(others, cuts), sizes


def _feed(
    writer: _Writer,
    source: _Placed,
    results: IntArray,
    here: _Placed,
    reads: IntArray,
    arrays: ArrayShape,
) -> None:
    """Send the outputs of a layer to the blocks of another that take them.

    Copy r of R does the r-th part of all vectors, so that it feeds each copy of the next layer that
    does some of the same part.
    """
    column, row, elements = _overlaps(np.cumsum(source.widths), np.cumsum(here.heights))
    copies, others = source.shape.replicas, here.shape.replicas
    share = np.arange(1, copies + 1) * others
    copy, other, units = _overlaps(share, np.arange(1, others + 1) * copies)
    values = source.vectors[copy, None] * units[:, None] * elements[None, :] * arrays.input_bits
    bits = -(-values // others)
    producer = results[copy[:, None], column[None, :]]
    consumers = reads[other[:, None], row[None, :]]
    writer.send(producer.ravel(), bits.ravel(), consumers.reshape(-1, here.columns))
