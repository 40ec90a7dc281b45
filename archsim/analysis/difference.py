"""Difference: which counts, prices and times make one run cost more than another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from archsim.analysis.critical_path import CriticalPath, Part, Spent
from archsim.errors import ModelError
from archsim.frames import STATIC_PREFIX
from archsim.ledger import STATE_SCALE
from archsim.runs import Run
from archsim.trace import COUNT_SCALE

__all__ = [
    "HALF_UNIT",
    "Difference",
    "EnergyTerm",
    "Item",
    "TimeTerm",
    "difference",
    "energies",
]

HALF_UNIT = 2 * COUNT_SCALE * STATE_SCALE
"""Energies are compared in this fraction of a yoctojoule, in which every term is an integer."""

Cause = Literal["count", "price", "time", "leakage"]


class Item(NamedTuple):
    """What energy is spent on."""

    phase: str
    tile: str
    component: str
    action: str
    """An act, or ``static_STATE``."""


class EnergyTerm(NamedTuple):
    """A part of the difference in energy."""

    item: Item
    cause: Cause
    """``count``: done more or less often; ``price``: each costs more or less; for power states
    ``time`` and ``leakage``."""
    amount: int
    """[yJ / HALF_UNIT]"""


class TimeTerm(NamedTuple):
    """A part of the difference in time."""

    part: Part
    first: Spent
    second: Spent

    @property
    def ticks(self) -> int:
        """Second minus first. [fs]."""
        return self.second.ticks - self.first.ticks


class _Priced(NamedTuple):
    """How often, in 1/(COUNT_SCALE STATE_SCALE), and at what price. [yJ]."""

    acts: int
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What makes the second run cost more than the first, or less."""

    energy: tuple[EnergyTerm, ...]
    """Terms that sum to `energy_delta`, the largest first; terms of 0 are left out."""
    time: tuple[TimeTerm, ...]
    """Terms that sum to `time_delta`, likewise."""
    energy_delta: int
    """Grand total of the second minus that of the first. [yJ / HALF_UNIT]"""
    time_delta: int
    """Grand total of the second minus that of the first. [fs]"""


def energies(done: Run) -> dict[Item, _Priced]:
    """Return what a run spent energy on: item → exact count and price."""
    found: dict[Item, _Priced] = {}

    def add(item: Item, count: int, price: int) -> None:
        old = found.get(item, _Priced(0, price))
        if old.price != price:
            raise ModelError(f"ledger: two prices of {' '.join(item)}: {old.price} and {price}")
        found[item] = _Priced(old.acts + count, price)

    for _, account, tally in done.book.actions():
        price, scale = done.prices.actions[account[1:]]
        whole, rest = divmod(COUNT_SCALE, scale)
        if rest:
            raise ModelError(
                f"ledger: count_scale {scale} of {' '.join(account)} is not one of ours"
            )
        add(Item(*account), tally.count * whole * STATE_SCALE, price)
    for row in done.book.states(done.prices):
        price = done.prices.leakage_aw[row.tile, row.component, row.state]
        item = Item(row.phase, row.tile, row.component, STATIC_PREFIX + row.state)
        add(item, row.ticks * COUNT_SCALE, price)
    return found


def difference(
    first: Run,
    second: Run,
    *,
    paths: tuple[CriticalPath, CriticalPath] | None = None,
) -> Difference:
    """Return which terms make the difference between two runs.

    Parameters
    ----------
    first, second : Run
        Two runs, of whatever workloads and chips.
    paths : tuple of CriticalPath, optional
        Their critical paths; absent: time is told by phase only.

    Returns
    -------
    Difference
        Its terms sum exactly to the differences of the grand totals.

    Notes
    -----
    With counts n and prices p the term of the count is (n₂ − n₁)(p₁ + p₂)/2 and that of the price
    (p₂ − p₁)(n₁ + n₂)/2: the Shapley values of both, which leave no rest and treat the runs alike
    ([1]_). What only one run does has its price in both, so all of it is count.

    References
    ----------
    .. [1] B. W. Ang, "Decomposition analysis for policymaking in energy: which is the preferred
       method?", Energy Policy 32 (2004) 1131, doi:10.1016/S0301-4215(03)00076-4.
    """
    sides = energies(first), energies(second)
    energy = sorted(_energy_terms(*sides), key=lambda one: (-abs(one.amount), one))
    totals = [sum(2 * one.acts * one.price for one in side.values()) for side in sides]
    if paths is None:
        spent = _by_phase(first), _by_phase(second)
    else:
        spent = paths[0].parts, paths[1].parts
    time = sorted(_time_terms(*spent), key=lambda one: (-abs(one.ticks), one.part))
    return Difference(
        energy=tuple(energy),
        time=tuple(time),
        energy_delta=totals[1] - totals[0],
        time_delta=second.book.duration_ticks() - first.book.duration_ticks(),
    )


def _energy_terms(
    first: Mapping[Item, _Priced], second: Mapping[Item, _Priced]
) -> Iterator[EnergyTerm]:
    for item in sorted(first.keys() | second.keys()):
        one, two = first.get(item), second.get(item)
        if one is None or two is None:
            price = (one or two or _Priced(0, 0)).price
            one, two = one or _Priced(0, price), two or _Priced(0, price)
        static = item.action.startswith(STATIC_PREFIX)
        by_count = (two.acts - one.acts) * (one.price + two.price)
        by_price = (two.price - one.price) * (one.acts + two.acts)
        if by_count:
            yield EnergyTerm(item, "time" if static else "count", by_count)
        if by_price:
            yield EnergyTerm(item, "leakage" if static else "price", by_price)


def _by_phase(done: Run) -> dict[Part, Spent]:
    """Return the time of each phase, where no path says more."""
    found: dict[Part, Spent] = {}
    for name, columns in (("segments", done.book.durations), ("gap", done.book.gaps)):
        for (_, phase), ticks in columns.items():
            part = Part(phase, "", "", name)
            found[part] = Spent(0, found.get(part, Spent(0, 0)).ticks + ticks)
    return found


def _time_terms(first: Mapping[Part, Spent], second: Mapping[Part, Spent]) -> Iterator[TimeTerm]:
    none = Spent(0, 0)
    for part in sorted(first.keys() | second.keys()):
        term = TimeTerm(part, first.get(part, none), second.get(part, none))
        if term.ticks:
            yield term
