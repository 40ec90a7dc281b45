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

    A file that extends another may leave out required fields at any depth, so such files are held
    against a copy of the schema in which nothing is required.
    """
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    whole = adapter.json_schema()
    definitions = whole.pop("$defs", {})
    tops = [item.get("$ref", "").removeprefix("#/$defs/") for item in whole.get("anyOf", ())]
    for schema in (whole, *(definitions[name] for name in tops if name)):
        _admit(schema)
    partial = {f"partial.{name}": _partial(schema) for name, schema in definitions.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "anyOf": [whole, {"allOf": [_partial(whole)], "required": ["extends"]}],
        "$defs": definitions | partial,
    }


def _admit(schema: dict[str, Any]) -> None:
    """Let a file of this form extend another one and have variants."""
    if "properties" in schema:
        additions = {"extends": _REFERENCE, "variants": _VARIANTS}
        schema["properties"] = additions | schema["properties"]


def _partial(schema: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Return a copy of a schema in which no field is required."""
    if isinstance(schema, list):
        return [_partial(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {}
    for key, value in schema.items():
        if key == "$ref":
            copy[key] = value.replace("#/$defs/", "#/$defs/partial.")
        elif key != "required" or not isinstance(value, list):
            copy[key] = _partial(value)
    return copy
