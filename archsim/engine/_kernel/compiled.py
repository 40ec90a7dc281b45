"""How the functions of the kernel are compiled, and what they fetch ahead."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from archsim.compiling import compiler

__all__ = ["AHEAD", "entry", "fetch", "part", "wide"]

_int64: Any = np.int64
wide: Callable[[int], int] = _int64
"""Turn a field of 32 bits into a whole word; functions are compiled once for each width."""


AHEAD = 7
"""How many releases ahead records are fetched into the processor's cache."""


# _nrt: counting references to arrays would double the time, and protects nothing, since all arrays
# that a kernel sees belong to its caller.
_compiled = partial(compiler, list(Path(__file__).parent.glob("*.py")), nogil=True, _nrt=False)

entry = _compiled()
"""Compile a function that Python calls."""
part = _compiled(forceinline=True)
"""Compile a function that other compiled ones call, into each of them."""


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
