"""Stations of a chip by arithmetic: each is made when somebody looks at it, none is kept.

Front ends come first (arrays with what acts as one with them, by their tiles), then the other
components tile by tile, then all links, and last the place where copies of a packet are taken off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from archsim.chip.chip import Chip
from archsim.components.router import LinkPart
from archsim.errors import ResourceError
from archsim.mapping.program import IntArray, Station, StationColumns, StationTable
from archsim.mapping.ticks import ticks

__all__ = ["FRONT_END", "ChipStations"]

FRONT_END = ("array", "dac", "tia", "sample_hold", "write_driver", "analog_neuron")
"""Roles that act as one piece of hardware with the array; in one visit."""


STATION_LIMIT = 50_000_000
"""Most stations of a chip; each takes some hundred bytes of an engine."""


class ChipStations(Sequence[Station]):
    """All stations of a chip, in order.

    Parameters
    ----------
    chip : Chip
        The chip.
    fronts : ndarray of int64, shape (front ends, tiles of each)
        Numbers of the tiles whose arrays act as one.

    Raises
    ------
    ResourceError
        If there are too many.
    """

    def __init__(self, chip: Chip, fronts: IntArray) -> None:
        self._chip, self._fronts = chip, fronts
        tiles = len(chip.tiles)
        self._front = np.full(tiles, -1, dtype=np.int64)
        if fronts.size:
            self._front[fronts] = np.arange(len(fronts))[:, None]
        self._variant = 2 * chip.class_of_tile + (self._front >= 0)
        self._roles = [
            tuple(role for role in table if not (placed and role in FRONT_END))
            for table in chip.tables.values()
            for placed in (False, True)
        ]
        counts = np.array([len(roles) for roles in self._roles])[self._variant]
        ends = len(fronts) + np.cumsum(counts)
        self._first = ends - counts
        self._first_link = int(ends[-1]) if tiles else len(fronts)
        self._links = chip.topology.edge_count()
        if self._first_link + self._links > STATION_LIMIT:
            message = (
                f"chip {chip.name}: expected at most {STATION_LIMIT} links and components, got "
                f"{self._first_link + self._links}; take a topology with fewer, such as a mesh"
            )
            raise ResourceError(message)
        self.delivery = self._first_link + self._links
        """Station in which the rest of a packet's flits are waited for at a fork."""

    def table(self) -> StationTable:
        """Return the stations with what engines have to know of them."""
        columns = [np.full(len(self), value, dtype=np.int64) for value in (1, 0, 0, 0, 1)]
        kinds = [
            (kind.wire.channels, kind.wire.depth, _credit_ticks(kind.wire))
            for kind in self._chip.link_kinds
        ]
        links = slice(self._first_link, self.delivery)
        chosen = np.array(kinds, dtype=np.int64)[self._chip.kind_of_link]
        columns[1][links], columns[2][links], columns[4][links] = chosen.T
        return StationTable(stations=self, known=StationColumns(*columns))

    def front(self, tiles: IntArray) -> IntArray:
        """Return the stations of the arrays of tiles."""
        return self._front[tiles]

    def part(self, tiles: IntArray, role: str) -> IntArray:
        """Return the stations of a component of tiles; all of them have it, on its own."""
        places = np.array([roles.index(role) if role in roles else -1 for roles in self._roles])
        return np.asarray(self._first[tiles] + places[self._variant[tiles]])

    @property
    def first_link(self) -> int:
        """Station of link 0; the others follow."""
        return self._first_link

    def __len__(self) -> int:
        """Return the number of stations."""
        return self.delivery + 1

    def __iter__(self) -> Iterator[Station]:
        """Give all stations."""
        return map(self._made, range(len(self)))

    @overload
    def __getitem__(self, number: int) -> Station: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Station, ...]: ...
    def __getitem__(self, number: int | slice) -> Station | tuple[Station, ...]:
        """Return the station with this number, or some."""
        if isinstance(number, slice):
            return tuple(map(self._made, range(*number.indices(len(self)))))
        if not -len(self) <= number < len(self):
            message = f"expected the number of one of {len(self)} stations, got {number}"
            raise IndexError(message)
        return self._made(number % len(self))

    def _made(self, number: int) -> Station:
        if number < len(self._fronts):
            names = [self._chip.tiles[tile].name for tile in self._fronts[number].tolist()]
            name = "+".join(f"{tile}.array" for tile in names)
            return Station(name=name, tile=names[0], component="array")
        if number < self._first_link:
            tile = int(np.searchsorted(self._first, number, side="right")) - 1
            owner = self._chip.tiles[tile]
            role = self._roles[self._variant[tile]][number - int(self._first[tile])]
            states = tuple(owner.components[role].leakage_aw)
            name = f"{owner.name}.{role}"
            return Station(name=name, tile=owner.name, component=role, states=states)
        if number == self.delivery:
            return Station(name="delivery")
        link = self._chip.link(number - self._first_link)
        return Station(
            name=link.name,
            channels=link.channels,
            depth=link.depth,
            credit_ticks=max(ticks(link.credit_time), 1),
            tile=link.name,
            component=link.component.name,
        )


def _credit_ticks(wire: LinkPart) -> int:
    return max(ticks((wire.credit_time or wire.cycle).value), 1)
