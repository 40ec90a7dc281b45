"""The ``behaviour:`` section of a chip: everything of the hardware that learning can feel."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

import archsim.components.cell_binary
import archsim.components.cell_electrochemical
import archsim.components.cell_exponential
import archsim.components.cell_table  # noqa: F401  (all register their cell models)
from archsim.components.cell import AnyCell
from archsim.spec import Description, Number, Time

__all__ = ["Behaviour", "Converter", "Drive"]

WeightForm = Literal["balanced", "reference", "bit_sliced"]
WriteScheme = Literal["parallel", "row_serial", "device_serial"]


class Converter(Description):
    """Analog-to-digital converters at the ends of the columns."""

    bits: Annotated[int, Field(ge=1, le=16)]
    """Bits of the signed output code; 1 is a comparator. [bit]"""
    range: Number
    """Full scale, in units of the neuron's saturated output."""


class Drive(Description):
    """Digital-to-analog converters at the rows, and at the columns for transposed reads."""

    bits: Annotated[int, Field(ge=1, le=10)]
    """Bits of the signed input code; 1 and 2 know only −1, 0 and +1. [bit]"""


class Behaviour(Description):
    """What training sees of a chip; a trace may be used again wherever this is equal."""

    cell: AnyCell
    """Memory cell."""
    rows: Annotated[int, Field(ge=2, le=1024)]
    """Physical rows of one array."""
    columns: Annotated[int, Field(ge=2, le=1024)]
    """Physical columns of one array."""
    weight_form: WeightForm
    """``balanced``: G⁺ − G⁻ of a driven pair on two arrays, both trained. ``reference``: one cell a
    weight, minus a fixed mid-window column (forward) or row (transposed) of the same array.
    ``bit_sliced``: a whole code of `weight_bits` binary cells beside each other in a row, read by
    comparators and added up digitally."""
    weight_bits: Annotated[int, Field(ge=1, le=8)] | None = None
    """Cells of one bit-sliced weight; absent in all other forms. [bit]"""
    density: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the crossings that hold a cell: fixed ones, drawn once for each block. Elsewhere
    nothing conducts, learns or is written. Below 1 only with balanced pairs, both of whose cells
    are missing together."""
    settling: Literal["analog", "clocked"]
    """Whether hidden and output neurons settle in analog, or step through ADC and DAC."""
    input_drive: Literal["bipolar", "two_pass"]
    """Whether signed inputs are driven at once, or positive and negative ones in two passes."""
    adc: Converter
    """Converters of the outputs."""
    dac: Drive
    """Converters of the inputs."""
    error: Literal["graded", "one_bit"]
    """Whether learning sees converted values, or comparator outputs of ±1, which are counted as
    conversions all the same."""
    write_scheme: WriteScheme
    """How update pulses reach the cells: whole outer products, one row after another, or one
    weight after another."""
    step_period: Time
    """Declared mean time from one training presentation to the next, used for retention. [s]"""

    @property
    def planes(self) -> int:
        """Physical arrays that hold one block: 2 when balanced, else 1."""
        return 2 if self.weight_form == "balanced" else 1

    @property
    def block_rows(self) -> int:
        """Logical rows that fit one array; the reference form gives one row away."""
        return self.rows - 1 if self.weight_form == "reference" else self.rows

    @property
    def block_columns(self) -> int:
        """Logical columns that fit one array; the reference form gives one column away."""
        if self.weight_bits is not None:
            return self.columns // self.weight_bits
        return self.columns - 1 if self.weight_form == "reference" else self.columns

    @property
    def lockstep(self) -> bool:
        """Whether all arrays act as one, by analog neurons between them or by one address."""
        return self.settling == "analog" or self.weight_form == "bit_sliced"

    @model_validator(mode="after")
    def _weights_have_bits(self) -> Self:
        sliced = self.weight_form == "bit_sliced"
        if sliced != (self.weight_bits is not None):
            found = "none" if self.weight_bits is None else str(self.weight_bits)
            message = (
                f"weight_bits: expected {'a number' if sliced else 'none'} with weight_form "
                f"{self.weight_form}, got {found}"
            )
            raise ValueError(message)
        if sliced and not self.cell.binary:
            message = (
                f"weight_form: expected balanced or reference, got bit_sliced: cell model "
                f"{self.cell.model!r} is not binary"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _missing_weights_are_zero(self) -> Self:
        if self.density < 1.0 and self.weight_form != "balanced":
            message = (
                f"density: expected 1 with weight_form {self.weight_form}, got {self.density:g}; "
                "only in balanced pairs is a weight without cells 0"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _cell_can_be_written(self) -> Self:
        if self.write_scheme == "parallel" and not self.cell.parallel_pulses:
            message = (
                f"write_scheme: expected row_serial or device_serial, got parallel: cell model "
                f"{self.cell.model!r} cannot take parallel pulses"
            )
            raise ValueError(message)
        return self
