"""Converters and what stands between them and the array: amplifier, sample-and-hold, driver."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from archsim.components.component import (
    Act,
    ComponentDescription,
    Setting,
    SingleAct,
    register_component,
)
from archsim.errors import InputError
from archsim.spec import Energy, Frequency, Number, Time, Transimpedance

__all__ = [
    "Adc",
    "AdcSar",
    "AdcWalden",
    "Dac",
    "SampleHold",
    "TransimpedanceAmplifier",
    "WriteDriver",
    "sar_energy",
    "sar_time",
    "walden_energy",
]

Bits = Annotated[int, Field(ge=1, le=16)]
"""Resolution of a converter. [bit]"""

_SAR_POWER = MappingProxyType(
    {
        130: (8.4483, 65.243, 0.169380, 2.303),
        90: (5.9869, 37.462, 0.144323, 2.303),
        65: (3.7506, 25.844, 0.121272, 2.303),
        45: (2.1691, 16.693, 0.100225, 2.303),
        32: (1.1294, 8.8998, 0.079449, 2.297),
        22: (0.538, 4.3753, 0.072341, 2.303),
        14: (0.3132, 2.5681, 0.061085, 2.303),
        10: (0.1823, 1.5073, 0.051580, 2.303),
        7: (0.1061, 0.8847, 0.043555, 2.303),
    }
)
"""Node [nm] → a, b [µW], c [W] and d of the power of a SAR ADC."""
_SAR_BITS = range(1, 9)


def sar_time(bits: int) -> float:
    """Return how long a SAR ADC of the NeuroSim model takes for one conversion.

    Parameters
    ----------
    bits : int
        Resolution, 1 to 8.

    Returns
    -------
    float
        Conversion time; it is also the interval, as the model is not pipelined. [s]

    Notes
    -----
    t = (bits + 1) · 1 ns ([1]_, ``CalculateLatency``).

    References
    ----------
    .. [1] DNN+NeuroSim V2.1, ``Training_pytorch/NeuroSIM/SarADC.cpp``, repository
       neurosim/DNN_NeuroSim_V2.1; X. Peng et al., IEEE TCAD 40(11), 2021,
       doi:10.1109/TCAD.2020.3043731.
    """
    return (bits + 1) * 1e-9


def sar_energy(bits: int, *, node: float, column_resistance: float = math.inf) -> float:
    """Return the energy of one conversion of a SAR ADC by the NeuroSim model.

    Parameters
    ----------
    bits : int
        Resolution, 1 to 8.
    node : float
        Technology node: 130, 90, 65, 45, 32, 22, 14, 10 or 7 nm. [m]
    column_resistance : float, optional
        Resistance of the column that is sensed; infinite leaves its term out. [ohm]

    Returns
    -------
    float
        Energy of one conversion. [J]

    Raises
    ------
    InputError
        If `bits` or `node` lies outside the model.

    Notes
    -----
    E = (a·bits + b + c·exp(−d·log₁₀ R)) · (bits + 1) ns, with a and b in µW and c in W fitted to
    each node of a low-power roadmap ([1]_, ``GetColumnPower``, LP branch; 32 nm: a = 1.1294,
    b = 8.8998, c = 0.079449, d = 2.297). The last term is the current through the column while it
    is sensed; leave it out where the array's conduction is counted by itself. Leakage is
    neglected. The source names no range of bits; its defaults use 6, and archsim refuses more
    than 8.

    References
    ----------
    .. [1] DNN+NeuroSim V2.1, ``Training_pytorch/NeuroSIM/SarADC.cpp``, repository
       neurosim/DNN_NeuroSim_V2.1; X. Peng et al., IEEE TCAD 40(11), 2021,
       doi:10.1109/TCAD.2020.3043731.

    Examples
    --------
    >>> f"{sar_energy(8, node=32e-9):.3g}"
    '1.61e-13'
    """
    if bits not in _SAR_BITS:
        message = f"SAR ADC model: expected 1 to {_SAR_BITS[-1]} bits, got {bits}"
        raise InputError(message)
    nanometres = next((known for known in _SAR_POWER if math.isclose(known * 1e-9, node)), None)
    if nanometres is None:
        known = ", ".join(str(known) for known in _SAR_POWER)
        found = f"{node * 1e9:g} nm" if node else "none"
        message = (
            f"SAR ADC model: expected a technology node of {known} nm, got {found}; "
            "set technology.node"
        )
        raise InputError(message)
    slope, offset, scale, decay = _SAR_POWER[nanometres]
    power = (slope * bits + offset) * 1e-6
    if math.isfinite(column_resistance):
        power += scale * math.exp(-decay * math.log10(column_resistance))
    return power * sar_time(bits)


def walden_energy(bits: int, *, figure_of_merit: float) -> float:
    """Return the energy of one conversion from Walden's figure of merit.

    Parameters
    ----------
    bits : int
        Effective number of bits.
    figure_of_merit : float
        Energy of one conversion step. [J]

    Returns
    -------
    float
        Energy of one conversion. [J]

    Notes
    -----
    E = FoM · 2^bits ([1]_, FoM = P / (2^ENOB · f_s)). Holds for converters limited by matching and
    speed, roughly up to 10 effective bits; limited by thermal noise, energy grows as 4^bits.
    The nominal resolution stands for the effective one, which is optimistic by up to a bit.

    References
    ----------
    .. [1] R. H. Walden, "Analog-to-digital converter survey and analysis", IEEE JSAC 17(4), 1999,
       doi:10.1109/49.761034.

    Examples
    --------
    >>> f"{walden_energy(8, figure_of_merit=5e-15):.3g}"
    '1.28e-12'
    """
    return figure_of_merit * 2.0**bits


class Dac(SingleAct):
    """A digital-to-analog converter that drives one line of an array."""

    action = "drive"
    kind: Literal["dac"]
    bits: Bits
    """Resolution. [bit]"""


class Adc(ComponentDescription):
    """An analog-to-digital converter as listed: bits, rate and energy of a conversion."""

    kind: Literal["adc"]
    bits: Bits
    """Resolution. [bit]"""
    energy: Energy | None = None
    """Energy of one conversion; absent where nobody knows it. [J]"""
    rate: Frequency
    """Conversions per second of one converter. [Hz]"""
    latency: Time | None = None
    """From sample to code; absent: one interval. [s]"""

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the act of one conversion."""
        del setting
        energy = None if self.energy is None else self.energy.value
        return {"convert": _conversion(energy, 1.0 / self.rate.value, self.latency)}


class AdcSar(ComponentDescription):
    """A successive-approximation ADC by the equations `sar_energy` and `sar_time`.

    The node is the chip's, in ``technology.node``.
    """

    kind: Literal["adc_sar"]
    bits: Annotated[int, Field(ge=_SAR_BITS[0], le=_SAR_BITS[-1])]
    """Resolution. [bit]"""
    factor: Number | None = None
    """Measured over modelled energy: carries the equation's uncertainty; absent: 1."""

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the act of one conversion."""
        energy = sar_energy(self.bits, node=setting.node) * (
            self.factor.value if self.factor else 1.0
        )
        return {"convert": _conversion(energy, sar_time(self.bits), None)}


class AdcWalden(ComponentDescription):
    """An ADC known by its figure of merit, by the equation `walden_energy`."""

    kind: Literal["adc_walden"]
    bits: Bits
    """Resolution, taken for the effective one. [bit]"""
    figure_of_merit: Energy
    """Energy of one conversion step. [J]"""
    rate: Frequency
    """Conversions per second of one converter. [Hz]"""
    latency: Time | None = None
    """From sample to code; absent: one interval. [s]"""

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the act of one conversion."""
        del setting
        energy = walden_energy(self.bits, figure_of_merit=self.figure_of_merit.value)
        return {"convert": _conversion(energy, 1.0 / self.rate.value, self.latency)}


def _conversion(energy: float | None, interval: float, latency: Time | None) -> Act:
    """Return the act of one conversion."""
    return Act(energy=energy, latency=latency.value if latency else interval, interval=interval)


class SampleHold(SingleAct):
    """A sample-and-hold that keeps one column's value for the ADC."""

    action = "sample"
    kind: Literal["sample_hold"]


class TransimpedanceAmplifier(SingleAct):
    """An amplifier that turns one column's current into a voltage."""

    action = "sample"
    kind: Literal["transimpedance_amplifier"]
    gain: Transimpedance | None = None
    """Voltage per current; for the record, prices do not use it. [V/A]"""


class WriteDriver(SingleAct):
    """A driver that puts update pulses on one line; an act is one line driven for one slot."""

    action = "drive"
    kind: Literal["write_driver"]


register_component("dac", Dac)
register_component("adc", Adc)
register_component("adc_sar", AdcSar)
register_component("adc_walden", AdcWalden)
register_component("sample_hold", SampleHold)
register_component("transimpedance_amplifier", TransimpedanceAmplifier)
register_component("write_driver", WriteDriver)
