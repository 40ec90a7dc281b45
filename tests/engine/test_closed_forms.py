"""Queueing results that are known exactly."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from archsim.mapping.program import SegmentBuilder, Station, StationTable, Visit


def test_single_server_waits_as_lindley_says(make_engine, one_station):
    rng = np.random.Generator(np.random.PCG64(7))
    customers = 20_000
    gaps = rng.integers(1, 2_000, customers)
    service = rng.integers(1, 1_900, customers)
    arrivals = np.cumsum(gaps)
    builder = SegmentBuilder()
    for arrival, occupancy in zip(arrivals.tolist(), service.tolist(), strict=True):
        builder.task([Visit(0, occupancy, occupancy)], release=arrival)
    timing = make_engine(one_station).run(builder.build())

    waits, wait = [], 0
    for i in range(customers):
        if i:
            wait = max(0, wait + int(service[i - 1]) - int(gaps[i]))
        waits.append(wait)
    assert (timing.start_ticks - timing.arrival_ticks).tolist() == waits
    assert timing.end_tick == int(arrivals[-1]) + waits[-1] + int(service[-1])


@pytest.mark.parametrize("items", [1, 2, 17])
def test_pipeline_makespan_is_fill_plus_bottleneck(make_engine, items):
    stages = [(5, 9), (11, 12), (3, 20), (11, 11)]  # (interval, latency)
    table = StationTable(stations=tuple(Station(name=f"stage{i}") for i in range(len(stages))))
    builder = SegmentBuilder()
    for _ in range(items):
        builder.task([Visit(i, interval, latency) for i, (interval, latency) in enumerate(stages)])
    timing = make_engine(table).run(builder.build())
    fill = sum(latency for _, latency in stages)
    bottleneck = max(interval for interval, _ in stages)
    assert timing.end_tick == fill + (items - 1) * bottleneck


def test_tandem_of_equal_constant_servers_waits_only_at_the_first(make_engine):
    rng = np.random.Generator(np.random.PCG64(3))
    stations, customers, service = 6, 500, 100
    arrivals = np.cumsum(rng.integers(1, 180, customers))
    table = StationTable(stations=tuple(Station(name=f"s{i}") for i in range(stations)))
    builder = SegmentBuilder()
    for arrival in arrivals.tolist():
        builder.task([Visit(i, service, service) for i in range(stations)], release=arrival)
    timing = make_engine(table).run(builder.build())
    starts = timing.start_ticks.reshape(customers, stations)
    waits = starts - timing.arrival_ticks.reshape(customers, stations)
    assert waits[:, 1:].max() == 0
    departures, free = [], 0
    for arrival in arrivals.tolist():
        free = max(free, arrival) + service
        departures.append(free + (stations - 1) * service)
    assert (starts[:, -1] + service).tolist() == departures


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_many_alike_jobs_on_several_servers_finish_in_batches(make_engine, servers):
    table = StationTable(stations=(Station(name="s", servers=servers),))
    builder = SegmentBuilder()
    for _ in range(13):
        builder.task([Visit(0, 10, 10)])
    assert make_engine(table).run(builder.build()).end_tick == -(-13 // servers) * 10


@pytest.mark.parametrize("flits", [1, 4])
def test_zero_load_mesh_latency_is_hops_times_hop_plus_tail(make_engine, flits):
    side, cycle, hop = 4, 7, 28
    graph = nx.DiGraph(nx.grid_2d_graph(side, side))
    links = {edge: number for number, edge in enumerate(sorted(graph.edges))}
    table = StationTable(
        stations=tuple(
            Station(name=str(edge), channels=2, depth=4, credit_ticks=cycle) for edge in links
        )
    )
    engine = make_engine(table)
    for source in graph:
        for target in graph:
            if source == target:
                continue
            path = nx.shortest_path(graph, source, target)
            hops = [links[edge] for edge in itertools.pairwise(path)]
            builder = SegmentBuilder()
            visits = [Visit(link, flits * cycle, hop) for link in hops[:-1]]
            visits.append(Visit(hops[-1], flits * cycle, hop + (flits - 1) * cycle))
            builder.task(visits, flits=flits)
            timing = engine.run(builder.build())
            last = int(timing.start_ticks[-1]) + hop + (flits - 1) * cycle
            assert last == len(hops) * hop + (flits - 1) * cycle


@pytest.mark.parametrize(("depth", "round_trip"), [(1, 40), (2, 40), (3, 40), (4, 40), (8, 40)])
def test_credit_loop_passes_depth_packets_per_round_trip(make_engine, depth, round_trip):
    # One link with a buffer of B places feeds a free sink. A place taken at the start comes back
    # latency + occupancy at the sink + credit later: throughput is min(1/occupancy, B/round trip).
    occupancy, latency, credit = 10, 20, 10
    assert latency + occupancy + credit == round_trip
    table = StationTable(
        stations=(
            Station(name="link", channels=1, depth=depth, credit_ticks=credit),
            Station(name="sink"),
        )
    )
    packets = 201
    builder = SegmentBuilder()
    for _ in range(packets):
        builder.task([Visit(0, occupancy, latency), Visit(1, occupancy, occupancy)])
    timing = make_engine(table).run(builder.build())
    starts = timing.start_ticks[::2].tolist()
    expected = []
    for i in range(packets):
        earliest = 0 if i == 0 else expected[-1] + occupancy
        expected.append(max(earliest, expected[i - depth] + round_trip if i >= depth else 0))
    assert starts == expected
