"""The rules of the contract, one small program each."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from archsim.engine import ReferenceEngine, room
from archsim.errors import DeadlockError, ModelError, ProgramError, ResourceError
from archsim.mapping.program import SegmentBuilder, Station, StationTable, Visit


def table(*stations: Station) -> StationTable:
    return StationTable(stations=stations)


def run(make_engine, stations, builder):
    return make_engine(stations).run(builder.build())


def test_equal_arrivals_start_in_task_order(make_engine, one_station):
    builder = SegmentBuilder()
    for _ in range(4):
        builder.task([Visit(0, 10, 3)], release=5)
    timing = run(make_engine, one_station, builder)
    assert timing.start_ticks.tolist() == [5, 15, 25, 35]
    assert timing.end_tick == 45


def test_the_arrays_of_a_segment_and_of_its_timing_are_read_only(make_engine, one_station):
    builder = SegmentBuilder()
    builder.task([Visit(0, 10, 3)])
    segment = builder.build()
    timing = make_engine(one_station).run(segment, ordered=True)
    for array in (segment.station, timing.arrival_ticks, timing.start_ticks, timing.order):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_server_freed_in_a_tick_serves_an_arrival_of_that_tick_by_queue_order(
    make_engine, one_station
):
    builder = SegmentBuilder()
    builder.task([Visit(0, 10, 10)], release=0)
    builder.task([Visit(0, 10, 10)], release=10)
    builder.task([Visit(0, 10, 10)], release=9)
    timing = run(make_engine, one_station, builder)
    assert timing.start_ticks.tolist() == [0, 20, 10]


def test_occupancy_zero_takes_no_server_but_keeps_its_place_in_the_queue(make_engine, one_station):
    builder = SegmentBuilder()
    builder.task([Visit(0, 10, 10)])
    builder.task([Visit(0, 10, 10)], release=1)
    builder.task([Visit(0, 0, 4)], release=2)
    timing = run(make_engine, one_station, builder)
    assert timing.start_ticks.tolist() == [0, 10, 10]


def test_occupancy_zero_starts_at_a_busy_station_when_nobody_waits(make_engine, one_station):
    builder = SegmentBuilder()
    builder.task([Visit(0, 10, 10)])
    builder.task([Visit(0, 0, 4)], release=2)
    assert run(make_engine, one_station, builder).start_ticks.tolist() == [0, 2]


def test_a_join_completes_with_its_last_dependency_in_the_same_tick(make_engine, one_station):
    builder = SegmentBuilder()
    first = builder.task([Visit(0, 1, 30)])
    second = builder.task([Visit(0, 1, 10)])
    join = builder.task(after=[first, second])
    chained = builder.task(after=[join])
    builder.task([Visit(0, 5, 5)], after=[chained])
    timing = run(make_engine, one_station, builder)
    assert timing.arrival_ticks.tolist() == [0, 0, 30]
    assert timing.end_tick == 35


def test_a_release_later_than_the_dependencies_holds_the_task_back(make_engine, one_station):
    builder = SegmentBuilder()
    first = builder.task([Visit(0, 3, 3)])
    builder.task([Visit(0, 3, 3)], after=[first], release=50)
    assert run(make_engine, one_station, builder).start_ticks.tolist() == [0, 50]


def test_a_lone_task_without_visits_ends_the_segment_at_its_release(make_engine, one_station):
    builder = SegmentBuilder()
    builder.task(release=77)
    assert run(make_engine, one_station, builder).end_tick == 77


def test_a_head_without_room_holds_back_no_other_channel(make_engine):
    stations = table(
        Station(name="up", channels=2, depth=2, credit_ticks=1),
        Station(name="mid", channels=2, depth=1, credit_ticks=1),
        Station(name="slow"),
        Station(name="fast"),
    )
    builder = SegmentBuilder()
    for release in (0, 1):
        visits = [Visit(0, 1, 1, channel=0), Visit(1, 1, 1, channel=0), Visit(2, 100, 100)]
        builder.task(visits, release=release)
    visits = [Visit(0, 1, 1, channel=1), Visit(1, 1, 1, channel=1), Visit(3, 1, 1)]
    builder.task(visits, release=10)
    timing = run(make_engine, stations, builder)
    # Task 1 stands at the head of channel 0 until the slow station gives task 0's place back
    # (2 + 100 + 1); task 2 passes it on channel 1, and then waits for the port of `mid` only.
    assert timing.start_ticks.tolist() == [0, 1, 2, 1, 103, 104, 10, 11, 102]


def test_the_channels_of_one_buffer_share_a_read_port(make_engine):
    stations = table(
        Station(name="in", channels=2, depth=4, credit_ticks=1),
        Station(name="a"),
        Station(name="b"),
    )
    builder = SegmentBuilder()
    builder.task([Visit(0, 1, 5, channel=0), Visit(2, 10, 10)])
    builder.task([Visit(0, 1, 4, channel=1), Visit(1, 10, 10)])
    timing = run(make_engine, stations, builder)
    # Both heads ask at tick 5; the port goes to the lower station number, a.
    assert timing.arrival_ticks.tolist() == [0, 5, 0, 5]
    assert timing.start_ticks.tolist() == [0, 15, 1, 5]


def test_a_new_head_asks_after_the_start_of_the_one_before_plus_occupancy_and_head_ticks(
    make_engine,
):
    stations = table(
        Station(name="in", channels=1, depth=4, head_ticks=7, credit_ticks=1),
        Station(name="a"),
        Station(name="b"),
    )
    builder = SegmentBuilder()
    builder.task([Visit(0, 1, 1), Visit(1, 10, 10)])
    builder.task([Visit(0, 1, 1), Visit(2, 10, 10)])
    timing = run(make_engine, stations, builder)
    assert timing.start_ticks.tolist() == [0, 1, 1, 1 + 10 + 7]


def test_multicast_returns_the_place_when_the_last_branch_has_started(make_engine):
    stations = table(
        Station(name="trunk", channels=1, depth=1, credit_ticks=3),
        Station(name="a"),
        Station(name="b"),
    )
    builder = SegmentBuilder()
    trunk = builder.task([Visit(0, 1, 5)])
    builder.task([Visit(1, 4, 4)], after=[trunk], fork_of=trunk)
    builder.task([Visit(2, 6, 6)], after=[trunk], fork_of=trunk)
    builder.task([Visit(0, 1, 5), Visit(1, 1, 1)])
    timing = run(make_engine, stations, builder)
    # Branches leave at 5 and, the port being shared, at 9; the place is back at 9 + 6 + 3.
    assert timing.start_ticks.tolist() == [0, 5, 9, 18, 23]


def test_a_ring_of_full_buffers_is_reported_with_its_cycle(make_engine):
    ring = [Station(name=f"ring{i}", channels=1, depth=1) for i in range(3)]
    builder = SegmentBuilder()
    for start in range(3):
        visits = [Visit((start + hop) % 3, 5, 5) for hop in range(3)]
        builder.task(visits, label=f"packet {start}")
    with pytest.raises(
        DeadlockError,
        match=r"3 tasks cannot finish: task 0 \(packet 0\) waits for 1 places behind ring1; task 1 .*back to task 0",
    ):
        run(make_engine, table(*ring), builder)


@pytest.mark.parametrize(
    ("visits", "options", "error", "message"),
    [
        (
            [Visit(1, 1, 1)],
            {},
            ProgramError,
            r"task 0 \(x\): expected a station number below 1, got 1",
        ),
        ([Visit(0, -1, 1)], {}, ProgramError, r"task 0 \(x\): expected an occupancy >= 0, got -1"),
        ([Visit(0, 1, 0)], {}, ProgramError, r"task 0 \(x\): expected a latency >= 1 tick, got 0"),
        (
            [Visit(0, 1, 1, count=-2)],
            {},
            ProgramError,
            r"task 0 \(x\): expected a count >= 0, got -2",
        ),
        ([], {"release": -1}, ProgramError, r"task 0 \(x\): expected a release tick >= 0, got -1"),
        (
            [],
            {"after": [0]},
            ProgramError,
            r"task 0 \(x\): expected dependencies with lower ids .* got 0",
        ),
        (
            [],
            {"flits": 0},
            ProgramError,
            r"task 0 \(x\): expected a packet of at least 1 flit, got 0",
        ),
        (
            [Visit(0, 1 << 61, 1 << 61)],
            {},
            ResourceError,
            r"task 0 \(x\): expected times that add up to less than 4.61e\+18 fs in a segment, got 4.61e\+18 fs",
        ),
    ],
)
def test_a_program_that_breaks_a_rule_is_refused_with_its_task(
    make_engine, one_station, visits, options, error, message
):
    builder = SegmentBuilder()
    builder.task(visits, label="x", **options)
    with pytest.raises(error, match=message) as found:
        make_engine(one_station).run(builder.build())
    assert found.value.exit_code == (5 if error is ResourceError else 2)


def test_tasks_that_depend_on_each_other_are_refused(make_engine, one_station):
    builder = SegmentBuilder()
    first = builder.task([Visit(0, 1, 1)])
    second = builder.task([Visit(0, 1, 1)], after=[first])
    builder.task([Visit(0, 1, 1)], after=[second], label="x")
    segment = builder.build()
    for circle in ([2, 1], [0, 2]):
        wrong = dataclasses.replace(segment, dependencies=np.array(circle))
        with pytest.raises(
            ProgramError, match=r"task [12].*: expected dependencies with lower ids"
        ):
            make_engine(one_station).run(wrong)


@pytest.mark.parametrize(
    ("visit", "options", "name"),
    [
        (Visit(0, 1, 1), {"release": 1 << 63}, "release_ticks"),
        (Visit(0, 1 << 64, 1), {}, "occupancy_ticks"),
        (Visit(0, 1, 1, 0, side=((0, 1 << 70),)), {}, "side_count"),
    ],
)
def test_a_number_beyond_64_bits_is_refused_with_its_task(visit, options, name):
    builder = SegmentBuilder()
    builder.task([Visit(0, 1, 1), Visit(0, 1, 1)])
    builder.task([visit], label="x", **options)
    with pytest.raises(ResourceError, match=rf"task 1 \(x\): expected {name} that fits 64 bits"):
        builder.build()


def test_a_segment_that_does_not_fit_memory_is_refused_with_the_first_task_beyond(
    make_engine, one_station, monkeypatch
):
    builder = SegmentBuilder()
    for number in range(9):
        builder.task([Visit(0, 1, 1)], label=f"t{number}")
    segment = builder.build()
    monkeypatch.setattr(room, "SMALL", 1)
    monkeypatch.setattr(room, "free_memory", lambda: 500)
    with pytest.raises(ResourceError, match=r"task [0-3] \(t[0-3]\): expected a segment that fits"):
        make_engine(one_station).run(segment)
    monkeypatch.setattr(room, "free_memory", lambda: None)
    assert make_engine(one_station).run(segment).end_tick == 9


@pytest.mark.parametrize(
    ("station", "message"),
    [
        (Station(name="s", servers=0), r"station 0 \(s\): expected at least 1 server, got 0"),
        (Station(name="s", channels=1), r"station 0 \(s\): expected both channels and depth"),
        (Station(name="s", depth=1), r"got 0 channels of 1 flits"),
        (Station(name="s", channels=2, depth=-1), r"expected a buffer of at least 1 channel"),
        (Station(name="s", channels=1, depth=1, credit_ticks=0), r"credit_ticks >= 1, got 0 and 0"),
    ],
)
def test_an_impossible_station_is_refused(make_engine, station, message):
    with pytest.raises(ProgramError, match=message):
        make_engine(table(station))


def test_a_packet_longer_than_its_buffer_is_refused(make_engine):
    stations = table(Station(name="in", channels=1, depth=2), Station(name="out"))
    builder = SegmentBuilder()
    builder.task([Visit(0, 3, 3), Visit(1, 3, 3)], flits=3)
    with pytest.raises(ProgramError, match=r"task 0: expected a packet of at most 2 flits"):
        run(make_engine, stations, builder)


def test_ticks_across_segments_restart_at_zero(make_engine, one_station):
    engine = make_engine(one_station)
    for _ in range(3):
        builder = SegmentBuilder(gap_ticks=1_000)
        builder.task([Visit(0, 10, 12)])
        builder.task([Visit(0, 10, 12)])
        timing = engine.run(builder.build())
        assert timing.start_ticks.tolist() == [0, 10]
        assert timing.end_tick == 22


class TestStationPolicy:
    """A user's own policy for one station; only the reference engine takes one."""

    @staticmethod
    def last_come_first_served(station):
        while True:
            yield station.arrival()
            yield station.env.timeout(0)
            while station.waiting:
                if station.busy < station.servers:
                    station.start(station.waiting[-1])
                else:
                    yield station.until_freed()

    def test_may_reorder(self, one_station):
        builder = SegmentBuilder()
        for release in (0, 1, 2, 3):
            builder.task([Visit(0, 10, 10)], release=release)
        engine = ReferenceEngine(one_station, policies={0: self.last_come_first_served})
        assert engine.run(builder.build()).start_ticks.tolist() == [0, 30, 20, 10]

    def test_sets_power_states_and_counts_acts(self):
        one_station = table(Station(name="s", states=("on", "off")))

        def gated(station):
            station.set_state("off")
            while True:
                arrival = yield station.arrival()
                station.set_state("on")
                station.count("wake")
                yield station.env.timeout(5)
                station.start(arrival)
                yield station.until_freed()
                station.set_state("off")

        builder = SegmentBuilder(gap_ticks=100)
        builder.task([Visit(0, 10, 10)], release=50)
        engine = ReferenceEngine(one_station, policies={0: gated})
        segment = builder.build()
        for _ in range(2):
            timing = engine.run(segment)
            assert timing.start_ticks.tolist() == [55]
            assert timing.policy_counts == {(0, "wake"): 1}
            assert sum(timing.state_ticks.values()) == 65 + 100
            assert timing.state_ticks[0, "on"] == 15

    def test_may_not_start_a_visit_twice(self, one_station):
        def careless(station):
            arrival = yield station.arrival()
            station.start(arrival)
            station.start(arrival)

        builder = SegmentBuilder()
        builder.task([Visit(0, 10, 10)])
        with pytest.raises(ModelError, match="station s: its policy starts visit 0 twice"):
            ReferenceEngine(one_station, policies={0: careless}).run(builder.build())

    def test_may_not_use_more_servers_than_there_are(self, one_station):
        def greedy(station):
            while True:
                station.start((yield station.arrival()))

        builder = SegmentBuilder()
        builder.task([Visit(0, 10, 10)])
        builder.task([Visit(0, 10, 10)])
        with pytest.raises(ModelError, match="starts visit 1 with no free server"):
            ReferenceEngine(one_station, policies={0: greedy}).run(builder.build())

    def test_may_not_invent_a_power_state(self, one_station):
        def dozing(station):
            station.set_state("doze")
            yield station.arrival()

        builder = SegmentBuilder()
        builder.task([Visit(0, 10, 10)])
        with pytest.raises(
            ModelError, match=r"expected one of its power states \(none\), got 'doze'"
        ):
            ReferenceEngine(one_station, policies={0: dozing}).run(builder.build())

    def test_that_never_serves_is_reported(self, one_station):
        def idle(station):
            yield station.arrival()

        builder = SegmentBuilder()
        builder.task([Visit(0, 10, 10)], label="lost")
        with pytest.raises(
            ModelError, match=r"task 0 \(lost\) waits at station s, whose policy never"
        ):
            ReferenceEngine(one_station, policies={0: idle}).run(builder.build())
