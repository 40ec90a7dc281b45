"""Placement by traffic: blocks change places until what they send each other has short ways."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from archsim.chip.topology import Topology
from archsim.mapping.program import IntArray
from archsim.seeds import stream
from archsim.trace import BatchSegment

__all__ = ["Traffic", "annealed", "bit_hops", "traffic_of"]

WORK = 20_000_000
"""Ways that are measured before the search ends, about."""


class Traffic(NamedTuple):
    """What blocks send each other."""

    source: IntArray
    """Number of the block that each message leaves."""
    target: IntArray
    """Number of the block that it goes to."""
    bits: IntArray


def traffic_of(trace: BatchSegment) -> Traffic:
    """Return what the blocks of a segment send each other."""
    blocks = np.concatenate([batch.blocks for batch in trace.batches])
    messages = trace.messages
    number = np.repeat(np.arange(len(messages.producer)), np.diff(messages.offsets))
    sent = (messages.bits[number] > 0) & (messages.producer[number] >= 0)
    source = blocks[messages.producer[number[sent]]]
    return Traffic(source, blocks[messages.consumers[sent]], messages.bits[number[sent]])


def bit_hops(traffic: Traffic, tiles: IntArray, topology: Topology) -> int:
    """Return Σ bits × links over all messages, for blocks that stand on these tiles.

    Parameters
    ----------
    traffic : Traffic
        What blocks send each other.
    tiles : ndarray of int64
        Tile of each block.
    topology : Topology
        The network.
    """
    hops = _hops(topology, tiles[traffic.source], tiles[traffic.target])
    return int((traffic.bits * hops).sum())


def _hops(topology: Topology, sources: IntArray, targets: IntArray) -> IntArray:
    return np.diff(topology.routes(sources, targets).offsets)


def annealed(traffic: Traffic, tiles: IntArray, topology: Topology, *, seed: int) -> IntArray:
    """Return tiles in another order, in which messages have shorter ways.

    Parameters
    ----------
    traffic : Traffic
        What blocks send each other.
    tiles : ndarray of int64
        Tile of each block; those after the last block are free.
    topology : Topology
        The network.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray of int64
        The same tiles. Σ bits × links is never larger than before.

    Notes
    -----
    Simulated annealing (Kirkpatrick, Gelatt and Vecchi, Science 220, 1983) in rounds. A round lets
    half of all places, in pairs of one distance, change what they hold, each as if the others
    stayed; a change for the worse by d is taken with probability exp(−d / T), and T falls to zero.
    """
    draws = stream(seed, "placement", "traffic", "anneal")
    places, ways = len(tiles), max(len(traffic.bits), 1)
    rounds = min(max(WORK // ways, 24), 400)
    held = np.arange(places)  # what stands at each place
    best, cost = tiles, bit_hops(traffic, tiles, topology)
    heat = 0.25 * cost / max(places, 1)
    for turn in range(rounds if places > 1 else 0):
        apart = int(np.exp(draws.uniform(0.0, np.log(max(places // 2, 2)))))
        shift = int(draws.integers(0, 2 * apart))
        low = np.flatnonzero((np.arange(places) + shift) // apart % 2 == 0)
        low = low[low + apart < places]
        low = low[draws.random(len(low)) < 0.5]
        where = np.empty(places, dtype=np.int64)
        where[held] = np.arange(places)
        moved = np.arange(places)
        moved[low], moved[low + apart] = low + apart, low
        gain = _losses(traffic, tiles, where, moved, topology)
        loss = gain[held[low]] + gain[held[low + apart]]
        limit = heat * (1 - turn / rounds) ** 2
        taken = low[loss < -limit * np.log1p(-draws.random(len(low)))]
        held[taken], held[taken + apart] = held[taken + apart], held[taken].copy()
        where[held] = np.arange(places)
        found = bit_hops(traffic, tiles[where], topology)
        if found < cost:
            best, cost = tiles[where], found
    return best


def _losses(
    traffic: Traffic, tiles: IntArray, where: IntArray, moved: IntArray, topology: Topology
) -> IntArray:
    """Return by how much Σ bits × links rises if each block moved and all others stayed."""
    source, target = where[traffic.source], where[traffic.target]
    now = _hops(topology, tiles[source], tiles[target])
    losses = np.zeros(len(where), dtype=np.int64)
    there = _hops(topology, tiles[moved[source]], tiles[target])
    np.add.at(losses, traffic.source, traffic.bits * (there - now))
    here = _hops(topology, tiles[source], tiles[moved[target]])
    np.add.at(losses, traffic.target, traffic.bits * (here - now))
    return losses
