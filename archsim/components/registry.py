"""Registry: descriptions that a file tells apart by one field, and that extensions may add to."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from archsim.errors import InputError

__all__ = ["Registry"]

ModelT = TypeVar("ModelT", bound=BaseModel)


class Registry(Generic[ModelT]):
    """Models by name, and the annotation that makes a field take any of them.

    Parameters
    ----------
    base : type
        What every registered model is a subclass of.
    field : str
        Field of a file that names the model.
    what : str
        What is registered, for messages: ``component kind``.

    Examples
    --------
    >>> from typing import Annotated
    >>> from pydantic import BaseModel, SerializeAsAny, TypeAdapter
    >>> class Shape(BaseModel):
    ...     kind: str
    >>> class Disc(Shape):
    ...     radius: int
    >>> shapes = Registry(Shape, field="kind", what="shape")
    >>> shapes.register("disc", Disc)
    >>> AnyShape = Annotated[SerializeAsAny[Shape], shapes]
    >>> TypeAdapter(AnyShape).validate_python({"kind": "disc", "radius": 2})
    Disc(kind='disc', radius=2)
    """

    def __init__(self, base: type[ModelT], *, field: str, what: str) -> None:
        self._base = base
        self._field = field
        self._what = what
        self._models: dict[str, type[ModelT]] = {}
        self.models: Mapping[str, type[ModelT]] = MappingProxyType(self._models)
        """Name → model."""

    def register(self, name: str, model: type[ModelT]) -> None:
        """Add a model; adding the same again does nothing.

        Raises
        ------
        InputError
            If `model` is no subclass of the base, or another model has the name.
        """
        if not issubclass(model, self._base):
            message = (
                f'{self._what} "{name}": expected a subclass of {self._base.__name__}, '
                f"got {model.__name__}"
            )
            raise InputError(message)
        known = self._models.setdefault(name, model)
        if known is not model:
            message = (
                f'{self._what} "{name}" is registered already, as {known.__qualname__}; '
                "choose another name"
            )
            raise InputError(message)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Return the schema of a field that takes any registered model."""
        return core_schema.with_info_wrap_validator_function(self._validated, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the JSON Schema: any of the registered models."""
        del schema
        choices: list[core_schema.CoreSchema | tuple[core_schema.CoreSchema, str]] = [
            self._models[name].__pydantic_core_schema__ for name in sorted(self._models)
        ]
        return handler(core_schema.union_schema(choices))

    def _validated(
        self,
        value: object,
        handler: core_schema.ValidatorFunctionWrapHandler,
        info: core_schema.ValidationInfo[Any],
    ) -> ModelT:
        """Validate `value` with the model that its field names."""
        if isinstance(value, self._base):
            return value
        if not isinstance(value, Mapping):
            return cast("ModelT", handler(value))  # refused by the base
        name = value.get(self._field)
        if not isinstance(name, str) or name not in self._models:
            raise self._unknown(value, name)
        return self._models[name].model_validate(value, context=info.context)

    def _unknown(self, value: Mapping[Any, Any], name: object) -> ValidationError:
        """Return the refusal of a missing or unknown name, placed at the field."""
        known = sorted(self._models)
        text = f"expected one of the {self._what}s {', '.join(known)}"
        if name is None:
            text += ", found none"
        else:
            near = get_close_matches(str(name), known, n=1)
            text += f', got "{str(name)[:64]}"' + (f'; did you mean "{near[0]}"?' if near else "")
        fault = PydanticCustomError("unknown_name", "{message}", {"message": text})
        details = InitErrorDetails(type=fault, loc=(self._field,), input=value)
        return ValidationError.from_exception_data(self._what, [details])
