"""Topologies: the nodes of a chip's network, the links between them and the routes they give.

Nodes are numbered: tiles first, in the order of the chip file, then switches. Regular topologies
know their links and routes by arithmetic, so that a chip of very many tiles is built at once; only
a free topology keeps a graph.
"""

from __future__ import annotations

import functools
import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from archsim.chip.links import GridLinks, IntArray, Links, Routes, TreeLinks, joined
from archsim.chip.route import (
    dimension_order,
    grid_coordinates,
    shortest_table,
    table_route,
    tree_route,
)

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["BUS", "Bus", "Edge", "Free", "Grid", "PointToPoint", "Topology", "Tree"]


class Edge(NamedTuple):
    """One link, one way, between two nodes."""

    source: int
    """Node number."""
    target: int
    """Node number."""
    dimension: int = 0
    """Dimension of a grid that it runs along."""
    wraps: bool = False
    """Whether it joins the ends of a ring or torus (the dateline)."""


BUS = Edge(-1, -1)
"""The one medium of a bus; it joins no two nodes in particular."""


class Topology(ABC):
    """Nodes, links and routes of a network."""

    def __init__(self, tiles: Sequence[str], switches: Sequence[str] = ()) -> None:
        self.tile_count = len(tiles)
        """How many of `nodes` are tiles; they come first."""
        self.nodes = (*tiles, *switches)
        """Name of every node."""
        self.first_router = 0
        """Number of the first node at which a router may stand; all later ones have one too."""

    @abstractmethod
    def links(self) -> Links:
        """Return all links as arrays; a link's number is its place there."""

    @abstractmethod
    def route(self, source: int, target: int) -> tuple[Edge, ...] | None:
        """Return the links from one node to another, none to itself; None if there is no way."""

    def edges(self) -> Iterator[Edge]:
        """Give all links, in the order of their node numbers."""
        columns = (column.tolist() for column in self.links())
        return itertools.starmap(Edge, zip(*columns, strict=True))

    def edge(self, number: int) -> Edge:
        """Return the link of this number."""
        return Edge(*(column[number].item() for column in self.links()))

    def number(self, edge: Edge) -> int:
        """Return the number of a link."""
        return int(np.searchsorted(self._keys, edge.source * len(self.nodes) + edge.target))

    @functools.cached_property
    def _keys(self) -> IntArray:
        """Ends of each link as one number, rising."""
        links = self.links()
        return np.asarray(links.source * len(self.nodes) + links.target)

    def routes(self, sources: IntArray, targets: IntArray) -> Routes:
        """Return the routes of many pairs of tiles at once.

        Raises
        ------
        ValueError
            If no way leads from one to the other.
        """
        found: dict[tuple[int, int], list[int]] = {}
        pairs = list(zip(sources.tolist(), targets.tolist(), strict=True))
        for pair in pairs:
            if pair not in found:
                route = self.route(*pair)
                if route is None:
                    message = f"no way leads from node {pair[0]} to node {pair[1]}"
                    raise ValueError(message)
                found[pair] = [self.number(edge) for edge in route]
        return joined([found[pair] for pair in pairs])

    def edge_count(self) -> int:
        """Return the number of links."""
        return len(self.links().source)

    def graph(self) -> nx.DiGraph[str]:
        """Return the network as a graph of node names, for analysis and drawing."""
        import networkx as nx  # noqa: PLC0415 (a fifth of a second that most chips do not need)

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from(
            (self.nodes[edge.source], self.nodes[edge.target])
            for edge in self.edges()
            if edge != BUS
        )
        return graph


class PointToPoint(Topology):
    """A link from every tile to every other."""

    def links(self) -> Links:
        """Return all links as arrays; a link's number is its place there."""
        number = np.arange(self.edge_count())
        source, place = np.divmod(number, max(self.tile_count - 1, 1))
        none = np.zeros_like(number)
        return Links(source, place + (place >= source), none, none.astype(np.bool_))

    def edge(self, number: int) -> Edge:
        """Return the link of this number."""
        source, place = divmod(number, self.tile_count - 1)
        return Edge(source, place + (place >= source))

    def number(self, edge: Edge) -> int:
        """Return the number of a link."""
        place = edge.target - (edge.target > edge.source)
        return edge.source * (self.tile_count - 1) + place

    def routes(self, sources: IntArray, targets: IntArray) -> Routes:
        """Return the one link of each pair."""
        apart = sources != targets
        links = sources * (self.tile_count - 1) + targets - (targets > sources)
        return Routes(np.concatenate(([0], np.cumsum(apart))), links[apart])

    def edge_count(self) -> int:
        """Return the number of links."""
        return self.tile_count * (self.tile_count - 1)

    def route(self, source: int, target: int) -> tuple[Edge, ...]:
        """Return the one link."""
        return () if source == target else (Edge(source, target),)


class Bus(Topology):
    """One medium shared by all tiles."""

    def links(self) -> Links:
        """Return the medium."""
        end = np.array([-1])
        return Links(end, end, np.array([0]), np.array([False]))

    def number(self, edge: Edge) -> int:
        """Return the number of the medium."""
        del edge
        return 0

    def routes(self, sources: IntArray, targets: IntArray) -> Routes:
        """Return the medium for each pair."""
        apart = sources != targets
        offsets = np.concatenate(([0], np.cumsum(apart)))
        return Routes(offsets, np.zeros(int(offsets[-1]), dtype=np.int64))

    def route(self, source: int, target: int) -> tuple[Edge, ...]:
        """Return the medium."""
        return () if source == target else (BUS,)


class Grid(Topology):
    """A mesh or torus of any number of dimensions; a ring is a torus of one."""

    def __init__(self, tiles: Sequence[str], *, shape: Sequence[int], wraps: bool) -> None:
        spare = range(len(tiles), math.prod(shape))
        names = (
            "node" + "".join(f"[{place}]" for place in grid_coordinates(number, shape))
            for number in spare
        )
        super().__init__(tiles, tuple(names))
        self.shape = tuple(shape)
        """Nodes along each dimension."""
        self.wraps = wraps
        """Whether the ends of every dimension are joined."""

    @functools.cached_property
    def _arrays(self) -> GridLinks:
        return GridLinks(self.shape, wraps=self.wraps)

    def links(self) -> Links:
        """Return all links as arrays; a link's number is its place there."""
        return self._arrays.links

    def routes(self, sources: IntArray, targets: IntArray) -> Routes:
        """Return the dimension-order routes of many pairs at once."""
        return self._arrays.routes(sources, targets)

    def edge_count(self) -> int:
        """Return the number of links."""
        nodes = len(self.nodes)
        joined = [size if self.wraps and size > 2 else size - 1 for size in self.shape]
        return sum(
            2 * nodes // size * links for size, links in zip(self.shape, joined, strict=True)
        )

    def route(self, source: int, target: int) -> tuple[Edge, ...]:
        """Return the links of the dimension-order route."""
        nodes = dimension_order(source, target, shape=self.shape, wraps=self.wraps)
        return tuple(itertools.starmap(self._edge, itertools.pairwise(nodes)))

    def _edge(self, source: int, target: int) -> Edge:
        here, there = grid_coordinates(source, self.shape), grid_coordinates(target, self.shape)
        dimension = next(
            place for place, ends in enumerate(zip(here, there, strict=True)) if ends[0] != ends[1]
        )
        return Edge(source, target, dimension, abs(here[dimension] - there[dimension]) > 1)


class Tree(Topology):
    """Tiles as leaves under switches with at most `arity` children each, filled from the left."""

    def __init__(self, tiles: Sequence[str], *, arity: int) -> None:
        levels = [len(tiles)]
        while levels[-1] > 1 or len(levels) == 1:
            levels.append(-(-levels[-1] // arity))
        heights = range(len(levels) - 1, 0, -1)
        switches = (
            f"switch[{height}][{place}]" for height in heights for place in range(levels[height])
        )
        super().__init__(tiles, tuple(switches))
        self.parents = self._parents(levels, arity)
        """Parent of every node; -1 at the root."""
        self.first_router = self.tile_count

    @staticmethod
    def _parents(levels: Sequence[int], arity: int) -> list[int]:
        first = {0: 0}
        place = levels[0]
        for height in range(len(levels) - 1, 0, -1):
            first[height] = place
            place += levels[height]
        parents = [-1] * place
        for height, count in enumerate(levels[:-1]):
            for child in range(count):
                parents[first[height] + child] = first[height + 1] + child // arity
        return parents

    @functools.cached_property
    def _arrays(self) -> TreeLinks:
        return TreeLinks(self.parents)

    def links(self) -> Links:
        """Return all links as arrays; a link's number is its place there."""
        return self._arrays.links

    def routes(self, sources: IntArray, targets: IntArray) -> Routes:
        """Return the routes between many pairs of tiles at once."""
        return self._arrays.routes(sources, targets)

    def route(self, source: int, target: int) -> tuple[Edge, ...]:
        """Return the links up to the nearest common switch and down again."""
        nodes = tree_route(source, target, parents=self.parents)
        return tuple(itertools.starmap(Edge, itertools.pairwise(nodes)))


class Free(Topology):
    """Links as listed.

    Parameters
    ----------
    tiles, switches : sequence of str
        Names of the nodes.
    links : sequence of tuple of str
        Source and target of each link.
    routes : sequence of sequence of str
        Routes that are given, node by node; all others are the shortest.
    """

    def __init__(
        self,
        tiles: Sequence[str],
        *,
        switches: Sequence[str],
        links: Sequence[tuple[str, str]],
        routes: Sequence[Sequence[str]] = (),
    ) -> None:
        import networkx as nx  # noqa: PLC0415 (a fifth of a second that most chips do not need)

        super().__init__(tiles, switches)
        numbers: Mapping[str, int] = {name: number for number, name in enumerate(self.nodes)}
        self._graph: nx.DiGraph[int] = nx.DiGraph()
        self._graph.add_nodes_from(range(len(self.nodes)))
        self._graph.add_edges_from((numbers[source], numbers[target]) for source, target in links)
        self._table = functools.lru_cache(maxsize=1024)(
            lambda target: shortest_table(self._graph, target)
        )
        self._given = {
            (numbers[path[0]], numbers[path[-1]]): [numbers[name] for name in path]
            for path in routes
        }

    @functools.cached_property
    def _links(self) -> Links:
        ends = np.array(sorted(self._graph.edges), dtype=np.int64).reshape(-1, 2)
        none = np.zeros(len(ends), dtype=np.int64)
        return Links(ends[:, 0].copy(), ends[:, 1].copy(), none, none.astype(np.bool_))

    def links(self) -> Links:
        """Return all links as arrays; a link's number is its place there."""
        return self._links

    def route(self, source: int, target: int) -> tuple[Edge, ...] | None:
        """Return the links of the route given, or of the lexicographically smallest shortest."""
        nodes = self._given.get((source, target))
        if nodes is None:
            nodes = table_route(source, target, table=self._table(target))
        return None if nodes is None else tuple(itertools.starmap(Edge, itertools.pairwise(nodes)))
