"""Neurons: analog ones that settle with the arrays, digital ones that compute an activation."""

from __future__ import annotations

from typing import Literal

from archsim.components.component import SingleAct, register_component

__all__ = ["AnalogNeuron", "DigitalNeuron"]


class AnalogNeuron(SingleAct):
    """A circuit that holds one activation and feeds it back while arrays settle.

    An act is one neuron settling once; the time is the array's `settle_time`.
    """

    action = "settle"
    kind: Literal["analog_neuron"]


class DigitalNeuron(SingleAct):
    """A unit that computes one activation from one converted sum."""

    action = "operate"
    kind: Literal["digital_neuron"]


register_component("analog_neuron", AnalogNeuron)
register_component("digital_neuron", DigitalNeuron)
