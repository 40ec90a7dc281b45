"""Backpropagation for layered networks in a few lines of NumPy, as a textbook has it."""

import numpy as np


def tanh(z):
    return np.tanh(z), 1.0 - np.tanh(z) ** 2


def rectified(z):
    return np.clip(z, 0.0, 1.0), ((z > 0.0) & (z < 1.0)).astype(float)


def threefold(z):
    """Threshold units of three levels, whose slope is that of a tanh at its level."""
    value = np.where(np.abs(z) > np.arctanh(0.5), np.sign(z), 0.0)
    return value, (value == 0.0).astype(float)


def threefold_errors(delta):
    """Round errors to −2ⁿ, 0 or 2ⁿ, with the least power of two above all of them."""
    largest = np.max(np.abs(delta))
    top = 2.0 ** (np.floor(np.log2(largest)) + 1) if largest else 1.0
    return top * np.sign(delta) * (np.abs(delta) > top / 2)


class Limits:
    """What weights and errors can be: any number, unless it is said otherwise."""

    def __init__(self, *, quantum=None, bound=np.inf, sent=lambda delta: delta):
        self.quantum, self.bound, self.sent = quantum, bound, sent


ANY = Limits()


def step(weights, x, target, *, rate, progressive, hidden, output, limits=ANY):
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
        if limits.quantum is not None:
            change = limits.quantum * np.round(change / limits.quantum)
        weights[layer] += change
        np.clip(weights[layer], -limits.bound, limits.bound, out=weights[layer])
        if layer:
            through = weights[layer] if progressive else old[layer]
            errors = limits.sent(delta)
            back = np.array(
                [sum(w * d for w, d in zip(row, errors, strict=True)) for row in through]
            )
            delta = slopes[layer - 1] * back[:-1]
