"""Routes: which nodes a packet passes. Every route is fixed by source and target alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "dimension_order",
    "grid_coordinates",
    "grid_number",
    "shortest_table",
    "table_route",
    "tree_route",
]


def grid_coordinates(number: int, shape: Sequence[int]) -> list[int]:
    """Return the coordinates of a node that is numbered with the last dimension running first."""
    coordinates = []
    for size in reversed(shape):
        number, coordinate = divmod(number, size)
        coordinates.append(coordinate)
    return coordinates[::-1]


def grid_number(coordinates: Sequence[int], shape: Sequence[int]) -> int:
    """Return the number of the node at `coordinates`; inverse of `grid_coordinates`."""
    number = 0
    for coordinate, size in zip(coordinates, shape, strict=True):
        number = number * size + coordinate
    return number


def dimension_order(source: int, target: int, *, shape: Sequence[int], wraps: bool) -> list[int]:
    """Return the nodes from `source` to `target`, one dimension settled after the other.

    Parameters
    ----------
    source, target : int
        Node numbers, last dimension running first.
    shape : sequence of int
        Nodes along each dimension.
    wraps : bool
        Whether the ends of every dimension are joined.

    Returns
    -------
    list of int
        Node numbers, both ends included.

    Notes
    -----
    The last dimension (columns) is settled first. On a torus a dimension is crossed the shorter way
    round; when both ways are equally long, by the neighbour with the lower number.
    """
    here, goal = grid_coordinates(source, shape), grid_coordinates(target, shape)
    nodes = [source]
    for dimension in reversed(range(len(shape))):
        size = shape[dimension]
        step = _direction(here[dimension], goal[dimension], size) if wraps else None
        if step is None:
            step = 1 if goal[dimension] > here[dimension] else -1
        while here[dimension] != goal[dimension]:
            here[dimension] = (here[dimension] + step) % size
            nodes.append(grid_number(here, shape))
    return nodes


def _direction(here: int, goal: int, size: int) -> int:
    """Return +1 or -1, the shorter way round from `here` to `goal`."""
    up, down = (goal - here) % size, (here - goal) % size
    if up != down:
        return 1 if up < down else -1
    return 1 if (here + 1) % size < (here - 1) % size else -1


def tree_route(source: int, target: int, *, parents: Sequence[int]) -> list[int]:
    """Return the nodes from `source` up to the nearest common ancestor and down to `target`.

    Parameters
    ----------
    source, target : int
        Node numbers.
    parents : sequence of int
        Parent of every node; -1 at the root.
    """
    ancestors = [source]
    while parents[ancestors[-1]] >= 0:
        ancestors.append(parents[ancestors[-1]])
    place = {node: height for height, node in enumerate(ancestors)}
    down = [target]
    while down[-1] not in place:
        down.append(parents[down[-1]])
    return ancestors[: place[down[-1]]] + down[::-1]


def shortest_table(graph: nx.DiGraph[int], target: int) -> dict[int, int]:
    """Return the next node towards `target` from every node that reaches it.

    Among shortest paths the table follows the lexicographically smallest sequence of node numbers.
    """
    import networkx as nx  # noqa: PLC0415 (a fifth of a second that most chips do not need)

    hops = dict(nx.single_target_shortest_path_length(graph, target))
    return {
        node: min(near for near in graph.successors(node) if hops.get(near, -1) == distance - 1)
        for node, distance in hops.items()
        if node != target
    }


def table_route(source: int, target: int, *, table: dict[int, int]) -> list[int] | None:
    """Return the nodes from `source` to `target` along `table`, or None if it leads nowhere.

    Parameters
    ----------
    source, target : int
        Nodes that the way begins and ends at.
    table : dict
        Node → the next one on the way to `target`.
    """
    nodes = [source]
    while nodes[-1] != target:
        if nodes[-1] not in table:
            return None
        nodes.append(table[nodes[-1]])
    return nodes
