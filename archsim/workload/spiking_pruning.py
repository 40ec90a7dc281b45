"""Pruning: which weights go, by which key."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.workload.spiking import PruningDescription, SpikingDescription

__all__ = ["pruned_set", "recency_spread"]

FloatArray = NDArray[np.float64]


def recency_spread(
    task: SpikingDescription, images: NDArray[np.generic], scale: float
) -> FloatArray:
    """Return σ of each input: the standard deviation over images of how recent it is.

    Parameters
    ----------
    task : SpikingDescription
        Rate and window of the inputs.
    images : ndarray, shape (images, inputs)
        Pixels as stored.
    scale : float
        Code of a full-scale pixel.

    Notes
    -----
    An input of density x is recent with probability P = 1 − e^(−r x τ), so over images
    σ² = E[P] − E[P]² : spread of the image and of the train together.
    """
    full = task.encoding.full_rate.value * task.encoding.window.value
    mean = np.zeros(images.shape[1])
    for start in range(0, len(images), 10_000):
        part = images[start : start + 10_000].astype(np.float64) / scale
        mean += -np.expm1(-full * part).sum(axis=0)
    mean /= len(images)
    return np.sqrt(mean * (1.0 - mean))


def pruned_set(
    pruning: PruningDescription,
    *,
    weights: FloatArray,
    spread: FloatArray,
    already: NDArray[np.bool_],
    share: float,
    draw: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return which weights are pruned: those of lowest key over the whole matrix.

    Parameters
    ----------
    pruning : PruningDescription
        Key and fraction.
    weights : ndarray, shape (inputs, neurons)
        Weights in [−1, 1].
    spread : ndarray, shape (inputs,)
        σ of each input.
    already : ndarray of bool
        Weights pruned before; they stay pruned, and count.
    share : float
        Share of the fraction that is pruned now.
    draw : numpy.random.Generator
        Stream that settles ties. They are many, as many weights sit at −1; settled by place they
        would take whole pixels away.
    """
    keys = {
        "lowest": weights,
        "smallest": np.abs(weights),
        "quiet": (weights + 1.0) * spread[:, None],
    }
    key = np.where(already, -np.inf, keys[pruning.key])
    count = round(share * pruning.fraction * weights.size)
    chosen = np.lexsort((draw.random(key.size), key.ravel()))[:count]
    result = already.copy()
    result.reshape(-1)[chosen] = True
    return result
