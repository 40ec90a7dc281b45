"""Result folders: claimed before a simulation starts, and there whole or not at all.

A folder is written under a hidden name beside its place and renamed when every file is on the disk.
Until then nothing stands at the place itself.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from archsim.errors import StorageError

__all__ = ["Claim", "claim"]


class Claim:
    """A folder that is being filled; leaving the context without `commit` leaves no trace.

    Parameters
    ----------
    target : Path
        Where the folder will stand.
    """

    def __init__(self, target: Path) -> None:
        if os.path.lexists(target):
            message = (
                f"{target}: expected a folder that does not exist yet, found one; "
                "name another, or remove it first"
            )
            raise StorageError(message)
        self.target = target
        self._parents: list[Path] = []
        self._open = True
        self._digests: dict[str, str] = {}
        self.draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        """Where the files stand until then."""
        try:
            self._reserve()
        except BaseException:
            self.abandon()
            raise

    def _reserve(self) -> None:
        """Make the draft, and the folders above it that are missing."""
        missing = [one for one in self.target.parents if not os.path.lexists(one)]
        for parent in reversed(missing):
            parent.mkdir()
            self._parents.append(parent)
        self.draft.mkdir()

    def __enter__(self) -> Self:
        """Return the claim."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was written, unless it was committed."""
        self.abandon()

    @property
    def digests(self) -> Mapping[str, str]:
        """File, from the folder down → SHA-256 of what was written."""
        return dict(sorted(self._digests.items()))

    def write(self, name: str, text: str) -> None:
        """Write a text file of the folder, UTF-8; `name` may hold folders.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        with self.open(name) as file:
            file.write(text.encode())

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file of the folder for writing; at the end it is forced onto the disk.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        path = self.draft / name
        with _told(self.target / name):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with path.open("rb") as file:
                self._digests[name] = hashlib.file_digest(file, "sha256").hexdigest()

    def commit(self) -> None:
        """Put the folder in its place.

        Raises
        ------
        StorageError
            If something stands there by now, or the disk refuses.
        """
        with _told(self.target):
            for folder, _, _ in os.walk(self.draft):
                _sync(Path(folder))
            if os.path.lexists(self.target):
                raise FileExistsError(errno.EEXIST, "it was made in the meantime")
            self.draft.rename(self.target)
            _sync(self.target.parent)
        self._open = False

    def abandon(self) -> None:
        """Remove everything that the claim made, unless it was committed."""
        if not self._open:
            return
        self._open = False
        shutil.rmtree(self.draft, ignore_errors=True)
        for parent in reversed(self._parents):
            with contextlib.suppress(OSError):
                parent.rmdir()


def claim(path: str | Path) -> Claim:
    """Reserve a folder for results, before the work for it begins.

    Parameters
    ----------
    path : str or Path
        The folder, which must not exist; folders above it are made.

    Returns
    -------
    Claim
        Context manager; write into it, then commit it.

    Raises
    ------
    StorageError
        If the folder exists or cannot be written.
    """
    with _told(path):
        text = os.fspath(path)
        if not text.strip() or "\0" in text:
            raise OSError(errno.EINVAL, "expected the name of a folder")
        return Claim(Path(os.path.abspath(text)))  # noqa: PTH100  (resolve() would follow links)


@contextlib.contextmanager
def _told(path: str | Path) -> Iterator[None]:
    """Turn the system's refusals into errors that say where and why."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{os.fspath(path)!r}: cannot be written: {reason}"
        raise StorageError(message) from error


def _sync(folder: Path) -> None:
    """Force a folder's list of files onto the disk, where the system can."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
