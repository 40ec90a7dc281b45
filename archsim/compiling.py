"""Compiling loops, and keeping what was compiled from one process to the next."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numba

__all__ = ["Compiler", "announce", "compiler", "kept_versions", "tell"]

Function = TypeVar("Function", bound=Callable[..., Any])

_announced: set[Callable[..., Any]] = set()


class Compiler(Protocol):
    """Compiles a function on its first call."""

    def __call__(self, function: Function, /) -> Function:
        """Return the compiled function, which takes what the function takes."""


def compiler(sources: Iterable[Path], **options: Any) -> Compiler:  # noqa: ANN401 - numba's own
    """Return a decorator that compiles functions and keeps them on disk.

    Where no folder for a cache can be written, functions are compiled anew in every process.

    Parameters
    ----------
    sources : iterable of Path
        All files that the compiled code depends on: when one changes, nothing that was kept is
        used. (Numba's own cache looks at the file of a function only, not at what it calls.)
    **options
        As `numba.njit` takes them.
    """
    digest = hashlib.sha256()
    for file in sorted(sources):
        digest.update(file.read_bytes())
    version = digest.hexdigest()[:16]

    def compiled(function: Function, /) -> Function:
        function.__qualname__ = f"{function.__qualname__}_{version}"
        try:
            made: Function = numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder for a cache can be written
            made = numba.njit(**options)(function)
        return made

    return compiled


def kept_versions(function: Callable[..., Any]) -> int:
    """Return for how many kinds of arguments the cache keeps `function`."""
    dispatcher: Any = function
    folder = dispatcher.stats.cache_path
    name = f"*{dispatcher.py_func.__qualname__}-*.nbc"
    return len(list(Path(folder).glob(name))) if folder else 0


def tell(message: str) -> None:
    """Write a line for the user who waits to the error stream."""
    sys.stderr.write(f"archsim: {message}\n")


def announce(function: Callable[..., Any], what: str) -> None:
    """Tell the user, once, that the compiler takes its time, where nothing was kept of a function.

    Parameters
    ----------
    function : callable
        One that a `Compiler` made.
    what : str
        What it does, for the message.
    """
    if function in _announced:
        return
    _announced.add(function)
    if not kept_versions(function):
        tell(f"compiling {what}, once on this machine ...")
