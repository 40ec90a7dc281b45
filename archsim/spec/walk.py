"""The constants of a model, by path, and the same model with other values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel

from archsim.errors import InputError
from archsim.spec.constant import Constant

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["constants", "with_values"]

ModelT = TypeVar("ModelT", bound=BaseModel)


def constants(model: BaseModel) -> dict[str, Constant]:
    """Return every constant of `model` by its dotted field path, in field order."""
    return dict(_walk(model, ""))


def with_values(model: ModelT, values: Mapping[str, float]) -> ModelT:
    """Return `model` with other nominal values; ranges and sources stay, nothing is validated.

    Parameters
    ----------
    model : Description
        Model whose constants are replaced; it stays as it is.
    values : mapping of str to float
        Path as `constants` gives it → new nominal value in SI.

    Returns
    -------
    Description
        A new model of the same type.

    Raises
    ------
    InputError
        If a path names no constant of the model.
    """
    known = constants(model)
    unknown = [path for path in values if path not in known]
    if unknown:
        message = f"expected paths of constants, got {', '.join(unknown)}"
        raise InputError(message)
    return cast("ModelT", _replaced(model, "", values)) if values else model


def _children(value: object, path: str) -> Iterator[tuple[str | int, str, object]]:
    """Yield (key, path, value) of everything directly below `value`."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield name, f"{path}.{name}" if path else name, getattr(value, name)
    elif isinstance(value, Mapping):
        for name, child in value.items():
            yield name, f"{path}.{name}" if path else str(name), child
    elif isinstance(value, list | tuple):
        for number, child in enumerate(value):
            yield number, f"{path}[{number}]", child


def _walk(value: object, path: str) -> Iterator[tuple[str, Constant]]:
    for _, below, child in _children(value, path):
        if isinstance(child, Constant):
            yield below, child
        else:
            yield from _walk(child, below)


def _replaced(value: object, path: str, values: Mapping[str, float]) -> object:
    if isinstance(value, Constant):
        return replace(value, value=values[path]) if path in values else value
    new = {key: _replaced(child, below, values) for key, below, child in _children(value, path)}
    if all(new[key] is child for key, _, child in _children(value, path)):
        return value
    if isinstance(value, BaseModel):
        fields: dict[str, Any] = {str(key): child for key, child in new.items()}
        return type(value).model_construct(value.model_fields_set, **fields)
    return (
        new if isinstance(value, Mapping) else type(cast("tuple[object, ...]", value))(new.values())
    )
