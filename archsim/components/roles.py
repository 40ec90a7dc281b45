"""Roles: the names under which components of a tile are found, and the acts that counts name."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

__all__ = ["ROLES", "Role"]


class Role(NamedTuple):
    """What a component is to the work that is mapped on its tile."""

    actions: tuple[str, ...]
    """Actions that counts may name, as ``role.action``."""
    meaning: str
    """What it does."""


ROLES = MappingProxyType(
    {
        "array": Role(
            (
                *("cell_read", "cell_settle", "cell_pulse", "half_select", "pulse", "verify_read"),
                *("on_read", "set", "reset"),
            ),
            "holds weights, multiplies, takes update pulses",
        ),
        "dac": Role(("drive",), "drives the lines of an array"),
        "tia": Role(("sample",), "turns column currents into voltages"),
        "sample_hold": Role(("sample",), "holds column values for the ADC"),
        "adc": Role(("convert",), "digitises column values"),
        "write_driver": Role(("drive",), "puts update pulses on lines"),
        "analog_neuron": Role(("settle",), "feeds activations back while arrays settle"),
        "neuron": Role(("operate",), "computes digital activations"),
        "alu": Role(("operate",), "computes errors and other sums"),
        "shift_add": Role(("add",), "joins partial results"),
        "accumulator": Role(("add",), "adds up updates over a batch"),
        "buffer": Role(("read", "write"), "keeps inputs and activations"),
        "gradient": Role(("read", "write"), "keeps gradients until all errors are known"),
        "register": Role(("read", "write"), "keeps what a unit works on"),
        "random": Role(("draw",), "draws the numbers of stochastic pulses"),
        "soma": Role(
            ("update_active", "update_inactive"), "updates the neurons of a core, one by one"
        ),
        "synapses": Role(("event",), "takes the synaptic events of spikes that arrive"),
        "controller": Role(("step",), "sequences the arrays and their periphery"),
    }
)
"""Known roles; a tile may hold components under other names, for extensions to count on."""
