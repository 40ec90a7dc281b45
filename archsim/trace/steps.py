"""Steps: a trace segment of a network of neurons that are updated together, held as arrays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.trace.ops import Phase

__all__ = ["StepSegment", "Wiring"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wiring:
    """Who is connected to whom, and how the network is cut into parts."""

    offsets: IntArray
    """(neurons+1,) slices of `targets`."""
    targets: IntArray
    """(synapses,) neuron that each synapse leads to, one source neuron after another."""
    part: IntArray
    """(neurons,) part that each neuron belongs to, from 0, never falling; each part is held by one
    core."""

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return len(self.part)

    @property
    def parts(self) -> int:
        """Number of parts, empty ones before the last included."""
        return int(self.part[-1]) + 1 if len(self.part) else 0

    def events(self, fired: IntArray) -> int:
        """Return how many synaptic events spikes of these neurons bring about."""
        return int((self.offsets[fired + 1] - self.offsets[fired]).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepSegment:
    """One time step: every neuron is updated, some fire, and their spikes reach their synapses."""

    epoch: int
    """Epoch; -1 where nothing is learnt."""
    step: int
    """Running number of the step."""
    phase: Phase
    """Phase of all that is done."""
    wiring: Wiring
    """The network; the same object at every step."""
    fired: IntArray
    """Neurons that fire, ascending."""
    active: NDArray[np.bool_]
    """(neurons,) whether each has something to do: it had input, or fires."""

    @property
    def op_count(self) -> int:
        """Number of logical acts: updates and spikes."""
        return self.wiring.neurons + len(self.fired)

    def counts(self) -> Counter[tuple[str, str]]:
        """Return (phase, ``role.action``) → count of all neurons together."""
        phase, active = self.phase.value, int(np.count_nonzero(self.active))
        found = {
            "soma.update_active": active,
            "soma.update_inactive": self.wiring.neurons - active,
            "synapses.event": self.wiring.events(self.fired),
        }
        return Counter({(phase, name): count for name, count in found.items() if count})
