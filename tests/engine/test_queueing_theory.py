"""Long runs against queueing theory, exactly or within a confidence interval."""

from __future__ import annotations

import math

import numpy as np
import pytest

from archsim.mapping.program import Station, StationTable
from benchmarks.mesh_latency import BOOKSIM, ROUTER, mean_latency, ours
from benchmarks.router import router_latencies
from benchmarks.traffic import Mesh, uniform, unit_packets
from tests.engine.segments import alike_tasks

pytestmark = pytest.mark.slow

MEAN_SERVICE = 1_000_000
"""Long enough for rounding to whole ticks to be far below the statistical error."""


def customers(arrivals, service):
    """Return a segment of customers at station 0."""
    column = service.reshape(-1, 1)
    return alike_tasks(arrivals, np.zeros_like(column), column, np.maximum(column, 1))


def waits(make_engine, servers, arrivals, service):
    engine = make_engine(StationTable(stations=(Station(name="s", servers=servers),)))
    timing = engine.run(customers(arrivals, service))
    return timing.start_ticks - timing.arrival_ticks


def mean_wait(make_engine, servers, load, draw_service):
    """Return mean and standard error of the wait over independent runs, in mean services."""
    rng = np.random.Generator(np.random.PCG64(11))
    runs, length, warmup = 24, 20_000, 4_000
    means = []
    for _ in range(runs):
        gaps = rng.exponential(MEAN_SERVICE / (servers * load), length)
        arrivals = np.cumsum(np.rint(gaps).astype(np.int64))
        wait = waits(make_engine, servers, arrivals, draw_service(rng, length))
        means.append(wait[warmup:].mean() / MEAN_SERVICE)
    return np.mean(means), np.std(means, ddof=1) / math.sqrt(runs)


def test_a_million_customers_wait_exactly_as_lindley_says(make_engine):
    rng = np.random.Generator(np.random.PCG64(5))
    count = 1_000_000
    gaps = rng.integers(1, 2_000, count)
    service = rng.integers(1, 1_990, count)
    found = waits(make_engine, 1, np.cumsum(gaps), service)
    # Lindley's W(n+1) = max(0, W(n) + S(n) - A(n+1)), solved: the walk above its lowest point.
    walk = np.concatenate(([0], np.cumsum(service[:-1] - gaps[1:])))
    assert (found == walk - np.minimum.accumulate(walk)).all()


@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_constant_service_waits_as_pollaczek_and_khinchine_say(make_engine, load):
    def constant(_, length):
        return np.full(length, MEAN_SERVICE)

    mean, error = mean_wait(make_engine, 1, load, constant)
    assert abs(mean - load / (2 * (1 - load))) < 3.5 * error


@pytest.mark.parametrize(("servers", "load"), [(1, 0.8), (2, 0.7), (5, 0.85)])
def test_several_servers_wait_as_erlang_c_says(make_engine, servers, load):
    def exponential(rng, length):
        return np.rint(rng.exponential(MEAN_SERVICE, length)).astype(np.int64)

    mean, error = mean_wait(make_engine, servers, load, exponential)
    offered = servers * load
    tail = offered**servers / math.factorial(servers) / (1 - load)
    queued = tail / (sum(offered**k / math.factorial(k) for k in range(servers)) + tail)
    assert abs(mean - queued / (servers * (1 - load))) < 3.5 * error


def test_a_packet_alone_takes_its_links_and_its_length(make_engine):
    mesh = Mesh(channels=2, depth=16)
    pairs = [(a, b) for a in range(mesh.nodes) for b in range(mesh.nodes)]
    source, target = (np.array(column) for column in zip(*pairs, strict=True))
    release = np.arange(len(pairs)) * 100
    engine = make_engine(mesh.stations())
    for flits in range(1, 17):
        traffic = unit_packets(mesh, release, source, target, flits=flits)
        latencies = traffic.latencies(engine.run(traffic.segment).start_ticks)
        links = np.abs(target % 8 - source % 8) + np.abs(target // 8 - source // 8)
        assert (latencies == 2 + 4 * links + 4 + flits - 1).all()


@pytest.mark.parametrize("load", [0.2, 0.45, 0.7, 1.0])
def test_a_mesh_accepts_no_more_than_its_bisection_passes(make_engine, load):
    mesh, cycles, warmup = Mesh(), 1_500, 500
    traffic = uniform(mesh, load=load, cycles=cycles, seed=2)
    starts = make_engine(mesh.stations()).run(traffic.segment).start_ticks
    done = traffic.segment.release_ticks + traffic.latencies(starts)
    window = (cycles - warmup) * mesh.nodes
    accepted = np.count_nonzero((done >= warmup) & (done < cycles)) / window
    # A quarter of all packets goes from the left half to the right one, over 8 links.
    bound = 8 / (mesh.nodes / 4)
    assert accepted <= bound
    if load < 0.4:
        assert abs(accepted - load) < 4 * math.sqrt(load / window)


@pytest.mark.parametrize("load", [0.1, 0.3, 0.35])
def test_a_mesh_is_as_late_as_booksim_says(load):
    found = mean_latency(ours, ROUTER, load, 20_000)
    assert found == pytest.approx(BOOKSIM[load], rel=0.05)


@pytest.mark.parametrize("depth", [8, 16])
def test_routers_of_one_channel_are_as_late_as_played_cycle_by_cycle(depth):
    mesh = Mesh(channels=1, depth=depth, credit=2)
    expected = mean_latency(router_latencies, mesh, 0.3, 10_000)
    assert mean_latency(ours, mesh, 0.3, 10_000) == pytest.approx(expected, rel=0.01)
