"""The event file: events packed into Parquet by a thread of its own while the run goes on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import numpy as np

from archsim.errors import InputError
from archsim.frames import EVENT_COLUMNS
from archsim.mapping.program import AccountTable, IntArray
from archsim.runs.events import EventBatch, EventRow

__all__ = ["Compression", "EventFile", "read_events", "require_parquet"]

Compression = Literal["zstd", "none"]

ROWS = 1 << 17
"""Events of a row group; how many events wait in memory follows from it."""
_WAITING = 2
"""Row groups that may wait for the thread before the run does."""
_TEXTS = {"tile": 1, "component": 2, "action": 3, "phase": 0}
"""Columns of texts, and where an account keeps each."""
_NUMBERS = tuple(name for name in EVENT_COLUMNS if name not in _TEXTS)
_REGULAR = ("task", "visit", "arrival_tick", "start_tick")
"""Columns with many values; as differences they are far smaller, but slower to write."""


def require_parquet() -> None:
    """Check that event tables can be written.

    Raises
    ------
    InputError
        If pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415  (optional)
    except ImportError:
        message = (
            "events: expected the package pyarrow, which writes events.parquet, found none; "
            "install archsim[trace], or leave --events out"
        )
        raise InputError(message) from None


class EventFile:
    """A Parquet file that takes events while a run goes on, in bounded memory.

    Texts are written as places in a dictionary, numbers as differences, but for ids and ticks that
    are not compressed. Equal events give equal bytes, however they were cut.

    Parameters
    ----------
    file : binary file
        Where to write; stays open.
    compression : {"zstd", "none"}
        How pages are compressed.

    Raises
    ------
    InputError
        If pyarrow is not installed.
    """

    def __init__(self, file: IO[bytes], *, compression: Compression = "zstd") -> None:
        require_parquet()
        self._writer = _open(file, compression)
        self._accounts = AccountTable()
        self._group = {name: np.zeros(ROWS, dtype=np.int64) for name in (*_NUMBERS, "account")}
        self._filled = 0
        """Rows of the group so far."""
        self._waiting: list[EventBatch] = []
        self._rows = 0
        """Rows that wait to be handed over."""
        self._handed: queue.Queue[list[EventBatch] | None] = queue.Queue(_WAITING)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="events", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left, and end the thread."""
        if kind is None:
            self._handed.put(self._waiting)
        self._handed.put(None)
        self._thread.join()
        self._writer.close()
        if kind is None and self._failure is not None:
            raise self._failure

    def add(self, batch: EventBatch) -> None:
        """Take the events of the next segment; waits while too many are to be written.

        Raises
        ------
        OSError
            If earlier ones could not be written.
        """
        if self._failure is not None:
            raise self._failure
        self._waiting.append(batch)
        self._rows += len(batch)
        if self._rows >= ROWS:
            self._handed.put(self._waiting)
            self._waiting, self._rows = [], 0

    def _work(self) -> None:
        """Write what is handed over, in row groups of equal length."""
        over = False
        try:
            while (batches := self._handed.get()) is not None:
                for batch in batches:
                    self._take(batch)
            over = True
            self._write_group()
        except BaseException as error:  # noqa: BLE001 - raised in the thread that runs
            self._failure = error
            while not over:
                over = self._handed.get() is None

    def _take(self, batch: EventBatch) -> None:
        """Add events to the row group, and write it whenever it is full."""
        self._accounts = batch.accounts
        columns = batch.columns() | {"account": batch.account}
        done = 0
        while done < len(batch):
            length = min(len(batch) - done, ROWS - self._filled)
            source = slice(done, done + length)
            target = slice(self._filled, self._filled + length)
            self._group["segment"][target] = batch.segment
            for name, column in columns.items():
                self._group[name][target] = column[source]
            done += length
            self._filled += length
            if self._filled == ROWS:
                self._write_group()

    def _write_group(self) -> None:
        import pyarrow as pa  # noqa: PLC0415  (optional)

        if not self._filled:
            return
        group = {name: column[: self._filled] for name, column in self._group.items()}
        columns = {name: pa.array(group[name]) for name in _NUMBERS} | self._texts(group["account"])
        arrays = [columns[name] for name in EVENT_COLUMNS]
        table = pa.Table.from_arrays(arrays, schema=self._writer.schema)
        self._writer.write_table(table, row_group_size=ROWS)
        self._filled = 0

    def _texts(self, account: IntArray) -> dict[str, Any]:
        """Return the columns of texts for Arrow, each with the texts that it uses and no others."""
        import pyarrow as pa  # noqa: PLC0415  (optional)

        used = np.flatnonzero(np.bincount(account))
        turn = np.zeros(int(used[-1]) + 1, dtype=np.int32)
        turn[used] = np.arange(len(used))
        which = turn[account]
        names = [self._accounts[number] for number in used.tolist()]
        columns = {}
        for name, place in _TEXTS.items():
            places: dict[str, int] = {}
            codes = [places.setdefault(one[place], len(places)) for one in names]
            rows = pa.array(np.array(codes, dtype=np.int32)[which])
            words = pa.array(list(places), pa.string())
            columns[name] = pa.DictionaryArray.from_arrays(rows, words)
        return columns


def _open(file: IO[bytes], compression: Compression) -> Any:  # noqa: ANN401 - of an optional package
    import pyarrow as pa  # noqa: PLC0415  (optional)
    from pyarrow import parquet  # noqa: PLC0415

    text = pa.dictionary(pa.int32(), pa.string())
    fields = [
        pa.field(name, text if name in _TEXTS else pa.int64(), nullable=False)
        for name in EVENT_COLUMNS
    ]
    differences = [name for name in _NUMBERS if compression == "zstd" or name not in _REGULAR]
    return parquet.ParquetWriter(
        file,
        pa.schema(fields),
        compression=compression,
        use_dictionary=list(_TEXTS),
        column_encoding=dict.fromkeys(differences, "DELTA_BINARY_PACKED"),
        write_statistics=False,
    )


def read_events(path: Path) -> Iterator[EventRow]:
    """Yield the rows of an event file, a row group at a time in memory.

    Raises
    ------
    InputError
        If it is not a table of events, or pyarrow is not installed.
    """
    require_parquet()
    import pyarrow as pa  # noqa: PLC0415  (optional)
    from pyarrow import parquet  # noqa: PLC0415

    names = EVENT_COLUMNS[1:]
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=list(names)):
                columns = [batch.column(name).to_pylist() for name in names]
                yield from zip(*columns, strict=True)
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: expected a table of events: {error}") from error
