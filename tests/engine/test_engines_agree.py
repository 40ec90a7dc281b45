"""All engines give the same ticks, starts, ledger and errors for any program."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from archsim.engine import ReferenceEngine
from archsim.engine.fast import FastEngine
from archsim.errors import DeadlockError
from archsim.ledger import Ledger
from tests.engine.oracle import JamError, starts_flit_by_flit
from tests.strategies import programs, traffic_sets

ENGINES = (ReferenceEngine, FastEngine)
FEATURES = ("tie", "blocked place", "several servers", "join", "multicast")
DRAWS = settings(
    deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def outcome(make_engine, program):
    """Return all that an engine finds out about a program, told twice."""
    engine = make_engine(program.stations)
    try:
        timing = engine.run(program.segment, ordered=True)
    except DeadlockError as error:
        return str(error)
    again = engine.run(program.segment)
    assert again.start_ticks.tolist() == timing.start_ticks.tolist()
    ledger = Ledger(accounts=program.accounts, stations=program.stations)
    ledger.add(
        program.segment,
        arrival_ticks=timing.arrival_ticks,
        start_ticks=timing.start_ticks,
        end_tick=timing.end_tick,
    )
    return (
        timing.arrival_ticks.tolist(),
        timing.start_ticks.tolist(),
        timing.end_tick,
        timing.order.tolist(),
        ledger.tallies,
        ledger.durations,
        ledger.busy_ticks,
    )


def features(program, found):
    """Yield what a program has that engines could differ in."""
    segment = program.segment
    visits = np.diff(segment.visit_offsets)
    if ((visits == 0) & (np.diff(segment.dependency_offsets) > 0)).any():
        yield "join"
    if (segment.fork_of >= 0).any():
        yield "multicast"
    if any(program.stations[n].servers > 1 for n in segment.station.tolist()):
        yield "several servers"
    if isinstance(found, str):
        yield from ("deadlock", "blocked place")
        return
    arrivals = list(zip(found[0], segment.station.tolist(), strict=True))
    if len(set(arrivals)) < len(arrivals):
        yield "tie"
    roomy = tuple(
        dataclasses.replace(s, depth=1 << 20) if s.depth else s for s in program.stations.stations
    )
    free = FastEngine(dataclasses.replace(program.stations, stations=roomy)).run(segment)
    if free.start_ticks.tolist() != found[1]:
        yield "blocked place"


def agree(draws):
    """Compare all engines on so many programs; return how many had which feature."""
    seen = Counter()

    @settings(DRAWS, max_examples=draws)
    @given(programs())
    def compare(program):
        found = [outcome(make_engine, program) for make_engine in ENGINES]
        assert all(other == found[0] for other in found)
        seen.update({"programs": 1})
        seen.update(features(program, found[0]))

    compare()
    return seen


def test_engines_agree_on_some_random_programs():
    assert agree(30)["programs"] >= 30


@pytest.mark.slow
def test_engines_agree_on_a_thousand_random_programs(capsys):
    seen = agree(1_000)
    with capsys.disabled():
        sys.stdout.write("\n" + ", ".join(f"{n} {name}" for name, n in seen.most_common()) + "\n")
    assert seen["programs"] >= 1_000
    for feature in FEATURES:
        assert seen[feature] >= 0.2 * seen["programs"], feature


def agree_flit_by_flit(make_engine, draws):
    """Compare an engine with the oracle on so many sets of packets; return how many came to which end."""
    seen = Counter()

    @settings(DRAWS, max_examples=draws)
    @given(traffic_sets())
    def compare(traffic):
        try:
            found = starts_flit_by_flit(traffic.stations, traffic.segment)
        except JamError:
            with pytest.raises(DeadlockError, match="cannot finish"):
                make_engine(traffic.stations).run(traffic.segment)
            seen["jammed"] += 1
            return
        timing = make_engine(traffic.stations).run(traffic.segment)
        assert timing.start_ticks.tolist() == [tick for packet in found for tick in packet]
        seen["through"] += 1

    compare()
    return seen


def test_buffers_follow_rule_3_flit_by_flit(make_engine):
    seen = agree_flit_by_flit(make_engine, 50)
    assert seen.total() >= 50
    assert seen["through"] > 0


@pytest.mark.slow
def test_buffers_follow_rule_3_flit_by_flit_in_a_thousand_traffic_sets(make_engine):
    seen = agree_flit_by_flit(make_engine, 1_000)
    assert seen.total() >= 1_000
    assert min(seen["through"], seen["jammed"]) > 0
