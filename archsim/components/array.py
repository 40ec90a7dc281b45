"""Crossbar array: what conduction, pulses and half-selection of its cells cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from archsim.components.component import Act, ComponentDescription, Setting, register_component
from archsim.components.wear import Wear
from archsim.spec import Area, Energy, Time, Voltage

__all__ = ["CrossbarArray", "GatedArray", "conduction_energy"]


def conduction_energy(conductance: float, voltage: float, duration: float) -> float:
    """Return the energy that one ohmic cell dissipates while a voltage stands across it.

    Parameters
    ----------
    conductance : float
        Conductance of the cell. [S]
    voltage : float
        Voltage across the cell. [V]
    duration : float
        How long it stands. [s]

    Returns
    -------
    float
        Energy; drivers, wires and converters excluded. [J]

    Notes
    -----
    E = G V² t (Joule's law, [1]_ section II). Ohmic cells and ideal wires: no voltage drop along
    rows or columns, no rise and fall times, no charging of lines (C V²). For TaOx cells the current
    is close to ohmic for reads of |V| ≤ 0.3 V; a SET or RESET pulse changes G while it stands,
    which the count of a pulse takes in by averaging the conductance before and after.

    References
    ----------
    .. [1] P.-Y. Chen, X. Peng, S. Yu, "NeuroSim: A circuit-level macro model for benchmarking
       neuro-inspired architectures in online learning", IEEE TCAD 37(12), 2018,
       doi:10.1109/TCAD.2018.2789723.

    Examples
    --------
    >>> f"{conduction_energy(100e-6, 0.2, 100e-9):.3g}"
    '4e-13'
    """
    return conductance * voltage**2 * duration


class CrossbarArray(ComponentDescription):
    """A crossbar of analog cells, priced by the full-scale cell at the top of the window.

    Counts of reads, settles, pulses and half-selections are sums of g·x² with g = G/G_max and x the
    drive relative to full scale, so the price is that of one cell at G_max under full drive.
    A transposed read is the same act driven from the columns.
    """

    kind: Literal["crossbar_array"]
    read_voltage: Voltage
    """Full-scale drive of a line in a read. [V]"""
    read_time: Time
    """From the drive of the lines until the currents can be sampled. [s]"""
    settle_time: Time
    """How long coupled arrays conduct until their analog neurons rest. [s]"""
    write_voltage: Voltage
    """Voltage across a selected cell in an update pulse. [V]"""
    pulse_time: Time
    """Width of an update pulse. [s]"""
    half_select: Literal["none", "half_voltage"]
    """Cells that share one line with a pulsed one: isolated by transistors, or at half voltage."""
    verify_time: Time | None = None
    """How long a check read of one cell takes; absent: `read_time`. [s]"""
    pulse_energy: Energy | None = None
    """Energy of one device pulse beyond conduction, such as the charge of a gate or a line;
    absent: none. [J]"""
    wear: Wear | None = None
    """Endurance and retention of its cells; absent: not known."""
    cell_area: Area | None = None
    """Area of one cell, in place of `area` of the whole array. [m²]"""
    layers: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Cells that lie on each other in a stack that has no room for missing ones; absent: a plane
    crossbar, where a crossing without a cell takes as much room as one with it."""

    @model_validator(mode="after")
    def _has_one_area(self) -> Self:
        if self.cell_area is not None and self.area is not None:
            message = "cell_area: expected either area or cell_area, got both"
            raise ValueError(message)
        if self.layers is not None and self.cell_area is None:
            message = f"layers: expected a cell_area beside it, got {self.layers} layers alone"
            raise ValueError(message)
        return self

    def footprint(self, setting: Setting) -> float | None:
        """Return the area of one array [m²]; None where it is not known.

        Notes
        -----
        Plane: A = rows · columns · a. Stacked: A = density · rows · columns · a / layers, with a
        the area of a cell. Neglected: stairs and plugs that lead the lines of a stack down to the
        periphery, and any room that random wires leave unused.
        """
        if self.cell_area is None:
            return super().footprint(setting)
        cells = setting.rows * setting.columns * self.cell_area.value
        return cells if self.layers is None else setting.density * cells / self.layers

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the acts of the array's cells; prices follow from G_max, voltages and times."""
        top = setting.conductance_max
        read, write = self.read_voltage.value, self.write_voltage.value
        read_time, settle_time = self.read_time.value, self.settle_time.value
        verify_time = (self.verify_time or self.read_time).value
        pulse_time = self.pulse_time.value
        half = write / 2 if self.half_select == "half_voltage" else 0.0
        return {
            "cell_read": _conduction(top, read, read_time),
            "cell_settle": _conduction(top, read, settle_time),
            "verify_read": _conduction(top, read, verify_time),
            "cell_pulse": _conduction(top, write, pulse_time),
            "half_select": _conduction(top, half, pulse_time),
            "pulse": Act(
                energy=self.pulse_energy.value if self.pulse_energy else 0.0,
                latency=pulse_time,
                interval=pulse_time,
            ),
        }


class GatedArray(CrossbarArray):
    """A crossbar of three-terminal cells: pulses charge gates, which the channel does not conduct.

    Conduction of a pulsed cell and of cells at half voltage costs nothing; what a pulse costs is
    its `pulse_energy`, whatever the state of the cell.
    """

    kind: Literal["gated_array"]  # type: ignore[assignment]  # a kind of its own

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the acts of the array's cells; a pulse has one price."""
        acts = dict(super().acts(setting))
        for name in ("cell_pulse", "half_select"):
            acts[name] = acts[name]._replace(energy=0.0)
        return acts


def _conduction(conductance: float, voltage: float, duration: float) -> Act:
    """Return the act of one full-scale cell conducting once."""
    energy = conduction_energy(conductance, voltage, duration)
    return Act(energy=energy, latency=duration, interval=duration, scaled=True)


register_component("crossbar_array", CrossbarArray)
register_component("gated_array", GatedArray)
