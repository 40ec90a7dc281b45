"""Events go to disk while a run goes on: all of them, in order, in equal bytes, in bounded memory."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest

from archsim.errors import InputError
from archsim.mapping.program import AccountTable
from archsim.report import event_file
from archsim.report.event_file import EventFile, read_events
from archsim.runs.events import EventBatch

pytest.importorskip("pyarrow")


@pytest.fixture
def accounts():
    table = AccountTable()
    for number in range(7):
        table.number("free", f"tile[{number % 3}]", "adc", f"act{number}")
    return table


@pytest.fixture
def batches(accounts):
    rng = np.random.Generator(np.random.PCG64(1))

    def batch(number, size):
        start = np.sort(rng.integers(0, 1 << 40, size))
        return EventBatch(
            accounts=accounts,
            segment=number,
            task=rng.integers(0, 99, size),
            visit=rng.permutation(size),
            account=rng.integers(0, len(accounts), size),
            arrival_ticks=start - rng.integers(0, 1000, size),
            start_ticks=start,
            busy_ticks=rng.integers(0, 1 << 62, size),
            count=rng.integers(0, 1 << 40, size),
        )

    return [batch(number, size) for number, size in enumerate((5, 0, 900, 1, 300, 64))]


def written(path, batches, **options):
    with path.open("wb") as file, EventFile(file, **options) as events:
        for batch in batches:
            events.add(batch)
    return path


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_events_come_back_as_they_were(tmp_path, monkeypatch, batches, compression):
    monkeypatch.setattr(event_file, "ROWS", 128)
    path = written(tmp_path / "events.parquet", batches, compression=compression)
    assert list(read_events(path)) == [row for batch in batches for row in batch.rows()]


def test_equal_events_give_equal_bytes(tmp_path, monkeypatch, batches, accounts):
    monkeypatch.setattr(event_file, "ROWS", 128)
    first = written(tmp_path / "a", batches).read_bytes()
    accounts.number("update", "tile[9]", "adc", "opened later")
    assert written(tmp_path / "b", batches).read_bytes() == first


def test_row_groups_are_of_equal_length(tmp_path, monkeypatch, batches):
    monkeypatch.setattr(event_file, "ROWS", 128)
    table = (
        pytest.importorskip("pyarrow.parquet")
        .ParquetFile(written(tmp_path / "events.parquet", batches))
        .metadata
    )
    lengths = [table.row_group(number).num_rows for number in range(table.num_row_groups)]
    assert lengths == [128] * 9 + [sum(len(batch) for batch in batches) - 9 * 128]


@pytest.mark.slow
def test_a_run_waits_for_a_slow_disk(monkeypatch, batches):
    monkeypatch.setattr(event_file, "ROWS", 1)
    may_write, handed = threading.Event(), []

    class SlowFile(io.BytesIO):
        def write(self, data):
            may_write.wait(timeout=0.5 if data[:4] != b"PAR1" else 0)
            return super().write(data)

    with EventFile(SlowFile()) as events:
        give = threading.Thread(
            target=lambda: [handed.append(events.add(batch)) for batch in batches * 5]
        )
        give.start()
        give.join(timeout=0.3)
        assert len(handed) < 10
        may_write.set()
        give.join()
    assert len(handed) == 30


def test_a_full_disk_ends_the_run(batches):
    class FullFile(io.BytesIO):
        def write(self, data):
            if self.tell() > 100:
                raise OSError(28, "No space left on device")
            return super().write(data)

    def write_all():
        with EventFile(FullFile()) as events:
            for batch in batches:
                events.add(batch)

    with pytest.raises(OSError, match="No space left on device"):
        write_all()


def test_what_is_no_table_of_events_is_refused(tmp_path):
    path = tmp_path / "events.parquet"
    path.write_text("no table")
    with pytest.raises(InputError, match="expected a table of events"):
        list(read_events(path))
