"""Digital neurons with state: somas that are updated step by step, and the synapses before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from archsim.components.component import (
    Act,
    ComponentDescription,
    Setting,
    SingleAct,
    register_component,
)
from archsim.spec import Energy, Time

__all__ = ["Soma", "Synapses"]


class Soma(ComponentDescription):
    """What updates the membranes of a core's neurons, one after another, once a time step.

    An act is the update of one neuron: an active one, which fires or had input, or an inactive one.
    """

    kind: Literal["soma"]
    neurons: Annotated[int, Field(ge=1, le=1 << 20)]
    """How many neurons a core holds."""
    active_energy: Energy | None = None
    """Energy of updating an active neuron; absent where nobody knows it. [J]"""
    inactive_energy: Energy | None = None
    """Energy of updating an inactive one. [J]"""
    active_time: Time
    """From one update to the next, of active neurons. [s]"""
    inactive_time: Time
    """Likewise, of inactive ones. [s]"""

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the acts of updating one neuron."""
        del setting
        parts = {
            "update_active": (self.active_energy, self.active_time.value),
            "update_inactive": (self.inactive_energy, self.inactive_time.value),
        }
        return {
            name: Act(energy.value if energy else None, time, time)
            for name, (energy, time) in parts.items()
        }


class Synapses(SingleAct):
    """The synapses of a core; an act is one synaptic event: a weight read and added."""

    action = "event"
    kind: Literal["synapses"]


register_component("soma", Soma)
register_component("synapses", Synapses)
