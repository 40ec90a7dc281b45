"""Audit closes at 0 on a run as it is, and names every planted fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archsim.runs.audit import (
    EventSums,
    LedgerLine,
    Reported,
    audit,
    compare_ledger,
    compare_trace,
)
from archsim.runs.simulate import run


@pytest.fixture(scope="module")
def finished():
    return run("madem_braille", "madem_64", seed=1, events=True)


def lines_of(finished):
    names = LedgerLine.__slots__
    return tuple(
        LedgerLine(**{name: row[name] for name in names})
        for row in finished.ledger.to_dict("records")
    )


def reported(finished, ledger):
    totals = finished.totals
    return Reported(
        ledger=ledger,
        energy=int(totals.grand_energy * 10**24 * 10**9 * 2**20),
        time_ticks=int(totals.grand_time * 10**15),
        events=tuple(finished.event_rows),
    )


def differing(lines):
    return [(line.check, line.item, line.difference) for line in lines if line.difference]


def test_every_difference_is_exactly_zero(finished):
    lines = audit(reported(finished, lines_of(finished)), finished.task, finished.machine, seed=1)
    assert differing(lines) == []
    assert {line.check for line in lines} == {
        "events against ledger",
        "ledger against trace",
        "busy and idle against makespan",
        "time",
        "sums against report",
    }
    assert all(line.expected > 0 for line in lines)


def test_a_changed_row_is_named(finished):
    ledger = list(lines_of(finished))
    number = next(n for n, line in enumerate(ledger) if line.action == "cell_pulse")
    ledger[number] = replace(ledger[number], count=ledger[number].count + 1)
    row = ledger[number]
    lines = audit(reported(finished, tuple(ledger)), finished.task, finished.machine, seed=1)
    name = f"{row.phase} {row.tile} array cell_pulse: count"
    assert ("events against ledger", name, 1) in differing(lines)
    assert ("ledger against trace", f"{row.phase} array.cell_pulse", 1) in differing(lines)
    assert any(check == "sums against report" for check, _, _ in differing(lines))


def test_a_dropped_event_is_named(finished):
    sums = EventSums()
    dropped = finished.event_rows[100]
    for number, row in enumerate(finished.event_rows):
        if number != 100:
            sums.add(row)
    found = differing(compare_ledger(lines_of(finished), sums.sums))
    tile, component, action, phase = dropped[3:7]
    assert next(item for _, item, _ in found).startswith(f"{phase} {tile} {component} {action}: ")
    assert {item.partition(": ")[0] for _, item, _ in found} == {
        f"{phase} {tile} {component} {action}"
    }


def test_a_doubled_count_is_named(finished):
    sums = EventSums()
    for number, row in enumerate(finished.event_rows):
        sums.add((*row[:-1], row[-1] * (2 if number == 7 else 1)))
    *_, tile, component, action, phase = finished.event_rows[7][:7]
    doubled = finished.event_rows[7][-1]
    assert differing(compare_ledger(lines_of(finished), sums.sums)) == [
        ("events against ledger", f"{phase} {tile} {component} {action}: count", -doubled)
    ]


def test_a_count_that_lowering_lost_is_named(finished):
    totals = dict(finished.trace.counts)
    totals["free", "adc.convert"] += 60
    assert differing(compare_trace(lines_of(finished), totals)) == [
        ("ledger against trace", "free adc.convert", -60)
    ]
