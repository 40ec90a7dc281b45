"""Programs: stations, tasks and visits as integer arrays; what an engine gets and all it gets."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.errors import ResourceError

__all__ = [
    "Account",
    "AccountTable",
    "IntArray",
    "Segment",
    "SegmentBuilder",
    "Series",
    "Station",
    "StationColumns",
    "StationTable",
    "Visit",
]

IntArray = NDArray[np.int64]
_WORD = 1 << 63


class Account(NamedTuple):
    """Where a count is booked."""

    phase: str
    tile: str
    component: str
    action: str


class Series(NamedTuple):
    """Accounts that differ in their tile alone, numbered one after another."""

    first: int
    phase: str
    tiles: Sequence[str]
    """Tiles or links, in the order of the numbers."""
    component: str
    action: str

    @property
    def end(self) -> int:
        """Number after the last."""
        return self.first + len(self.tiles)


class AccountTable:
    """Accounts and their numbers: single ones from 0 in order of first use, then series.

    A series opens the accounts of very many tiles at once, without an object for each; its numbers
    begin at `SERIES`.
    """

    SERIES = 1 << 40
    """First number of a series; more single accounts there never are."""

    def __init__(self) -> None:
        self._numbers: dict[Account, int] = {}
        self._accounts: list[Account] = []
        self._places: dict[tuple[str, str, str, int], int] = {}
        self._ends: list[int] = []
        self.series: list[Series] = []
        """All series, by number."""

    def number(self, phase: str, tile: str, component: str, action: str) -> int:
        """Return the number of an account, opening it if it is new.

        Parameters
        ----------
        phase, tile, component, action : str
            What the account is of.
        """
        account = Account(phase, tile, component, action)
        number = self._numbers.setdefault(account, len(self._accounts))
        if number == len(self._accounts):
            self._accounts.append(account)
        return number

    def first(self, phase: str, tiles: Sequence[str], component: str, action: str) -> int:
        """Return the number of the first of a series, opening all of it if it is new.

        A series is known by its phase, component, action and the very list of tiles.
        """
        key = (phase, component, action, id(tiles))
        if key not in self._places:
            begin = self._ends[-1] if self._ends else self.SERIES
            self._places[key] = begin
            self.series.append(Series(begin, phase, tiles, component, action))
            self._ends.append(self.series[-1].end)
        return self._places[key]

    def __len__(self) -> int:
        """Return how many single accounts are open."""
        return len(self._accounts)

    def __iter__(self) -> Iterator[Account]:
        """Give all single accounts by number."""
        return iter(self._accounts)

    def __getitem__(self, number: int) -> Account:
        """Return the account with this number."""
        if number < self.SERIES:
            return self._accounts[number]
        one = self.series[bisect.bisect_right(self._ends, number)]
        return Account(one.phase, one.tiles[number - one.first], one.component, one.action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One piece of hardware that takes time."""

    name: str
    servers: int = 1
    """How many acts it does at once, ≥ 1."""
    channels: int = 0
    """Channels V of the buffer behind it; 0 means an unbounded buffer."""
    depth: int = 0
    """Flits B that each channel holds; 0 if and only if `channels` is 0."""
    head_ticks: int = 0
    """From the end of a head's transfer until the next head asks. [fs]"""
    credit_ticks: int = 1
    """From the end of a transfer until its places count again, ≥ 1. [fs]"""
    tile: str = ""
    """Tile that owns the station, for accounts opened by a station policy."""
    component: str = ""
    """Component of that tile."""
    states: tuple[str, ...] = ()
    """Power states that the component's leakage is known in, the usual one first."""


class StationColumns(NamedTuple):
    """What engines have to know of stations, an entry each."""

    servers: IntArray
    channels: IntArray
    depth: IntArray
    head_ticks: IntArray
    credit_ticks: IntArray


@dataclass(frozen=True, kw_only=True)
class StationTable:
    """All stations of a chip; a station's number is its place here."""

    stations: Sequence[Station]
    """The stations; a chip of very many tiles makes each when it is asked for."""
    known: StationColumns | None = field(default=None, repr=False, compare=False)
    """The same as arrays, where somebody knows them already."""

    @functools.cached_property
    def columns(self) -> StationColumns:
        """The stations as arrays."""
        if self.known is not None:
            return self.known
        names = StationColumns._fields
        rows = [[getattr(station, name) for name in names] for station in self.stations]
        columns = np.array(rows, dtype=np.int64).reshape(-1, len(names)).T
        return StationColumns(*np.ascontiguousarray(columns))

    def __len__(self) -> int:
        """Return the number of stations."""
        return len(self.stations)

    def __getitem__(self, number: int) -> Station:
        """Return the station with this number."""
        return self.stations[number]


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of a task, as given to `SegmentBuilder.task`."""

    station: int
    occupancy_ticks: int
    latency_ticks: int
    account: int = -1
    """Account that gets count, busy and waiting ticks; -1 books nothing."""
    count: int = 1
    channel: int = 0
    side: tuple[tuple[int, int], ...] = ()
    """Further (account, count) of the same visit, without ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The tasks of one stretch, as integer arrays; n tasks, m visits. All arrays are read-only."""

    epoch: int
    step: int
    phase: str
    gap_ticks: int
    """Idle time between the end of this segment and the next one's begin, ≥ 0. [fs]"""
    repeat: int = 1
    """How many segments of equal timing it stands for; counts are sums, ticks those of one."""
    release_ticks: IntArray
    """(n,) earliest ready tick of each task, from the segment's begin. [fs]"""
    flits: IntArray
    """(n,) length of each task's packet in flits, ≥ 1."""
    fork_of: IntArray
    """(n,) trunk whose last buffer place this task leaves from as a branch; -1: none."""
    dependency_offsets: IntArray
    """(n+1,) slices of `dependencies`."""
    dependencies: IntArray
    """Lower task numbers, ascending inside a slice."""
    visit_offsets: IntArray
    """(n+1,) slices of the visit arrays."""
    station: IntArray
    """(m,) station number."""
    occupancy_ticks: IntArray
    """(m,) how long a server is held, ≥ 0. [fs]"""
    latency_ticks: IntArray
    """(m,) from start until the task moves on, ≥ 1. [fs]"""
    channel: IntArray
    """(m,) channel taken in the buffer behind the station; 0 where that is unbounded."""
    account: IntArray
    """(m,) account number or -1."""
    count: IntArray
    """(m,) acts, in the account's own scale, ≥ 0."""
    side_visit: IntArray
    """(k,) visit that a further count belongs to."""
    side_account: IntArray
    """(k,) its account."""
    side_count: IntArray
    """(k,) its count."""
    labels: tuple[str, ...] = ()
    """(n,) or empty: what each task is, for errors and timelines; no part of timing or results."""

    def __post_init__(self) -> None:
        """Set all arrays read-only."""
        for name in _ARRAYS:
            getattr(self, name).flags.writeable = False

    @property
    def task_count(self) -> int:
        """Number of tasks."""
        return len(self.release_ticks)

    @property
    def visit_count(self) -> int:
        """Number of visits."""
        return len(self.station)

    def label(self, task: int) -> str:
        """Return a name for `task` in messages."""
        return f"task {task} ({self.labels[task]})" if self.labels else f"task {task}"


_ARRAYS = (
    "release_ticks",
    "flits",
    "fork_of",
    "dependency_offsets",
    "dependencies",
    "visit_offsets",
    "station",
    "occupancy_ticks",
    "latency_ticks",
    "channel",
    "account",
    "count",
    "side_visit",
    "side_account",
    "side_count",
)


@dataclass(slots=True)
class SegmentBuilder:
    """Collects tasks one by one and returns the segment they form."""

    epoch: int = -1
    step: int = 0
    phase: str = "mixed"
    gap_ticks: int = 0
    repeat: int = 1
    _columns: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in _ARRAYS})
    _labels: list[str] = field(default_factory=list)

    def task(
        self,
        visits: Iterable[Visit] = (),
        *,
        release: int = 0,
        after: Sequence[int] = (),
        flits: int = 1,
        fork_of: int = -1,
        label: str = "",
    ) -> int:
        """Add a task and return its number.

        Parameters
        ----------
        visits : iterable of Visit
            Stays at stations, one after another; none for a join.
        release : int
            From when on it may begin, from the start of the segment. [fs]
        after : sequence of int
            Numbers of the tasks that it waits for.
        flits : int
            Length of the packet, where it is one. [flit]
        fork_of : int
            Trunk that it is a branch of; −1: none.
        label : str
            What to call it in messages.
        """
        columns = self._columns
        number = len(columns["release_ticks"])
        columns["dependency_offsets"].append(len(columns["dependencies"]))
        columns["visit_offsets"].append(len(columns["station"]))
        columns["release_ticks"].append(release)
        columns["flits"].append(flits)
        columns["fork_of"].append(fork_of)
        columns["dependencies"].extend(sorted(set(after)))
        for visit in visits:
            for account, count in visit.side:
                columns["side_visit"].append(len(columns["station"]))
                columns["side_account"].append(account)
                columns["side_count"].append(count)
            columns["station"].append(visit.station)
            columns["occupancy_ticks"].append(visit.occupancy_ticks)
            columns["latency_ticks"].append(visit.latency_ticks)
            columns["channel"].append(visit.channel)
            columns["account"].append(visit.account)
            columns["count"].append(visit.count)
        self._labels.append(label)
        return number

    @property
    def task_count(self) -> int:
        """Number of tasks so far, which is the next one's number."""
        return len(self._labels)

    def build(self) -> Segment:
        """Return the segment; the builder must not be used again.

        Raises
        ------
        ResourceError
            If a number does not fit 64 bits; the text names its task.
        """
        columns = self._columns
        columns["dependency_offsets"].append(len(columns["dependencies"]))
        columns["visit_offsets"].append(len(columns["station"]))
        arrays: dict[str, IntArray] = {}
        for name in _ARRAYS:
            try:
                arrays[name] = np.array(columns[name], dtype=np.int64)
            except OverflowError:
                raise ResourceError(self._too_large(name)) from None
        labels = tuple(self._labels) if any(self._labels) else ()
        return Segment(
            epoch=self.epoch,
            step=self.step,
            phase=self.phase,
            gap_ticks=self.gap_ticks,
            repeat=self.repeat,
            labels=labels,
            **arrays,
        )

    def _too_large(self, name: str) -> str:
        """Return which task has a number in a column that does not fit 64 bits."""
        columns = self._columns
        place = next(n for n, value in enumerate(columns[name]) if not -_WORD <= value < _WORD)
        value = columns[name][place]
        if name.startswith("side_"):
            place = columns["side_visit"][place]
        if name not in ("release_ticks", "flits", "fork_of"):
            place = bisect.bisect_right(columns["visit_offsets"], place) - 1
        label = f" ({self._labels[place]})" if self._labels[place] else ""
        return f"task {place}{label}: expected {name} that fits 64 bits, got {value}"
