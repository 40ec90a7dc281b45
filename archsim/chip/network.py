"""Network section of a chip file: a topology with the parts that make it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from archsim.components.component import AnyComponent
from archsim.components.router import LinkPart
from archsim.spec import Description

__all__ = [
    "BusNetwork",
    "FreeLink",
    "FreeNetwork",
    "MeshNetwork",
    "Network",
    "PointToPointNetwork",
    "RingNetwork",
    "TorusNetwork",
    "TreeNetwork",
]

Shape = Annotated[
    tuple[Annotated[int, Field(ge=1, le=10_000_000)], ...], Field(min_length=1, max_length=6)
]
"""Nodes along each dimension; for two, rows and columns."""


class PointToPointNetwork(Description):
    """A link of its own from every tile to every other."""

    topology: Literal["point_to_point"]
    link: LinkPart
    """Every link."""


class BusNetwork(Description):
    """One medium that all tiles share, one packet at a time."""

    topology: Literal["bus"]
    link: LinkPart
    """The medium."""


class RingNetwork(Description):
    """Tiles in a circle, in the order of the file, linked both ways."""

    topology: Literal["ring"]
    link: LinkPart
    """Every link."""
    router: AnyComponent
    """What stands at every tile."""


class MeshNetwork(Description):
    """A grid of nodes, each linked to its neighbours.

    Tiles take the nodes in the order of the file, the last dimension running first; nodes left over
    are routers alone.
    """

    topology: Literal["mesh"]
    shape: Shape
    link: LinkPart
    """Every link."""
    router: AnyComponent
    """What stands at every node."""


class TorusNetwork(Description):
    """A mesh whose ends are joined in every dimension."""

    topology: Literal["torus"]
    shape: Shape
    link: LinkPart
    """Every link."""
    router: AnyComponent
    """What stands at every node."""


class TreeNetwork(Description):
    """Tiles as leaves under switches."""

    topology: Literal["tree"]
    arity: Annotated[int, Field(ge=2, le=1024)]
    """Most children that a switch has."""
    link: LinkPart
    """Every link."""
    router: AnyComponent
    """Every switch."""


class FreeLink(Description):
    """A link between two nodes."""

    source: str
    """Tile or switch that it leaves."""
    target: str
    """Tile or switch that it enters."""
    one_way: bool = False
    """Whether there is no link back."""
    part: str = "link"
    """What it is made of: a name under `parts`, or the network's ``link``."""


class FreeNetwork(Description):
    """Any links between tiles and switches."""

    topology: Literal["free"]
    switches: tuple[str, ...] = ()
    """Nodes that are no tiles."""
    links: Annotated[tuple[FreeLink, ...], Field(min_length=1)]
    """All links; each stands for both ways unless it says `one_way`."""
    link: LinkPart
    """What links are made of that do not say otherwise."""
    parts: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)], LinkPart] = (
        Field(default_factory=dict)
    )
    """Other parts that links are made of, by name."""
    router: AnyComponent | None = None
    """What stands at every node; absent: nothing is paid for passing one."""
    routes: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()
    """Routes that packets are to take, each as its nodes from a tile to another; between all other
    tiles they take the shortest. Nothing keeps such routes from blocking each other for good where
    buffers are bounded; a simulation that they do so in ends with the cycle."""


Network = Annotated[
    PointToPointNetwork
    | BusNetwork
    | RingNetwork
    | MeshNetwork
    | TorusNetwork
    | TreeNetwork
    | FreeNetwork,
    Field(discriminator="topology"),
]
"""Any of the topologies, told by the field `topology`."""
