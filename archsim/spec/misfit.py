"""Faults raised inside pydantic's validators, with a place and a text of our own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["detail", "misfit", "rebuilt"]

_KIND = "misfit"


def misfit(place: Sequence[str | int], message: str, *, found: object = None) -> ValidationError:
    """Return an error to raise in a validator of a Description, placed at one of its fields.

    Parameters
    ----------
    place : sequence of str or int
        Keys and indices from the validated value down: ``("adc", "bits")``; empty for itself.
    message : str
        Full text: what was expected and what was found.
    found : object, optional
        The offending value.

    Returns
    -------
    ValidationError
        Pydantic puts the outer places in front of `place`, so `read` finds the line.
    """
    return ValidationError.from_exception_data(_KIND, [detail(place, message, found=found)])


def detail(
    place: Sequence[str | int], message: str, *, found: object = None, kind: str = _KIND
) -> InitErrorDetails:
    """Return one line of such an error.

    Parameters
    ----------
    place : sequence of str or int
        Path of the field, from where the validator stands.
    message : str
        What was expected, and what was found.
    found : object
        The value.
    kind : str
        Kind of error, for those who tell them apart.
    """
    fault = PydanticCustomError(kind, "{message}", {"message": message})
    return InitErrorDetails(type=fault, loc=tuple(place), input=found)


def rebuilt(item: ErrorDetails, **context: object) -> InitErrorDetails:
    """Return a line of a caught error, to be raised again with more `context`."""
    table = {**item.get("ctx", {}), "message": item["msg"], **context}
    fault = PydanticCustomError(item["type"], "{message}", table)
    return InitErrorDetails(type=fault, loc=item["loc"], input=item["input"])
