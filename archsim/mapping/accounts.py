"""Accounts of very many tiles and links at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from archsim.chip.chip import Chip
from archsim.mapping.program import AccountTable, IntArray

__all__ = ["DETAIL_LIMIT", "Accounts", "LinkNames"]

DETAIL_LIMIT = 10_000
"""A chip of more tiles is booked in series, and its frames are grouped."""


class LinkNames(Sequence[str]):
    """Names of all links, by number; each made when it is asked for."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip

    def __len__(self) -> int:
        """Return the number of links."""
        return self._chip.topology.edge_count()

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[str, ...]: ...
    def __getitem__(self, number: int | slice) -> str | tuple[str, ...]:
        """Return the name of a link, or of some."""
        if isinstance(number, slice):
            return tuple(self[one] for one in range(*number.indices(len(self))))
        return self._chip.link(number).name


@dataclass(slots=True)
class Accounts:
    """Finds the accounts of one phase for arrays of tiles or links.

    Parameters
    ----------
    table : AccountTable
        Where they are kept.
    chip : Chip
        The chip.
    phase : str
        What the work is for.
    series : bool
        Whether to open the accounts of all tiles at once, not only of those that are used.
    """

    table: AccountTable
    chip: Chip
    links: LinkNames
    phase: str
    series: bool
    _known: dict[tuple[str, str, bool], IntArray] = field(default_factory=dict)

    def of_nodes(self, nodes: IntArray, component: str, action: str) -> IntArray:
        """Return the accounts of an action at tiles or routers.

        Parameters
        ----------
        nodes : ndarray of int64
            Numbers of tiles or routers.
        component, action : str
            What they do.
        """
        return self._of(nodes, component, action, self.chip.topology.nodes)

    def of_links(self, links: IntArray, component: str) -> IntArray:
        """Return the accounts of bits on links."""
        return self._of(links, component, "transfer", self.links)

    def _of(self, places: IntArray, component: str, action: str, names: Sequence[str]) -> IntArray:
        if self.series:
            return places + self.table.first(self.phase, names, component, action)
        key = (component, action, names is self.links)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = np.full(len(names), -1, dtype=np.int64)
        used = np.zeros(len(names), dtype=np.bool_)
        used[places] = True
        for place in np.flatnonzero(used & (known < 0)).tolist():
            known[place] = self.table.number(self.phase, names[place], component, action)
        return known[places]
