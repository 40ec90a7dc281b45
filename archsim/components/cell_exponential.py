"""A cell whose pulses lose strength exponentially towards the end of the window."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from archsim.components.cell import CellModel, FloatArray, register_cell
from archsim.spec import Number

__all__ = ["ExponentialCell"]


class ExponentialCell(CellModel):
    """Soft-bounded analog cell, as tantalum-oxide memristors are commonly modelled.

    Notes
    -----
    One SET pulse on the nominal device in state g changes it by

        Δg = (1/N) · ν / (1 − e^−ν) · e^(−ν g) · (1 + σ_c ξ),

    one RESET pulse by the negative of the same with 1 − g for g, each with its own N and ν; ν = 0
    is the linear cell. The form is eq. 1 of [1]_, scaled so that the step averaged over the window
    is 1/N. On a device the change is multiplied by its response S, log-normal with unit median and
    log-standard deviation σ_d, and the state is clipped to [0, 1]. Neglected: dependence of the
    pulse on its voltage and width, heating by the pulses before, correlation of noise in time.

    References
    ----------
    .. [1] D. Querlioz, O. Bichler, P. Dollfus, C. Gamrat, "Immunity to device variations in a
       spiking neural network with memristive nanodevices", IEEE Trans. Nanotechnology 12 (2013)
       288, doi:10.1109/TNANO.2013.2250995.
    """

    imperfections = ("response_spread", "response_noise")

    model: Literal["exponential"]
    """Registered name."""
    pulses_up: Number
    """N of SET: nominal pulses from one end of the window to the other when ν = 0."""
    pulses_down: Number
    """N of RESET."""
    nonlinearity_up: Number
    """ν of SET."""
    nonlinearity_down: Number
    """ν of RESET."""
    response_spread: Number
    """σ_d: log-standard deviation of the devices' response to pulses."""
    response_noise: Number
    """σ_c: standard deviation from pulse to pulse, in units of the nominal step."""

    @model_validator(mode="after")
    def _pulses_fit(self) -> Self:
        for name in ("pulses_up", "pulses_down"):
            value = getattr(self, name).value
            if not 1.0 <= value <= 1e6:
                message = f"expected {name} from 1 to 1e6, got {value:g}"
                raise ValueError(message)
        return self

    def response(self, shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
        """Draw the log-normal response of each device."""
        return np.exp(self.response_spread.value * generator.standard_normal(shape))

    def change(self, state: FloatArray, up: NDArray[np.bool_], noise: FloatArray) -> FloatArray:
        """Return the nominal change of state; see the class for the equation."""
        rise = _step(state, self.pulses_up.value, self.nonlinearity_up.value)
        fall = _step(1.0 - state, self.pulses_down.value, self.nonlinearity_down.value)
        return np.where(up, rise, -fall) * (1.0 + self.response_noise.value * noise)


def _step(depth: FloatArray, pulses: float, nonlinearity: float) -> FloatArray:
    if nonlinearity == 0.0:
        return np.full_like(depth, 1.0 / pulses)
    scale = nonlinearity / -np.expm1(-nonlinearity) / pulses
    return np.asarray(scale * np.exp(-nonlinearity * depth))


register_cell("exponential", ExponentialCell)
