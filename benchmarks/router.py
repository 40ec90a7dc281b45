"""A mesh of virtual-channel routers played cycle by cycle, as BookSim does; packets of one flit.

Routers match inputs to outputs by one round of iSLIP (McKeown, "The iSLIP scheduling algorithm for
input-queued switches", IEEE/ACM Trans. Networking 7(2), 1999, doi:10.1109/90.769767), and a packet
takes any channel with room when it goes on. Nothing is shared with the engines but the times of
`traffic.Mesh`; so what differs is arbitration, and what agrees with BookSim 2 where its numbers are
known stands in for it where they are not.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from traffic import Mesh, Traffic

__all__ = ["router_latencies"]

IntArray = NDArray[np.int64]
_PORTS = 5
"""Own node, from the west, the east, the north, the south; likewise ways out to the opposite."""
_RING = 16
"""Cycles that anything is on its way, at most."""


class _Mesh(NamedTuple):
    """What changes from cycle to cycle; inputs are numbered (node, port), channels below them."""

    buffers: IntArray
    """(nodes, ports, channels, depth) packets."""
    first: IntArray
    """(nodes, ports, channels) place of the head."""
    held: IntArray
    """(nodes, ports, channels) packets inside."""
    room: IntArray
    """(nodes, ports, channels) places that the sender knows to be free."""
    coming: IntArray
    """(cycles, nodes, ports) packet that arrives; -1: none."""
    onto: IntArray
    """(cycles, nodes, ports) its channel."""
    returning: IntArray
    """(cycles, nodes, ports, channels) places that become free."""
    turns: IntArray
    """(4, nodes, ports) whose turn it is: way of an input, input of a way, channel, room."""
    asked: IntArray
    """(ways, ports) channel that asks; -1: none."""


_TAKES, _GIVES, _SENDS, _FINDS = range(4)


def router_latencies(mesh: Mesh, traffic: Traffic) -> IntArray:
    """Return how long each packet took from its release [cycles]; -1 if it takes too long."""
    segment = traffic.segment
    times = np.array([mesh.hop, mesh.injection, mesh.ejection, 1 + mesh.credit])
    source = segment.station[segment.visit_offsets[:-1]]
    target = segment.station[segment.visit_offsets[1:] - 1] - mesh.nodes
    return np.asarray(_play(mesh.side, _idle(mesh), times, segment.release_ticks, source, target))


def _idle(mesh: Mesh) -> _Mesh:
    inputs = (mesh.nodes, _PORTS)
    return _Mesh(
        buffers=np.full((*inputs, mesh.channels, mesh.depth), -1),
        first=np.zeros((*inputs, mesh.channels), np.int64),
        held=np.zeros((*inputs, mesh.channels), np.int64),
        room=np.full((*inputs, mesh.channels), mesh.depth),
        coming=np.full((_RING, *inputs), -1),
        onto=np.zeros((_RING, *inputs), np.int64),
        returning=np.zeros((_RING, *inputs, mesh.channels), np.int64),
        turns=np.zeros((4, *inputs), np.int64),
        asked=np.full((_PORTS, _PORTS), -1),
    )


@numba.njit(cache=True)
def _way(side, node, target):  # noqa: ANN001, ANN202 - numba knows the types
    """Return the way out: 0 own node, 1 east, 2 west, 3 south, 4 north; x comes first."""
    across = target % side - node % side
    if across:
        return 1 if across > 0 else 2
    along = target // side - node // side
    if along:
        return 3 if along > 0 else 4
    return 0


@numba.njit(cache=True)
def _next(side, node, way):  # noqa: ANN001, ANN202
    return node + (1 if way == 1 else -1 if way == 2 else side if way == 3 else -side)


@numba.njit(cache=True)
def _open(mesh, node, port):  # noqa: ANN001, ANN202
    """Return a channel with room at an input, in turn, or -1."""
    channels = mesh.room.shape[2]
    for step in range(channels):
        channel = (mesh.turns[_FINDS, node, port] + step) % channels
        if mesh.room[node, port, channel] > 0:
            return channel
    return -1


@numba.njit(cache=True)
def _send(mesh, node, port, packet, tick):  # noqa: ANN001, ANN202
    """Let a packet arrive at an input at a tick."""
    channel = _open(mesh, node, port)
    mesh.turns[_FINDS, node, port] = channel + 1
    mesh.room[node, port, channel] -= 1
    mesh.coming[tick % _RING, node, port] = packet
    mesh.onto[tick % _RING, node, port] = channel


@numba.njit(cache=True)
def _deliver(mesh, node, now):  # noqa: ANN001, ANN202
    """Take in what arrives at a node, packets and places."""
    for port in range(_PORTS):
        packet = mesh.coming[now, node, port]
        if packet >= 0:
            channel = mesh.onto[now, node, port]
            place = mesh.first[node, port, channel] + mesh.held[node, port, channel]
            mesh.buffers[node, port, channel, place % mesh.buffers.shape[3]] = packet
            mesh.held[node, port, channel] += 1
            mesh.coming[now, node, port] = -1
        mesh.room[node, port] += mesh.returning[now, node, port]
        mesh.returning[now, node, port] = 0


@numba.njit(cache=True)
def _ask(mesh, side, node, target):  # noqa: ANN001, ANN202
    """Let inputs ask for all ways that heads of their channels want and can go."""
    mesh.asked[:] = -1
    channels = mesh.room.shape[2]
    for port in range(_PORTS):
        for step in range(channels):
            channel = (mesh.turns[_SENDS, node, port] + step) % channels
            if not mesh.held[node, port, channel]:
                continue
            place = mesh.first[node, port, channel]
            way = _way(side, node, target[mesh.buffers[node, port, channel, place]])
            free = not way or _open(mesh, _next(side, node, way), way) >= 0
            if free and mesh.asked[way, port] < 0:
                mesh.asked[way, port] = channel


@numba.njit(cache=True)
def _given(mesh, node, way):  # noqa: ANN001, ANN202
    """Return the input that a way is given to, or -1."""
    for step in range(_PORTS):
        port = (mesh.turns[_GIVES, node, way] + step) % _PORTS
        if mesh.asked[way, port] >= 0:
            return port
    return -1


@numba.njit(cache=True)
def _take(mesh, node, port, way, tick):  # noqa: ANN001, ANN202
    """Take a packet out of an input for a way; its place is free again at a tick."""
    mesh.turns[_TAKES, node, port], mesh.turns[_GIVES, node, way] = way + 1, port + 1
    channel = mesh.asked[way, port]
    mesh.turns[_SENDS, node, port] = channel + 1
    place = mesh.first[node, port, channel]
    mesh.first[node, port, channel] = (place + 1) % mesh.buffers.shape[3]
    mesh.held[node, port, channel] -= 1
    mesh.returning[tick % _RING, node, port, channel] += 1
    return mesh.buffers[node, port, channel, place]


@numba.njit(cache=True)
def _play(side, mesh, times, release, source, target):  # noqa: ANN001, ANN202
    hop, injection, ejection, back = times
    nodes = side * side
    latency = np.full(len(release), -1)
    order = np.argsort(source, kind="mergesort")  # each node's packets in order of release
    head = np.searchsorted(source[order], np.arange(nodes))
    tail = np.searchsorted(source[order], np.arange(nodes), side="right")
    given = np.zeros(_PORTS, np.int64)
    for tick in range(2 * release[-1]):
        for node in range(nodes):
            _deliver(mesh, node, tick % _RING)
        for node in range(nodes):
            if head[node] < tail[node]:
                packet = order[head[node]]
                if release[packet] <= tick and _open(mesh, node, 0) >= 0:
                    _send(mesh, node, 0, packet, tick + injection)
                    head[node] += 1
            _ask(mesh, side, node, target)
            for way in range(_PORTS):
                given[way] = _given(mesh, node, way)
            for port in range(_PORTS):  # each input takes one of the ways given to it
                for step in range(_PORTS):
                    way = (mesh.turns[_TAKES, node, port] + step) % _PORTS
                    if given[way] == port:
                        packet = _take(mesh, node, port, way, tick + back)
                        if way == 0:
                            latency[packet] = tick + ejection - release[packet]
                        else:
                            _send(mesh, _next(side, node, way), way, packet, tick + hop)
                        break
    return latency
