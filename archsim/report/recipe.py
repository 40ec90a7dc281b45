"""Recipes: what a report of the catalog runs and compares."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from archsim import catalog
from archsim.spec import Description, read

__all__ = ["Case", "Recipe", "ToleranceCase", "read_recipe"]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
Seeds = Annotated[int, Field(ge=1, le=1000)]


class Case(Description):
    """One workload on one chip."""

    name: Name
    """Name in the report, and of the folder of its run."""
    workload: str = Field(min_length=1)
    """Reference of the workload."""
    chip: str = Field(min_length=1)
    """Reference of the chip."""
    settings: dict[str, str] = Field(default_factory=dict)
    """``chip.PATH`` or ``workload.PATH`` → YAML text, as ``--set`` takes it."""
    seeds: Seeds = 1
    """Trainings for the mean and spread of the accuracy, from seed 0 on; the first is priced."""


class ToleranceCase(Description):
    """One workload trained on the chip, and written to it, as one field takes several values."""

    name: str = Field(min_length=1)
    """Name in the report."""
    workload: str = Field(min_length=1)
    """Reference of the workload."""
    chip: str = Field(min_length=1)
    """Reference of the chip."""
    setting: str = Field(pattern=r"^chip\.behaviour\.[a-z_.]+$")
    """Field that is varied."""
    levels: Annotated[tuple[str, ...], Field(min_length=2)]
    """Its values, as ``--set`` takes them; losses are from the first to the last."""
    measure: str = Field(min_length=1)
    """Metric that is compared, such as ``clean_exact`` or ``test_near_0.2``."""
    seeds: Seeds
    """Trainings of each kind, from seed 0 on."""


class Recipe(Description):
    """A report of the catalog."""

    name: Name
    """Name of the report."""
    about: str = ""
    """What it reports, in a sentence or two."""
    published: str = ""
    """Chip whose published figures the results are held against; empty for none."""
    gpus: tuple[str, ...] = ()
    """GPUs that stand beside each case."""
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    """What is run."""
    tolerance: tuple[ToleranceCase, ...] = ()
    """What is varied."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [case.name for case in self.cases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"expected every name of a case once, got {', '.join(twice)} twice"
            raise ValueError(message)
        return self


def read_recipe(reference: str) -> Recipe:
    """Return the report that a reference names.

    Raises
    ------
    InputError
        If the reference names nothing.
    SpecError
        All faults of the file in one go.
    """
    path, variant = catalog.find("reports", reference)
    return read(path, Recipe, variant=variant)
