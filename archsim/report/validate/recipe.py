"""What a validation trains and measures: data, written as a report of the catalog."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from archsim import catalog
from archsim.spec import Description, read

__all__ = ["UNPRICED", "CaseDescription", "Measure", "Take", "Validation", "read_validation"]

REPORT = "validate"
"""Entry of the catalog of reports that says what is measured."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
Take = Literal[
    "metric",
    "course_gap",
    "weights",
    "acts",
    "training_energy",
    "training_time",
    "gpu_energy_ratio",
    "gpu_time_ratio",
    "scaled_energy_ratio",
    "device_gain",
    "algorithm_gain",
    "total_gain",
]
"""How a number is got of cases; `archsim.report.validate.measures` has one function for each."""

UNPRICED: frozenset[Take] = frozenset({"metric", "course_gap", "weights"})
"""Those that need no priced run."""


_ITEMLESS: frozenset[Take] = frozenset(
    {"weights", "training_energy", "training_time", "algorithm_gain"}
)


class CaseDescription(Description):
    """One workload trained on one chip, for several seeds."""

    workload: str = Field(min_length=1)
    """Reference of the workload."""
    chip: str = Field(min_length=1)
    """Reference of the chip."""
    settings: dict[str, str] = Field(default_factory=dict)
    """``chip.PATH`` or ``workload.PATH`` → YAML text, as ``--set`` takes it."""
    seeds: Annotated[int, Field(ge=1, le=1000)]
    """Trainings, from seed 0 on."""
    effort: Annotated[float, Field(gt=0.0)] = 1.0
    """How long one training takes, relative to others; for the progress bar only."""


class Measure(Description):
    """How the number is got that a published figure is held against."""

    chip: str = Field(min_length=1)
    """Chip whose published figures hold the claim."""
    quantity: str = Field(min_length=1)
    """The claim's quantity."""
    take: Take
    """What is taken of each case."""
    of: Annotated[dict[Name, float], Field(min_length=1)]
    """Cases, each with the factor that it gets in the sum."""
    item: str = ""
    """Which metric, act (``component.action``), row (``GPU ROW``), size (``GPU WEIGHTS``) or other
    chip is taken."""
    seeds: Literal["mean", "least", "most"] = "mean"
    """Of several seeds: their mean, or the one with the least or most."""
    cases: Literal["sum", "largest"] = "sum"
    """Of several cases: the sum, seed by seed, or the one with the largest mean."""
    begin: Annotated[int, Field(ge=0)] = 0
    """First epoch of a course that counts, from 0."""
    note: str = ""
    """What a reader should know of how it was measured."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        itemless = self.take in _ITEMLESS
        if itemless and self.item:
            message = f"item: expected none for take {self.take}, got {self.item!r}"
            raise ValueError(message)
        if not itemless and not self.item:
            message = f"item: expected what is taken for take {self.take}, got none"
            raise ValueError(message)
        return self


class Validation(Description):
    """Everything that is trained, and what is measured of it."""

    name: Name
    """Name of the report."""
    about: str = ""
    """What is run, in a sentence or two."""
    cases: Annotated[dict[Name, CaseDescription], Field(min_length=1)]
    """Name → what is trained."""
    measures: Annotated[tuple[Measure, ...], Field(min_length=1)]
    """One for each claim that can be evaluated."""
    left_out: tuple[str, ...] = ()
    """Quantities that are not measured, although `measures` has them."""

    @model_validator(mode="after")
    def _cases_exist(self) -> Self:
        for measure in self.measures:
            unknown = sorted(set(measure.of) - set(self.cases))
            if unknown:
                known = ", ".join(self.cases)
                message = (
                    f"measures: {measure.quantity}: expected cases out of {known}, "
                    f"got {', '.join(unknown)}"
                )
                raise ValueError(message)
        unknown = sorted(set(self.left_out) - {measure.quantity for measure in self.measures})
        if unknown:
            message = f"left_out: expected quantities that are measured, got {', '.join(unknown)}"
            raise ValueError(message)
        return self

    @property
    def kept(self) -> tuple[Measure, ...]:
        """The measures that are not left out."""
        return tuple(one for one in self.measures if one.quantity not in self.left_out)

    @property
    def used(self) -> dict[str, CaseDescription]:
        """The cases that some measure takes, in their order."""
        taken = {name for measure in self.kept for name in measure.of}
        return {name: case for name, case in self.cases.items() if name in taken}

    @property
    def trained(self) -> frozenset[str]:
        """The cases that have to be trained; of the others the description is enough."""
        return frozenset(
            name for measure in self.kept if measure.take != "weights" for name in measure.of
        )

    @property
    def priced(self) -> frozenset[str]:
        """The cases of which seed 0 has to be priced."""
        return frozenset(
            name for measure in self.kept if measure.take not in UNPRICED for name in measure.of
        )


def read_validation(*, quick: bool = False) -> Validation:
    """Return what the catalog says of the validation.

    Parameters
    ----------
    quick : bool
        Its short form.

    Raises
    ------
    SpecError
        All faults of the file in one go.
    """
    path, _ = catalog.find("reports", REPORT)
    return read(path, Validation, variant="quick" if quick else "")
