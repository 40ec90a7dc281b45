"""Constants: numbers with unit, range and source, one annotated type a dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, core_schema

from archsim import units
from archsim.spec.fault import shown
from archsim.spec.misfit import detail, misfit, rebuilt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

__all__ = [
    "BARE_CONSTANT",
    "SET_BY_USER",
    "Area",
    "Bandwidth",
    "Capacitance",
    "Conductance",
    "Constant",
    "Current",
    "DataRate",
    "Energy",
    "EnergyPerBit",
    "EnergyPerByte",
    "FlopRate",
    "Frequency",
    "Length",
    "Measured",
    "Number",
    "Power",
    "Resistance",
    "Retention",
    "Temperature",
    "Time",
    "Transimpedance",
    "Voltage",
]

BARE_CONSTANT: Final = "bare_constant"
"""Error type of a constant given as a scalar, without source."""

SET_BY_USER: Final = "set by user"
"""Source of a constant that a setting replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """One published or assumed number."""

    value: float
    """Nominal value in SI."""
    low: float | None = None
    """5 % end of the range in SI; None if no range is known."""
    high: float | None = None
    """95 % end of the range in SI; None if no range is known."""
    source: str
    """Where the number comes from; ``assumption`` for a guess."""
    note: str = ""
    """The arithmetic from the published figure, or the reason of a guess."""
    dimension: str = "number"
    """Key of `archsim.units.DIMENSIONS`, or ``number``."""

    @property
    def unit(self) -> str:
        """SI unit of `value`; empty for a number."""
        return "" if self.dimension == "number" else units.DIMENSIONS[self.dimension].unit

    @property
    def text(self) -> str:
        """`value` in engineering units, for people."""
        return units.engineering(self.value, self.unit) if self.unit else f"{self.value:g}"


@dataclass(frozen=True, slots=True)
class Measured:
    """Annotation that makes a Constant field read numbers of one dimension."""

    dimension: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Return the schema that pydantic validates and writes the constant with."""
        quantity = core_schema.no_info_plain_validator_function(self._value)
        text = core_schema.str_schema(strict=True, max_length=2000)
        field = core_schema.typed_dict_field
        table = core_schema.typed_dict_schema(
            {
                "value": field(quantity, required=True),
                "low": field(quantity, required=False),
                "high": field(quantity, required=False),
                "source": field(text, required=True),
                "note": field(text, required=False),
            },
            extra_behavior="forbid",
        )
        return core_schema.no_info_wrap_validator_function(
            self._constant,
            table,
            serialization=core_schema.plain_serializer_function_ser_schema(self._table),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the JSON Schema of the constant's YAML form."""
        number: dict[str, object] = {"type": "number", "minimum": 0}
        if self.dimension != "number":
            entry = units.DIMENSIONS[self.dimension]
            number = {"type": "string", "description": f"{entry.name}", "examples": [entry.example]}
        return {
            "type": "object",
            "properties": {
                "value": number,
                "low": number,
                "high": number,
                "source": {"type": "string", "minLength": 1},
                "note": {"type": "string"},
            },
            "required": ["value", "source"],
            "additionalProperties": False,
            "dependentRequired": {"low": ["high"], "high": ["low"]},
        }

    def _value(self, found: object) -> float:
        if self.dimension == "number":
            return _number(found)
        if not isinstance(found, str):
            unit = " (no unit)" if isinstance(found, int | float) else ""
            message = f"expected {units.expected(self.dimension)}, got {shown(found)}{unit}"
            raise misfit((), message)
        try:
            return units.si(found, self.dimension)
        except ValueError as error:
            raise misfit((), str(error)) from None

    def _constant(
        self, found: object, handler: core_schema.ValidatorFunctionWrapHandler
    ) -> Constant:
        if isinstance(found, Constant):
            if found.dimension != self.dimension:
                message = f"expected {self._example()}, got one of {found.dimension}"
                raise misfit((), message)
            return found
        if not isinstance(found, dict):
            message = f"expected {self._example()}, got {shown(found)}"
            bare = detail((), message, found=found, kind=BARE_CONSTANT)
            raise ValidationError.from_exception_data(BARE_CONSTANT, [bare])
        details = _misfits(found)
        try:
            constant = Constant(**handler(found), dimension=self.dimension)
        except ValidationError as error:
            details = [*map(rebuilt, error.errors(include_url=False)), *details]
        else:
            details += _disorder(constant, found)
        if details:
            raise ValidationError.from_exception_data("constant", details)
        return constant

    def _example(self) -> str:
        number = self.dimension == "number"
        example = "3" if number else units.DIMENSIONS[self.dimension].example
        return f"a constant such as {{value: {example}, source: ...}}"

    def _table(self, constant: Constant) -> dict[str, object]:
        table: dict[str, object] = {}
        for name in ("value", "low", "high"):
            number = getattr(constant, name)
            if number is not None:
                table[name] = units.prefixed(number, constant.unit) if constant.unit else number
        table["source"] = constant.source
        if constant.note:
            table["note"] = constant.note
        return table


def _number(found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        message = f"expected a bare number such as 0.5, got {shown(found)}"
        raise misfit((), message)
    try:
        number = float(found)
    except OverflowError:
        number = math.inf
    if not 0 <= number < math.inf:
        message = f"expected a finite number, zero or above, got {shown(found)}"
        raise misfit((), message)
    return number


def _misfits(found: Mapping[str, object]) -> list[InitErrorDetails]:
    """Return what the parts of a constant lack, whatever their values."""
    details = []
    source, note = found.get("source"), found.get("note")
    if isinstance(source, str) and not source.strip():
        message = 'expected a source (publication, data sheet or "assumption"), got ""'
        details.append(detail(("source",), message))
    guess = isinstance(source, str) and source.strip().lower() == "assumption"
    if guess and not (isinstance(note, str) and note.strip()):
        message = "expected a note that gives the reason of the assumption, got none"
        details.append(detail(("source",), message))
    for given, absent in (("low", "high"), ("high", "low")):
        if given in found and absent not in found:
            message = f"expected low and high together, got {given} without {absent}"
            details.append(detail((given,), message))
    return details


def _disorder(constant: Constant, found: Mapping[str, object]) -> list[InitErrorDetails]:
    """Return the fault of a value outside its range."""
    low, high = constant.low, constant.high
    if low is None or high is None or low <= constant.value <= high:
        return []
    listed = ", ".join(f"{name} {found[name]}" for name in ("low", "value", "high"))
    return [detail((), f"expected low <= value <= high, got {listed}")]


Energy = Annotated[Constant, Measured("energy")]
"""[J]"""
Time = Annotated[Constant, Measured("time")]
"""[s]"""
Retention = Annotated[Constant, Measured("retention")]
"""A time long after the act: drift, retention. [s]"""
Frequency = Annotated[Constant, Measured("frequency")]
"""[Hz]"""
Voltage = Annotated[Constant, Measured("voltage")]
"""[V]"""
Current = Annotated[Constant, Measured("current")]
"""[A]"""
Conductance = Annotated[Constant, Measured("conductance")]
"""[S]"""
Resistance = Annotated[Constant, Measured("resistance")]
"""[ohm]"""
Capacitance = Annotated[Constant, Measured("capacitance")]
"""[F]"""
Power = Annotated[Constant, Measured("power")]
"""[W]; zero is allowed."""
Area = Annotated[Constant, Measured("area")]
"""[m²]"""
Length = Annotated[Constant, Measured("length")]
"""[m]"""
Temperature = Annotated[Constant, Measured("temperature")]
"""[K]"""
DataRate = Annotated[Constant, Measured("data_rate")]
"""[bit/s]"""
Bandwidth = Annotated[Constant, Measured("bandwidth")]
"""[byte/s]"""
FlopRate = Annotated[Constant, Measured("flop_rate")]
"""[flop/s]"""
Transimpedance = Annotated[Constant, Measured("transimpedance")]
"""[V/A]"""
EnergyPerBit = Annotated[Constant, Measured("energy_per_bit")]
"""[J/bit]"""
EnergyPerByte = Annotated[Constant, Measured("energy_per_byte")]
"""[J/byte]"""
Number = Annotated[Constant, Measured("number")]
"""A number without a unit, zero or above."""
