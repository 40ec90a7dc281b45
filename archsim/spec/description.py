"""The base of every model that is read from YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

__all__ = ["Description"]

_STRICT = frozenset({"int", "float", "bool", "str"})


def _make_strict(schema: Any) -> None:
    """Make every scalar below `schema` strict, in place."""
    if isinstance(schema, list | tuple):
        for part in schema:
            _make_strict(part)
    elif isinstance(schema, dict):
        if schema.get("type") in _STRICT:
            schema.setdefault("strict", True)
        for name, part in schema.items():
            if name not in ("metadata", "serialization", "cls"):
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
        """Return pydantic's schema, made strict for scalars, with field names beside each fault."""
        schema = handler(source)
        _make_strict(schema)
        if schema["type"] != "model":
            return schema
        schema["schema"] = core_schema.no_info_wrap_validator_function(
            cls._name_fields, schema["schema"]
        )
        return schema

    @classmethod
    def _name_fields(cls, found: object, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
        """Validate, and put the known field names beside each unknown one."""
        try:
            return handler(found)
        except ValidationError as error:
            details = error.errors(include_url=False)
            own = [
                item
                for item in details
                if len(item["loc"]) == 1 and item["type"] == "extra_forbidden"
            ]
            if not own:
                raise
            known = sorted(field.alias or name for name, field in cls.model_fields.items())
            lines = [
                InitErrorDetails(
                    type=PydanticCustomError(
                        item["type"],
                        "{message}",
                        {**item.get("ctx", {}), "message": item["msg"]}
                        | ({"known": known} if item in own else {}),
                    ),
                    loc=item["loc"],
                    input=item["input"],
                )
                for item in details
            ]
            raise ValidationError.from_exception_data(error.title, lines) from None
