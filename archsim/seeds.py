"""Random streams with names: one seed and a name give one generator, whatever else is drawn."""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

__all__ = ["Purpose", "stream"]

Purpose = Literal[
    "device",
    "program",
    "read-train",
    "read-eval",
    "input",
    "rule",
    "constant",
    "placement",
    "sample",
]
"""What a stream is drawn for. Placement, pricing and evaluation never touch a training stream."""


def stream(seed: int, purpose: Purpose, *names: str | int) -> np.random.Generator:
    """Return the generator of the stream that `seed`, `purpose` and `names` name.

    Parameters
    ----------
    seed : int
        Seed of the run.
    purpose : str
        What the draws are for.
    *names : str or int
        Further parts of the name, such as matrix, block row and block column.

    Returns
    -------
    numpy.random.Generator
        A fresh PCG64DXSM generator; equal arguments give equal draws.

    Notes
    -----
    The state comes from SHA-256 of the name, so two names never share a stream by arithmetic.
    """
    text = "\x1f".join((str(seed), purpose, *map(str, names)))
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.Generator(np.random.PCG64DXSM(int.from_bytes(digest, "big")))
