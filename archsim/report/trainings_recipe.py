"""Recipes of trainings: ways to learn a task that are set side by side, over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from archsim import catalog
from archsim.report.recipe import Name, Seeds
from archsim.spec import Description, read

__all__ = ["TrainingsRecipe", "Way", "read_trainings"]


class Way(Description):
    """One way to learn: a workload on a chip, or in software."""

    name: str = Field(min_length=1, max_length=80)
    """Name in the report."""
    workload: str = Field(min_length=1)
    """Reference of a workload of kind layered."""
    chip: str = ""
    """Reference of the chip; absent, or a GPU: learnt in float64, without bounds of the weights."""
    sensors: Literal["one", "many"] = "one"
    """Whether a GPU serves one sensor's stream, or as many at once as fill it."""
    settings: Mapping[str, str] = {}
    """Fields that are replaced, ``chip.PATH`` or ``workload.PATH`` → YAML text."""
    beside: str = ""
    """Name of an earlier way that it is compared with, seed by seed; absent: with none."""

    def of(self, part: Literal["chip", "workload"]) -> dict[str, str]:
        """Return the settings of one part, by their path in it."""
        begin = f"{part}."
        return {
            path.removeprefix(begin): text
            for path, text in self.settings.items()
            if path.startswith(begin)
        }

    @model_validator(mode="after")
    def _settings_have_a_place(self) -> Self:
        for path in self.settings:
            part = path.partition(".")[0]
            if part not in {"chip", "workload"} or (part == "chip" and not self.chip):
                wanted = "chip. or workload." if self.chip else "workload., as no chip is named"
                message = f"settings: expected paths that begin with {wanted}, got {path}"
                raise ValueError(message)
        return self


class TrainingsRecipe(Description):
    """A report of the catalog that trains in several ways."""

    kind: Literal["trainings"]
    """Tells it from other reports."""
    name: Name
    """Name of the report."""
    about: str = ""
    """What it reports, in a sentence or two."""
    seeds: Seeds
    """Trainings of each way, from seed 0 on."""
    priced: bool = False
    """Whether energy and time are reported too, of seed 0; of GPUs those of a stream only."""
    ways: Annotated[tuple[Way, ...], Field(min_length=1, max_length=200)]
    """What is trained, in this order."""

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        known: set[str] = set()
        for way in self.ways:
            if way.name in known:
                message = f"expected every name of a way once, got {way.name!r} twice"
                raise ValueError(message)
            if way.beside and way.beside not in known:
                message = f"beside: expected the name of an earlier way, got {way.beside!r}"
                raise ValueError(message)
            known.add(way.name)
        return self


def read_trainings(reference: str) -> TrainingsRecipe:
    """Return the report of trainings that a reference names.

    Raises
    ------
    InputError
        If the reference names nothing.
    SpecError
        All faults of the file in one go.
    """
    path, variant = catalog.find("reports", reference)
    return read(path, TrainingsRecipe, variant=variant)
