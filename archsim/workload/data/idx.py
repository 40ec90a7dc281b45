"""IDX files, plain or in gzip: images or labels as unsigned bytes, read with bounded memory."""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError

__all__ = ["MAX_BYTES", "IdxContent", "read_idx"]

MAX_BYTES = 1 << 30
"""Most data bytes that an IDX file may announce."""

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTE = 0x08
_CHUNK = 1 << 20
_DIMENSIONS = {"labels": 1, "images": 3}
_NAMES = {1: "labels", 3: "images"}


class IdxContent(NamedTuple):
    """What an IDX file holds."""

    data: NDArray[np.uint8]
    """Shape (images, rows, columns) or (labels,)."""
    sha256: str
    """SHA-256 of the whole file, uncompressed."""


def read_idx(path: Path, what: Literal["images", "labels"], *, place: str) -> IdxContent:
    """Return the content of an IDX file of unsigned bytes.

    Parameters
    ----------
    path : Path
        File, plain or in gzip whatever its name.
    what : {"images", "labels"}
        Three dimensions, or one.
    place : str
        What to call the file in messages.

    Raises
    ------
    InputError
        If the file cannot be read, is damaged, holds something else, is shorter or longer than its
        header says, or announces more than `MAX_BYTES`.

    Notes
    -----
    Big-endian: two zero bytes, type, number of dimensions, one 32-bit size each, then the data
    ([1]_). Memory for the data is taken only after the sizes were found sane, and a gzip stream is
    read no further than one byte beyond what the header announces.

    References
    ----------
    .. [1] Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", 1998.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            if not packed:
                return _content(file, what, place)
            with gzip.GzipFile(fileobj=file) as stream:
                return _content(cast("BinaryIO", stream), what, place)
    except (zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise InputError(
            f"{place}: expected a sound gzip file, got a damaged one: {error}"
        ) from None
    except OSError as error:
        raise InputError(f"{place}: cannot be read: {error.strerror or error}") from None


def _content(file: BinaryIO, what: str, place: str) -> IdxContent:
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] != _UNSIGNED_BYTE or head[3] not in _NAMES:
        raise InputError(
            f"{place}: expected an IDX file of {what}, which begins with "
            f"{_magic(what)}, got {head.hex() or 'an empty file'}"
        )
    if _NAMES[head[3]] != what:
        raise InputError(
            f"{place}: expected {what} ({_magic(what)}), got {_NAMES[head[3]]} ({head.hex()}); "
            "are the files of images and labels mixed up?"
        )
    sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise InputError(f"{place}: truncated: it ends within its header")
    shape = struct.unpack(f">{head[3]}I", sizes)
    expected = math.prod(shape)
    if expected > MAX_BYTES:
        raise InputError(
            f"{place}: expected at most {MAX_BYTES} bytes of {what}, got a header that "
            f"announces {' x '.join(map(str, shape))}"
        )
    digest = hashlib.sha256(head + sizes)
    data = _data(file, expected, place, digest)
    return IdxContent(data.reshape(shape), digest.hexdigest())


def _data(file: BinaryIO, expected: int, place: str, digest: hashlib._Hash) -> NDArray[np.uint8]:
    parts = bytearray()
    while len(parts) < expected:
        part = file.read(min(_CHUNK, expected - len(parts)))
        if not part:
            raise InputError(
                f"{place}: truncated: its header announces {expected} bytes of data, "
                f"it holds {len(parts)}"
            )
        digest.update(part)
        parts += part
    if file.read(1):
        raise InputError(
            f"{place}: its header announces {expected} bytes of data, it holds more than that"
        )
    return np.frombuffer(parts, dtype=np.uint8)


def _magic(what: str) -> str:
    return f"{_UNSIGNED_BYTE << 8 | _DIMENSIONS[what]:08x}"
