"""How the functions of the kernel are compiled, and kept from one process to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["AHEAD", "entry", "fetch", "kept_versions", "part", "wide"]

Function = TypeVar("Function", bound=Callable[..., Any])


_int64: Any = np.int64
wide: Callable[[int], int] = _int64
"""Turn a field of 32 bits into a whole word; functions are compiled once for each width."""


AHEAD = 7
"""How many releases ahead records are fetched into the processor's cache."""


def _fingerprint() -> str:
    """Return a hash of all sources of the kernel."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


_FINGERPRINT = _fingerprint()


def entry(function: Function) -> Function:
    """Compile a function that Python calls."""
    return _compiled(function, inline=False)


def part(function: Function) -> Function:
    """Compile a function that other compiled ones call, into each of them."""
    return _compiled(function, inline=True)


def _compiled(function: Function, *, inline: bool) -> Function:
    # Numba's cache notices a change of the function's own file, not of those that it calls.
    function.__qualname__ = f"{function.__qualname__}_{_FINGERPRINT}"
    # _nrt: counting references to arrays would double the time, and protects nothing, since all
    # arrays that a kernel sees belong to its caller.
    options: dict[str, Any] = {"nogil": True, "forceinline": inline, "_nrt": False}
    try:
        kept: Function = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for a cache can be written
        kept = numba.njit(**options)(function)
    return kept


def kept_versions(function: Callable[..., Any]) -> int:
    """Return for how many kinds of arguments the cache keeps `function`."""
    dispatcher: Any = function
    folder = dispatcher.stats.cache_path
    name = f"*{dispatcher.py_func.__qualname__}-*.nbc"
    return len(list(Path(folder).glob(name))) if folder else 0


def _emit_fetch(_: object, array: types.Array, index: types.Integer) -> tuple[object, object]:
    """Emit the processor's instruction that fetches ``array[index]`` into its cache."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> object:  # noqa: ANN401 - numba's own
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = builder.bitcast(builder.gep(view.data, [arguments[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", (byte,), kind)
        builder.call(function, [place, number(0), number(3), number(1)])  # to read, keep, data
        return context.get_dummy_value()

    return types.void(array, index), emit


_fetch: Any = intrinsic(_emit_fetch)


@part
def fetch(array: NDArray[np.void], index: int) -> None:
    """Fetch ``array[index]`` into the processor's cache, for later; changes no result."""
    _fetch(array, wide(index))
