from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import archsim
from archsim.analysis.critical_path import GAP, CriticalPath, Handover, Part, Spent, critical_path
from archsim.analysis.walk import Piece, walk
from archsim.engine import ReferenceEngine
from archsim.errors import ArchsimError
from archsim.mapping.program import SegmentBuilder, Station, StationTable, Visit
from tests.strategies import programs, traffic_sets

ONE = StationTable(stations=(Station(name="s", tile="t", component="c"),))
many = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


def timed(stations, segment):
    try:
        return ReferenceEngine(stations).run(segment)
    except ArchsimError:  # too late a tick, or a deadlock
        reject()


def path_of(builder, stations=ONE):
    segment = builder.build()
    return walk(segment, stations, ReferenceEngine(stations).run(segment))


@many
@given(st.one_of(programs(), traffic_sets()))
def test_every_tick_of_a_segment_has_one_cause(program):
    timing = timed(program.stations, program.segment)
    path = walk(program.segment, program.stations, timing)
    assert sum(piece.ticks for piece in path) == timing.end_tick
    assert all(piece.ticks > 0 for piece in path)
    if not any(one.channels for one in program.stations.stations):
        assert {piece.kind for piece in path} <= {"service", "server", "release"}


def test_a_path_goes_back_through_service_waiting_dependency_and_release():
    builder = SegmentBuilder()
    builder.task([Visit(0, 5, 5)], release=2)  # 2 to 7
    first = builder.task([Visit(0, 3, 4)], release=3)  # waits until 7, to 11
    builder.task([Visit(0, 1, 6)], after=[first])
    assert path_of(builder) == (
        Piece("service", 2, 2, 6),
        Piece("service", 1, 1, 4),
        Piece("server", 1, 1, 4),
        Piece("release", 1, -1, 3),
    )


def test_a_packet_without_room_waits_for_places_and_ends_with_their_return():
    links = StationTable(
        stations=(Station(name="a", channels=1, depth=1, credit_ticks=3), Station(name="b"))
    )
    builder = SegmentBuilder()
    for _ in range(2):
        builder.task([Visit(0, 1, 1), Visit(1, 10, 1)])
    # first: on a at 0, on b from 1 to 11, place back at 14; second: on a at 14, on b at 15
    assert path_of(builder, links) == (
        Piece("credit", 1, 3, 3),
        Piece("service", 1, 3, 10),
        Piece("service", 1, 2, 1),
        Piece("place", 1, 2, 13),
        Piece("server", 1, 2, 1),
    )


def test_a_segment_that_repeats_is_walked_once_and_multiplied():
    path = CriticalPath()
    for repeat, gap in ((1, 0), (1, 7), (3, 2)):
        builder = SegmentBuilder(phase="free", repeat=repeat, gap_ticks=gap)
        task = builder.task([Visit(0, 2, 2)], label="read")
        builder.task([Visit(0, 3, 3)], after=[task], label="add")
        segment = builder.build()
        path.watch(ONE, segment, ReferenceEngine(ONE).run(segment))
    assert path.walked == 1
    assert path.parts == {
        Part("free", "t", "c", "service"): Spent(10, 25),
        Part("free", "", "", GAP): Spent(4, 13),
    }
    assert path.handovers == {
        Handover("free", "add", "end"): Spent(5, 15),
        Handover("free", "read", "add"): Spent(5, 10),
    }


@pytest.mark.slow
def test_the_path_of_a_run_sums_to_its_time_in_every_phase():
    quick = {"workload.test.copies": "2", "workload.stop.copies": "5"}
    path, done = critical_path("madem_braille:two_layer", "madem_64x4", settings=quick)
    book = done.book
    for phase in {phase for _, phase in book.durations}:
        ticks = sum(
            book.durations[key] + book.gaps[key] for key in book.durations if key[1] == phase
        )
        assert path.ticks([phase]) == ticks
    assert path.ticks() == book.duration_ticks()
    assert path.walked < book.segments
    assert done.ledger.equals(
        archsim.run("madem_braille:two_layer", "madem_64x4", settings=quick).ledger
    )
