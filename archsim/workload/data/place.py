"""Where the files of a data set lie: a named folder, ARCHSIM_DATA, the cache, or the network."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from archsim.errors import InputError, StorageError

__all__ = ["VARIABLE", "Progress", "find_file", "folders"]

VARIABLE = "ARCHSIM_DATA"
"""Environment variable that names a folder of data sets."""

Progress = Callable[[str, float], None]
"""Called now and then with what is going on and how far it is, from 0 to 1."""


class _Bar(Protocol):
    """What pooch tells how far a download is."""

    total: int

    def update(self, size: int) -> None: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


class _Told:
    """A progress bar, as pooch wants one, that passes on to a callback."""

    def __init__(self, name: str, progress: Progress) -> None:
        self.total = 0
        self._name, self._progress, self._done = name, progress, 0

    def update(self, size: int) -> None:
        """Add downloaded bytes."""
        self._done += size
        self._progress(f"download {self._name}", self._done / self.total if self.total else 0.0)

    def reset(self) -> None:
        """Begin again; pooch calls this at the end, and then fills the bar."""
        self._done = 0

    def close(self) -> None:
        """Do nothing: the owner of the callback ends its bar."""

    def __enter__(self) -> Self:
        """Return the bar."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing."""


def folders(folder: str, name: str) -> list[Path]:
    """Return where files of data set `name` are looked for, in order.

    A named `folder` is the only place. Without it: ``$ARCHSIM_DATA/NAME`` and ``$ARCHSIM_DATA``.
    """
    if folder:
        return [Path(folder)]
    root = os.environ.get(VARIABLE, "")
    return [Path(root) / name, Path(root)] if root else []


def find_file(
    file: str,
    *,
    field: str,
    places: Sequence[Path],
    name: str,
    url: str = "",
    progress: Progress | None = None,
) -> Path:
    """Return the path of a file of a data set, downloading it if need be.

    Parameters
    ----------
    file : str
        Its name, with or without ``.gz``.
    field : str
        Field of the description that names it, for messages.
    places : sequence of Path
        Folders to look in.
    name : str
        Name of the data set.
    url : str
        Folder on the network to download ``FILE.gz`` from; empty: none.
    progress : callable, optional
        Told how far a download is.

    Raises
    ------
    InputError
        If the file is in none of the folders and cannot be downloaded.
    """
    for folder in places:
        for candidate in (folder / file, folder / f"{file}.gz"):
            if candidate.is_file():
                return candidate
    if url and not places:
        return _downloaded(file, name, url, progress)
    looked = ", ".join(str(folder) for folder in places) or "no folder"
    advice = f"set dataset.folder or the environment variable {VARIABLE} to where it lies"
    raise InputError(
        f"dataset.{field}: expected the file {file}[.gz], not found in {looked}; {advice}"
    )


def _downloaded(file: str, name: str, url: str, progress: Progress | None) -> Path:
    if find_spec("pooch") is None:
        raise InputError(
            f"dataset {name}: expected {file}.gz in a folder; set dataset.folder or the "
            f"environment variable {VARIABLE}, or install archsim[data] to download it"
        )
    import pooch  # noqa: PLC0415 (optional)

    pooch.get_logger().setLevel("ERROR")
    bar: _Bar | bool = False if progress is None else _Told(f"{file}.gz", progress)
    source = f"{url.rstrip('/')}/{file}.gz"
    try:
        path = pooch.retrieve(
            source,
            known_hash=None,  # the content is checked once it is unpacked
            fname=f"{file}.gz",
            path=pooch.os_cache("archsim") / name,
            downloader=pooch.HTTPDownloader(progressbar=bar, timeout=60),
        )
    except (OSError, ValueError) as error:
        text = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise StorageError(
            f"dataset {name}: {source} could not be downloaded ({text}); set dataset.folder or "
            f"{VARIABLE} to where {file}.gz lies"
        ) from None
    return Path(path)
