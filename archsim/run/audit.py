"""Audit: the same quantities from independent sides, compared in integers; every difference must be 0.

A finished run is trained and simulated again with events on. What the engine appended as each
visit started is summed apart from the ledger and compared with the ledger file; the counts are
compared with the trace's own totals, which know no chip; busy and idle time are compared with the
makespan; and the sums over components, tiles and phases with the totals that the run reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from archsim.errors import ModelError
from archsim.frames import STATIC_PREFIX
from archsim.run.fold import EventRow

__all__ = ["AuditLine", "EventSums", "LedgerLine", "compare_ledger", "compare_sums", "compare_trace"]

Key = tuple[str, str, str, str]
"""phase, tile, component, action."""

ENERGY_SCALE = 1 << 20
"""Energies are compared in this fraction of a femtosecond-attowatt, so that all are integers."""


class LedgerLine(NamedTuple):
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
            raise ModelError(f"ledger: count_scale {self.count_scale} of {self.key} is not one of ours")
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


def compare_ledger(
    ledger: Iterable[LedgerLine], sums: Mapping[Key, Sequence[int]], *, uncounted: Iterable[Key] = ()
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
            lines.append(AuditLine("events against ledger", f"{' '.join(key)}: {name}", expected, found))
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
    return [line for line in lines if line.difference] or [AuditLine(check, "", len(lines), len(lines))]
