"""Words in six-dot Braille, flipped dots, and the decoder that nobody beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["DOTS", "braille", "distorted", "nearest_word_rate"]

_RAISED = (
    *("1", "12", "14", "145", "15", "124", "1245", "125", "24", "245"),
    *("13", "123", "134", "1345", "135", "1234", "12345", "1235", "234", "2345"),
    *("136", "1236", "2456", "1346", "13456", "1356"),
)
DOTS = {
    letter: tuple(dot in raised for dot in "123456")
    for letter, raised in zip("abcdefghijklmnopqrstuvwxyz", _RAISED, strict=True)
}
"""Letter → whether each of the dots 1 to 6 is raised (English Braille, uncontracted)."""

_CHUNK = 20_000


def braille(words: Sequence[str], *, cells: int) -> NDArray[np.int8]:
    """Return words as dots, left-aligned in a row of Braille cells.

    Parameters
    ----------
    words : sequence of str
        Words of the letters a to z, at most `cells` long.
    cells : int
        Braille cells of a row; those behind the word stay empty.

    Returns
    -------
    ndarray of int8, shape (words, 6 cells)
        +1 for a raised dot, −1 for none.

    Examples
    --------
    >>> braille(["ab"], cells=2).tolist()
    [[1, -1, -1, -1, -1, -1, 1, 1, -1, -1, -1, -1]]
    """
    result = np.full((len(words), cells, 6), -1, dtype=np.int8)
    for row, word in zip(result, words, strict=True):
        for cell, letter in zip(row, word, strict=False):
            cell[list(DOTS[letter])] = 1
    return result.reshape(len(words), -1)


def distorted(
    patterns: NDArray[np.int8],
    *,
    flips: float,
    samples: int,
    generator: np.random.Generator,
) -> tuple[NDArray[np.int8], NDArray[np.intp]]:
    """Return copies of patterns, each dot flipped with a probability, and which pattern each is of.

    Parameters
    ----------
    patterns : ndarray of int8, shape (patterns, dots)
        Dots as ±1.
    flips : float
        Probability that a dot is flipped, independent of all others.
    samples : int
        Copies of each pattern.
    generator : numpy.random.Generator
        Stream of purpose ``input``.

    Returns
    -------
    ndarray of int8, shape (samples × patterns, dots)
        Distorted copies, pattern by pattern in turn.
    ndarray of int
        Number of the pattern of each copy.
    """
    labels = np.tile(np.arange(len(patterns)), samples)
    clean = patterns[labels]
    flipped = generator.random(clean.shape) < flips
    return np.where(flipped, -clean, clean).astype(np.int8), labels


def nearest_word_rate(
    patterns: NDArray[np.int8], inputs: NDArray[np.int8], labels: NDArray[np.intp]
) -> float:
    """Return how often the ideal decoder finds the right pattern.

    Parameters
    ----------
    patterns : ndarray of int8, shape (patterns, dots)
        Dots as ±1.
    inputs : ndarray of int8, shape (samples, dots)
        Distorted patterns.
    labels : ndarray of int
        Number of the right pattern for each input.

    Returns
    -------
    float
        Rate in [0, 1]; of k equally near patterns the right one counts 1/k.

    Notes
    -----
    For independent flips with p < ½ and equally likely patterns, the pattern at the smallest
    Hamming distance is the most likely one, so no decoder does better on average ([1]_, ch. 1).

    References
    ----------
    .. [1] F. J. MacWilliams, N. J. A. Sloane, "The Theory of Error-Correcting Codes",
       North-Holland, 1977.
    """
    right = 0.0
    for start in range(0, len(inputs), _CHUNK):
        part = slice(start, start + _CHUNK)
        overlap = inputs[part].astype(np.float64) @ patterns.T.astype(np.float64)
        best = overlap == overlap.max(axis=1, keepdims=True)
        hit = best[np.arange(len(overlap)), labels[part]]
        right += float((hit / best.sum(axis=1)).sum())
    return right / len(inputs)
