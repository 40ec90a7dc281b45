"""NPZ files: plain arrays in a zip archive, sizes checked before memory is taken, no pickle."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError

__all__ = ["MAX_BYTES", "read_npz"]

MAX_BYTES = 1 << 30
"""Most bytes that an array of an NPZ file may take."""

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(path: Path, members: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return arrays of numbers from an NPZ file.

    Parameters
    ----------
    path : Path
        File as `numpy.savez` or `numpy.savez_compressed` writes it.
    members : sequence of str
        Names of the arrays wanted.

    Raises
    ------
    InputError
        If the file is no NPZ file, lacks an array, or an array is damaged, too large, of other than
        whole or floating-point numbers, or truncated.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _member(archive, name, path.name) for name in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(
            f"{path.name}: expected a sound NPZ file, got a damaged one: {error}"
        ) from None
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read: {error.strerror or error}") from None


def _member(archive: zipfile.ZipFile, name: str, file: str) -> NDArray[Any]:
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        known = ", ".join(
            sorted(info.filename.removesuffix(".npy") for info in archive.filelist)[:16]
        )
        raise InputError(f"{file}: expected an array {name}, there are {known or 'none'}") from None
    place = f"{file}: {name}"
    with archive.open(entry) as stream:
        shape, columns_first, dtype = _header(stream, place)
        size = math.prod(shape) * dtype.itemsize
        if size > MAX_BYTES:
            shown = " x ".join(map(str, shape))
            raise InputError(
                f"{place}: expected at most {MAX_BYTES} bytes, got {shown} of {dtype.name}"
            )
        data = stream.read(size)
        if len(data) < size or stream.read(1):
            held = "more" if len(data) == size else str(len(data))
            raise InputError(f"{place}: its header announces {size} bytes, it holds {held}")
    flat = np.frombuffer(bytearray(data), dtype=dtype)
    return flat.reshape(shape, order="F" if columns_first else "C")


def _header(stream: IO[bytes], place: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(stream)
        shape, columns_first, dtype = _HEADERS[version](stream)
    except (KeyError, ValueError) as error:
        text = str(error).splitlines()[0][:120]
        raise InputError(f"{place}: expected a NumPy array, got a damaged header: {text}") from None
    if dtype.kind not in "uif" or dtype.hasobject:
        raise InputError(f"{place}: expected whole or floating-point numbers, got {dtype}")
    return shape, columns_first, dtype
