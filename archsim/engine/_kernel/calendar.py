"""The calendar: a 4-ary heap of (tick, code), in which codes order what happens within a tick.

Where tick and code fit one int64 they are packed into it: `codes` is then None, which the compiler
knows, and `bits` is the width of a code. Else codes stand in an array of their own.
"""

from __future__ import annotations

from archsim.engine._kernel.compiled import part
from archsim.mapping.program import IntArray

__all__ = ["FAR", "Codes", "drop", "first", "put", "rise", "sink", "swap"]

Codes = IntArray | None

FAR = (1 << 63) - 1
"""Later than every tick."""
PLACE = (1 << 40) - 1
"""Larger than every index; masking with it tells the compiler that an index is not negative."""


@part
def sink(  # noqa: C901, PLR0912 - four children by hand are a third of the time
    keys: IntArray, codes: Codes, size: int, key: int, code: int
) -> None:
    """Put an entry where the root is missing, of `size` entries in all."""
    hole = 0
    while True:
        child = (4 * hole + 1) & PLACE
        if child >= size:
            break
        place, least = child, keys[child]
        if codes is None:
            if child + 3 < size:
                second, third, fourth = keys[child + 1], keys[child + 2], keys[child + 3]
                other = child + 2
                if second < least:
                    place, least = child + 1, second
                if fourth < third:
                    other, third = child + 3, fourth
                if third < least:
                    place, least = other, third
            else:
                for other in range(child + 1, size):
                    if keys[other] < least:
                        place, least = other, keys[other]
            if key <= least:
                break
        else:
            for other in range(child + 1, min(child + 4, size)):
                if keys[other] < least or (keys[other] == least and codes[other] < codes[place]):
                    place, least = other, keys[other]
            if key < least or (key == least and code <= codes[place]):
                break
            codes[hole] = codes[place]
        keys[hole] = least
        hole = place
    keys[hole] = key
    if codes is not None:
        codes[hole] = code


@part
def rise(keys: IntArray, codes: Codes, size: int, key: int, code: int) -> None:
    """Add an entry to `size` others."""
    hole = size
    while hole:
        parent = ((hole - 1) >> 2) & PLACE
        if codes is None:
            if keys[parent] <= key:
                break
        else:
            if keys[parent] < key or (keys[parent] == key and codes[parent] <= code):
                break
            codes[hole] = codes[parent]
        keys[hole] = keys[parent]
        hole = parent
    keys[hole] = key
    if codes is not None:
        codes[hole] = code


@part
def put(keys: IntArray, codes: Codes, bits: int, size: int, tick: int, code: int) -> int:
    """Add an event and return the new size."""
    if codes is None:
        rise(keys, codes, size, (tick << bits) | code, 0)
    else:
        rise(keys, codes, size, tick, code)
    return size + 1


@part
def drop(keys: IntArray, codes: Codes, size: int) -> int:
    """Remove the first event and return the new size."""
    if codes is None:
        sink(keys, codes, size - 1, keys[size - 1], 0)
    else:
        sink(keys, codes, size - 1, keys[size - 1], codes[size - 1])
    return size - 1


@part
def swap(keys: IntArray, codes: Codes, bits: int, size: int, tick: int, code: int) -> None:
    """Remove the first event and add another one."""
    if codes is None:
        sink(keys, codes, size, (tick << bits) | code, 0)
    else:
        sink(keys, codes, size, tick, code)


@part
def first(keys: IntArray, codes: Codes, bits: int, size: int) -> tuple[int, int]:
    """Return tick and code of the first event; both are `FAR` if there is none."""
    if not size:
        return FAR, FAR
    if codes is None:
        return keys[0] >> bits, keys[0] & ((1 << bits) - 1) & PLACE
    else:  # noqa: RET505 - the compiler drops whole branches only
        return keys[0], codes[0]
