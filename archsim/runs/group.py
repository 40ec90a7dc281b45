"""Groups: the ledger of a chip of very many tiles told by class, with how the tiles differ."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd

from archsim.chip.chip import Chip
from archsim.frames import GROUP_COLUMNS, frame
from archsim.ledger import ExactSums, Ledger, Price, Prices, Tally, joules
from archsim.mapping.program import AccountTable, IntArray, Series, StationTable

__all__ = ["NETWORK", "Span", "Spread", "group_prices", "grouped", "groups_frame"]

NETWORK = "network"
"""Class of links and routers."""


class Span(NamedTuple):
    """One quantity of all tiles of a class."""

    least: int
    mean: Fraction
    most: int
    total: int


class Spread(NamedTuple):
    """What the tiles of a class did of one kind, those that did nothing too."""

    epoch: int
    phase: str
    tile_class: str
    component: str
    action: str
    tiles: int
    counts: Span
    busy_ticks: Span
    waiting_ticks: Span


def grouped(ledger: Ledger, chip: Chip) -> tuple[Ledger, tuple[Spread, ...]]:
    """Return a ledger with one row for all tiles of a class, and how they differ.

    Parameters
    ----------
    ledger : Ledger
        What was booked; returned as it is where nothing was booked in series.
    chip : Chip
        The chip.
    """
    if not ledger.series:
        return ledger, ()
    classes = {tile.name: tile.tile_class for tile in chip.tiles}
    accounts = AccountTable()
    short = Ledger(accounts=accounts, stations=StationTable(stations=()))
    short.durations, short.gaps = ledger.durations, ledger.gaps
    short.segments, short.visits = ledger.segments, ledger.visits

    def book(epoch: int, key: tuple[str, str, str, str], count: int, busy: int, wait: int) -> None:
        tally = short.tallies.setdefault((epoch, accounts.number(*key)), Tally())
        tally.count += count
        tally.busy_ticks += busy
        tally.waiting_ticks += wait

    for (epoch, number), tally in ledger.tallies.items():
        phase, tile, component, action = ledger.accounts[number]
        key = (phase, classes.get(tile, NETWORK), component, action)
        book(epoch, key, tally.count, tally.busy_ticks, tally.waiting_ticks)
    spreads = tuple(_spreads(ledger, chip))
    for one in spreads:
        key = (one.phase, one.tile_class, one.component, one.action)
        book(one.epoch, key, one.counts.total, one.busy_ticks.total, one.waiting_ticks.total)
    return short, spreads


def _spreads(ledger: Ledger, chip: Chip) -> Iterable[Spread]:
    """Give how tiles differ, for each series and class."""
    first = ledger.accounts.SERIES
    for epoch, sums in sorted(ledger.series.items()):
        for series in ledger.accounts.series:
            for tile_class, places in _classes(series, chip):
                found = [_span(column, series.first - first + places) for column in sums]
                if found[0].total or found[1].total:
                    names = (series.phase, tile_class, series.component, series.action)
                    yield Spread(epoch, *names, len(places), *found)


def _classes(series: Series, chip: Chip) -> Iterable[tuple[str, IntArray]]:
    """Give the classes of a series of tiles, routers or links, and where they stand in it."""
    if series.tiles is not chip.topology.nodes:
        yield NETWORK, np.arange(len(series.tiles))
    elif series.component == "router" and series.component in chip.network:
        yield NETWORK, np.arange(chip.topology.first_router, len(series.tiles))
    else:
        for number, tile_class in enumerate(chip.tables):
            if (places := np.flatnonzero(chip.class_of_tile == number)).size:
                yield tile_class, places


def _span(sums: ExactSums, places: IntArray) -> Span:
    least, most = sums.ends(places)
    total = sums.total(places)
    return Span(least, Fraction(total, len(places)), most, total)


def group_prices(chip: Chip, ledger: Ledger) -> Prices:
    """Return the prices of a grouped ledger, by class."""
    actions = {}
    for account in ledger.accounts:
        own = chip.tables[account.tile]
        table = own if account.component in own else chip.network
        action = table[account.component].actions[account.action]
        actions[account[1:]] = Price(action.price_yj, action.scale)
    leakage, copies = {}, {}
    for tile_class, component, count in chip.copies():
        copies[tile_class, component.name] = count
        for state, power in component.leakage_aw.items():
            leakage[tile_class, component.name, state] = power
    return Prices(actions=actions, leakage_aw=leakage, copies=copies)


def groups_frame(spreads: Iterable[Spread], prices: Prices, *, run: int = 0) -> pd.DataFrame:
    """Return how tiles of a class differ, one row per (epoch, class, component, action, phase).

    Parameters
    ----------
    spreads : iterable of Spread
        How tiles differ, account by account.
    prices : Prices
        Prices by class.
    run : int
        Number of the run, for the column.
    """
    rows = []
    for one in spreads:
        price, scale = prices.actions[one.tile_class, one.component, one.action]
        count = one.counts
        energy = (
            joules(count.least, price, scale),
            float(count.mean * price / scale / 10**24),
            joules(count.most, price, scale),
            joules(count.total, price, scale),
        )
        ids = (run, one.epoch, one.tile_class, one.component, one.action, one.phase, one.tiles)
        spans = (count, one.busy_ticks, one.waiting_ticks)
        values = [end for s in spans for end in (s.least, float(s.mean), s.most, s.total)]
        rows.append((*ids, *values, *energy))
    rows.sort(key=lambda row: tuple(map(str, row[1:6])))
    return frame(GROUP_COLUMNS, rows)
