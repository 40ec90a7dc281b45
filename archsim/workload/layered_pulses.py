"""From errors and activities to numbers of update pulses."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from archsim.components.cell import FloatArray
from archsim.spec import Description

__all__ = ["Lines", "TrainDescription", "counts_of", "lines_of"]

IntArray = NDArray[np.int64]
Signs = NDArray[np.int8]


class TrainDescription(Description):
    """How a wanted change becomes a whole number of pulses."""

    rounding: Literal["stochastic", "nearest", "coincidence"]
    """``stochastic``, ``nearest``: each weight gets its own number of pulses, rounded at random or
    to the nearest; written row by row. ``coincidence``: rows and columns are selected at random in
    each of a train of slots, and a weight is pulsed where both are; written all at once."""
    most: Annotated[int, Field(ge=1, le=1000)] = 20
    """Most pulses of one weight in one update; slots of a train."""


class Lines(NamedTuple):
    """A train of outer products."""

    rows: Signs
    """Shape (slots, rows)."""
    columns: Signs
    """Shape (slots, columns)."""
    draws: int
    """Random numbers that it took."""


def counts_of(
    pulses: TrainDescription,
    rows: FloatArray,
    columns: FloatArray,
    generator: np.random.Generator,
) -> tuple[IntArray, int]:
    """Return how many pulses each weight gets, and how many random numbers that took.

    Parameters
    ----------
    pulses : TrainDescription
        Settings, of rounding stochastic or nearest.
    rows : ndarray, shape (rows,)
        Activities before the weights.
    columns : ndarray, shape (columns,)
        Wanted pulses of a weight whose row has activity 1.
    generator : numpy.random.Generator
        Stream of purpose ``rule``.

    Returns
    -------
    ndarray of int64, shape (rows, columns)
        Pulses, negative ones down.
    int
        Random numbers.

    Notes
    -----
    q = x c is rounded to nearest, half to even; or to sign(q) ⌊|q| + u⌋ with u uniform in [0, 1),
    in the mean q. It is limited to `most` before it is rounded. Only weights with a driven row and
    a driven column draw a number.
    """
    wanted = np.multiply.outer(rows, columns)
    size = np.minimum(np.abs(wanted), pulses.most)
    if pulses.rounding == "nearest":
        return (np.sign(wanted) * np.rint(size)).astype(np.int64), 0
    driven = np.ix_(np.flatnonzero(rows), np.flatnonzero(columns))
    part = size[driven]
    size = np.zeros_like(size)
    size[driven] = np.floor(part + generator.random(part.shape))
    return (np.sign(wanted) * size).astype(np.int64), part.size


def lines_of(
    pulses: TrainDescription,
    rows: FloatArray,
    columns: FloatArray,
    generator: np.random.Generator,
) -> Lines:
    """Return a train of outer products that in the mean pulses each weight as often as wanted.

    Parameters
    ----------
    pulses : TrainDescription
        Settings, of rounding coincidence.
    rows, columns, generator
        As for `counts_of`.

    Notes
    -----
    In each of n slots row i is selected with probability |x_i| a and column j with |c_j| / (n a),
    and their product gives the sign ([1]_, eq. 2), so that a weight gets |x_i c_j| pulses in the
    mean. n is the least number for which no probability exceeds 1, at most `most`; a = √(max|c| /
    (n max|x|)) makes the largest probabilities of rows and columns equal (update management of
    [2]_). Wanted changes beyond `most` are cut: the probabilities stay at 1.

    References
    ----------
    .. [1] T. Gokmen, Y. Vlasov, "Acceleration of deep neural network training with resistive
       cross-point devices", Frontiers in Neuroscience 10 (2016) 333, doi:10.3389/fnins.2016.00333.
    .. [2] T. Gokmen, O. M. Onen, W. Haensch, "Training deep convolutional neural networks with
       resistive cross-point devices", Frontiers in Neuroscience 11 (2017) 538,
       doi:10.3389/fnins.2017.00538.
    """
    largest_row, largest_column = (float(np.abs(part).max()) for part in (rows, columns))
    if not largest_row or not largest_column:
        none = [np.zeros((1, len(part)), dtype=np.int8) for part in (rows, columns)]
        return Lines(none[0], none[1], 0)
    slots = min(max(int(np.ceil(largest_row * largest_column)), 1), pulses.most)
    share = float(np.sqrt(largest_column / (slots * largest_row)))
    on_rows, on_columns = np.flatnonzero(rows), np.flatnonzero(columns)
    drawn = generator.random((slots, len(on_rows) + len(on_columns)))
    chosen_rows = np.zeros((slots, len(rows)), dtype=np.int8)
    chosen_columns = np.zeros((slots, len(columns)), dtype=np.int8)
    chance = np.abs(rows[on_rows]) * share
    chosen_rows[:, on_rows] = (drawn[:, : len(on_rows)] < chance) * np.sign(rows[on_rows])
    chance = np.abs(columns[on_columns]) / (slots * share)
    chosen_columns[:, on_columns] = (drawn[:, len(on_rows) :] < chance) * np.sign(
        columns[on_columns]
    )
    return Lines(chosen_rows, chosen_columns, drawn.size)
