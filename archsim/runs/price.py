"""Prices: what every account of a program costs on its chip, looked up by tile."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from archsim.chip.chip import Chip
from archsim.components.component import Component
from archsim.frames import cost_share
from archsim.ledger import Ledger, Price, Prices
from archsim.mapping.program import Account, AccountTable

__all__ = ["Meter", "prices"]

Tables = Mapping[str, Mapping[str, Component]]


def prices(chip: Chip, accounts: AccountTable, *, tables: Tables | None = None) -> Prices:
    """Return the prices of all accounts, and the leakage of all components.

    Parameters
    ----------
    chip : Chip
        The chip.
    accounts : AccountTable
        Accounts that the program opened.
    tables : mapping, optional
        Tile class → role → component to take prices from instead of the chip's own; this is how a
        finished run is priced anew.

    Returns
    -------
    Prices
        Routers and links stand under the name of their node or link.
    """
    tables = chip.tables if tables is None else tables
    classes = {tile.name: tile.tile_class for tile in chip.tiles}
    actions = {
        (account.tile, account.component, account.action): _price(account, tables, classes)
        for account in accounts
    }
    leakage: dict[tuple[str, str, str], int] = {}
    for tile_name, tile_class in classes.items():
        for role, part in tables[tile_class].items():
            for state, power in part.leakage_aw.items():
                leakage[tile_name, role, state] = power
    network = tables["network"]
    for node in chip.topology.nodes:
        if chip.has_router(node):
            for state, power in network["router"].leakage_aw.items():
                leakage[node, "router", state] = power
    for link in chip.links():
        for state, power in network[link.component.name].leakage_aw.items():
            leakage[link.name, link.component.name, state] = power
    return Prices(actions=actions, leakage_aw=leakage)


def _price(account: Account, tables: Tables, classes: Mapping[str, str]) -> Price:
    own = tables[classes[account.tile]] if account.tile in classes else {}
    table = own if account.component in own else tables["network"]
    action = table[account.component].actions[account.action]
    return Price(action.price_yj, action.scale)


class Meter:
    """Reads the training cost off a ledger that is still being written."""

    def __init__(self, chip: Chip, ledger: Ledger) -> None:
        self._tables = chip.tables
        self._classes = {tile.name: tile.tile_class for tile in chip.tiles}
        self._ledger = ledger
        self._known: dict[Account, Price] = {}

    def read(self) -> tuple[float, float]:
        """Return the training energy [J] and the training time [s] so far."""
        ledger = self._ledger
        energy = Fraction(0)
        for _, account, tally in ledger.actions():
            if cost_share(account.phase, account.action) == "training":
                price = self._known.get(account) or _price(account, self._tables, self._classes)
                self._known[account] = price
                energy += Fraction(tally.count * price.price_yj, price.count_scale)
        ticks = sum(
            duration + ledger.gaps[key]
            for key, duration in ledger.durations.items()
            if cost_share(key[1], "") == "training"
        )
        return float(energy / 10**24), float(Fraction(ticks, 10**15))
