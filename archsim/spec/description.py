"""The base of every model that is read from YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import core_schema

from archsim.spec.misfit import rebuilt

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

__all__ = ["Description"]

_STRICT = frozenset({"int", "float", "bool", "str"})
_UNTYPED = frozenset({"metadata", "serialization", "cls"})


def _make_strict(schema: object) -> None:
    """Make every scalar below `schema` strict, in place."""
    if isinstance(schema, list | tuple):
        for part in schema:
            _make_strict(part)
    elif isinstance(schema, dict):
        if schema.get("type") in _STRICT:
            schema.setdefault("strict", True)
        for name, part in schema.items():
            if name not in _UNTYPED:
                _make_strict(part)


class Description(BaseModel):
    """Frozen model without unknown fields; its numbers are never made from text or truth values."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Return pydantic's schema, strict for scalars, that names the fields beside each fault."""
        schema = handler(source)
        _make_strict(schema)
        named: core_schema.CoreSchema = cls._with_names(schema)
        return named

    @classmethod
    def _with_names(cls, schema: Any) -> Any:  # noqa: ANN401 (core schemas are dicts of many forms)
        """Return the schema with `_name_fields` around the model's fields, below its validators."""
        inner = schema.get("schema")
        if schema["type"] == "model":
            named = core_schema.no_info_wrap_validator_function(cls._name_fields, inner)
            return {**schema, "schema": named}
        if schema["type"].startswith("function-"):
            return {**schema, "schema": cls._with_names(inner)}
        return schema

    @classmethod
    def _name_fields(
        cls, found: object, handler: core_schema.ValidatorFunctionWrapHandler
    ) -> object:
        """Validate, and put the known field names beside each unknown one."""
        try:
            return handler(found)
        except ValidationError as error:
            lines = error.errors(include_url=False)
            unknown = [
                len(line["loc"]) == 1 and line["type"] == "extra_forbidden" for line in lines
            ]
            if not any(unknown):
                raise
            known = [field.alias or name for name, field in cls.model_fields.items()]
            details = [
                rebuilt(line, known=known) if is_unknown else rebuilt(line)
                for line, is_unknown in zip(lines, unknown, strict=True)
            ]
            raise ValidationError.from_exception_data(error.title, details) from None
