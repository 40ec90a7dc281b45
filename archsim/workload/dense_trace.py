"""What the compiled loops counted, recorded as the substrate would have done step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.components.cell import FloatArray
from archsim.components.piece import Piece
from archsim.components.substrate_log import CountedRead, Written
from archsim.trace.ops import Phase
from archsim.workload._dense.layout import (
    BACKWARD,
    DRIVES,
    FORWARD,
    HALF,
    LEVELS,
    PULSED,
    SLOTS,
    WROTE,
)
from archsim.workload.cell_layers import CellLayers, update_acts
from archsim.workload.layered import LayeredDescription
from archsim.workload.layers import Change, Layers

__all__ = ["DenseTrace"]

IntArray = NDArray[np.int64]


class _Group(NamedTuple):
    """Steps whose segments of one place in the step take the same time."""

    first: int
    """First of the steps."""
    place: int
    """Which segment of the step."""
    steps: IntArray
    """All of them."""


class DenseTrace:
    """Turns counts of steps into trace segments.

    Parameters
    ----------
    workload : LayeredDescription
        The rule says which acts stand in which segment, by taking its step on layers that compute
        nothing.
    layers : CellLayers
        The network on its substrate.
    """

    def __init__(self, workload: LayeredDescription, layers: CellLayers) -> None:
        self._replay = _Replay(workload, layers)
        recorder = layers.substrate.recorder
        assert recorder is not None  # noqa: S101 (else there is nothing to do)
        self._merge = recorder.merge
        self._written = self._replay.updates()

    def emit(self, counts: IntArray, draws: IntArray, *, epoch: int, step: int) -> None:
        """Record what some steps counted.

        Parameters
        ----------
        counts : ndarray of int64, shape (steps, blocks, FIELDS)
            Counts of each block.
        draws : ndarray of int64, shape (steps, layers)
            Random numbers for rounding.
        epoch, step : int
            Epoch, and steps before the first of these.
        """
        pulsed = slice(LEVELS, LEVELS + 2)
        counts[:, :, pulsed] = _halves(counts[:, :, pulsed])
        if self._merge is None:
            for number, (one, drawn) in enumerate(zip(counts, draws, strict=True), start=1):
                self._replay.record_step(one, drawn, epoch=epoch, step=step + number)
            return
        for group in self._groups(counts, draws):
            self._replay.record_step(
                counts[group.steps].sum(axis=0),
                draws[group.steps].sum(axis=0),
                epoch=epoch,
                step=step + group.first + 1,
                repeat=len(group.steps),
                place=group.place,
            )

    def _groups(self, counts: IntArray, draws: IntArray) -> list[_Group]:
        """Return the groups of segments that differ in nothing but counts, in order of time."""
        timed = self._merge is not None and "random.draw" in self._merge
        groups = []
        for place, layers in enumerate(self._written):
            blocks = [number for layer in layers for number in self._replay.blocks[layer]]
            telling = [counts[:, blocks, WROTE], counts[:, blocks, SLOTS]]
            if timed:
                telling.append(draws[:, list(layers)])
            table = np.concatenate(telling, axis=1)
            if not table.shape[1]:
                groups.append(_Group(0, place, np.arange(len(counts))))
                continue
            _, first, which = np.unique(table, axis=0, return_index=True, return_inverse=True)
            order = np.argsort(which.reshape(-1), kind="stable")
            bounds = np.cumsum(np.bincount(which.reshape(-1)))[:-1]
            parts = np.split(order, bounds)
            groups += [_Group(int(n), place, part) for n, part in zip(first, parts, strict=True)]
        return sorted(groups, key=lambda group: group[:2])


def _halves(values: IntArray) -> IntArray:
    """Return values / 2, half to even."""
    quotient, remainder = np.divmod(values, 2)
    result: IntArray = quotient + (remainder & quotient & 1)
    return result


class _Replay(Layers):
    """Layers that compute nothing, and record acts whose counts are known."""

    def __init__(self, workload: LayeredDescription, layers: CellLayers) -> None:
        super().__init__(workload.network, layers.matrices)
        self._rule = workload.rule
        self._substrate = layers.substrate
        self._shapes = tuple(layers.substrate.shapes.values())
        self._bits = 1 + workload.pulses.most.bit_length()
        if workload.pulses.rounding == "coincidence":
            self._bits = layers.substrate.behaviour.dac.bits
        self._by_lines = workload.pulses.rounding == "coincidence"
        self._pieces = [layers.substrate.pieces(matrix) for matrix in layers.matrices]
        ends = np.cumsum([len(pieces) for pieces in self._pieces])
        self.blocks = [
            range(end - len(pieces), end) for end, pieces in zip(ends, self._pieces, strict=True)
        ]
        """Numbers of the blocks of each layer."""
        self._counts = np.zeros((int(ends[-1]), 0), dtype=np.int64)
        self._draws = np.zeros(0, dtype=np.int64)
        self._repeat = 1
        self._muted = True
        self._updates: list[list[int]] = []
        self._noting = False

    def updates(self) -> list[list[int]]:
        """Return which layers are written in each segment of a step."""
        self._updates, self._muted, self._noting = [], True, True
        self._step(self._note)
        self._noting = False
        return self._updates

    def record_step(
        self,
        counts: IntArray,
        draws: IntArray,
        *,
        epoch: int,
        step: int,
        repeat: int = 1,
        place: int | None = None,
    ) -> None:
        """Record the segments of one step, or one of them, with summed counts of several steps."""
        self._counts, self._draws, self._repeat = counts, draws, repeat
        places = iter(range(len(self._updates)))

        @contextmanager
        def phase(name: Phase) -> Iterator[None]:
            self._muted = place is not None and next(places) != place
            if self._muted:
                yield
                return
            segment = self._substrate.segment(epoch=epoch, step=step, phase=name, repeat=repeat)
            with segment:
                yield

        self._step(phase)

    def _step(self, phase: Callable[[Phase], AbstractContextManager[None]]) -> None:
        inputs, outputs = np.zeros(self._shapes[0][0] - 1), np.zeros(self._shapes[-1][1])
        self._rule.step(self, inputs, outputs, phase)

    @contextmanager
    def _note(self, phase: Phase) -> Iterator[None]:
        del phase
        self._updates.append([])
        yield

    def driven(self, values: FloatArray) -> FloatArray:
        """Return the values themselves."""
        return values

    def sums(self, layer: int, values: FloatArray, *, evaluate: bool) -> FloatArray:
        """Record a forward read."""
        del evaluate
        self._read(layer, FORWARD, transposed=False)
        return np.zeros((len(values), self._shapes[layer][1]))

    def activated(self, layer: int, sums: FloatArray) -> FloatArray:
        """Record activations."""
        del layer
        self.record({"neuron.operate": sums.size})
        return sums

    def sums_back(self, layer: int, errors: FloatArray) -> FloatArray:
        """Record a transposed read."""
        del errors
        self._read(layer, BACKWARD, transposed=True)
        return np.zeros(self._shapes[layer][0])

    def update(self, changes: Sequence[Change]) -> None:
        """Record an update."""
        layers = [change.layer for change in changes]
        if self._muted:
            if self._noting:
                self._updates[-1] += layers
            return
        acts = {name: number * self._repeat for name, number in update_acts(changes, 0).items()}
        acts["random.draw"] = int(self._draws[layers].sum())
        self._substrate.operate(acts)
        with self._substrate.together():
            for layer in layers:
                with self._substrate.together():
                    for piece, number in zip(self._pieces[layer], self.blocks[layer], strict=True):
                        self._write(piece, number)

    def record(self, acts: Mapping[str, int]) -> None:
        """Record digital acts."""
        if not self._muted:
            self._substrate.operate({name: n * self._repeat for name, n in acts.items()})

    def _read(self, layer: int, field: int, *, transposed: bool) -> None:
        if self._muted:
            return
        items = []
        for piece, number in zip(self._pieces[layer], self.blocks[layer], strict=True):
            counts = self._counts[number]
            conduction = counts[field + 1 : field + 1 + piece.cells.planes]
            read = CountedRead(
                block=piece.cells.block,
                shape=piece.cells.shape,
                transposed=transposed,
                samples=1,
                driven=int(counts[field]),
                conduction=tuple(conduction.tolist()),
            )
            items.append(read)
        self._substrate.log.read_counted(items, passes=1)

    def _write(self, piece: Piece, number: int) -> None:
        counts, planes = self._counts[number], piece.cells.planes
        if not counts[WROTE]:
            return
        rows, columns = piece.cells.shape
        written = Written(
            pulsed=tuple(counts[PULSED : PULSED + planes].tolist()),
            conduction=tuple(counts[LEVELS : LEVELS + planes].tolist()),
            half_selected=tuple(counts[HALF : HALF + planes].tolist()),
            drives=tuple(counts[DRIVES : DRIVES + planes].tolist()),
            slots=int(counts[SLOTS]) // self._repeat,
            told=(rows + columns if self._by_lines else rows * columns) * self._bits,
        )
        self._substrate.log.written(piece.cells.block, written)
