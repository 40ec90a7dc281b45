"""Membranes: leaky integrate-and-fire neurons, stepped exactly for inputs held over a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "IntArray", "MembraneState", "Membranes"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Membranes:
    """Constants of neurons; every array has one entry for each.

    Notes
    -----
    τ dv/dt = v_leak − v + R i, where a neuron fires as v > v_threshold and v ← v_reset. With i held
    over a step of length h the exact step is v ← v_leak + (v − v_leak) d + g i, with d = e^(−h/τ)
    and g = R (1 − d) [1]_. A synapse with a time constant of its own, τ_s di/dt = −i + w x, makes
    i ← i d_s + g_s x with d_s = e^(−h/τ_s) and g_s = w (1 − d_s); without one i = x. x is the sum
    of the weights of spikes of the step before, plus `current`.

    References
    ----------
    .. [1] W. Gerstner, W. M. Kistler, R. Naud, L. Paninski, "Neuronal Dynamics", Cambridge 2014,
       section 1.3.
    """

    decay: FloatArray
    """d: what is left of a potential after a step."""
    gain: FloatArray
    """g: what an input adds to the potential in a step."""
    leak: FloatArray
    """Potential at rest."""
    threshold: FloatArray
    """Potential above which the neuron fires; infinite for one that never does by itself."""
    reset: FloatArray
    """Potential after a spike."""
    current: FloatArray
    """Input that does not come from spikes."""
    input_decay: FloatArray
    """d_s: what is left of an input after a step; 0 without a time constant of its own."""
    input_gain: FloatArray
    """g_s: what a weight adds to the input in a step; 1 without one."""

    @classmethod
    def alike(
        cls,
        current: FloatArray,
        *,
        decay: float,
        gain: float,
        threshold: float = 1.0,
        reset: float = 0.0,
    ) -> Membranes:
        """Return neurons that rest at 0 and differ only in their current.

        Parameters
        ----------
        current : ndarray, shape (neurons,)
            Input that does not come from spikes.
        decay : float
            d: what is left of a potential after a step.
        gain : float
            g: what an input adds to the potential in a step.
        threshold, reset : float
            Potential above which a neuron fires, and that after a spike.
        """
        size = len(current)
        return cls(
            decay=np.full(size, decay),
            gain=np.full(size, gain),
            leak=np.zeros(size),
            threshold=np.full(size, threshold),
            reset=np.full(size, reset),
            current=current,
            input_decay=np.zeros(size),
            input_gain=np.ones(size),
        )


@dataclass(slots=True, eq=False)
class MembraneState:
    """Potentials and inputs of neurons while time goes on; all begin at rest."""

    membranes: Membranes
    potential: FloatArray
    input: FloatArray

    @classmethod
    def at_rest(cls, membranes: Membranes) -> MembraneState:
        """Return neurons at rest, without input."""
        return cls(membranes, membranes.leak.copy(), np.zeros(len(membranes.leak)))

    def step(self, received: FloatArray) -> IntArray:
        """Go on by one step and return the neurons that fire, ascending.

        Parameters
        ----------
        received : ndarray, shape (neurons,)
            Sum of the weights of all spikes that arrived at each.
        """
        own = self.membranes
        self.input = self.input * own.input_decay + own.input_gain * (received + own.current)
        self.potential = own.leak + (self.potential - own.leak) * own.decay + own.gain * self.input
        fired = np.flatnonzero(self.potential > own.threshold)
        self.potential[fired] = own.reset[fired]
        return fired
