"""A cell whose conductance follows the charge pushed through its gate: linear in the pulses."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from archsim.components.cell import CellModel, FloatArray, register_cell
from archsim.spec import Number, Time

__all__ = ["ElectrochemicalCell"]


class ElectrochemicalCell(CellModel):
    """Electrochemical transistor (EC-RAM): ions move in and out of the channel, pulse by pulse.

    Notes
    -----
    One pulse on the nominal device in state g changes it by

        Δg = +(1/N) · (1 − γ_up (2g − 1)) · (1 + σ_c ξ)      (up)
        Δg = −(1/N) · (1 + γ_down (2g − 1)) · (1 + σ_c ξ)    (down)

    the linear-step model of [1]_ (`LinearStepDevice`), written for a window from 0 to 1: γ = 0 is
    linear and symmetric, γ = 1 a step that vanishes at the bound it goes to. On a device the change
    is multiplied by its response S, log-normal with unit median and log-standard deviation σ_d, and
    the state is clipped to [0, 1]. The gate is apart from the channel, so that whole outer products
    of pulses can be written at once ([2]_). Between presentations a state relaxes towards a state
    of rest, g ← g_r + (g − g_r) e^(−t/τ), as charge leaks back through the gate. Neglected: how the
    step depends on voltage and width of the pulse, the channel's transient after a write, spread
    of τ.

    References
    ----------
    .. [1] M. J. Rasch et al., "A flexible and fast PyTorch toolkit for simulating training and
       inference on analog crossbar arrays", AICAS 2021, doi:10.1109/AICAS51828.2021.9458494.
    .. [2] E. J. Fuller et al., "Parallel programming of an ionic floating-gate memory array for
       scalable neuromorphic computing", Science 364 (2019) 570, doi:10.1126/science.aaw5581.
    """

    imperfections = ("response_spread", "response_noise")

    model: Literal["electrochemical"]
    """Registered name."""
    states: Number
    """N: nominal pulses from one end of the window to the other at γ = 0."""
    asymmetry_up: Number
    """γ of pulses up."""
    asymmetry_down: Number
    """γ of pulses down."""
    response_spread: Number
    """σ_d: log-standard deviation of the devices' response to pulses."""
    response_noise: Number
    """σ_c: standard deviation from pulse to pulse, in units of the nominal step."""
    retention: Time | None = None
    """τ: time constant with which a state relaxes; absent: it stays. [s]"""
    rest_state: Number | None = None
    """g_r: state towards which it relaxes; absent: the middle of the window."""

    @model_validator(mode="after")
    def _pulses_fit(self) -> Self:
        if not 1.0 <= self.states.value <= 1e6:
            message = f"expected states from 1 to 1e6, got {self.states.value:g}"
            raise ValueError(message)
        for name in ("asymmetry_up", "asymmetry_down", "rest_state"):
            constant = getattr(self, name)
            if constant is not None and constant.value > 1.0:
                message = f"expected {name} of at most 1, got {constant.value:g}"
                raise ValueError(message)
        return self

    @property
    def rest(self) -> float:
        """State towards which an idle device relaxes."""
        return 0.5 if self.rest_state is None else self.rest_state.value

    def ideal(self) -> Self:
        """Return the same cell without spread, noise, faults, errors of writing or relaxation."""
        return super().ideal().model_copy(update={"retention": None})

    def response(self, shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
        """Draw the log-normal response of each device."""
        return np.exp(self.response_spread.value * generator.standard_normal(shape))

    def change(self, state: FloatArray, up: NDArray[np.bool_], noise: FloatArray) -> FloatArray:
        """Return the nominal change of state; see the class for the equation."""
        step = 1.0 / self.states.value
        place = 2.0 * state - 1.0
        rise = step * (1.0 - self.asymmetry_up.value * place)
        fall = step * (1.0 + self.asymmetry_down.value * place)
        return np.where(up, rise, -fall) * (1.0 + self.response_noise.value * noise)

    def kept(self, duration: float) -> float:
        """Return e^(−t/τ), the share of a state's distance from rest that is left after `duration`.

        Parameters
        ----------
        duration : float
            Idle time t. [s]
        """
        return 1.0 if self.retention is None else float(np.exp(-duration / self.retention.value))


register_cell("electrochemical", ElectrochemicalCell)
