"""Links and routes by number, as arrays: what a regular topology knows without an object for each.

A link's number is its place among all links, ordered by the numbers of the nodes that it leaves and
enters.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["GridLinks", "Links", "Routes", "TreeLinks", "joined", "past_dateline"]

IntArray = NDArray[np.int64]


class Links(NamedTuple):
    """Links, an entry each."""

    source: IntArray
    """Node that it leaves."""
    target: IntArray
    """Node that it enters."""
    dimension: IntArray
    """Dimension of a grid that it runs along."""
    wraps: NDArray[np.bool_]
    """Whether it joins the ends of a ring or torus (the dateline)."""


class Routes(NamedTuple):
    """Routes, one after another."""

    offsets: IntArray
    """(routes+1,) slices of `links`."""
    links: IntArray
    """Link numbers, first link first."""


class GridLinks:
    """Links and dimension-order routes of a mesh or torus.

    Parameters
    ----------
    shape : sequence of int
        Nodes along each dimension, the last running first.
    wraps : bool
        Whether the ends of every dimension are joined.
    """

    def __init__(self, shape: Sequence[int], *, wraps: bool) -> None:
        self._shape, self._wraps = tuple(shape), wraps
        nodes = math.prod(shape)
        self._strides = [math.prod(shape[place + 1 :]) for place in range(len(shape))]
        columns: list[tuple[IntArray, IntArray, IntArray, NDArray[np.bool_], IntArray]] = []
        number = np.arange(nodes)
        for dimension, (size, stride) in enumerate(zip(shape, self._strides, strict=True)):
            here = number // stride % size
            for way, step in enumerate((-1, 1)):
                exists = (here + step >= 0) & (here + step < size)
                if wraps and size > 2:  # of two nodes, both ways are one link
                    exists[:] = True
                source = np.flatnonzero(exists)
                there = (here[source] + step) % size
                target = source + (there - here[source]) * stride
                round_end = np.abs(there - here[source]) > 1
                slot = source * 2 * len(shape) + 2 * dimension + way
                columns.append((source, target, np.full_like(source, dimension), round_end, slot))
        source, target, along, ends, slot = (
            np.concatenate(column) for column in zip(*columns, strict=True)
        )
        order = np.lexsort((target, source))
        self.links = Links(source[order], target[order], along[order], ends[order])
        """All links by number."""
        self._at = np.full(nodes * 2 * len(shape), -1, dtype=np.int32)
        self._at[slot[order]] = np.arange(len(order))
        if wraps:
            self._join_pairs(nodes)

    def _join_pairs(self, nodes: int) -> None:
        """Let both ways along a dimension of two nodes be the one link that there is."""
        at = self._at.reshape(nodes, -1)
        for dimension, size in enumerate(self._shape):
            if size == 2:
                both = at[:, 2 * dimension : 2 * dimension + 2]
                both[:] = both.max(axis=1, keepdims=True)

    def routes(self, sources: IntArray, targets: IntArray) -> Routes:
        """Return the routes that `archsim.chip.route.dimension_order` gives, for many pairs."""
        here, goal, steps, hops = [], [], [], []
        for size, stride in zip(self._shape, self._strides, strict=True):
            a, b = sources // stride % size, targets // stride % size
            up = (b - a) % size if self._wraps else np.maximum(b - a, 0)
            down = (a - b) % size if self._wraps else np.maximum(a - b, 0)
            if self._wraps:
                tie = (a + 1) % size < (a - 1) % size
                rises = (up < down) | ((up == down) & tie)
            else:
                rises = b > a
            here.append(a)
            goal.append(b)
            steps.append(np.where(rises, 1, -1))
            hops.append(np.where(rises, up, down))
        offsets = np.concatenate(([0], np.cumsum(sum(hops))))
        owner = np.repeat(np.arange(len(sources)), np.diff(offsets))
        hop = np.arange(offsets[-1]) - offsets[owner]
        links = np.empty(len(owner), dtype=np.int64)
        before = np.zeros(len(sources), dtype=np.int64)
        node = sources.astype(np.int64)
        for dimension in reversed(range(len(self._shape))):
            size, stride = self._shape[dimension], self._strides[dimension]
            done = hop - before[owner]
            now = np.flatnonzero((done >= 0) & (done < hops[dimension][owner]))
            mine = owner[now]
            step = steps[dimension][mine]
            place = (here[dimension][mine] + step * done[now]) % size
            at = node[mine] + (place - here[dimension][mine]) * stride
            slot = at * 2 * len(self._shape) + 2 * dimension + (step > 0)
            links[now] = self._at[slot]
            before = before + hops[dimension]
            node = node + (goal[dimension] - here[dimension]) * stride
        return Routes(offsets, links)


class TreeLinks:
    """Links and routes of a tree of switches over leaves that all have the same height.

    Parameters
    ----------
    parents : sequence of int
        Parent of every node; -1 at the root.
    """

    def __init__(self, parents: Sequence[int]) -> None:
        self._parents = np.asarray(parents, dtype=np.int64)
        child = np.flatnonzero(self._parents >= 0)
        source = np.concatenate((child, self._parents[child]))
        target = np.concatenate((self._parents[child], child))
        order = np.lexsort((target, source))
        number = np.empty(len(order), dtype=np.int64)
        number[order] = np.arange(len(order))
        self._up = np.full(len(parents), -1, dtype=np.int64)
        self._down = np.full(len(parents), -1, dtype=np.int64)
        self._up[child], self._down[child] = number[: len(child)], number[len(child) :]
        none = np.zeros(len(order), dtype=np.int64)
        self.links = Links(source[order], target[order], none, none.astype(np.bool_))
        """All links by number."""

    def routes(self, sources: IntArray, targets: IntArray) -> Routes:
        """Return the routes between leaves, up to the nearest common switch and down again."""
        here, there = sources.astype(np.int64), targets.astype(np.int64)
        heights = np.zeros(len(here), dtype=np.int64)
        climbs = []
        while (apart := here != there).any():
            climbs.append((np.flatnonzero(apart), here[apart], there[apart]))
            heights += apart
            here = np.where(apart, self._parents[here], here)
            there = np.where(apart, self._parents[there], there)
        offsets = np.concatenate(([0], np.cumsum(2 * heights)))
        links = np.empty(int(offsets[-1]), dtype=np.int64)
        for level, (pairs, left, right) in enumerate(climbs):
            links[offsets[pairs] + level] = self._up[left]
            links[offsets[pairs + 1] - 1 - level] = self._down[right]
        return Routes(offsets, links)


def past_dateline(routes: Routes, links: Links) -> NDArray[np.bool_]:
    """Return for every link of every route whether it lies past the end of its ring.

    The link that joins the ends is the first that does; each dimension has rings of its own.

    Notes
    -----
    Packets before and after the dateline take channels of two classes, so that no cycle of full
    channels can close around a ring (Dally and Seitz, IEEE Trans. Computers C-36, 1987).
    """
    crossed = np.cumsum(links.wraps[routes.links])
    begins = np.zeros(len(routes.links), dtype=np.bool_)
    along = links.dimension[routes.links]
    begins[1:] = along[1:] != along[:-1]
    first = routes.offsets[:-1][np.diff(routes.offsets) > 0]
    begins[first] = True
    start = np.flatnonzero(begins)
    earlier: IntArray = crossed[start] - links.wraps[routes.links[start]]
    lengths = np.diff(np.append(start, len(routes.links)))
    return np.asarray(crossed > np.repeat(earlier, lengths))


def joined(routes: Sequence[Sequence[int]]) -> Routes:
    """Return routes given as lists of link numbers."""
    lengths = [len(route) for route in routes]
    offsets = np.concatenate(([0], np.cumsum(np.asarray(lengths, dtype=np.int64))))
    links = np.fromiter(itertools.chain.from_iterable(routes), dtype=np.int64, count=sum(lengths))
    return Routes(offsets, links)
