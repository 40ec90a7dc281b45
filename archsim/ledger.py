"""The ledger: how often everything was done and how long it took, in integers only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from archsim.mapping.program import Account, AccountTable, IntArray, Segment, StationTable

__all__ = [
    "STATE_SCALE",
    "ActionRow",
    "ExactSums",
    "Ledger",
    "Price",
    "Prices",
    "SeriesSums",
    "StateRow",
    "Tally",
    "joules",
]

STATE_SCALE = 10**9
"""Attowatts times femtoseconds in one yoctojoule."""

_LIMB = 31
_MASK = (1 << _LIMB) - 1
_FEW = 128
"""Values that are added up sooner one by one than by arrays."""


class Price(NamedTuple):
    """What one act costs."""

    price_yj: int
    """Energy of a whole act. [yJ]"""
    count_scale: int
    """Counts of the action are in 1/count_scale of an act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """All prices of a chip; what the ledger needs to know of it, and all it knows."""

    actions: Mapping[tuple[str, str, str], Price]
    """(tile, component, action) → price."""
    leakage_aw: Mapping[tuple[str, str, str], int]
    """(tile, component, power state) → leakage, a component's usual state first. [aW]"""
    copies: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(tile, component) → how many there are of it, where a tile stands for many; else one."""


@dataclass(slots=True)
class Tally:
    """What is booked on one account."""

    count: int = 0
    busy_ticks: int = 0
    waiting_ticks: int = 0


class ExactSums:
    """Sums of integers by number, exact, as arrays.

    Parameters
    ----------
    size : int
        How many sums.

    Notes
    -----
    A sum is ``high × 2³¹ + low`` with 0 ≤ low < 2³¹, so it may reach 2⁹³.
    """

    def __init__(self, size: int) -> None:
        self.high = np.zeros(size, dtype=np.int64)
        self.low = np.zeros(size, dtype=np.int64)

    def add(self, places: IntArray, values: IntArray, times: int = 1) -> None:
        """Add ``values × times`` to the sums at `places`.

        Parameters
        ----------
        places : ndarray of int64
            Which sums, each as often as it likes.
        values : ndarray of int64
            What is added to each of them.
        times : int
            Factor of all values.

        Raises
        ------
        OverflowError
            If a sum might grow too large.
        """
        found: slice | IntArray = slice(None)
        size = len(self)
        if 4 * len(places) < size:
            found, places = np.unique(places, return_inverse=True)
            size = len(found)
        high, low = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        np.add.at(high, places, values >> _LIMB)
        np.add.at(low, places, values & _MASK)
        high += low >> _LIMB
        low &= _MASK
        if int(high.max(initial=0)) * times >= 1 << 61 or times > _MASK:
            message = f"sums of a run: more than can be added up exactly, {times} times over"
            raise OverflowError(message)
        low = self.low[found] + low * times
        self.high[found] += high * times + (low >> _LIMB)
        self.low[found] = low & _MASK

    def __len__(self) -> int:
        """Return the number of sums."""
        return len(self.high)

    def __getitem__(self, number: int) -> int:
        """Return a sum."""
        return (int(self.high[number]) << _LIMB) + int(self.low[number])

    def extend(self, size: int) -> None:
        """Make room for more sums."""
        more = np.zeros(max(size - len(self), 0), dtype=np.int64)
        self.high, self.low = np.concatenate((self.high, more)), np.concatenate((self.low, more))

    def total(self, part: slice | IntArray) -> int:
        """Return the sum of some sums."""
        return (int(self.high[part].sum()) << _LIMB) + int(self.low[part].sum())

    def ends(self, part: slice | IntArray) -> tuple[int, int]:
        """Return the least and the largest of some sums; there is at least one."""
        high, low = self.high[part], self.low[part]
        least, most = high.min(), high.max()
        bottom, top = low[high == least].min(), low[high == most].max()
        return (int(least) << _LIMB) + int(bottom), (int(most) << _LIMB) + int(top)


class SeriesSums(NamedTuple):
    """What is booked on all series of accounts, by number from the first series on."""

    counts: ExactSums
    busy_ticks: ExactSums
    waiting_ticks: ExactSums


class ActionRow(NamedTuple):
    """One row of the ledger for what was done."""

    epoch: int
    account: Account
    tally: Tally


class StateRow(NamedTuple):
    """One row of the ledger for being powered."""

    epoch: int
    phase: str
    tile: str
    component: str
    state: str
    ticks: int


def joules(count: int, price_yj: int, count_scale: int) -> float:
    """Return ``count × price / scale`` as the nearest float, in joules.

    Parameters
    ----------
    count : int
        How much was done, in 1/`count_scale` of an act.
    price_yj : int
        Energy of one act. [10⁻²⁴ J]
    count_scale : int
        Counts that one act is.
    """
    return float(Fraction(count * price_yj, count_scale * 10**24))


@dataclass(slots=True)
class Ledger:
    """Sums over the segments of one run."""

    accounts: AccountTable
    """Accounts that the program's visits name."""
    stations: StationTable
    """Stations of the program."""
    tallies: dict[tuple[int, int], Tally] = field(default_factory=dict)
    """(epoch, account number) → tally."""
    durations: dict[tuple[int, str], int] = field(default_factory=dict)
    """(epoch, phase of the segment) → Σ end ticks. [fs]"""
    gaps: dict[tuple[int, str], int] = field(default_factory=dict)
    """(epoch, phase of the segment) → Σ gap ticks. [fs]"""
    state_ticks: dict[tuple[int, str, int, str], int] = field(default_factory=dict)
    """(epoch, phase, station, power state) → ticks, for stations under a custom policy. [fs]"""
    series: dict[int, SeriesSums] = field(default_factory=dict)
    """Epoch → what is booked on series of accounts."""
    held_ticks: ExactSums = field(init=False)
    """Σ occupancy of each station. [fs]"""
    segments: int = 0
    visits: int = 0

    def __post_init__(self) -> None:
        """Start every station at 0."""
        self.held_ticks = ExactSums(len(self.stations))

    @property
    def busy_ticks(self) -> list[int]:
        """Return Σ occupancy of each station. [fs]."""
        return [self.held_ticks[number] for number in range(len(self.held_ticks))]

    def add(
        self,
        segment: Segment,
        *,
        arrival_ticks: IntArray,
        start_ticks: IntArray,
        end_tick: int,
        state_ticks: Mapping[tuple[int, str], int] | None = None,
        policy_counts: Mapping[tuple[int, str], int] | None = None,
    ) -> None:
        """Book one segment.

        Parameters
        ----------
        segment : Segment
            What was done; its counts are summed here.
        arrival_ticks, start_ticks : ndarray of int64, shape (visits,)
            When each visit arrived and started. [fs]
        end_tick : int
            Length of the segment. [fs]
        state_ticks, policy_counts : mapping, optional
            What custom policies set and counted (see `archsim.engine.contract.Timing`).
        """
        repeat = segment.repeat
        self.segments += repeat
        self.visits += repeat * segment.visit_count
        key = (segment.epoch, segment.phase)
        self.durations[key] = self.durations.get(key, 0) + repeat * end_tick
        self.gaps[key] = self.gaps.get(key, 0) + repeat * segment.gap_ticks
        booked = segment.account >= 0
        account = segment.account[booked]
        self._book(segment.epoch, account, 0, segment.count[booked])
        self._book(segment.epoch, account, 1, segment.occupancy_ticks[booked], repeat)
        self._book(segment.epoch, account, 2, (start_ticks - arrival_ticks)[booked], repeat)
        self._book(segment.epoch, segment.side_account, 0, segment.side_count)
        self.held_ticks.add(segment.station, segment.occupancy_ticks, repeat)
        for (station, state), ticks in (state_ticks or {}).items():
            state_key = (*key, station, state)
            self.state_ticks[state_key] = self.state_ticks.get(state_key, 0) + repeat * ticks
        for (station, action), count in (policy_counts or {}).items():
            owner = self.stations[station]
            number = self.accounts.number(segment.phase, owner.tile, owner.component, action)
            self._tally(segment.epoch, number).count += repeat * count

    def duration_ticks(self) -> int:
        """Return the time of all segments and gaps, in femtoseconds."""
        return sum(self.durations.values()) + sum(self.gaps.values())

    def part(self, phases: Collection[str], *, since: int) -> Ledger:
        """Return what was booked in some phases from an epoch on.

        Sums that know neither phase nor epoch, those of stations, segments and visits, stay 0.

        Parameters
        ----------
        phases : collection of str
            Phases of accounts and of segments.
        since : int
            First epoch.
        """

        def kept(epoch: int, phase: str) -> bool:
            return epoch >= since and phase in phases

        part = Ledger(accounts=self.accounts, stations=self.stations)
        for epoch, account, tally in self.actions():
            if kept(epoch, account.phase):
                part.tallies[epoch, self.accounts.number(*account)] = tally
        for name in ("durations", "gaps", "state_ticks"):
            sums = getattr(self, name)
            getattr(part, name).update({key: sums[key] for key in sums if kept(*key[:2])})
        return part

    def actions(self) -> Iterator[ActionRow]:
        """Yield what was done, ordered by epoch, then by account in order of first use."""
        for epoch, number in sorted(self.tallies):
            yield ActionRow(epoch, self.accounts[number], self.tallies[epoch, number])
        first = self.accounts.SERIES
        for epoch, sums in sorted(self.series.items()):
            for place in range(len(sums.counts)):
                tally = Tally(sums.counts[place], sums.busy_ticks[place], sums.waiting_ticks[place])
                if tally.count or tally.busy_ticks:
                    yield ActionRow(epoch, self.accounts[first + place], tally)

    def states(self, prices: Prices) -> Iterator[StateRow]:
        """Yield how long every leaking component was in which power state.

        Without a custom policy a component is in its first state for the whole segment and gap.
        """
        managed: dict[tuple[str, str], list[int]] = {}
        for number in sorted({station for _, _, station, _ in self.state_ticks}):
            owner = self.stations[number]
            managed.setdefault((owner.tile, owner.component), []).append(number)
        for key in sorted(self.durations):
            whole = self.durations[key] + self.gaps[key]
            usual: dict[tuple[str, str], str] = {}
            for tile, component, state in prices.leakage_aw:
                first = usual.setdefault((tile, component), state)
                numbers = managed.get((tile, component))
                if numbers is None:
                    ticks = whole if state == first else 0
                else:
                    ticks = sum(self.state_ticks.get((*key, n, state), 0) for n in numbers)
                if ticks:
                    many = prices.copies.get((tile, component), 1)
                    yield StateRow(*key, tile, component, state, ticks * many)

    def _tally(self, epoch: int, account: int) -> Tally:
        return self.tallies.setdefault((epoch, account), Tally())

    def _book(
        self,
        epoch: int,
        account: IntArray,
        column: int,
        values: IntArray,
        times: int = 1,
    ) -> None:
        if self.accounts.series:
            many = account >= self.accounts.SERIES
            self._book_series(epoch, account[many], column, values[many], times)
            account, values = account[~many], values[~many]
        for number, value in _sums(account, values):
            tally = self._tally(epoch, number)
            value *= times  # noqa: PLW2901 (a Python int, which cannot overflow)
            if column == 0:
                tally.count += value
            elif column == 1:
                tally.busy_ticks += value
            else:
                tally.waiting_ticks += value

    def _book_series(
        self, epoch: int, account: IntArray, column: int, values: IntArray, times: int
    ) -> None:
        size = self.accounts.series[-1].end - self.accounts.SERIES
        if epoch not in self.series:
            self.series[epoch] = SeriesSums(*(ExactSums(0) for _ in SeriesSums._fields))
        sums = self.series[epoch][column]
        sums.extend(size)
        sums.add(account - self.accounts.SERIES, values, times)


def _sums(keys: IntArray, values: IntArray) -> list[tuple[int, int]]:
    """Return (key, exact sum of its values), keys ascending.

    Few are summed one by one. Of many, values are split at 2³¹ so that no sum of fewer than 2³²
    terms can overflow.
    """
    if len(keys) <= _FEW:
        sums: dict[int, int] = {}
        for key, value in zip(keys.tolist(), values.tolist(), strict=True):
            sums[key] = sums.get(key, 0) + value
        return sorted(sums.items())
    if int(keys.max()) < 4 * len(keys):
        found, places = np.flatnonzero(np.bincount(keys)), keys
    else:
        found, places = np.unique(keys, return_inverse=True)
    high = np.zeros(int(places.max()) + 1, dtype=np.int64)
    low = np.zeros_like(high)
    np.add.at(high, places, values >> 31)
    np.add.at(low, places, values & ((1 << 31) - 1))
    if places is keys:
        high, low = high[found], low[found]
    return [
        (key, (h << 31) + n)
        for key, h, n in zip(found.tolist(), high.tolist(), low.tolist(), strict=True)
    ]
