"""Published figures of a chip, with what is accepted as reproducing them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from archsim import catalog, units
from archsim.spec import Description, read

__all__ = ["Claim", "Published", "Verdict", "read_published"]

Verdict = Literal["hit", "miss", "not evaluated"]
"""Whether a result lies in the accepted range; what was not evaluated never counts as met."""

FILE = "published.yaml"
"""Name of the file beside a chip file."""


class Claim(Description):
    """One published figure and the range in which a result reproduces it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=32)]
    """Short name."""
    claim: str = Field(min_length=1)
    """What is claimed, in a sentence."""
    published: str = Field(min_length=1)
    """The figure as published."""
    quantity: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
    """Name of the result that it is compared with."""
    dimension: Literal["time", "energy", "number"]
    """What `low` and `high` measure."""
    low: str | float | None = None
    """Smallest accepted result; absent: no lower end."""
    high: str | float | None = None
    """Largest accepted result; absent: no upper end."""
    tolerance: str = Field(min_length=1)
    """Where the accepted range comes from."""
    source: str = Field(min_length=1)
    """Where the claim was read, and how well it is known."""
    verdict: Verdict = "not evaluated"
    """What ``archsim validate`` finds."""
    quick: Verdict = "not evaluated"
    """What ``archsim validate --quick`` finds."""
    reason: str = ""
    """Why, in words; a miss needs one."""

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Ends of the accepted range, in SI."""
        return _bound(self.low, self.dimension), _bound(self.high, self.dimension)

    @property
    def exact(self) -> bool:
        """Whether one number only is accepted."""
        low, high = self.bounds
        return self.dimension == "number" and low == high

    def accepts(self, result: float) -> bool:
        """Return whether a result in SI lies within the accepted range, ends included."""
        low, high = self.bounds
        return (low is None or low <= result) and (high is None or result <= high)

    @model_validator(mode="after")
    def _misses_have_a_reason(self) -> Self:
        if "miss" in {self.verdict, self.quick} and not self.reason:
            message = "expected a reason, for a verdict of miss"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        low, high = self.bounds
        if low is None and high is None:
            message = "expected low, high or both, found neither"
            raise ValueError(message)
        if low is not None and high is not None and low > high:
            message = f"expected low <= high, got low {self.low}, high {self.high}"
            raise ValueError(message)
        return self


def _bound(value: str | float | None, dimension: str) -> float | None:
    """Return one end of a range in SI."""
    if value is None:
        return None
    if isinstance(value, str) != (dimension != "number"):
        wanted = "a bare number" if dimension == "number" else units.expected(dimension)
        message = f"expected {wanted}, got {value!r}"
        raise ValueError(message)
    return units.si(value, dimension) if isinstance(value, str) else float(value)


class Published(Description):
    """All published figures of one chip."""

    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]
    """One entry a figure."""

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [claim.id for claim in self.claims]
        twice = [name for number, name in enumerate(ids) if name in ids[:number]]
        if twice:
            message = f"expected every id once, got {', '.join(twice)} twice"
            raise ValueError(message)
        return self


def read_published(reference: str) -> Published | None:
    """Return the published figures beside a chip file, None where there are none.

    Parameters
    ----------
    reference : str
        ``NAME[:VARIANT]`` of the catalog, or a path to a folder or file.

    Raises
    ------
    InputError
        If the reference names nothing.
    SpecError
        All faults of the file in one go.
    """
    chip, _ = catalog.find("chips", reference)
    path = Path(chip).with_name(FILE)
    return read(path, Published) if path.is_file() else None
