"""Where files of a description lie: beside it, a named folder, ARCHSIM_DATA, cache, or network."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Protocol, Self

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo
from pydantic_core import PydanticKnownError

from archsim.errors import InputError, SpecError, StorageError
from archsim.spec import Node
from archsim.spec.fault import locate

__all__ = ["NO_FOLDER", "VARIABLE", "Folder", "Places", "Progress"]

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


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files that a description names are looked for."""

    folder: str = ""
    """Folder that the description names, then the only place; empty: none."""
    beside: str = field(default="", compare=False)
    """Folder of the description itself; empty: it stands in no file."""
    root: Node | None = field(default=None, compare=False, repr=False)
    """The description as it stands in its file, for messages."""

    def __str__(self) -> str:
        """Return the folder that the description names."""
        return self.folder

    @classmethod
    def read(cls, folder: object, info: ValidationInfo) -> Places:
        """Return the places of a description that names this folder, relative to its own."""
        if isinstance(folder, Places):
            return folder
        if not isinstance(folder, str):
            raise PydanticKnownError("string_type")
        context = info.context or {}
        base, root = context.get("folder"), context.get("root")
        if base is None:
            return cls(folder, root=root)
        return cls(str(Path(base, folder)) if folder else "", beside=str(base), root=root)

    def folders(self, name: str) -> list[Path]:
        """Return where files of data set `name` are looked for, in order.

        The folder named; without one that of the description, ``$ARCHSIM_DATA/NAME`` and
        ``$ARCHSIM_DATA``.
        """
        if self.folder:
            return [Path(self.folder)]
        data = os.environ.get(VARIABLE, "")
        own = [Path(self.beside)] if self.beside else []
        return [*own, Path(data) / name, Path(data)] if data else own

    def find(
        self,
        file: str,
        *,
        field: str,
        name: str,
        url: str = "",
        progress: Progress | None = None,
    ) -> Path:
        """Return the path of a file, downloading it if need be.

        Parameters
        ----------
        file : str
            Its name, with or without ``.gz``.
        field : str
            Path of the field of the description that names it, for messages.
        name : str
            Name of the data set.
        url : str
            Folder on the network to download ``FILE.gz`` from, where neither the description nor
            ``$ARCHSIM_DATA`` names a folder; empty: none.
        progress : callable, optional
            Told how far a download is.

        Raises
        ------
        InputError
            If the file is in none of the folders and cannot be downloaded.
        """
        folders = self.folders(name)
        for folder in folders:
            for candidate in (folder / file, folder / f"{file}.gz"):
                if candidate.is_file():
                    return candidate
        if url and not self.folder and not os.environ.get(VARIABLE):
            return _downloaded(file, name, url, progress)
        looked = ", ".join(str(folder.resolve()) for folder in folders) or "no folder"
        section = field.partition(".")[0]
        message = (
            f"expected the file {file}[.gz], not found in {looked}; set {section}.folder or the "
            f"environment variable {VARIABLE} to where it lies"
        )
        if self.root is None:
            raise InputError(f"{field}: {message}")
        node = locate(self.root, tuple(field.split(".")))[1]
        raise SpecError([node.place.fault(field, message)])


Folder = Annotated[
    Places,
    PlainValidator(Places.read, json_schema_input_type=str),
    PlainSerializer(lambda places: places.folder, return_type=str),
]
"""Type of a field that names a folder of files; give it `NO_FOLDER` as default."""
NO_FOLDER: Any = Field(default="", exclude=True, validate_default=True)
"""Default of such a field. A folder is no part of what is simulated, so no result repeats it."""


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
