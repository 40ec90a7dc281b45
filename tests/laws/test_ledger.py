"""The ledger adds up to the last bit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from archsim.engine import ReferenceEngine, ReplayEngine
from archsim.frames import ledger_frame
from archsim.ledger import Ledger, Price, Prices, joules
from archsim.mapping.program import AccountTable, SegmentBuilder, Station, StationTable, Visit


def booked(engine, segments, stations, accounts):
    ledger = Ledger(accounts=accounts, stations=stations)
    for segment in segments:
        timing = engine.run(segment)
        ledger.add(
            segment,
            arrival_ticks=timing.arrival_ticks,
            start_ticks=timing.start_ticks,
            end_tick=timing.end_tick,
        )
    return ledger


@st.composite
def segment_lists(draw):
    accounts = AccountTable()
    numbers = [accounts.number("free", "t", "c", action) for action in "abc"]
    stations = StationTable(stations=tuple(Station(name=f"s{i}") for i in range(3)))
    segments = []
    for step in range(draw(st.integers(1, 4))):
        builder = SegmentBuilder(step=step, epoch=step % 2, phase="free", gap_ticks=step)
        for _ in range(draw(st.integers(1, 6))):
            visits = [
                Visit(
                    draw(st.integers(0, 2)),
                    draw(st.integers(0, 50)),
                    draw(st.integers(1, 50)),
                    draw(st.sampled_from(numbers)),
                    draw(st.integers(0, 1 << 60)),
                    side=((numbers[0], draw(st.integers(0, 1 << 60))),),
                )
                for _ in range(draw(st.integers(0, 3)))
            ]
            builder.task(visits, release=draw(st.integers(0, 30)))
        segments.append(builder.build())
    return stations, accounts, segments


@given(segment_lists())
def test_counts_are_exact_beyond_64_bits_and_replay_changes_nothing(case):
    stations, accounts, segments = case
    segments = segments * 20
    plain = booked(ReferenceEngine(stations), segments, stations, accounts)
    replayed = booked(ReplayEngine(ReferenceEngine(stations)), segments, stations, accounts)
    assert plain.tallies == replayed.tallies
    assert plain.durations == replayed.durations
    assert plain.busy_ticks == replayed.busy_ticks
    total = sum(tally.count for tally in plain.tallies.values())
    counts = (column for s in segments for column in (s.count, s.side_count))
    assert total == sum(int(value) for column in counts for value in column)
    busy = sum(int(value) for s in segments for value in s.occupancy_ticks)
    assert sum(tally.busy_ticks for tally in plain.tallies.values()) == busy
    assert sum(plain.busy_ticks) == busy


def test_replay_simulates_equal_segments_once_and_different_ones_apart():
    stations = StationTable(stations=(Station(name="s"),))
    engine = ReplayEngine(ReferenceEngine(stations))
    for occupancy in (5, 5, 7, 5):
        builder = SegmentBuilder()
        builder.task([Visit(0, occupancy, 9, count=occupancy)])
        engine.run(builder.build())
    assert engine.simulated == 2


@given(st.integers(0, 10**30), st.integers(0, 10**18), st.sampled_from([1, 1 << 20, 10**9]))
def test_joules_is_the_nearest_float(count, price, scale):
    assert joules(count, price, scale) == float(Fraction(count * price, scale * 10**24))


def test_static_energy_is_leakage_times_all_time_and_carries_its_phase():
    stations = StationTable(stations=(Station(name="t.c", tile="t", component="c"),))
    accounts = AccountTable()
    number = accounts.number("free", "t", "c", "act")
    builder = SegmentBuilder(phase="free", gap_ticks=400)
    builder.task([Visit(0, 100, 600, number, 3)])
    ledger = booked(ReferenceEngine(stations), [builder.build()] * 5, stations, accounts)
    prices = Prices(
        actions={("t", "c", "act"): Price(7, 1)},
        leakage_aw={("t", "c", "on"): 2 * 10**9, ("t", "c", "off"): 10**9},
    )
    table = ledger_frame(ledger, prices).set_index("action")
    assert table.loc["act", ["count", "busy_ticks", "waiting_ticks"]].tolist() == [15, 500, 0]
    assert table.loc["act", "energy_j"] == 1.05e-22
    assert table.loc["static_on", "count"] == 5 * (600 + 400)
    assert table.loc["static_on", "phase"] == "free"
    assert table.loc["static_on", "energy_j"] == float(Fraction(2 * 5000, 10**24))
    assert "static_off" not in table.index


def test_waiting_is_start_minus_arrival_summed():
    stations = StationTable(stations=(Station(name="s"),))
    accounts = AccountTable()
    number = accounts.number("free", "t", "c", "act")
    builder = SegmentBuilder(phase="free")
    for _ in range(4):
        builder.task([Visit(0, 10, 10, number)])
    ledger = booked(ReferenceEngine(stations), [builder.build()], stations, accounts)
    assert ledger.tallies[-1, number].waiting_ticks == 0 + 10 + 20 + 30
    assert np.array(ledger.busy_ticks).tolist() == [40]
