"""Backpropagation for layered networks in a few lines of NumPy, as a textbook has it."""

import numpy as np


def tanh(z):
    return np.tanh(z), 1.0 - np.tanh(z) ** 2


def rectified(z):
    return np.clip(z, 0.0, 1.0), ((z > 0.0) & (z < 1.0)).astype(float)


def step(weights, x, target, *, rate, progressive, hidden, output, quantum=None):
    """Change a list of matrices, whose last row is the bias, by one example."""
    activities, slopes = [np.append(x, 1.0)], []
    for matrix in weights[:-1]:
        value, slope = hidden(sum(a * row for a, row in zip(activities[-1], matrix, strict=True)))
        activities.append(np.append(value, 1.0))
        slopes.append(slope)
    z = sum(a * row for a, row in zip(activities[-1], weights[-1], strict=True))
    delta = target - (z if output == "linear" else 1.0 / (1.0 + np.exp(-z)))
    old = [matrix.copy() for matrix in weights]
    for layer in range(len(weights) - 1, -1, -1):
        change = rate * np.outer(activities[layer], delta)
        if quantum is not None:
            change = quantum * np.round(change / quantum)
        weights[layer] += change
        if layer:
            through = weights[layer] if progressive else old[layer]
            back = np.array(
                [sum(w * d for w, d in zip(row, delta, strict=True)) for row in through]
            )
            delta = slopes[layer - 1] * back[:-1]
