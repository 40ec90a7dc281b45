"""The stations and channels of a chip as records for the compiled loops."""

from __future__ import annotations

import numpy as np

from archsim.engine._kernel import CHANNEL, FAR, STATION, Buffers, IntArray, Records
from archsim.errors import ResourceError
from archsim.mapping.program import StationTable

__all__ = ["RECORD_LIMIT", "Plant"]

RECORD_LIMIT = 1 << 30
"""Visits, tasks, stations, servers, channels and places are fewer; twice as many fit an int32."""

_LINE = 64
"""Bytes of a line of the processor's cache."""


class Plant:
    """A chip as it is when idle, and as it is while a segment runs.

    Parameters
    ----------
    stations : StationTable
        The stations of the chip, checked.

    Raises
    ------
    ResourceError
        If there are too many stations, servers or channels, or a channel is too deep.
    """

    def __init__(self, stations: StationTable) -> None:
        servers, channels, depth, head_ticks, credit_ticks = stations.columns
        found = (len(servers), int(servers.sum()), int(channels.sum()), int(depth.max(initial=0)))
        if max(found) >= RECORD_LIMIT:
            raise ResourceError(
                f"chip: expected fewer than {RECORD_LIMIT} stations, servers, channels, and flits "
                f"in a channel, got {found[0]}, {found[1]}, {found[2]} and {found[3]}"
            )
        self.delays = np.concatenate((head_ticks, credit_ticks))
        """All delays of buffers. [fs]"""
        self.delay = int((head_ticks + credit_ticks).max(initial=0))
        """The longest delay that one packet meets in one buffer. [fs]"""
        first_channel = np.concatenate(([0], np.cumsum(channels)))
        self.buffers = Buffers(first_channel=first_channel, depth=depth)
        self._idle_stations = _idle_stations(servers)
        self._idle_channels = _idle_channels(channels, depth, head_ticks, credit_ticks)
        self.stations = self._idle_stations.copy()
        self.channels = self._idle_channels.copy()
        self._room = np.empty(0, dtype=np.uint8)
        self.servers = np.zeros(int(servers[servers > 1].sum()), dtype=np.int64)
        """When each server of the stations with several is free: a heap per station."""

    def records(self, size: int, kind: np.dtype[np.void]) -> Records:
        """Return room for so many records; it begins at a line of the processor's cache.

        All segments share it, one after another: fresh memory would cost a tenth of the time.
        """
        length = size * kind.itemsize
        if len(self._room) < length + _LINE:
            self._room = np.empty(length + _LINE, dtype=np.uint8)
        skip = -self._room.ctypes.data % _LINE
        return self._room[skip : skip + length].view(kind)

    def rest(self, stations: IntArray, channels: IntArray, unit: int) -> None:
        """Make these stations and channels idle, with delays in units of `unit` [fs]."""
        self.servers[:] = 0
        _copy(self._idle_stations, self.stations, stations)
        _copy(self._idle_channels, self.channels, channels)
        if unit > 1:
            for name in ("head_ticks", "credit_ticks"):
                self.channels[name] = self._idle_channels[name] // unit


def _idle_stations(servers: IntArray) -> Records:
    several = np.where(servers > 1, servers, 0)
    records = np.zeros(len(servers), dtype=STATION)
    records["wake"] = FAR
    records["servers"] = servers
    records["first_server"] = np.cumsum(several) - several
    records["heads"] = records["queue"] = records["tail"] = -1
    return records


def _idle_channels(
    channels: IntArray, depth: IntArray, head_ticks: IntArray, credit_ticks: IntArray
) -> Records:
    owner = np.repeat(np.arange(len(channels)), channels)
    records = np.zeros(len(owner), dtype=CHANNEL)
    records["station"] = owner
    records["room"] = depth[owner]
    records["head_ticks"] = head_ticks[owner]
    records["credit_ticks"] = credit_ticks[owner]
    records["head"] = records["tail"] = records["back"] = records["back_tail"] = -1
    return records


def _copy(source: Records, target: Records, places: IntArray) -> None:
    if len(places) < len(source):
        target[places] = source[places]
    else:
        target[:] = source
