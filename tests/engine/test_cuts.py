"""Cuts: any cut of a stretch gives the same ticks, ledger and end, and holds little at a time."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archsim.engine.cuts import Cutter, Part, parts
from archsim.engine.fast import FastEngine
from archsim.engine.rows import taken
from archsim.errors import DeadlockError, ProgramError
from archsim.ledger import Ledger
from archsim.mapping.program import SegmentBuilder, Station, StationTable, Visit
from tests.engine.segments import alike_tasks
from tests.strategies import programs, traffic_sets

DRAWS = settings(
    deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def pieces(make_engine, stations, stream):
    """Return what a cutter says, part by part."""
    cutter = Cutter(stations, make_engine)
    return [(*cutter.add(part, ordered=True), cutter.held) for part in stream]


def booked(program, found):
    ledger = Ledger(accounts=program.accounts, stations=program.stations)
    for segment, timing in found:
        ledger.add(
            segment,
            arrival_ticks=timing.arrival_ticks,
            start_ticks=timing.start_ticks,
            end_tick=timing.end_tick,
        )
    gaps = {key: ticks for key, ticks in ledger.gaps.items() if ticks}
    return ledger.tallies, ledger.durations, gaps, ledger.busy_ticks


def visits(found):
    """Return all visits as (start, station, arrival, occupancy, latency, count), in order."""
    rows, begin = [], 0
    for segment, timing in found:
        columns = (
            timing.start_ticks + begin,
            segment.station,
            timing.arrival_ticks + begin,
            segment.occupancy_ticks,
            segment.latency_ticks,
            segment.count,
        )
        part = list(zip(*(column.tolist() for column in columns), strict=True))
        rows += [part[place] for place in timing.order.tolist()]
        begin += timing.end_tick
    return rows, begin


def same_when_cut(make_engine, program, limit):
    """Compare a program cut every `limit` visits with the whole; return what happened."""
    stream = list(parts(program.segment, limit))
    try:
        whole = make_engine(program.stations).run(program.segment, ordered=True)
    except DeadlockError:
        with pytest.raises(DeadlockError, match="cannot finish"):
            pieces(make_engine, program.stations, stream)
        return "deadlock", len(stream), 0
    found = pieces(make_engine, program.stations, stream)
    done = [(segment, timing) for segment, timing, _ in found]
    assert visits(done) == visits([(program.segment, whole)])
    assert booked(program, done) == booked(program, [(program.segment, whole)])
    return "whole", len(stream), sum(held for _, _, held in found)


def paced(program, pace):
    """Return a program whose tasks are released later and later, as those of a stream are."""
    segment = program.segment
    scale = int(np.gcd.reduce(np.concatenate((segment.latency_ticks, segment.release_ticks))))
    late = segment.release_ticks + pace * max(scale, 1) * np.arange(segment.task_count)
    fits = late < 1 << 61
    late = np.where(fits, late, segment.release_ticks)
    return replace(program, segment=replace(segment, release_ticks=late))


def compare(make_engine, strategy, draws):
    seen = Counter()

    @settings(DRAWS, max_examples=draws)
    @given(strategy, st.integers(1, 12), st.integers(0, 4))
    def check(program, limit, pace):
        program = paced(program, pace)
        kind, count, held = same_when_cut(make_engine, program, limit)
        seen.update({"programs": 1, kind: 1, "cut": count > 1, "tasks passed on": held > 0})
        seen["finite buffers"] += any(s.channels for s in program.stations.stations)

    check()
    return seen


def test_any_cut_of_some_random_programs_gives_the_same(make_engine):
    assert compare(make_engine, programs(), 20)["cut"] > 10


def test_any_cut_of_some_random_traffic_gives_the_same(make_engine):
    assert compare(make_engine, traffic_sets(), 20)["tasks passed on"] > 10


def test_a_stream_that_is_never_idle_needs_memory_for_a_part_only(make_engine):
    tasks, each = (40_000, 500) if make_engine is FastEngine else (4_000, 100)
    release = 10 * np.arange(tasks)
    station = np.stack((np.arange(tasks) % 7, 7 + np.arange(tasks) % 3), axis=1)
    occupancy = np.stack((np.full(tasks, 60), 20 + np.arange(tasks) % 11), axis=1)
    whole = alike_tasks(release, station, occupancy, occupancy + 5)
    stations = StationTable(
        stations=tuple(Station(name=f"s{n}", channels=n < 7, depth=2 * (n < 7)) for n in range(10))
    )
    cutter = Cutter(stations, make_engine)
    most = total = count = 0
    for part in stream(whole, each):
        _, timing = cutter.add(part)
        most, total = max(most, cutter.held), total + timing.end_tick
        count += len(timing.start_ticks)
        assert cutter.held or not part.later
    assert count == 2 * tasks
    assert total == make_engine(stations).run(whole).end_tick
    assert most < 40


def stream(whole, each):
    """Give the tasks of a segment, released in order, so many at a time."""
    tasks = np.arange(whole.task_count)
    for begin in range(0, len(tasks), each):
        own = (tasks >= begin) & (tasks < begin + each)
        later = whole.release_ticks[begin + each :][:1].tolist()
        yield Part(
            segment=taken(whole, own, np.repeat(own, 2)), later=tuple((tick, ()) for tick in later)
        )


def chain(count):
    """Return a task for each number, each after the one before, as parts of one task."""
    for number in range(count):
        builder = SegmentBuilder(phase="free", gap_ticks=7)
        builder.task([Visit(0, 3, 5)])
        after = {"dependencies": np.arange(number)[-1:], "dependency_offsets": [0, min(number, 1)]}
        after = {name: np.array(value, dtype=np.int64) for name, value in after.items()}
        later = ((0, (number,)),) if number + 1 < count else ()
        yield Part(segment=replace(builder.build(), **after), later=later)


def test_a_task_may_wait_for_one_of_an_earlier_part(make_engine, one_station):
    found = pieces(make_engine, one_station, chain(5))
    assert [timing.end_tick for _, timing, _ in found] == [5] * 5
    assert [segment.gap_ticks for segment, _, _ in found] == [0, 0, 0, 0, 7]


def test_after_the_last_part_a_new_stretch_begins(make_engine, one_station):
    cutter = Cutter(one_station, make_engine)
    first, second = ([cutter.add(part)[1].end_tick for part in chain(3)] for _ in range(2))
    assert first == second


def test_a_task_ready_before_the_cut_is_refused(make_engine, one_station):
    early, late = SegmentBuilder(), SegmentBuilder()
    early.task([Visit(0, 3, 5)])
    late.task([Visit(0, 3, 5)], release=4)
    cutter = Cutter(one_station, make_engine)
    cutter.add(Part(segment=early.build(), later=((9, ()),)))
    with pytest.raises(ProgramError, match="task 1 of the stretch: expected to be ready at 9 fs"):
        cutter.add(Part(segment=late.build()))


def test_a_branch_of_an_earlier_part_is_refused(make_engine, one_station):
    part = next(chain(1))
    wrong = replace(part.segment, fork_of=np.array([0]))
    cutter = Cutter(one_station, make_engine)
    cutter.add(Part(segment=part.segment, later=((9, ()),)))
    with pytest.raises(ProgramError, match=r"part from task 1 on: expected .* forks of its own"):
        cutter.add(Part(segment=wrong))


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [programs(tasks=30), traffic_sets()], ids=["any", "traffic"])
def test_any_cut_of_many_random_programs_gives_the_same(make_engine, strategy, capsys):
    seen = compare(make_engine, strategy, 200)
    with capsys.disabled():
        sys.stdout.write("\n" + ", ".join(f"{n} {name}" for name, n in seen.most_common()) + "\n")
    assert seen["tasks passed on"] >= 0.2 * seen["programs"]
