"""Workloads as they stand in a file: what all kinds have, and the registry of kinds."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

from pydantic import SerializeAsAny, TypeAdapter

from archsim import catalog
from archsim.components.registry import Registry
from archsim.spec import Description, Settings, read

__all__ = ["ANY_WORKLOAD", "WORKLOADS", "AnyWorkload", "WorkloadDescription", "read_workload"]


class WorkloadDescription(Description):
    """Base of all kinds of workload: something to learn, and how.

    A kind subclasses it, pins `kind` to a literal, adds its fields (`dataset` and `pacing` among
    them) and implements `shapes`. `register_workload` makes it known, with what trains it.
    """

    kind: str
    """Registered kind of the workload."""
    name: str
    """Name of the workload."""
    about: str = ""
    """What it is, in a sentence or two."""
    dataset: Description
    """What is presented."""
    pacing: str
    """When presentations arrive."""

    @property
    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Matrix name → (rows, columns), in the order of the network."""

    @property
    def metrics(self) -> tuple[str, ...] | None:
        """Names of all that training may measure; None where a kind does not tell."""
        return None


WORKLOADS: Registry[WorkloadDescription] = Registry(
    WorkloadDescription,  # type: ignore[type-abstract]  # never instantiated
    field="kind",
    what="workload kind",
)
"""Workload descriptions by registered kind."""

AnyWorkload = Annotated[SerializeAsAny[WorkloadDescription], WORKLOADS]
"""A workload of any registered kind, told by its field `kind`."""

ANY_WORKLOAD: TypeAdapter[WorkloadDescription] = TypeAdapter(AnyWorkload)
"""Reads a workload of any registered kind."""


def read_workload(reference: str, *, settings: Settings | None = None) -> WorkloadDescription:
    """Return the workload of a catalog name or path.

    Parameters
    ----------
    reference : str
        ``NAME[:VARIANT]`` of the catalog, or a path to a file or folder, with or without variant.
    settings : mapping, optional
        Dotted field path → YAML text.

    Raises
    ------
    InputError
        If there is no such workload, or its file has faults.
    """
    path, variant = catalog.find("workloads", reference)
    return read(path, ANY_WORKLOAD, variant=variant, settings=settings)
