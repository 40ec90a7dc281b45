"""A mesh of virtual-channel routers played cycle by cycle, as BookSim does; packets of one flit.

Routers match inputs to outputs by one round of iSLIP (McKeown, "The iSLIP scheduling algorithm for
input-queued switches", IEEE/ACM Trans. Networking 7(2), 1999, doi:10.1109/90.769767), and a packet
takes any channel with room when it goes on. Nothing is shared with the engines but the times of
`traffic.Mesh`; so what differs is arbitration, and what agrees with BookSim 2 where its numbers are
known stands in for it where they are not.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray
from traffic import Mesh, Traffic

__all__ = ["router_latencies"]

IntArray = NDArray[np.int64]
_PORTS = 5
"""Own node, from the west, from the east, from the north, from the south: opposite of the ways out."""


def router_latencies(mesh: Mesh, traffic: Traffic) -> IntArray:
    """Return how long each packet took from its release [cycles]; -1 if it is not through in time."""
    segment = traffic.segment
    times = np.array([mesh.hop, mesh.injection, mesh.ejection, 1 + mesh.credit])
    return np.asarray(
        _play(
            np.array([mesh.side, mesh.channels, mesh.depth]),
            times,
            segment.release_ticks,
            segment.station[segment.visit_offsets[:-1]],
            segment.station[segment.visit_offsets[1:] - 1] - mesh.nodes,
        )
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
def _room(credits, node, port, turn):  # noqa: ANN001, ANN202
    """Return a channel with room at an input, or -1; the search begins at `turn`."""
    channels = credits.shape[2]
    for step in range(channels):
        channel = (turn + step) % channels
        if credits[node, port, channel] > 0:
            return channel
    return -1


@numba.njit(cache=True)
def _play(shape, times, release, source, target):  # noqa: ANN001, ANN202, C901, PLR0912
    side, channels, depth = shape
    hop, injection, ejection, back = times
    nodes, packets, ring = side * side, len(release), 16
    latency = np.full(packets, -1)
    buffers = np.full((nodes, _PORTS, channels, depth), -1)
    first = np.zeros((nodes, _PORTS, channels), np.int64)
    held = np.zeros((nodes, _PORTS, channels), np.int64)
    credits = np.full((nodes, _PORTS, channels), depth)
    coming = np.full((ring, nodes, _PORTS), -1)
    coming_channel = np.zeros((ring, nodes, _PORTS), np.int64)
    returning = np.zeros((ring, nodes, _PORTS, channels), np.int64)
    turn_in = np.zeros((nodes, _PORTS), np.int64)
    turn_out = np.zeros((nodes, _PORTS), np.int64)
    turn_room = np.zeros((nodes, _PORTS), np.int64)
    order = np.argsort(source, kind="mergesort")  # each node's packets in order of release
    head = np.searchsorted(source[order], np.arange(nodes))
    tail = np.searchsorted(source[order], np.arange(nodes), side="right")
    turn_channel = np.zeros((nodes, _PORTS), np.int64)
    asked = np.zeros((_PORTS, _PORTS), np.int64)
    given = np.zeros(_PORTS, np.int64)
    for tick in range(2 * release[-1]):
        now = tick % ring
        for node in range(nodes):
            for port in range(_PORTS):
                packet = coming[now, node, port]
                if packet >= 0:
                    channel = coming_channel[now, node, port]
                    place = (first[node, port, channel] + held[node, port, channel]) % depth
                    buffers[node, port, channel, place] = packet
                    held[node, port, channel] += 1
                    coming[now, node, port] = -1
                for channel in range(channels):
                    credits[node, port, channel] += returning[now, node, port, channel]
                    returning[now, node, port, channel] = 0
        for node in range(nodes):
            if head[node] < tail[node] and release[order[head[node]]] <= tick:
                channel = _room(credits, node, 0, turn_room[node, 0])
                if channel >= 0:
                    turn_room[node, 0] = channel + 1
                    credits[node, 0, channel] -= 1
                    coming[(tick + injection) % ring, node, 0] = order[head[node]]
                    coming_channel[(tick + injection) % ring, node, 0] = channel
                    head[node] += 1
            asked[:] = -1
            for port in range(_PORTS):  # inputs ask for all ways that their channels want
                for step in range(channels):
                    channel = (turn_channel[node, port] + step) % channels
                    if not held[node, port, channel]:
                        continue
                    packet = buffers[node, port, channel, first[node, port, channel]]
                    way = _way(side, node, target[packet])
                    free = not way or _room(credits, _next(side, node, way), way, 0) >= 0
                    if free and asked[way, port] < 0:
                        asked[way, port] = channel
            given[:] = -1
            for way in range(_PORTS):  # each way is given to one input
                for step in range(_PORTS):
                    port = (turn_out[node, way] + step) % _PORTS
                    if asked[way, port] >= 0:
                        given[way] = port
                        break
            for port in range(_PORTS):  # each input takes one of the ways given to it
                for step in range(_PORTS):
                    way = (turn_in[node, port] + step) % _PORTS
                    if given[way] != port:
                        continue
                    turn_in[node, port], turn_out[node, way] = way + 1, port + 1
                    channel = asked[way, port]
                    turn_channel[node, port] = channel + 1
                    place = first[node, port, channel]
                    packet = buffers[node, port, channel, place]
                    first[node, port, channel] = (place + 1) % depth
                    held[node, port, channel] -= 1
                    returning[(tick + back) % ring, node, port, channel] += 1
                    if way == 0:
                        latency[packet] = tick + ejection - release[packet]
                        break
                    there = _next(side, node, way)
                    onto = _room(credits, there, way, turn_room[there, way])
                    turn_room[there, way] = onto + 1
                    credits[there, way, onto] -= 1
                    coming[(tick + hop) % ring, there, way] = packet
                    coming_channel[(tick + hop) % ring, there, way] = onto
                    break
    return latency
