"""Packets on meshes: the programs that the benchmarks of the engines run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.mapping.program import Segment, Station, StationTable

__all__ = ["IntArray", "Mesh", "Traffic", "random_walks", "uniform", "unit_packets"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """A square mesh of routers with x-y routes; all times in cycles of one tick.

    Every node has a link into its router and one out of it. A link's latency contains the router
    before it, so a packet of one flit takes injection + links × hop + ejection cycles when alone.
    """

    side: int = 8
    channels: int = 4
    """Channels of the buffer at every router's input; 0: unbounded."""
    depth: int = 4
    hop: int = 4
    injection: int = 2
    ejection: int = 4
    head: int = 0
    credit: int = 1

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self.side * self.side

    def stations(self) -> StationTable:
        """Return injection links, ejection links, then links to the east, west, south, north."""
        nodes = range(self.nodes)
        names = [
            f"{way}[{node}]"
            for way in ("in", "out", "east", "west", "south", "north")
            for node in nodes
        ]
        return StationTable(
            stations=tuple(
                Station(name=name)
                if name.startswith("out") or not self.channels
                else Station(
                    name=name,
                    channels=self.channels,
                    depth=self.depth,
                    head_ticks=self.head,
                    credit_ticks=self.credit,
                )
                for name in names
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Packets on a mesh, ready to be run."""

    segment: Segment
    links: IntArray
    """(packets,) links between routers that each packet takes."""

    def latencies(self, start_ticks: IntArray) -> IntArray:
        """Return how long each packet took from its release [cycles]."""
        last = self.segment.visit_offsets[1:] - 1
        done = start_ticks[last] + self.segment.latency_ticks[last]
        return np.asarray(done - self.segment.release_ticks)


def unit_packets(
    mesh: Mesh, release: IntArray, source: IntArray, target: IntArray, *, flits: int = 1
) -> Traffic:
    """Return packets of equal length, numbered in order of release; channel = number mod V."""
    side, nodes = mesh.side, mesh.nodes
    across = target % side - source % side
    along = target // side - source // side
    links = np.abs(across) + np.abs(along)
    packets = len(release)
    offsets = np.concatenate(([0], np.cumsum(links + 2)))
    owner = np.repeat(np.arange(packets), links + 2)
    hop = np.arange(offsets[-1]) - offsets[owner] - 1  # -1: injection; number of links: ejection
    turned = hop >= np.abs(across)[owner]
    x = (source % side)[owner] + np.sign(across)[owner] * np.minimum(hop, np.abs(across)[owner])
    y = (source // side)[owner] + np.where(
        turned, np.sign(along)[owner] * (hop - np.abs(across)[owner]), 0
    )
    way = np.where(turned, np.where(along[owner] > 0, 4, 5), np.where(across[owner] > 0, 2, 3))
    station = way * nodes + y * side + x
    first, last = hop < 0, hop == links[owner]
    station[first] = source
    station[last] = nodes + target
    latency = np.full(len(owner), mesh.hop)
    latency[first] = mesh.injection
    latency[last] = mesh.ejection + flits - 1
    channel = np.where(last, 0, owner % max(mesh.channels, 1))
    segment = _independent(
        release, offsets, station, np.full(len(owner), flits), latency, channel=channel, flits=flits
    )
    return Traffic(segment=segment, links=links)


def _independent(
    release: IntArray,
    offsets: IntArray,
    station: IntArray,
    occupancy: IntArray,
    latency: IntArray,
    *,
    channel: IntArray | None = None,
    flits: int = 1,
) -> Segment:
    """Return a segment of tasks that depend on nothing and are booked nowhere."""
    tasks, visits = len(release), len(station)
    none = np.zeros(0, dtype=np.int64)
    return Segment(
        epoch=-1,
        step=0,
        phase="io",
        gap_ticks=0,
        release_ticks=release,
        flits=np.full(tasks, flits),
        fork_of=np.full(tasks, -1),
        dependency_offsets=np.zeros(tasks + 1, dtype=np.int64),
        dependencies=none,
        visit_offsets=offsets,
        station=station,
        occupancy_ticks=occupancy,
        latency_ticks=latency,
        channel=np.zeros(visits, dtype=np.int64) if channel is None else channel,
        account=np.full(visits, -1),
        count=np.ones(visits, dtype=np.int64),
        side_visit=none,
        side_account=none,
        side_count=none,
    )


def uniform(mesh: Mesh, *, load: float, cycles: int, seed: int, flits: int = 1) -> Traffic:
    """Return packets from every node to any node, itself included, at random.

    Parameters
    ----------
    load : float
        Flits that a node injects per cycle, on average.
    cycles : int
        How long packets are injected. [cycles]
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    release, source = np.nonzero(rng.random((cycles, mesh.nodes)) < load / flits)
    target = rng.integers(0, mesh.nodes, len(release))
    return unit_packets(mesh, release, source, target, flits=flits)


def random_walks(
    *, stations: int, tasks: int, load: float, seed: int
) -> tuple[StationTable, Traffic]:
    """Return tasks of 8 visits to random stations, at ticks that hardly ever coincide.

    Parameters
    ----------
    load : float
        Utilisation of the stations while tasks are released.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    mean = 1_000_000
    occupancy = rng.integers(1, 2 * mean, 8 * tasks)
    release = np.cumsum(rng.integers(1, round(2 * 8 * mean / stations / load), tasks))
    offsets = 8 * np.arange(tasks + 1)
    station = rng.integers(0, stations, 8 * tasks)
    segment = _independent(release, offsets, station, occupancy, occupancy)
    table = StationTable(stations=tuple(Station(name=f"s{n}") for n in range(stations)))
    return table, Traffic(segment=segment, links=np.full(tasks, 8))
