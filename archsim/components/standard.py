"""The kinds of components that archsim brings along; importing this module registers them."""

from archsim.components.array import CrossbarArray
from archsim.components.array_binary import BinaryArray
from archsim.components.converter import (
    Adc,
    AdcSar,
    AdcWalden,
    Dac,
    SampleHold,
    TransimpedanceAmplifier,
    WriteDriver,
)
from archsim.components.digital import Alu, Controller, RandomSource, ShiftAdd
from archsim.components.memory import Accumulator, Edram, Register, Sram
from archsim.components.neuron import AnalogNeuron, DigitalNeuron
from archsim.components.router import LinkPart, Router
from archsim.components.soma import Soma, Synapses

__all__ = [
    "Accumulator",
    "Adc",
    "AdcSar",
    "AdcWalden",
    "Alu",
    "AnalogNeuron",
    "BinaryArray",
    "Controller",
    "CrossbarArray",
    "Dac",
    "DigitalNeuron",
    "Edram",
    "LinkPart",
    "RandomSource",
    "Register",
    "Router",
    "SampleHold",
    "ShiftAdd",
    "Soma",
    "Sram",
    "Synapses",
    "TransimpedanceAmplifier",
    "WriteDriver",
]
