"""The fast engine: the contract's rules compiled, equal to the reference engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from archsim.compiling import kept_versions, tell
from archsim.engine import _kernel as kernel
from archsim.engine.check import TICK_LIMIT, check_segment, check_stations
from archsim.engine.contract import Timing
from archsim.engine.plant import Plant
from archsim.engine.reference import ReferenceEngine
from archsim.engine.work import Work
from archsim.errors import ModelError
from archsim.mapping.program import Segment, SegmentBuilder, Station, StationTable, Visit

__all__ = ["FastEngine"]

_compiled: set[bool] = set()
"""Kinds of calendar, packed or not, that the loops are compiled for in this process."""


class FastEngine:
    """Simulate segments one after another in compiled code.

    The first engine on a machine waits for the compiler; its code is kept for later processes in
    numba's cache: beside the modules or, where that cannot be written, in the user's cache folder.

    Parameters
    ----------
    stations : StationTable
        The stations of the chip.
    tell : callable, optional
        Told when the user has to wait for the compiler; writes to standard error if not given.

    Raises
    ------
    ProgramError
        If a station is impossible.
    ResourceError
        If there are too many stations or channels, or a channel is too deep.
    """

    def __init__(self, stations: StationTable, *, tell: Callable[[str], None] = tell) -> None:
        check_stations(stations)
        self._stations = stations
        self._plant = Plant(stations)
        self._tell = tell
        self.event_count = 0
        """Events that the engine handled so far."""

    def run(self, segment: Segment, *, ordered: bool = False) -> Timing:
        """Return the timing of the next segment (see `archsim.engine.contract.Engine.run`)."""
        self._compile(packed=True)
        work = Work(self._plant, segment, lambda: check_segment(segment, self._stations))
        if not work.bits:
            self._compile(packed=False)
        end = work.run()
        self.event_count += work.events
        if end < 0:
            ReferenceEngine(self._stations).run(segment)  # knows how to name the cycle
            raise ModelError("the fast engine is stuck where the reference engine is not")
        arrival_ticks, start_ticks = work.ticks()
        return Timing(
            arrival_ticks=arrival_ticks,
            start_ticks=start_ticks,
            end_tick=end * work.unit,
            order=work.order(arrival_ticks, start_ticks) if ordered else None,
        )

    def _compile(self, *, packed: bool) -> None:
        """Make the loops ready for one kind of calendar; tell the user who has to wait."""
        if packed in _compiled:
            return
        _compiled.add(packed)
        begin = time.perf_counter()
        waiting = kept_versions(kernel.run_buffers) < len(_compiled)
        if waiting:
            self._tell("compiling the fast engine, once on this machine ...")
        for stations, segment in _examples(packed=packed):
            FastEngine(stations).run(segment)
        if waiting:
            seconds = time.perf_counter() - begin
            self._tell(f"compiled the fast engine in {seconds:.1f} s; later runs load it")


def _examples(*, packed: bool) -> Iterator[tuple[StationTable, Segment]]:
    """Yield short programs, without and with finite buffers, that use all that the loops have."""
    late = 0 if packed else TICK_LIMIT >> 1
    for depth in (0, 1):
        link = Station(name="link", channels=depth, depth=depth)
        stations = StationTable(stations=(link, Station(name="sink", servers=2)))
        builder = SegmentBuilder()
        first = builder.task([Visit(0, 1, 1), Visit(1, 1, 1)], release=late)
        trunk = builder.task([Visit(0, 1, 1)], after=[first])
        builder.task([Visit(1, 1, 1)], after=[trunk], fork_of=trunk if depth else -1)
        yield stations, builder.build()
