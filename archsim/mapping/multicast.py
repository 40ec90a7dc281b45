"""Multicast: routes from one place joined as far as they run together, as trunks and branches."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.chip.links import Links, Routes, past_dateline
from archsim.mapping.program import IntArray

__all__ = ["Packets", "packets"]

BoolArray = NDArray[np.bool_]


class Packets(NamedTuple):
    """Packets, each over links that it passes alone; a fork ends one and begins others."""

    message: IntArray
    """(packets,) what it carries, rising."""
    trunk: IntArray
    """(packets,) packet at whose end it branches off, which stands before it; -1: none."""
    forks: BoolArray
    """(packets,) whether others branch off at its end."""
    offsets: IntArray
    """(packets+1,) slices of `links` and `past`."""
    links: IntArray
    """Links, the first one first."""
    past: BoolArray
    """Whether each link lies past the dateline of its ring."""
    delivered: IntArray
    """(routes,) packet at whose end a route arrives."""


class _Trie(NamedTuple):
    """Prefixes of routes: one node for a link that routes of a message have reached alike."""

    parent: IntArray
    link: IntArray
    past: BoolArray
    depth: IntArray
    route: IntArray
    """First route through the node."""
    leaf: IntArray
    """(routes,) node at the end of each route."""


def packets(routes: Routes, message: IntArray, links: Links) -> Packets:
    """Return the packets that carry each message over its routes, every shared link once.

    Parameters
    ----------
    routes : Routes
        Routes, none of them empty, those of a message one after another and all from one place.
    message : ndarray of int64
        Message of each route, rising.
    links : Links
        All links of the chip.
    """
    past = past_dateline(routes, links)
    alone = np.bincount(message, minlength=int(message.max(initial=-1)) + 1)[message] == 1
    if alone.all():
        count = len(message)
        return Packets(
            message=message,
            trunk=np.full(count, -1),
            forks=np.zeros(count, dtype=np.bool_),
            offsets=routes.offsets,
            links=routes.links,
            past=past,
            delivered=np.arange(count),
        )
    return _cut(_trie(routes, message, past), message)


def _trie(routes: Routes, message: IntArray, past: BoolArray) -> _Trie:
    """Return the prefixes of routes, those of one length after those of a shorter one."""
    lengths = np.diff(routes.offsets)
    _, at = np.unique(message, return_inverse=True)
    roots = int(at.max(initial=-1)) + 1
    here = at - roots  # negative: at the place that a message starts from
    width = int(routes.links.max(initial=0)) + 1
    columns: list[tuple[NDArray[Any], ...]] = []
    made = 0
    for depth in range(int(lengths.max(initial=0))):
        going = np.flatnonzero(lengths > depth)
        place = routes.offsets[going] + depth
        keys = (here[going] + roots) * width + routes.links[place]
        _, first, turn = np.unique(keys, return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        first = first[order]
        chosen = going[first]
        full = np.full(len(first), depth)
        parent = np.maximum(here[chosen], -1)
        columns.append((parent, routes.links[place[first]], past[place[first]], full, chosen))
        here[going] = made + rank[turn]
        made += len(first)
    parent, link, beyond, depths, route = (
        np.concatenate(column) for column in zip(*columns, strict=True)
    )
    return _Trie(parent, link, beyond.astype(np.bool_), depths, route, here)


def _cut(trie: _Trie, message: IntArray) -> Packets:
    """Return the prefixes cut into packets at every fork, and at every place of delivery."""
    nodes = len(trie.parent)
    inner = trie.parent >= 0
    children = np.bincount(trie.parent[inner], minlength=nodes)
    ends = np.bincount(trie.leaf, minlength=nodes) > 0
    stops = (children != 1) | ends
    begins = ~inner | stops[trie.parent]
    first = np.flatnonzero(begins)
    owner = message[trie.route]
    order = np.lexsort((trie.route[first], trie.depth[first], owner[first]))
    packet = np.full(nodes, -1, dtype=np.int64)
    packet[first[order]] = np.arange(len(first))
    levels = np.searchsorted(trie.depth, np.arange(1, int(trie.depth.max()) + 2))
    for low, high in itertools.pairwise(levels.tolist()):
        rest = low + np.flatnonzero(~begins[low:high])
        packet[rest] = packet[trie.parent[rest]]
    along = np.lexsort((trie.depth, packet))
    start = first[order]
    trunk = np.where(trie.parent[start] >= 0, packet[trie.parent[start]], -1)
    forks = np.zeros(len(first), dtype=np.bool_)
    forks[packet[stops & (children > 0)]] = True
    sizes = np.bincount(packet, minlength=len(first))
    return Packets(
        message=owner[start],
        trunk=trunk,
        forks=forks,
        offsets=np.concatenate(([0], np.cumsum(sizes))),
        links=trie.link[along],
        past=trie.past[along],
        delivered=packet[trie.leaf],
    )
