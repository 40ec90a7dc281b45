"""Chip: the machine as built, with its tiles, links, routes, prices and totals."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.chip.description import TiledDescription
from archsim.chip.links import IntArray
from archsim.chip.topology import BUS, Edge, Topology
from archsim.components.component import Component
from archsim.components.router import LinkPart
from archsim.errors import InputError

__all__ = ["Chip", "Link", "LinkKind", "Tile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile; tiles of a class share one table of components."""

    name: str
    """Name with indices, such as ``array[0]``."""
    tile_class: str
    """Name without indices."""
    components: Mapping[str, Component]
    """Role → component."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link, one way, or the medium of a bus."""

    name: str
    """``source->target``, or ``bus``."""
    number: int
    """Place among all links."""
    source: str
    """Node that it leaves; empty for a bus."""
    target: str
    """Node that it enters; empty for a bus."""
    component: Component
    """What it is made of; its action ``transfer`` counts bits."""
    width_bits: int
    """Bits of one flit. [bit]"""
    channels: int
    """Channels of the buffer at its far end; 0: without bound."""
    depth: int
    """Flits that each channel holds; 0: without bound."""
    head_time: float
    """Delay of a packet's head in the router at its far end. [s]"""
    credit_time: float
    """From a place becoming free until the sender knows. [s]"""
    dimension: int = 0
    """Dimension of a ring, mesh or torus that it runs along."""
    wraps: bool = False
    """Whether it joins the ends of a ring or torus (the dateline)."""


class LinkKind(NamedTuple):
    """What many links have in common."""

    component: Component
    """What they are made of."""
    wire: LinkPart
    """Its description."""
    router: Component | None
    """Router at the far end."""


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A chip as built of a description; nothing that runs on it changes it."""

    description: TiledDescription
    """What it was built from, with the sources of all constants."""
    tiles: tuple[Tile, ...]
    """All tiles, in the order of the file."""
    tables: Mapping[str, Mapping[str, Component]]
    """Tile class → role → component; links and routers under the class ``network``."""
    topology: Topology
    """Nodes, links and routes by number."""
    link_parts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(source, target) of links not made of the network's ``link`` → name of their part."""

    @property
    def name(self) -> str:
        """Name in results."""
        return self.description.name

    @property
    def network(self) -> Mapping[str, Component]:
        """Components of the network: ``link``, ``router`` where there is one, and further parts."""
        return self.tables["network"]

    @functools.cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.topology.nodes)}

    @functools.cached_property
    def _links(self) -> dict[Edge, Link]:
        return {}

    @functools.cached_property
    def _roles(self) -> dict[str, NDArray[np.bool_]]:
        return {}

    @functools.cached_property
    def _providers(self) -> dict[str, tuple[Tile, ...]]:
        return {}

    @functools.cached_property
    def class_of_tile(self) -> NDArray[np.int64]:
        """Place in `tables` of the class of every tile, by number."""
        place = {name: number for number, name in enumerate(self.tables)}
        classes = (place[tile.tile_class] for tile in self.tiles)
        return np.fromiter(classes, dtype=np.int64, count=len(self.tiles))

    def has_role(self, role: str) -> NDArray[np.bool_]:
        """Return for every tile, by number, whether it holds a component of this role."""
        if role not in self._roles:
            holds = np.array([role in table for table in self.tables.values()])
            self._roles[role] = holds[self.class_of_tile]
        return self._roles[role]

    def number(self, name: str) -> int:
        """Return the number of a node; -1 if there is none of this name."""
        return self._numbers.get(name, -1)

    def tile(self, name: str) -> Tile:
        """Return the tile of this name.

        Raises
        ------
        InputError
            If there is none.
        """
        number = self._numbers.get(name, len(self.tiles))
        if number >= len(self.tiles):
            message = f'{self.name}: expected the name of a tile, got "{name}"'
            raise InputError(message)
        return self.tiles[number]

    def providers(self, role: str) -> tuple[Tile, ...]:
        """Return the tiles that hold a component of this role, in the order of the file."""
        if role not in self._providers:
            self._providers[role] = tuple(
                self.tiles[number] for number in np.flatnonzero(self.has_role(role)).tolist()
            )
        return self._providers[role]

    def route(self, source: str, target: str) -> tuple[Link, ...]:
        """Return the links from one node to another, in order; none from a node to itself.

        Raises
        ------
        InputError
            If a name is no node, or no way leads to the target.
        """
        for name in (source, target):
            if name not in self._numbers:
                message = f'{self.name}: expected the name of a tile or switch, got "{name}"'
                raise InputError(message)
        return self._route(self._numbers[source], self._numbers[target])

    @functools.cached_property
    def _route(self) -> Callable[[int, int], tuple[Link, ...]]:
        """Finds routes by node numbers, and keeps those that it found."""

        @functools.lru_cache(maxsize=1 << 16)
        def found(source: int, target: int) -> tuple[Link, ...]:
            edges = self.topology.route(source, target)
            if edges is None:
                ends = (self.topology.nodes[source], self.topology.nodes[target])
                message = f'{self.name}: no way leads from "{ends[0]}" to "{ends[1]}"'
                raise InputError(message)
            return tuple(map(self._link, edges))

        return found

    @property
    def wraps(self) -> bool:
        """Whether packets take channels of two classes, before and past a dateline."""
        return bool(getattr(self.topology, "wraps", False))

    def channel(
        self, channels: IntArray | int, *, past: NDArray[np.bool_] | bool, packet: IntArray | int
    ) -> IntArray:
        """Return the channel that packets take in the buffers behind links.

        Parameters
        ----------
        channels : int or ndarray
            Channels of each buffer; 0: without bound.
        past : bool or ndarray
            Whether each lies past the dateline of its ring.
        packet : int or ndarray
            Number of the packet.

        Notes
        -----
        Channel = number modulo channels; on a ring or torus the lower half is for packets before
        the dateline and the upper half for those past it, each with the same rule.
        """
        own = np.maximum(channels, 1) // (2 if self.wraps else 1)
        own = np.maximum(own, 1)
        upper = np.logical_and(past, np.greater(channels, 0) & self.wraps)
        return np.asarray(packet % own + own * upper)

    def links(self) -> Iterator[Link]:
        """Give all links, in the order of their node numbers; a point-to-point chip has n(n−1)."""
        return map(self._link, self.topology.edges())

    def link(self, number: int) -> Link:
        """Return the link of this number."""
        return self._link(self.topology.edge(number))

    def _link(self, edge: Edge) -> Link:
        link = self._links.get(edge)
        if link is None:
            link = self._links[edge] = self._made(edge)
        return link

    def _made(self, edge: Edge) -> Link:
        nodes = self.topology.nodes
        source, target = ("", "") if edge == BUS else (nodes[edge.source], nodes[edge.target])
        part = self.link_parts.get((source, target), "link")
        wire = self.description.link_part(part)
        return Link(
            name="bus" if edge == BUS else f"{source}->{target}",
            number=self.topology.number(edge),
            source=source,
            target=target,
            component=self.network[part],
            width_bits=wire.width,
            channels=wire.channels,
            depth=wire.depth,
            head_time=self._router_latency(target),
            credit_time=(wire.credit_time or wire.cycle).value,
            dimension=edge.dimension,
            wraps=edge.wraps,
        )

    @functools.cached_property
    def link_kinds(self) -> tuple[LinkKind, ...]:
        """All kinds of links: of each part, with and without a router at the far end."""
        ends = (None, self.network.get("router"))
        return tuple(
            LinkKind(component, self.description.link_part(part), router)
            for part, component in self.network.items()
            if part != "router"
            for router in ends
        )

    @functools.cached_property
    def packet_bits(self) -> int:
        """Bits of the longest packet that every link lets pass; 0: messages are not cut.

        [bit]
        """
        wires = [kind.wire for kind in self.link_kinds]
        flits = ((wire, min(wire.packet, wire.depth or wire.packet)) for wire in wires)
        return min((wire.width * most for wire, most in flits if most), default=0)

    @functools.cached_property
    def kind_of_link(self) -> NDArray[np.int8]:
        """Place in `link_kinds` of every link, by number."""
        links = self.topology.links()
        routed = links.target >= (self.topology.first_router if "router" in self.network else 0)
        kinds = np.asarray(routed & ("router" in self.network), dtype=np.int8)
        parts = [part for part in self.network if part != "router"]
        for (source, target), part in self.link_parts.items():
            edge = Edge(self._numbers[source], self._numbers[target])
            kinds[self.topology.number(edge)] += 2 * parts.index(part)
        return kinds

    def copies(self) -> Iterator[tuple[str, Component, int]]:
        """Give (tile class, component, how often it is on the chip) of every component."""
        counts: dict[str, int] = {}
        for tile in self.tiles:
            counts[tile.tile_class] = counts.get(tile.tile_class, 0) + 1
        for tile_class, count in counts.items():
            for component in self.tables[tile_class].values():
                yield tile_class, component, count
        own = len(self.link_parts)
        for role, component in self.network.items():
            if role == "router":
                count = self.router_count
            elif role == "link":
                count = self.topology.edge_count() - own
            else:
                count = sum(part == role for part in self.link_parts.values())
            yield "network", component, count

    @property
    def router_count(self) -> int:
        """Number of routers: one at each node, in a tree one at each switch, or none."""
        if "router" not in self.network:
            return 0
        return len(self.topology.nodes) - self.topology.first_router

    def has_router(self, node: str) -> bool:
        """Return whether packets pass a router at this node."""
        return (
            "router" in self.network and self._numbers.get(node, -1) >= self.topology.first_router
        )

    def _router_latency(self, node: str) -> float:
        return self.network["router"].actions["route"].latency if self.has_router(node) else 0.0

    @functools.cached_property
    def area(self) -> float:
        """Area [m²] of all parts whose area is known."""
        return sum(component.area * count for _, component, count in self.copies())

    @functools.cached_property
    def area_unknown(self) -> tuple[str, ...]:
        """Parts without a known area, as ``tile_class.component``."""
        return tuple(
            f"{tile_class}.{component.name}"
            for tile_class, component, count in self.copies()
            if count and not component.area_known
        )

    @functools.cached_property
    def leakage_aw(self) -> int:
        """Leakage [aW] of all parts whose leakage is known, each in its usual state."""
        return sum(
            next(iter(component.leakage_aw.values()), 0) * count
            for _, component, count in self.copies()
        )

    @functools.cached_property
    def leakage_unknown(self) -> tuple[str, ...]:
        """Parts without a known leakage, as ``tile_class.component``."""
        return tuple(
            f"{tile_class}.{component.name}"
            for tile_class, component, count in self.copies()
            if count and not component.leakage_aw
        )
