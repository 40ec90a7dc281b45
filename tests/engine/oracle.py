"""Rule 3 of the timing rules, played tick by tick with every flit's place; slow and independent.

Written from the rule's text alone: it looks at every link, buffer and place in every tick, keeps no
calendar, and shares no code with an engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class JamError(Exception):
    """Nothing moves any more, and packets are left."""


@dataclass
class Place:
    """Room for one flit."""

    free_at: float = 0
    """Tick from which it counts as free; infinity while its flit has not left."""


@dataclass
class Lane:
    """One channel: first in, first out."""

    places: list[Place]
    packets: list[int] = field(default_factory=list)
    asks_from: int = 0


@dataclass
class Link:
    """A link, the queue of packets injected there, and the buffer at its far end."""

    lanes: list[Lane]
    head_ticks: int
    credit_ticks: int
    busy_until: int = 0
    port_until: int = 0
    injected: list[int] = field(default_factory=list)


@dataclass
class Packet:
    """A packet, a trunk or a branch."""

    release: int
    flits: int
    hops: list[tuple[int, int, int, int]]
    """link, occupancy, latency, channel"""
    trunk: int
    branches: list[int] = field(default_factory=list)
    done: int = 0
    """Hops started."""
    arrival: float = float("inf")
    """When it came, or comes, to the hop that it starts next, or to its fork."""
    held: list[Place] = field(default_factory=list)
    """Places of its flits where it stands."""
    taken: list[Place] = field(default_factory=list)
    """Places of its flits where it goes."""
    lane: Lane | None = None
    """Where it stands."""
    starts: list[int] = field(default_factory=list)


def starts_flit_by_flit(stations, segment):
    """Return the start tick of every visit, packet by packet.

    Raises
    ------
    JamError
        If packets block each other for ever.
    """
    links = [
        Link(
            [Lane([Place() for _ in range(s.depth)]) for _ in range(s.channels)],
            s.head_ticks,
            s.credit_ticks,
        )
        for s in stations.stations
    ]
    packets = _packets(segment)
    tick = 0
    while any(p.done < len(p.hops) for p in packets):
        _arrive(links, packets, tick)
        for number, link in enumerate(links):
            while True:
                able = [
                    (packets[p].arrival, p)
                    for p in _asking(links, packets, number, tick)
                    if _may_start(links, packets[p], tick)
                ]
                if not able or link.busy_until > tick:
                    break
                _start(links, packets, min(able)[1], tick)
        if not any(timer > tick for timer in _timers(links, packets)):
            raise JamError
        tick += 1
    return [p.starts for p in packets]


def _packets(segment):
    columns = (segment.station, segment.occupancy_ticks, segment.latency_ticks, segment.channel)
    visits = list(zip(*(column.tolist() for column in columns), strict=True))
    bounds = segment.visit_offsets.tolist()
    packets = [
        Packet(release, flits, visits[bounds[n] : bounds[n + 1]], trunk)
        for n, (release, flits, trunk) in enumerate(
            zip(
                *(c.tolist() for c in (segment.release_ticks, segment.flits, segment.fork_of)),
                strict=True,
            )
        )
    ]
    for number, packet in enumerate(packets):
        if packet.trunk >= 0:
            packets[packet.trunk].branches.append(number)
        else:
            packet.arrival = packet.release
    return packets


def _timers(links, packets):
    """Yield every tick at which anything changes by itself."""
    yield from (packet.arrival for packet in packets if packet.arrival < float("inf"))
    for link in links:
        yield from (link.busy_until, link.port_until)
        for lane in link.lanes:
            yield lane.asks_from
            yield from (p.free_at for p in lane.places if p.free_at < float("inf"))


def _arrive(links, packets, tick):
    """Let packets join what they come to in this tick, by number."""
    for number, packet in enumerate(packets):
        if packet.arrival != tick:
            continue
        if packet.taken:
            link, _, _, channel = packet.hops[packet.done - 1]
            packet.lane = links[link].lanes[channel]
            if not packet.lane.packets:
                packet.lane.asks_from = max(packet.lane.asks_from, tick)
            packet.lane.packets.append(number)
            packet.held, packet.taken = packet.taken, []
        elif packet.done == 0 and packet.trunk < 0:
            links[packet.hops[0][0]].injected.append(number)
        if packet.done == len(packet.hops):
            for branch in packet.branches:
                packets[branch].arrival = max(tick, packets[branch].release)


def _asking(links, packets, number, tick):
    """Yield the packets that ask for a link: first of its injected ones, and heads of channels."""
    yield from links[number].injected[:1]
    for link in links:
        for lane in link.lanes:
            if not lane.packets or lane.asks_from > tick or link.port_until > tick:
                continue
            head = lane.packets[0]
            moving = (
                packets[head].branches if packets[head].done == len(packets[head].hops) else [head]
            )
            for mover in moving:
                packet = packets[mover]
                fresh = mover == head or packet.done == 0
                if fresh and packet.arrival <= tick and packet.hops[packet.done][0] == number:
                    yield mover


def _wanted(links, packet):
    """Return the places that the next hop of a packet needs some of; None if it needs none."""
    if packet.done + 1 == len(packet.hops) and not packet.branches:
        return None
    link, _, _, channel = packet.hops[packet.done]
    return links[link].lanes[channel].places


def _may_start(links, packet, tick):
    places = _wanted(links, packet)
    return places is None or sum(place.free_at <= tick for place in places) >= packet.flits


def _start(links, packets, number, tick):
    packet = packets[number]
    link, occupancy, latency, _ = packet.hops[packet.done]
    over = tick + occupancy
    places = _wanted(links, packet)
    if places is not None:
        packet.taken = [place for place in places if place.free_at <= tick][: packet.flits]
        for place in packet.taken:
            place.free_at = float("inf")
    links[link].busy_until = over
    owner = packets[packet.trunk] if packet.done == 0 and packet.trunk >= 0 else packet
    packet.starts.append(tick)
    packet.done += 1
    packet.arrival = tick + latency
    if owner.lane is None:
        links[link].injected.remove(number)
        return
    source = next(x for x in links if any(lane is owner.lane for lane in x.lanes))
    source.port_until = over
    if owner is not packet and any(packets[b].done == 0 for b in owner.branches):
        return
    for place in owner.held:
        place.free_at = over + source.credit_ticks
    owner.lane.packets.pop(0)
    owner.lane.asks_from = over + source.head_ticks
    owner.lane = None
