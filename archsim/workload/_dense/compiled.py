"""The decorator of compiled functions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

__all__ = ["compiled"]

Given = ParamSpec("Given")
Result = TypeVar("Result")


def _fingerprint() -> str:
    """Return a hash of all sources of the loops."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


_FINGERPRINT = _fingerprint()


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Return the function compiled; kept on disk, unless no folder can be written.

    No fast-math and no reassociation: sums of floats stay in the order in which they are written.
    References to arrays are not counted, which takes time and protects nothing: all arrays belong
    to the caller, and no function makes one.
    """
    # numba's cache notices a change of the function's own file, not of those that it calls
    function.__qualname__ = f"{function.__qualname__}_{_FINGERPRINT}"
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
    try:
        made = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        made = numba.njit(**options)(function)
    return cast("Callable[Given, Result]", made)
