"""Memory cells: what every cell model says of itself, and the registry of models.

A cell model is a description (its constants stand in a chip file) plus three small functions: how
devices differ, how a state changes under one pulse, and which abilities the cell has. States are
dimensionless, 0 at the lower and 1 at the upper end of the conductance window.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import SerializeAsAny, model_validator

from archsim.components.registry import Registry
from archsim.spec import Conductance, Description, Number, with_values

__all__ = ["CELL_MODELS", "AnyCell", "CellModel", "FloatArray", "register_cell"]

FloatArray = NDArray[np.float64]


class CellModel(Description):
    """Base of every cell model: the constants that do not depend on how a pulse changes the cell.

    Notes
    -----
    The conductance of a device in state g is G = (G_min + g (G_max − G_min)) (1 + σ_s ξ), with ξ
    a standard normal number fixed for each device. Neglected: wire resistance, drift other than
    what `kept` says, and any dependence of the conductance on the voltage.
    """

    parallel_pulses: ClassVar[bool] = True
    """Whether many cells of an array can be pulsed at once, without addressing each."""
    needs_verify: ClassVar[bool] = False
    """Whether every write must be read back and corrected."""
    gradual: ClassVar[bool] = True
    """Whether a pulse moves the state by a small part of the window, from wherever it is."""

    binary: ClassVar[bool] = False
    """Whether the cell is on or off, and no pulse leaves it in between."""
    imperfections: ClassVar[tuple[str, ...]] = ()
    """Further constants of a subclass that are 0 on an ideal cell."""

    model: str
    """Registered name of the cell model."""
    minimum_conductance: Conductance
    """Conductance of state 0. [S]"""
    maximum_conductance: Conductance
    """Conductance of state 1; the unit of all counts of conduction. [S]"""
    static_spread: Number
    """σ_s: standard deviation of the fixed relative error of each device's conductance."""
    read_noise: Number
    """σ_r: standard deviation of a device's conductance from read to read, relative to it."""
    stuck_low: Number
    """Fraction of devices that always sit in state 0."""
    stuck_high: Number
    """Fraction of devices that always sit in state 1."""
    programming_error: Conductance
    """Standard deviation of a conductance written once without verify. [S]"""
    verify_tolerance: Conductance
    """Largest error that program-and-verify accepts. [S]"""
    verify_failures: Number
    """Fraction of devices that program-and-verify cannot bring within the tolerance."""
    verify_failed_error: Conductance
    """Largest error of such a device when the attempts end. [S]"""
    verify_attempts: Number
    """Check reads after which program-and-verify gives up on a device."""
    verify_burst: Number | None = None
    """Most pulses between two check reads: as many as the error asks for by the nominal step;
    absent: one."""

    @property
    def window(self) -> float:
        """Width of the conductance window, G_max − G_min [S]."""
        return self.maximum_conductance.value - self.minimum_conductance.value

    @property
    def rest(self) -> float:
        """State towards which an idle device relaxes."""
        return 0.5

    @model_validator(mode="after")
    def _constants_fit(self) -> Self:
        if self.minimum_conductance.value >= self.maximum_conductance.value:
            low, high = self.minimum_conductance.text, self.maximum_conductance.text
            message = f"expected a minimum_conductance below the maximum, got {low} and {high}"
            raise ValueError(message)
        for name in ("stuck_low", "stuck_high", "verify_failures", "static_spread", "read_noise"):
            value = getattr(self, name).value
            if value > 1.0:
                message = f"expected {name} of at most 1, got {value:g}"
                raise ValueError(message)
        if self.stuck_low.value + self.stuck_high.value > 1.0:
            message = "expected stuck_low and stuck_high to add up to at most 1"
            raise ValueError(message)
        return self

    def ideal(self) -> Self:
        """Return the same cell without spread, noise, faults or errors of writing."""
        names = (
            "static_spread",
            "read_noise",
            "stuck_low",
            "stuck_high",
            "programming_error",
            "verify_failures",
            *self.imperfections,
        )
        return with_values(self, dict.fromkeys(names, 0.0))

    def kept(self, duration: float) -> float:
        """Return which share of a state's distance from rest is left after an idle `duration` [s].

        1, unless a cell model says otherwise: the cell keeps its state.
        """
        del duration
        return 1.0

    def step(self) -> float:
        """Return how far one pulse moves the nominal device in mid-window, up and down averaged."""
        middle, calm = np.array([0.5, 0.5]), np.zeros(2)
        change = np.abs(self.change(middle, np.array([True, False]), calm))
        return float(change.mean())

    @abstractmethod
    def response(self, shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
        """Draw how strongly each device answers a pulse, relative to the nominal one.

        Parameters
        ----------
        shape : tuple of int
            Shape of the array of devices.
        generator : numpy.random.Generator
            Stream of purpose ``device``.

        Returns
        -------
        ndarray
            Response S of each device.
        """

    @abstractmethod
    def change(self, state: FloatArray, up: NDArray[np.bool_], noise: FloatArray) -> FloatArray:
        """Return the nominal device's change of state under one pulse.

        Parameters
        ----------
        state : ndarray
            States before the pulse, each in [0, 1].
        up : ndarray of bool
            Whether the pulse raises the conductance (SET) or lowers it (RESET).
        noise : ndarray
            Standard normal numbers, one a pulse: the cycle-to-cycle noise.

        Returns
        -------
        ndarray
            Signed change of state, before the device's response and before clipping to [0, 1].
        """


CELL_MODELS: Registry[CellModel] = Registry(
    CellModel,  # type: ignore[type-abstract]  # never instantiated
    field="model",
    what="cell model",
)
"""Cell models by registered name."""

AnyCell = Annotated[SerializeAsAny[CellModel], CELL_MODELS]
"""A cell of any registered model, told by its field `model`."""


def register_cell(name: str, model: type[CellModel]) -> None:
    """Make a cell model known under a name, as used in ``behaviour.cell.model``.

    Parameters
    ----------
    name : str
        Name in chip files.
    model : type
        Subclass of `CellModel`.

    Raises
    ------
    InputError
        If `model` is no cell model, or another one has the name.
    """
    CELL_MODELS.register(name, model)
