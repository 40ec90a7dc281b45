"""JSON Schema of a model, as editors use it for completion and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["json_schema"]

_REFERENCE = {
    "type": "string",
    "description": "Catalog entry or file beside this one to start from.",
}
_VARIANTS = {
    "type": "object",
    "description": "Name → dotted field paths and the values that replace them.",
    "additionalProperties": {"type": "object"},
}


def json_schema(model: type[BaseModel] | TypeAdapter[Any]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the YAML files of `model`.

    A file that extends another may leave out required fields, so they are required only where
    ``extends`` is absent.
    """
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **adapter.json_schema(),
    }
    if "properties" in schema:
        schema["properties"] = {
            "extends": _REFERENCE,
            "variants": _VARIANTS,
            **schema["properties"],
        }
        required = schema.pop("required", [])
        if required:
            schema["anyOf"] = [{"required": ["extends"]}, {"required": required}]
    return schema
