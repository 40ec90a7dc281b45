"""An extension of archsim: a component, a cell, a learning rule and a station policy.

Use it with ``archsim run ... --plugin lab_parts``, from a folder that Python looks into. It has no
numbers of its own: they stand in lab_chip.yaml, and are made up.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Literal

import numpy as np
import simpy

from archsim import register
from archsim.components.cell import CellModel, FloatArray
from archsim.components.component import Act, ComponentDescription, Setting
from archsim.engine import StationControl
from archsim.spec import Energy, Time
from archsim.trace import Phase
from archsim.workload import Change, LearningRule
from archsim.workload.network import Network
from archsim.workload.rules import OpenPhase

__version__ = "1.0"

IDLE_TICKS = 50_000_000
"""A gated part goes to sleep after 50 ns without work. [fs]"""
WAKE_TICKS = 20_000_000
"""It takes 20 ns to wake up. [fs]"""


class CountingAdc(ComponentDescription):
    """A ramp converter: one step of a counter for each code, so its time doubles with each bit."""

    kind: Literal["ramp_adc"]
    bits: int
    """Bits of the code. [bit]"""
    step_energy: Energy
    """Energy of one step of the counter. [J]"""
    step_time: Time
    """Time of one step. [s]"""

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the one act, a conversion of 2^bits steps."""
        del setting
        steps = 1 << self.bits
        time = steps * self.step_time.value
        return {"convert": Act(steps * self.step_energy.value, time, time)}


class SaturatingCell(CellModel):
    """A cell whose every pulse moves it a fixed share of what is left to go."""

    model: Literal["saturating"]
    share: float
    """Share of the remaining way that one pulse covers, between 0 and 1."""

    def response(self, shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
        """Return ones: all devices are alike."""
        del generator
        return np.ones(shape)

    def change(self, state: FloatArray, up: np.ndarray, noise: FloatArray) -> FloatArray:
        """Return the change of state by one pulse; it has no noise."""
        del noise
        return np.where(up, self.share * (1.0 - state), -self.share * state)


class DeltaRule(LearningRule):
    """The delta rule on the last layer alone: ΔW ∝ x ⊗ (t − y) (Widrow and Hoff, 1960)."""

    name: Literal["delta"]

    def changes(
        self, network: Network, inputs: FloatArray, targets: FloatArray, phase: OpenPhase
    ) -> list[Change]:
        """Read once, and ask for the difference."""
        with phase(Phase.FREE):
            free = network.free(inputs)
            network.compare()
        return [Change(network.matrices[-1], free.values[-2][0], targets[0] - free.values[-1][0])]


def power_gated(station: StationControl) -> Generator[simpy.Event, Any, None]:
    """Switch the station's component off when it has been idle, and on again for the next visit.

    The component needs leakage in two power states: the usual one, and ``off``.
    """
    usual = station.station.states[0]
    pending = station.arrival()
    while True:
        if not pending.triggered:
            sleep = station.env.timeout(IDLE_TICKS)
            yield pending | sleep
            if not pending.triggered:
                station.set_state("off")
                yield pending
                yield station.env.timeout(WAKE_TICKS)
                station.set_state(usual)
        station.start(pending.value)
        pending = station.arrival()
        while station.busy == station.servers:
            yield station.until_freed()


register("component", "ramp_adc", CountingAdc)
register("cell", "saturating", SaturatingCell)
register("rule", "delta", DeltaRule)
register("policy", "power_gated", power_gated)
