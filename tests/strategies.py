"""Random programs and the chips they run on, for property tests."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from archsim.mapping.program import (
    AccountTable,
    Segment,
    SegmentBuilder,
    Station,
    StationTable,
    Visit,
)

SCALES = (1, 1, 1, 1_000_000, 1 << 20, 999_983)
"""What all times of a program are multiplied by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A segment, the stations it runs on, and the accounts it books on."""

    stations: StationTable
    accounts: AccountTable
    segment: Segment


@dataclass(frozen=True, slots=True)
class _Topology:
    """Which stations may follow which, and which of them form a ring-free order."""

    stations: tuple[Station, ...]
    following: tuple[tuple[int, ...], ...]


@st.composite
def programs(draw, *, tasks=16):
    """Draw a program of up to `tasks` tasks and their branches."""
    scale = draw(st.sampled_from(SCALES))
    topology = draw(topologies(scale))
    accounts = AccountTable()
    numbers = [accounts.number("free", "tile", "part", action) for action in "abc"]
    builder = SegmentBuilder(phase="free", gap_ticks=draw(st.integers(0, 9)))
    for _ in range(draw(st.integers(3, tasks))):
        draw(task(builder, topology, numbers, scale))
    if draw(st.integers(0, 15)) == 0:  # too late for tick and code to fit one word
        builder.task([Visit(0, 1, 1)], release=(1 << 61) - draw(st.integers(0, 3)))
    return Program(
        stations=StationTable(stations=topology.stations),
        accounts=accounts,
        segment=builder.build(),
    )


@st.composite
def topologies(draw, scale):
    """Draw a chip: a mesh, a line or any graph of stations, with buffers or without."""
    shape = draw(st.sampled_from(["mesh", "line", "any"]))
    finite = draw(st.sampled_from([True, True, True, False]))
    if shape == "mesh":
        following = _mesh_links(draw(st.integers(2, 3)), draw(st.integers(2, 3)))
    else:
        size = draw(st.integers(2, 7))
        following = tuple(
            tuple(range(n + 1, min(n + 4, size))) if shape == "line" else tuple(range(size))
            for n in range(size)
        )
    stations = tuple(draw(station(f"s{n}", scale, finite)) for n in range(len(following)))
    return _Topology(stations, following)


def _mesh_links(width, height):
    """Return for every link, and every node's way out, the links that x-y routes go on with."""
    nodes = [(x, y) for y in range(height) for x in range(width)]
    steps = ((1, 0), (-1, 0), (0, 1), (0, -1))
    links = [(node, step) for node in nodes for step in steps if _moved(node, step) in nodes]
    ways = links + [(node, (0, 0)) for node in nodes]
    number = {way: place for place, way in enumerate(ways)}
    following = []
    for node, step in ways:
        there = _moved(node, step)
        turns = [] if step == (0, 0) else [(there, step), (there, (0, 0))]
        if step[0]:
            turns += [(there, (0, 1)), (there, (0, -1))]
        following.append(tuple(sorted(number[turn] for turn in turns if turn in number)))
    return tuple(following)


def _moved(node, step):
    return node[0] + step[0], node[1] + step[1]


@st.composite
def station(draw, name, scale, finite):
    """Draw a station; where the chip has finite buffers, three of four have one."""
    buffered = finite and draw(st.integers(0, 3)) > 0
    return Station(
        name=name,
        servers=draw(st.sampled_from([1, 1, 2, 3])),
        channels=draw(st.integers(1, 3)) if buffered else 0,
        depth=draw(st.sampled_from([1, 1, 2, 3])) if buffered else 0,
        head_ticks=scale * draw(st.integers(0, 4)) if buffered else 0,
        credit_ticks=scale * draw(st.integers(1, 6)) if buffered else 1,
    )


@st.composite
def task(draw, builder, topology, numbers, scale):
    """Add a task, and perhaps branches where it ends."""
    earlier = len(builder._labels)
    after = draw(st.lists(st.integers(0, earlier - 1), max_size=2)) if earlier else []
    if draw(st.booleans()):
        after = []
    release = scale * draw(st.integers(0, 12))
    if draw(st.integers(0, 5)) == 0:
        builder.task(after=after, release=release)
        return
    route = draw(routes(topology, draw(st.integers(0, len(topology.stations) - 1))))
    last = topology.stations[route[-1]]
    splits = last.channels > 0 and topology.following[route[-1]] and draw(st.integers(0, 2)) > 0
    buffers = [topology.stations[n] for n in (route if splits else route[:-1])]
    flits = draw(st.integers(1, min((s.depth for s in buffers if s.depth), default=4)))
    visits = draw(visits_along(topology, route, numbers, scale, leaves=False))
    trunk = builder.task(visits, release=release, after=after, flits=flits)
    for _ in range(draw(st.integers(1, 3)) if splits else 0):
        first = draw(st.sampled_from(topology.following[route[-1]]))
        way = draw(routes(topology, first))
        while any(0 < topology.stations[n].depth < flits for n in way[:-1]):
            way = way[:-1]
        branch = draw(visits_along(topology, way, numbers, scale, leaves=True))
        late = scale * draw(st.sampled_from([0, 0, 20]))
        builder.task(branch, release=late, after=[trunk], flits=flits, fork_of=trunk)


@st.composite
def routes(draw, topology, first):
    """Draw up to five stations in a row, from `first` on."""
    route = [first]
    for _ in range(draw(st.integers(0, 4))):
        if not topology.following[route[-1]]:
            break
        route.append(draw(st.sampled_from(topology.following[route[-1]])))
    return route


@st.composite
def visits_along(draw, topology, route, numbers, scale, *, leaves):
    """Draw the visits of a task; `leaves` says whether it starts from a finite buffer."""
    visits = []
    for number in route:
        place = topology.stations[number]
        visits.append(
            Visit(
                number,
                scale * draw(st.integers(1 if leaves else 0, 5)),
                scale * draw(st.integers(1, 6)),
                draw(st.sampled_from([-1, *numbers])),
                draw(st.integers(0, 9)),
                channel=draw(st.integers(0, place.channels - 1)) if place.channels else 0,
                side=((numbers[0], 3),) if draw(st.booleans()) else (),
            )
        )
        leaves = place.channels > 0
    return visits


@st.composite
def traffic_sets(draw):
    """Draw packets, some of them multicast, on a few links with finite buffers."""
    count = draw(st.integers(2, 6))
    links = tuple(
        Station(
            name=f"link{n}",
            channels=draw(st.integers(1, 3)),
            depth=draw(st.integers(1, 4)),
            head_ticks=draw(st.integers(0, 3)),
            credit_ticks=draw(st.integers(1, 5)),
        )
        for n in range(count)
    )
    topology = _Topology(links, tuple(tuple(range(count)) for _ in range(count)))
    builder = SegmentBuilder()
    for _ in range(draw(st.integers(2, 14))):
        draw(packet(builder, topology))
    return Program(
        stations=StationTable(stations=links), accounts=AccountTable(), segment=builder.build()
    )


@st.composite
def packet(draw, builder, topology):
    """Add a packet, and perhaps the branches that it splits into."""
    upwards = draw(st.integers(0, 3)) > 0  # then it can take part in no cycle
    route = draw(st.lists(st.integers(0, len(topology.stations) - 1), min_size=1, max_size=5))
    route = sorted(set(route)) if upwards else route
    depths = [topology.stations[number].depth for number in route]
    splits = draw(st.integers(0, 9)) == 0
    flits = draw(st.integers(1, min(depths if splits else depths[:-1], default=4)))
    trunk = builder.task(
        draw(hops(topology, route, flits)), release=draw(st.integers(0, 15)), flits=flits
    )
    for _ in range(draw(st.integers(1, 3)) if splits else 0):
        above = range(route[-1] + 1, len(topology.stations))
        way = draw(st.lists(st.sampled_from(above), min_size=1, max_size=2)) if above else [0]
        way = sorted(set(way))
        while any(topology.stations[number].depth < flits for number in way[:-1]):
            way = way[:-1]
        visits = draw(hops(topology, way, flits))
        builder.task(visits, after=[trunk], flits=flits, fork_of=trunk)


@st.composite
def hops(draw, topology, route, flits):
    """Draw the visits of a packet: every link takes some ticks for each flit."""
    return [
        Visit(
            number,
            flits * draw(st.integers(1, 2)),
            draw(st.integers(1, 5)),
            channel=draw(st.integers(0, topology.stations[number].channels - 1)),
        )
        for number in route
    ]
