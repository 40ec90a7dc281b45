"""Chip files to descriptions, whatever kind of chip they describe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, SerializeAsAny, TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from archsim import catalog
from archsim.chip.checks import Problem, problems
from archsim.chip.description import ChipDescription, CrossbarDescription, NeuronChipDescription
from archsim.components.registry import Registry
from archsim.spec import Settings, read

__all__ = ["ANY_CHIP", "read_chip", "register_chip"]

Checks = Callable[[Any], Sequence[Problem]]
"""From a description of one kind to everything that is wrong with it as a whole."""

_KINDS = Registry(ChipDescription, field="kind", what="chip kind")
_CHECKS: dict[type[ChipDescription], Checks] = {}


def register_chip(
    kind: str, description: type[ChipDescription], *, checks: Checks | None = None
) -> None:
    """Make `description` what chip files of this kind are read as.

    Parameters
    ----------
    kind : str
        Value of the field ``kind``.
    description : type
        Subclass of `ChipDescription`.
    checks : callable, optional
        Gives the problems of a description that has the right form.

    Raises
    ------
    InputError
        If the kind is taken by another description.
    """
    _KINDS.register(kind, description)
    if checks is not None:
        _CHECKS[description] = checks


def read_chip(reference: str, *, settings: Settings | None = None) -> ChipDescription:
    """Return the description that a reference names, checked as a whole.

    Parameters
    ----------
    reference : str
        ``NAME[:VARIANT]`` of the catalog, or a path to a folder or file, with ``:VARIANT`` or not.
    settings : mapping, optional
        Dotted field path → YAML text.

    Raises
    ------
    InputError
        If the reference names nothing.
    SpecError
        All faults of the file in one go.
    """
    path, variant = catalog.find("chips", reference)
    return read(path, ANY_CHIP, variant=variant, settings=settings)


def _checked(description: ChipDescription) -> ChipDescription:
    """Return `description` if the checks of its kind find nothing."""
    checks = _CHECKS.get(type(description))
    found = checks(description) if checks is not None else ()
    if not found:
        return description
    lines = [
        InitErrorDetails(
            type=PydanticCustomError("check", "{message}", {"message": problem.message}),
            loc=problem.path,
            input=problem.path,
        )
        for problem in found
    ]
    raise ValidationError.from_exception_data("chip", lines)


ANY_CHIP: TypeAdapter[ChipDescription] = TypeAdapter(
    Annotated[SerializeAsAny[ChipDescription], _KINDS, AfterValidator(_checked)]
)
"""Reads a chip of any registered kind, told by its field ``kind``."""

register_chip("crossbar", CrossbarDescription, checks=problems)
register_chip("neuron_cores", NeuronChipDescription, checks=problems)
