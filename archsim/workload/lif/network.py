"""A network as it runs: its wiring with weights, its neurons, and whose spikes are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archsim.errors import InputError
from archsim.trace import Wiring
from archsim.workload.lif.membrane import FloatArray, IntArray, Membranes

__all__ = ["LifNetwork", "cut", "sorted_by_source"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LifNetwork:
    """Neurons and synapses."""

    wiring: Wiring
    """Who is connected to whom."""
    weights: FloatArray
    """(synapses,) what each adds to the input of its target."""
    membranes: Membranes | None = None
    """What neurons are like; None where all spikes are given."""
    sources: IntArray
    """Neurons whose spikes are given, ascending; without `membranes` all."""
    inputs: dict[str, str]
    """Name → SHA-256 of files that it was read from."""


def cut(neurons: int, cores: int) -> IntArray:
    """Return the part of each neuron, where `cores` parts are as equal as can be.

    Raises
    ------
    InputError
        If there are more parts than neurons.
    """
    if cores > neurons:
        raise InputError(
            f"cores: expected at most as many as there are neurons ({neurons}), got {cores}"
        )
    return np.arange(neurons) * cores // neurons


def sorted_by_source(
    source: IntArray, target: IntArray, weights: FloatArray, part: IntArray
) -> tuple[Wiring, FloatArray]:
    """Return connections as a wiring, those of a neuron in the order in which they are given.

    Parameters
    ----------
    source, target : ndarray of int64, shape (synapses,)
        Neurons that each connection begins and ends at.
    weights : ndarray, shape (synapses,)
        Weight of each.
    part : ndarray of int64, shape (neurons,)
        Part that each neuron belongs to.

    Returns
    -------
    tuple
        The wiring, and the weights in its order.
    """
    order = np.argsort(source, kind="stable")
    offsets = np.concatenate(([0], np.cumsum(np.bincount(source, minlength=len(part)))))
    return Wiring(offsets=offsets, targets=target[order], part=part), weights[order]
