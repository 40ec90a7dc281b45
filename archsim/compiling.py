"""Compiling loops, and keeping what was compiled from one process to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numba

__all__ = ["Compiler", "compiler"]

Function = TypeVar("Function", bound=Callable[..., Any])


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
