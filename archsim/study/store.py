"""The store of a study: finished points in batches and traces, each file whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import IO, Any, Self

from archsim.errors import StorageError
from archsim.runs.recorded import Recorded, read_recorded, write_recorded

__all__ = ["Store", "write_whole"]

_STALE = 3600.0
"""Age from which an unfinished file belongs to nobody any more. [s]"""


class Store:
    """Results by key, in a folder that many processes and machines may share without a lock.

    A file is written under a name of its own, forced onto the disk, and renamed. Whoever writes the
    same key writes the same bytes, so it does not matter who comes last.

    Parameters
    ----------
    folder : Path
        Where the store lies; made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._batches: dict[Path, dict[str, dict[str, Any]]] = {}

    @classmethod
    def at(cls, folder: str | Path) -> Self:
        """Return the store in a folder, whatever folder is the current one later."""
        return cls(Path(folder).absolute())

    def finished(self) -> dict[str, dict[str, Any]]:
        """Return the results of all finished points by key.

        A batch never changes, so only what is new since the last call is read.

        Raises
        ------
        StorageError
            If a file cannot be read or holds no results.
        """
        present = sorted(self.folder.glob("points/*.json"))
        self._batches = {path: self._batches.get(path) or _batch(path) for path in present}
        return {key: one for batch in self._batches.values() for key, one in batch.items()}

    def has_trace(self, key: str) -> bool:
        """Return whether there is a trace of this key."""
        return self._trace(key).is_file()

    def write(self, results: Mapping[str, Mapping[str, object]]) -> None:
        """Keep the results of points, by key, all together; nothing if there are none.

        Raises
        ------
        StorageError
            If they cannot be written.
        """
        if not results:
            return
        text = json.dumps(results, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"
        name = hashlib.sha256(text.encode()).hexdigest()[:40]
        path = self.folder / "points" / f"{name}.json"
        self._put(path, lambda file: file.write(text.encode()))

    def forget(self, keys: Container[str]) -> None:
        """Remove the results of points, so that they are run again.

        Raises
        ------
        StorageError
            If what shares a batch with one of them cannot be kept.
        """
        self.finished()
        for path, batch in self._batches.items():
            rest = {key: result for key, result in batch.items() if key not in keys}
            if len(rest) < len(batch):
                self.write(rest)
                path.unlink(missing_ok=True)

    def read_trace(self, key: str) -> Recorded:
        """Return a recorded training.

        Raises
        ------
        StorageError
            If its file cannot be read.
        """
        path = self._trace(key)
        try:
            with path.open("rb") as file:
                return read_recorded(file)
        except StorageError:
            raise
        except OSError as error:
            message = f"{path}: cannot be read: {error.strerror or error}"
            raise StorageError(message) from error

    def write_trace(self, key: str, recorded: Recorded) -> None:
        """Keep a recorded training.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        self._put(self._trace(key), lambda file: write_recorded(recorded, file))

    def write_file(self, name: str, content: bytes) -> None:
        """Put a file into the folder of the store, in place of an older one.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        self._put(self.folder / name, lambda file: file.write(content))

    def tidy(self) -> None:
        """Remove what killed processes left unfinished long ago."""
        now = time.time()
        for path in self.folder.glob("unfinished/*"):
            try:
                if now - path.stat().st_mtime > _STALE:
                    path.unlink()
            except OSError:
                continue  # somebody else removed it

    def _trace(self, key: str) -> Path:
        return self.folder / "traces" / f"{key}.npz"

    def _put(self, path: Path, fill: Callable[[IO[bytes]], object]) -> None:
        write_whole(path, fill, drafts=self.folder / "unfinished")


def _batch(path: Path) -> dict[str, dict[str, Any]]:
    """Return the results in a file, by key."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        message = f"{path}: expected results of points, {error}; remove it to run them again"
        raise StorageError(message) from error
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        message = f"{path}: expected results of points; remove it to run them again"
        raise StorageError(message)
    return found


def write_whole(path: Path, fill: Callable[[IO[bytes]], object], *, drafts: Path) -> None:
    """Write a file whole or not at all, in place of an older one.

    Parameters
    ----------
    path : Path
        The file.
    fill : callable
        Writes the content into the file that it is given.
    drafts : Path
        Folder, on the same file system, in which it stands until it is whole.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    draft = drafts / f"{path.name}.{secrets.token_hex(8)}"
    try:
        drafts.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("xb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror or error}"
        raise StorageError(message) from error
