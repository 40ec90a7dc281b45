"""What a full trace of events to disk costs, in time and in memory."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from traffic import Mesh, uniform

from archsim.engine import Engine, choose
from archsim.ledger import Ledger
from archsim.mapping.program import AccountTable, Segment
from archsim.report.event_file import Compression, EventFile
from archsim.runs.events import events_of

__all__ = ["Traced", "peak_memory"]


class Traced:
    """A stream of segments on a mesh, every visit booked on an account of its own link.

    Parameters
    ----------
    mesh : Mesh
        Where packets go.
    load : float
        Flits per node and cycle.
    visits : int
        Length of a segment, roughly.
    """

    def __init__(self, mesh: Mesh, *, load: float, visits: int) -> None:
        self._stations = mesh.stations()
        self._accounts = AccountTable()
        for station in self._stations.stations:
            self._accounts.number("io", station.name, "link", "flit")
        cycles = int(visits / 7.25 / mesh.nodes / load)
        segments = [uniform(mesh, load=load, cycles=cycles, seed=n).segment for n in range(4)]
        self._segments = [replace(segment, account=segment.station) for segment in segments]
        self._engine: Engine = choose("fast", self._stations)

    def run(self, rounds: int, *, compression: Compression | None) -> tuple[float, int, int]:
        """Simulate, book, and write events unless `compression` is None.

        Returns
        -------
        float
            How long it took, until the last byte was handed to the system. [s]
        int
            Visits.
        int
            Bytes of the file.
        """
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            path = Path(folder) / "events.parquet"
            begin = time.perf_counter()
            with ExitStack() as inner:
                file = None
                if compression is not None:
                    opened = stack.enter_context(path.open("wb"))
                    file = inner.enter_context(EventFile(opened, compression=compression))
                visits = self._fold(self._segments * rounds, file)
            taken = time.perf_counter() - begin
            return taken, visits, path.stat().st_size if file is not None else 0

    def _fold(self, segments: Iterable[Segment], file: EventFile | None) -> int:
        ledger = Ledger(accounts=self._accounts, stations=self._stations)
        for segment in segments:
            timing = self._engine.run(segment, ordered=file is not None)
            if file is not None:
                number = ledger.segments
                file.add(events_of(segment, timing, number=number, accounts=self._accounts))
            ledger.add(
                segment,
                arrival_ticks=timing.arrival_ticks,
                start_ticks=timing.start_ticks,
                end_tick=timing.end_tick,
            )
        return ledger.visits


def peak_memory() -> float:
    """Return the most memory that this process had so far [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
