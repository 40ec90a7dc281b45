"""Prices: what every account of a program costs on its chip, looked up by tile."""

from __future__ import annotations

from collections.abc import Mapping

from archsim.chip.chip import Chip
from archsim.components.component import Component
from archsim.ledger import Price, Prices
from archsim.mapping.program import AccountTable

__all__ = ["prices"]

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
    actions: dict[tuple[str, str, str], Price] = {}
    for _, tile, component, action in accounts:
        table = tables["network"]
        if component not in table:
            table = tables[classes[tile]]
        priced = table[component].actions[action]
        actions[tile, component, action] = Price(priced.price_yj, priced.scale)
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
