"""Audit: the same quantities from independent sides, in integers; every difference must be 0.

A finished run is trained and simulated again with events on. What the engine appended as each
visit started is summed apart from the ledger and compared with the ledger file; the counts are
compared with the trace's own totals, which know no chip; busy and idle time are compared with the
makespan; and the sums over components, tiles and phases with the totals that the run reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from archsim.chip.description import ChipDescription
from archsim.engine import Policy, Timing
from archsim.errors import ModelError
from archsim.frames import STATIC_PREFIX
from archsim.mapping.program import IntArray, Segment, StationTable
from archsim.runs.costing import Hooks
from archsim.runs.events import EventBatch, EventRow
from archsim.runs.simulate import run
from archsim.workload import WorkloadDescription

__all__ = [
    "AuditLine",
    "EventSums",
    "LedgerLine",
    "Occupation",
    "Reported",
    "audit",
    "compare_ledger",
    "compare_occupation",
    "compare_sums",
    "compare_trace",
]

Key = tuple[str, str, str, str]
"""phase, tile, component, action."""

ENERGY_SCALE = 1 << 20
"""Energies are compared in this fraction of a femtosecond-attowatt, so that all are integers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One row of a ledger file, in integers."""

    epoch: int
    tile: str
    component: str
    action: str
    phase: str
    count: int
    count_scale: int
    price_yj: int
    busy_ticks: int
    waiting_ticks: int

    @property
    def key(self) -> Key:
        """Return what the row is about, without its epoch."""
        return (self.phase, self.tile, self.component, self.action)

    @property
    def energy(self) -> int:
        """Return the exact energy in yJ times 10⁹ times 2²⁰."""
        whole, rest = divmod(10**9 * ENERGY_SCALE, self.count_scale)
        if rest:
            raise ModelError(
                f"ledger: count_scale {self.count_scale} of {self.key} is not one of ours"
            )
        return self.count * self.price_yj * whole


class AuditLine(NamedTuple):
    """One comparison."""

    check: str
    """What was compared."""
    item: str
    """Of what; empty when the whole check agrees."""
    expected: int
    found: int

    @property
    def difference(self) -> int:
        """Return found minus expected."""
        return self.found - self.expected


@dataclass(slots=True)
class EventSums:
    """Sums over events, made without the ledger."""

    sums: dict[Key, list[int]] = field(default_factory=dict)
    """Key → [count, busy ticks, waiting ticks]."""
    events: int = 0
    _seen: tuple[int, int] = (-1, -1)

    def add(self, row: EventRow) -> None:
        """Add one event; waiting time counts once per visit, with its first row."""
        segment, _, visit, tile, component, action, phase, arrival, start, busy, count = row
        entry = self.sums.setdefault((phase, tile, component, action), [0, 0, 0])
        entry[0] += count
        entry[1] += busy
        if (segment, visit) != self._seen:
            entry[2] += start - arrival
            self._seen = (segment, visit)
        self.events += 1

    def add_all(self, batch: EventBatch) -> None:
        """Add the events of a segment."""
        for row in batch.rows():
            self.add(row)


@dataclass(slots=True)
class Occupation:
    """Idle time of every station, measured from starts by a sweep of its own."""

    stations: StationTable
    idle_ticks: list[int] = field(default_factory=list)
    crowded: dict[int, int] = field(default_factory=dict)
    """Station → most servers ever held at once, where that is more than it has."""
    time_ticks: int = 0
    """Σ end ticks. [fs]"""
    gap_ticks: int = 0
    """Σ gap ticks. [fs]"""

    def __post_init__(self) -> None:
        """Start every station at 0."""
        self.idle_ticks = [0] * len(self.stations)

    def watch(self, segment: Segment, timing: Timing) -> None:
        """Add one segment."""
        self.time_ticks += timing.end_tick
        self.gap_ticks += segment.gap_ticks
        for number, station in enumerate(self.stations.stations):
            mine = (segment.station == number) & (segment.occupancy_ticks > 0)
            begins = timing.start_ticks[mine]
            most, held = _sweep(begins, begins + segment.occupancy_ticks[mine], timing.end_tick)
            self.idle_ticks[number] += station.servers * timing.end_tick - held
            if most > station.servers:
                self.crowded[number] = max(most, self.crowded.get(number, 0))


def _sweep(begins: IntArray, ends: IntArray, end_tick: int) -> tuple[int, int]:
    """Return the most servers held at once, and server time held between 0 and `end_tick`."""
    if not len(begins):
        return 0, 0
    ticks = np.concatenate([ends, begins])  # at one tick, ends come before begins
    steps = np.repeat([-1, 1], len(begins))
    order = np.argsort(ticks, kind="stable")
    ticks, level = np.clip(ticks[order], 0, end_tick), np.cumsum(steps[order])
    held = sum(n * d for n, d in zip(level[:-1].tolist(), np.diff(ticks).tolist(), strict=True))
    return int(level.max()), held


def compare_ledger(
    ledger: Iterable[LedgerLine],
    sums: Mapping[Key, Sequence[int]],
    *,
    uncounted: Iterable[Key] = (),
) -> list[AuditLine]:
    """Return the differences between a ledger file and the sums over events.

    Parameters
    ----------
    ledger : iterable of LedgerLine
        Rows of the file; static rows are left out, they have no events.
    sums : mapping
        (phase, tile, component, action) → count, busy ticks, waiting ticks, from events.
    uncounted : iterable
        Keys that no event stands for, such as acts that a station policy counted.

    Returns
    -------
    list of AuditLine
        One line per differing number, or one line that says 0.
    """
    skip = set(uncounted)
    booked: dict[Key, list[int]] = {}
    for line in ledger:
        if line.action.startswith(STATIC_PREFIX) or line.key in skip:
            continue
        entry = booked.setdefault(line.key, [0, 0, 0])
        for place, value in enumerate((line.count, line.busy_ticks, line.waiting_ticks)):
            entry[place] += value
    names = ("count", "busy ticks", "waiting ticks")
    lines = []
    for key in sorted(booked.keys() | sums.keys()):
        left, right = booked.get(key, (0, 0, 0)), sums.get(key, (0, 0, 0))
        for name, found, expected in zip(names, left, right, strict=True):
            lines.append(
                AuditLine("events against ledger", f"{' '.join(key)}: {name}", expected, found)
            )
    return _worst("events against ledger", lines)


def compare_trace(
    ledger: Iterable[LedgerLine], totals: Mapping[tuple[str, str], int]
) -> list[AuditLine]:
    """Return the differences between ledger counts and the trace's own totals.

    `totals` maps (phase, ``component.action``) to a count; actions that the trace does not know,
    such as packets, are no part of this.
    """
    booked: dict[tuple[str, str], int] = {}
    for line in ledger:
        key = (line.phase, f"{line.component}.{line.action}")
        booked[key] = booked.get(key, 0) + line.count
    check = "ledger against trace"
    lines = [
        AuditLine(check, f"{phase} {name}", count, booked.get((phase, name), 0))
        for (phase, name), count in sorted(totals.items())
    ]
    return _worst(check, lines)


def compare_sums(ledger: Sequence[LedgerLine], totals: Mapping[str, int]) -> list[AuditLine]:
    """Return the differences between the reported total energy and three ways to sum the rows.

    `totals` holds ``energy``, in yJ times 10⁹ times 2²⁰, as the run reported it.
    """
    lines = []
    for name in ("component", "tile", "phase"):
        parts: dict[str, int] = {}
        for line in ledger:
            part = getattr(line, name)
            parts[part] = parts.get(part, 0) + line.energy
        item = f"energy over {name}s"
        lines.append(AuditLine("sums against report", item, totals["energy"], sum(parts.values())))
    return _worst("sums against report", lines)


def _worst(check: str, lines: list[AuditLine]) -> list[AuditLine]:
    """Return the lines that differ, or one that says that all agree."""
    return [line for line in lines if line.difference] or [
        AuditLine(check, "", len(lines), len(lines))
    ]


def compare_occupation(occupation: Occupation, busy_ticks: Sequence[int]) -> list[AuditLine]:
    """Return where busy plus idle time of a station is not its servers times the makespan."""
    check = "busy and idle against makespan"
    lines = []
    for number, station in enumerate(occupation.stations.stations):
        expected = station.servers * occupation.time_ticks
        found = busy_ticks[number] + occupation.idle_ticks[number]
        lines.append(AuditLine(check, station.name, expected, found))
        most = occupation.crowded.get(number, station.servers)
        lines.append(AuditLine(check, f"{station.name}: servers at once", station.servers, most))
    return _worst(check, lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a finished run says of itself."""

    ledger: tuple[LedgerLine, ...]
    """All rows of its ledger file."""
    energy: int
    """Grand total in yJ times 10⁹ times 2²⁰."""
    time_ticks: int
    """Grand total. [fs]"""
    events: Iterable[EventRow] | None = None
    """Rows of its event file, if it kept one; read once."""


def audit(
    reported: Reported,
    workload: WorkloadDescription,
    chip: ChipDescription,
    *,
    seed: int,
    policies: Mapping[str, str | Policy] | None = None,
) -> list[AuditLine]:
    """Train and simulate again with events on, and compare everything with the report.

    Parameters
    ----------
    reported : Reported
        What the run said.
    workload, chip : description
        What was simulated.
    seed : int
        Seed of the run.
    policies : mapping, optional
        As for `archsim.run`.

    Returns
    -------
    list of AuditLine
        One line per check, with difference 0, or one per number that differs.
    """
    sums = EventSums()
    occupation: list[Occupation] = []

    def watch(stations: StationTable, segment: Segment, timing: Timing) -> None:
        if not occupation:
            occupation.append(Occupation(stations))
        occupation[0].watch(segment, timing)

    again = run(
        workload,
        chip,
        seed=seed,
        policies=policies,
        events=sums.add_all,
        hooks=Hooks(watch=watch),
    )
    policy_keys: list[Key] = []
    if policies:
        accounts = [again.book.accounts[number] for _, number in again.book.tallies]
        policy_keys = [account for account in accounts if account not in sums.sums]
    lines = compare_ledger(reported.ledger, sums.sums, uncounted=policy_keys)
    if reported.events is not None:
        kept = EventSums()
        for row in reported.events:
            kept.add(row)
        lines += compare_ledger(reported.ledger, kept.sums, uncounted=policy_keys)
    lines += compare_trace(reported.ledger, again.trace.counts)
    lines += compare_occupation(occupation[0], again.book.busy_ticks)
    time = occupation[0].time_ticks + occupation[0].gap_ticks
    lines += _worst("time", [AuditLine("time", "durations and gaps", reported.time_ticks, time)])
    lines += compare_sums(reported.ledger, {"energy": reported.energy})
    return lines
