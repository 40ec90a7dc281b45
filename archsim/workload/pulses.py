"""From wanted changes of weights to update pulses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from archsim.components.cell import FloatArray
from archsim.components.substrate import Substrate
from archsim.spec import Description
from archsim.workload.rules import Change

__all__ = ["PulseDescription", "Pulser"]

PerMatrix = Annotated[tuple[Annotated[float, Field(ge=0.0, le=1e6)], ...], Field(min_length=1)]

Signs = NDArray[np.int8]


class PulseDescription(Description):
    """When a wanted change becomes a pulse; lists have an entry for each matrix, or one for all."""

    select: Literal["lines", "cells"] = "lines"
    """``lines``: rows and columns are chosen one by one, and a weight is pulsed where both are, so
    that one outer product is one write. ``cells``: each weight decides by itself, which needs its
    wanted change worked out digitally and, without an own random bit in every cell, a write row by
    row."""
    threshold: PerMatrix
    """θ: a column is chosen where its difference exceeds this; in ``cells``, a weight where its
    wanted change does."""
    slope: PerMatrix
    """λ: probability of being chosen for a unit of difference (or change), at most 1; 0: always."""
    row_share: PerMatrix = (1.0,)
    """ρ: probability that a row of full activity is chosen; one of activity x is with ρ|x|."""
    batch: Annotated[int, Field(ge=1, le=100_000)] = 1
    """Presentations whose wanted changes are summed before one write; above 1 only in ``cells``."""

    @model_validator(mode="after")
    def _batch_needs_sums(self) -> Self:
        if self.batch > 1 and self.select == "lines":
            message = (
                f"expected select: cells for a batch of {self.batch}, got lines: a sum of outer "
                "products is no outer product"
            )
            raise ValueError(message)
        return self


class Pulser:
    """Turns wanted changes into pulses on a substrate.

    Parameters
    ----------
    description : PulseDescription
        Settings.
    substrate : Substrate
        Where the pulses go.
    generator : numpy.random.Generator
        Stream of purpose ``rule``.

    Notes
    -----
    Chosen by lines, weight (i, j) gets a pulse of sign x_i e_j with probability

        ρ |x_i| · [|e_j| > θ] · min(1, λ |e_j|)        (second factor 1 for λ = 0),

    in the mean the outer product, as in stochastic updates by coincidence ([1]_, eq. 2), from one
    random bit a line. Rows of one column share its bit, and columns share each row's.

    References
    ----------
    .. [1] T. Gokmen, Y. Vlasov, "Acceleration of deep neural network training with resistive
       cross-point devices", Frontiers in Neuroscience 10 (2016) 333, doi:10.3389/fnins.2016.00333.
    """

    def __init__(
        self,
        description: PulseDescription,
        substrate: Substrate,
        generator: np.random.Generator,
    ) -> None:
        self._settings = description
        self._substrate = substrate
        self._generator = generator
        self._numbers = {name: number for number, name in enumerate(substrate.shapes)}
        self._sums: dict[str, FloatArray] = {}

    def apply(self, changes: Sequence[Change]) -> None:
        """Write the pulses of one presentation at once; records random draws and pulses."""
        if self._settings.select == "cells":
            self.add(changes)
            self.flush()
            return
        draws = 0
        chosen = []
        for change in changes:
            number = self._numbers[change.matrix]
            rows, of_rows = self._rows(change.rows, number)
            columns, of_columns = self._columns(change.columns, number)
            chosen.append((change.matrix, rows, columns))
            draws += of_rows + of_columns
        self._substrate.operate({"random.draw": draws})
        if len({matrix for matrix, _, _ in chosen}) < len(chosen):
            for matrix, rows, columns in chosen:
                self._substrate.pulse(matrix, rows, columns)
            return
        with self._substrate.together():
            for matrix, rows, columns in chosen:
                self._substrate.pulse(matrix, rows, columns)

    def add(self, changes: Sequence[Change]) -> None:
        """Work out each weight's wanted change and add it to the sum; records the additions."""
        words = 0
        for change in changes:
            wanted = np.multiply.outer(change.rows, change.columns)
            words += wanted.size
            known = self._sums.get(change.matrix)
            self._sums[change.matrix] = wanted if known is None else known + wanted
        acts = {"alu.operate": words}
        if self._settings.batch > 1:
            acts["accumulator.add"] = words
        self._substrate.operate(acts)

    def flush(self) -> None:
        """Write the pulses of the summed changes and forget the sums."""
        draws = 0
        chosen = {}
        for matrix, wanted in self._sums.items():
            number = self._numbers[matrix]
            size = np.abs(wanted)
            on = size > _entry(self._settings.threshold, number)
            slope = _entry(self._settings.slope, number)
            if slope > 0.0:
                on &= self._generator.random(size.shape) < slope * size
                draws += size.size
            chosen[matrix] = (np.sign(wanted) * on).astype(np.int8)
        self._sums.clear()
        self._substrate.operate({"random.draw": draws})
        with self._substrate.together():
            for matrix, signs in chosen.items():
                self._substrate.pulse_cells(matrix, signs)

    def _rows(self, values: FloatArray, number: int) -> tuple[Signs, int]:
        """Return the chosen rows with their signs, and how many random numbers that took."""
        chance = _entry(self._settings.row_share, number) * np.abs(values)
        on = self._generator.random(len(values)) < chance
        draws = int(np.count_nonzero((chance > 0.0) & (chance < 1.0)))
        return (np.sign(values) * on).astype(np.int8), draws

    def _columns(self, values: FloatArray, number: int) -> tuple[Signs, int]:
        """Return the chosen columns with their signs, and how many random numbers that took."""
        size = np.abs(values)
        on = size > _entry(self._settings.threshold, number)
        slope = _entry(self._settings.slope, number)
        if slope == 0.0:
            return (np.sign(values) * on).astype(np.int8), 0
        draws = int(np.count_nonzero(on & (slope * size < 1.0)))
        on &= self._generator.random(len(values)) < slope * size
        return (np.sign(values) * on).astype(np.int8), draws


def _entry(values: tuple[float, ...], number: int) -> float:
    return values[0] if len(values) == 1 else values[number]
