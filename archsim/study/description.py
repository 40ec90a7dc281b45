"""Study files: which points are run, and what is shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from archsim import catalog
from archsim.chip.problem import field_text
from archsim.errors import Fault, InputError
from archsim.spec import Description, Mark, Node, misfit, read
from archsim.spec.fault import locate

__all__ = [
    "IDS",
    "Axis",
    "CaseDescription",
    "Condition",
    "PlotDescription",
    "SearchDescription",
    "StudyDescription",
    "TableDescription",
    "Value",
    "read_study",
]

Value = bool | int | float | str
"""A value of an axis: a number, or text as ``--set`` takes it."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Entry = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
FieldPath = Annotated[str, Field(pattern=r"^(chip|workload)\.\S+$", max_length=200)]
Settings = dict[FieldPath, Value]
Columns = Annotated[tuple[str, ...], Field(min_length=1, max_length=64)]

IDS = ("case", "chip", "workload", "seed")
"""Columns that say which point it is."""


class Condition(Description):
    """Whether the value of one axis is in a list, or on one side of another value."""

    axis: str = Field(min_length=1)
    """Axis, or ``chip``, ``workload``, ``case``, ``seed``."""
    among: tuple[Value, ...] | None = None
    """Values that it may have."""
    at_least: Value | None = None
    """Number, or name of another axis, that it may not be below."""
    at_most: Value | None = None
    """Number, or name of another axis, that it may not exceed."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.among is None and self.at_least is None and self.at_most is None:
            raise misfit((), "expected among, at_least or at_most, got none of them")
        return self


class Axis(Description):
    """Something that is varied: one field with a list or a range, or several that go together."""

    name: Name | None = None
    """Column of the table; without it the last part of the field path."""
    field: FieldPath | None = None
    """Field that is set, as ``--set`` names it."""
    values: Annotated[tuple[Value, ...], Field(max_length=100_000)] | None = None
    """Its values, one after another."""
    first: Value | None = Field(default=None, alias="from")
    """First value of a range, with unit."""
    last: Value | None = Field(default=None, alias="to")
    """Last value of a range, with the same unit."""
    count: Annotated[int, Field(ge=2, le=100_000)] | None = None
    """How many values the range has."""
    spacing: Literal["log", "linear"] = "log"
    """Whether neighbours have equal ratios or equal differences."""
    together: tuple[Axis, ...] = ()
    """Axes that go step by step with each other."""
    when: tuple[Condition, ...] = ()
    """Conditions on axes before this one; where they do not hold it is left at its own value."""

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        single = self.field is not None
        listed = self.values is not None
        ranged = None not in (self.first, self.last, self.count)
        half = not ranged and any(one is not None for one in (self.first, self.last, self.count))
        if self.together and (single or listed or ranged or half):
            raise misfit(("together",), "expected either together or a field, got both")
        if not self.together and not single:
            raise misfit((), "expected a field with values, or a list under together, got neither")
        if single and listed == (ranged or half):
            message = "expected either values, or from, to and count; got " + (
                "both" if listed else "neither"
            )
            raise misfit(("field",), message)
        if half:
            raise misfit(("field",), "expected from, to and count, got not all of them")
        if any(one.together or one.when for one in self.together):
            raise misfit(("together",), "expected plain axes, got one with together or when")
        return self

    @property
    def label(self) -> str:
        """Column of the table."""
        if self.name is not None or self.field is None:
            return self.name or ""
        return self.field.replace("]", "").replace("[", "_").rpartition(".")[2]


class CaseDescription(Description):
    """One workload on one chip, with settings of its own."""

    name: Entry
    """Name in the column ``case``."""
    workload: str = Field(min_length=1)
    """Reference of the workload."""
    chip: str = Field(min_length=1)
    """Reference of the chip."""
    settings: Settings = Field(default_factory=dict)
    """Field path → value, for all points of the case."""


class TableDescription(Description):
    """A table of means over everything that it is not divided by."""

    name: Name
    """Name of its file."""
    by: Columns
    """Columns whose values make the rows."""
    show: Columns
    """Columns that are averaged."""


class PlotDescription(Description):
    """Curves of means."""

    name: Name
    """Name of its file."""
    x: str = Field(min_length=1)
    """Column on the horizontal axis."""
    y: str = Field(min_length=1)
    """Column on the vertical axis."""
    lines: str | None = None
    """Column with one curve for each of its values."""
    log: tuple[Literal["x", "y"], ...] = ()
    """Axes with logarithmic scale."""


class SearchDescription(Description):
    """What ``archsim optimize`` looks for in the space that the sweep spans."""

    minimise: tuple[str, ...] = ()
    """Columns that should be small."""
    maximise: tuple[str, ...] = ()
    """Columns that should be large."""
    sampler: Literal["nsga2", "tpe", "random"] = "nsga2"
    """Sampler of optuna."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the sampler."""
    points: Annotated[int, Field(ge=1, le=100_000)]
    """How many different points are looked at, at most; all of them if the space has no more."""
    batch: Annotated[int, Field(ge=1, le=1000)] = 8
    """Points that are asked for at a time; results depend on it, not on the number of workers."""

    @model_validator(mode="after")
    def _has_a_goal(self) -> Self:
        goals = (*self.minimise, *self.maximise)
        if not goals:
            raise misfit((), "expected a column under minimise or maximise, got none")
        if len(set(goals)) < len(goals):
            raise misfit((), "expected each column once under minimise and maximise")
        return self


class StudyDescription(Description):
    """A study: chips × workloads × swept fields × seeds."""

    kind: Literal["study"]
    """What kind of report this is."""
    name: Entry
    """Name of the study."""
    about: str = ""
    """What it asks, in a sentence or two."""
    chips: tuple[str, ...] = ()
    """References of chips; each is run with each workload."""
    workloads: tuple[str, ...] = ()
    """References of workloads."""
    cases: tuple[CaseDescription, ...] = ()
    """Pairs of chip and workload with settings, in place of `chips` and `workloads`."""
    settings: Settings = Field(default_factory=dict)
    """Field path → value, for all points."""
    seeds: Annotated[int, Field(ge=1, le=10_000)] | tuple[Annotated[int, Field(ge=0)], ...] = 1
    """How many seeds, from 0 on, or which."""
    sweep: tuple[Axis, ...] = ()
    """What is varied; every value of one axis is run with every value of the others."""
    where: tuple[Condition, ...] = ()
    """Points that do not meet all of these are left out."""
    tables: tuple[TableDescription, ...] = ()
    """Tables of means."""
    plots: tuple[PlotDescription, ...] = ()
    """Curves of means."""
    search: SearchDescription | None = None
    """What ``archsim optimize`` looks for."""

    _root: Node | None = PrivateAttr(default=None)
    _folder: Path | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _remember_places(self, info: ValidationInfo) -> Self:
        if isinstance(info.context, dict):
            self._root = info.context.get("root")
            self._folder = info.context.get("folder")
        return self

    def find(self, kind: catalog.Kind, reference: str) -> tuple[Path, str]:
        """Return the file of a chip or workload, and its variant.

        A path leads from the folder of the study, or else from the current one.

        Raises
        ------
        InputError
            If the reference names nothing.
        """
        if self._folder is not None and reference.partition(":")[0] not in catalog.entries(kind):
            try:
                return catalog.find(kind, str(self._folder / reference))
            except InputError:
                pass  # it is told what was written, below
        return catalog.find(kind, reference)

    def fault(self, path: Sequence[str | int], message: str) -> Fault:
        """Return a fault of the field at a path, with its line if it was read from a file."""
        if self._root is None:
            return Mark(f"study {self.name}").fault(field_text(path), message)
        found, node = locate(self._root, tuple(path))
        return node.mark.fault(found, message)

    def mark(self, path: Sequence[str | int], *, key: bool = False) -> Mark:
        """Return where the value of a field stands, or its key; no two fields share a place."""
        if self._root is None:
            return Mark(f"study {self.name}: {field_text(path)}{' key' if key else ''}")
        node = locate(self._root, tuple(path))[1]
        return node.place if key else node.mark

    @property
    def seed_list(self) -> tuple[int, ...]:
        """All seeds."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    @property
    def flat_axes(self) -> tuple[Axis, ...]:
        """All single axes in order, those that go together one by one."""
        return tuple(one for axis in self.sweep for one in (axis.together or (axis,)))


def read_study(reference: str) -> StudyDescription:
    """Return the study that a reference names.

    Parameters
    ----------
    reference : str
        ``NAME[:VARIANT]`` of the catalog, or a path to a file or folder.

    Raises
    ------
    InputError
        If the reference names nothing.
    SpecError
        All faults of the file in one go.
    """
    path, variant = catalog.find("reports", reference)
    return read(path, StudyDescription, variant=variant)
