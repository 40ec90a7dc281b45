"""Readout: neurons get classes from images whose labels are known, then vote on others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["VOTES", "Assignment", "assigned", "scores"]

FloatArray = NDArray[np.float64]
Winners = NDArray[np.int16]

VOTES = ("hard", "soft", "log_soft")
"""Readouts: see `scores`."""


class Assignment(NamedTuple):
    """What each neuron says of classes."""

    shares: FloatArray
    """How often the neuron fires for each class, all classes shown equally often, divided by their
    sum; 0 for a neuron that never fired; shape (neurons, classes)."""

    @property
    def classes(self) -> NDArray[np.intp]:
        """The class that each neuron fires for most."""
        result: NDArray[np.intp] = np.argmax(self.shares, axis=1)
        return result


def assigned(
    winners: Winners, labels: NDArray[np.int64], *, neurons: int, classes: int
) -> Assignment:
    """Return what neurons say of classes, from spikes for images of known classes.

    Parameters
    ----------
    winners : ndarray of int16, shape (images, steps)
        Neurons that fired, −1 where none did.
    labels : ndarray of int64, shape (images,)
        Class of each image.
    neurons, classes : int
        How many there are.

    Notes
    -----
    R_kc = spikes of neuron k for class c / images of class c; the share is R_kc / Σ_c R_kc.
    """
    fired = winners >= 0
    pairs = winners[fired].astype(np.int64) * classes + np.repeat(labels, fired.sum(axis=1))
    spikes = np.bincount(pairs, minlength=neurons * classes).reshape(neurons, classes)
    rates = spikes / np.maximum(np.bincount(labels, minlength=classes), 1)
    total = rates.sum(axis=1, keepdims=True)
    return Assignment(np.divide(rates, total, out=np.zeros_like(rates), where=total > 0.0))


def scores(
    winners: Winners, labels: NDArray[np.int64], assignment: Assignment, *, log_floor: float
) -> dict[str, float]:
    """Return the share of images that each readout gets right.

    Parameters
    ----------
    winners : ndarray of int16, shape (images, steps)
        Neurons that fired, −1 where none did.
    labels : ndarray of int64, shape (images,)
        Class of each image.
    assignment : Assignment
        What the neurons say.
    log_floor : float
        Added to shares before the logarithm.

    Returns
    -------
    dict of str to float
        ``hard``: each spike is one vote for the neuron's class. ``soft``: it votes for each class
        with the neuron's share. ``log_soft``: with the logarithm of the share, as for independent
        evidence. The class with most votes is the answer; a tie goes to the lowest.
    """
    votes = {
        "hard": np.eye(assignment.shares.shape[1])[assignment.classes],
        "soft": assignment.shares,
        "log_soft": np.log(assignment.shares + log_floor),
    }
    right = {}
    for name, table in votes.items():
        silent = np.vstack((table, np.zeros((1, table.shape[1]))))  # row −1: no spike, no vote
        total = np.zeros((len(labels), table.shape[1]))
        for step in range(winners.shape[1]):
            total += silent[winners[:, step]]
        right[name] = float(np.mean(np.argmax(total, axis=1) == labels))
    return right
