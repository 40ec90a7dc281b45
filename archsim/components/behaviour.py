"""The ``behaviour:`` section of a chip: everything of the hardware that learning can feel."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

import archsim.components.cell_exponential
import archsim.components.cell_table  # noqa: F401  (both register their cell models)
from archsim.components.cell import CELL_MODELS, CellModel
from archsim.spec import Description, Number, Time

__all__ = ["AnyCell", "Behaviour", "Converter", "Drive"]

WeightForm = Literal["balanced", "reference"]
WriteScheme = Literal["parallel", "row_serial", "device_serial"]



def _by_model(
    value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> CellModel:
    """Validate `value` with the class registered for its model."""
    if isinstance(value, CellModel):
        return value
    if not isinstance(value, Mapping):
        handler(value)
    assert isinstance(value, Mapping)  # noqa: S101 (the base class refuses anything else)
    name = value.get("model")
    if not isinstance(name, str) or name not in CELL_MODELS:
        raise _unknown_model(value, name)
    return CELL_MODELS[name].model_validate(value, context=info.context)


def _unknown_model(value: Mapping[str, Any], name: object) -> ValidationError:
    """Return the refusal of a missing or unknown cell model, placed at the field `model`."""
    text = f"expected one of the cell models {', '.join(sorted(CELL_MODELS))}"
    if name is not None:
        near = get_close_matches(str(name), sorted(CELL_MODELS), n=1)
        text += f', got "{str(name)[:64]}"' + (f'; did you mean "{near[0]}"?' if near else "")
    fault = PydanticCustomError("unknown_model", "{message}", {"message": text})
    details = InitErrorDetails(type=fault, loc=("model",), input=value)
    return ValidationError.from_exception_data("cell", [details])


class _ModelSchema:
    """JSON Schema of a cell: any of the registered models."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        del schema
        models = [CELL_MODELS[name] for name in sorted(CELL_MODELS)]
        return {"anyOf": [handler(model.__pydantic_core_schema__) for model in models]}


AnyCell = Annotated[SerializeAsAny[CellModel], WrapValidator(_by_model), _ModelSchema()]
"""A cell of any registered model, told by its field `model`."""


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
    weight, minus a fixed mid-window column (forward) or row (transposed) of the same array."""
    settling: Literal["analog", "clocked"]
    """Whether hidden and output neurons settle in analog, or step through ADC and DAC."""
    input_drive: Literal["bipolar", "two_pass"]
    """Whether signed inputs are driven at once, or positive and negative ones in two passes."""
    adc: Converter
    """Converters of the outputs."""
    dac: Drive
    """Converters of the inputs."""
    error: Literal["graded", "one_bit"]
    """Whether the error is the difference of converted values, or of comparator outputs."""
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
        return self.rows if self.weight_form == "balanced" else self.rows - 1

    @property
    def block_columns(self) -> int:
        """Logical columns that fit one array; the reference form gives one column away."""
        return self.columns if self.weight_form == "balanced" else self.columns - 1

    @model_validator(mode="after")
    def _cell_can_be_written(self) -> Self:
        if self.write_scheme == "parallel" and not self.cell.parallel_pulses:
            message = (
                f"write_scheme: expected row_serial or device_serial, got parallel: cell model "
                f"{self.cell.model!r} cannot take parallel pulses"
            )
            raise ValueError(message)
        return self
