"""Quantities: energies and times as functions of the constants that they depend on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from archsim.analysis.repricing import Keep, repricing
from archsim.analysis.variable import Draws, FloatArray, Variable, variables
from archsim.baseline import Baseline, GpuDescription, TrainingWork, evaluate
from archsim.errors import InputError
from archsim.runs import Run
from archsim.spec import Constant
from archsim.trace import TRAINING_PHASES

__all__ = [
    "Quantity",
    "baseline_energy",
    "baseline_time",
    "constant_quantity",
    "energy",
    "quotient",
    "work_energy",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number that depends on constants with ranges."""

    name: str
    unit: str
    """SI unit; empty for a ratio."""
    nominal: float
    """Value with all constants nominal."""
    variables: tuple[Variable, ...]
    """Constants with a range that it depends on."""
    evaluate: Callable[[Draws], FloatArray]
    """Its values for drawn constants; those that are not drawn are nominal."""
    moments: tuple[float, float] | None = None
    """Exact mean and variance, where they have a closed form."""


def energy(
    done: Run,
    *,
    static: bool = False,
    keep: Keep | None = None,
    phases: Collection[str] = TRAINING_PHASES,
) -> Quantity:
    """Return the training energy of a run as a quantity. [J].

    Parameters
    ----------
    done : Run
        A run on a crossbar chip.
    static : bool
        Add the static energy of the training phases, over the run's own time.
    keep : callable, optional
        Which accounts count; None: all.
    phases : collection of str
        Phases that count, instead of those of training.

    Raises
    ------
    InputError
        If the run was not done on a crossbar chip.

    Notes
    -----
    Constants of ``behaviour`` are held: another value needs training, not another price.
    """
    model = repricing(done, static=static, keep=keep, phases=phases)
    return Quantity(
        name=f"training energy on {done.chip}" + (", static included" if static else ""),
        unit="J",
        nominal=float(model.nominal),
        variables=tuple(model.paths),
        evaluate=model.evaluate,
        moments=model.moments(),
    )


def baseline_energy(baseline: Baseline) -> Quantity:
    """Return the energy of a baseline as a quantity. [J]."""
    return _baseline(baseline, "energy", float(baseline.training_energy), "J")


def baseline_time(baseline: Baseline) -> Quantity:
    """Return the time of a baseline as a quantity. [s]."""
    return _baseline(baseline, "time", float(baseline.training_time), "s")


def _baseline(
    baseline: Baseline, what: Literal["energy", "time"], nominal: float, unit: str
) -> Quantity:
    gpu, work, name = baseline.gpu, baseline.work, f"{baseline.gpu.name} {baseline.name}"
    if work is None:
        constant = baseline.measured_energy if what == "energy" else baseline.measured_time
        if constant is None:
            raise InputError(f"{name}: expected a baseline that was priced or measured")
        return constant_quantity(f"training {what} of {name}", unit, nominal, constant, name)
    return _priced(gpu, work, what, name=name, nominal=nominal, nets=baseline.nets)


def work_energy(gpu: GpuDescription, work: TrainingWork, *, name: str) -> Quantity:
    """Return the energy of any work on a GPU as a quantity, of whatever size. [J].

    Parameters
    ----------
    gpu : GpuDescription
        Constants.
    work : TrainingWork
        What is done.
    name : str
        Name of the work.
    """
    nominal = float(evaluate(gpu, work).energy)
    return _priced(gpu, work, "energy", name=f"{gpu.name} {name}", nominal=nominal)


def _priced(
    gpu: GpuDescription,
    work: TrainingWork,
    what: Literal["energy", "time"],
    *,
    name: str,
    nominal: float,
    nets: int = 1,
) -> Quantity:
    paths = variables(gpu, owner=gpu.name)

    def values(draws: Draws) -> FloatArray:
        drawn = {
            path: draws[variable]
            for variable, places in paths.items()
            if variable in draws
            for path in places
        }
        cost = evaluate(gpu, work, nets=nets, values=drawn)
        return cost.energy if what == "energy" else cost.time

    matters = [one for one in paths if _moves(values, one)]
    return Quantity(
        name=f"training {what} of {name}",
        unit="J" if what == "energy" else "s",
        nominal=nominal,
        variables=tuple(matters),
        evaluate=values,
    )


def _moves(values: Callable[[Draws], FloatArray], variable: Variable) -> bool:
    """Return whether a variable changes anything between the far ends of its range."""
    ends = np.atleast_1d(values({variable: variable.at(np.array([-3.0, 0.0, 3.0]))}))
    return bool(np.ptp(ends) > 0)


def constant_quantity(
    name: str, unit: str, nominal: float, constant: Constant, owner: str
) -> Quantity:
    """Return a quantity that is one constant.

    Parameters
    ----------
    name, unit : str
        Name and SI unit of the quantity.
    nominal : float
        Its value with the constant nominal.
    constant : Constant
        What it ranges over.
    owner : str
        Whose constant it is; two of one owner and name are one variable.
    """
    if constant.low == constant.high:
        return Quantity(
            name=name,
            unit=unit,
            nominal=nominal,
            variables=(),
            evaluate=lambda _: np.asarray(nominal),
        )
    variable = Variable.of(constant, name, owner=owner)
    mean, square = variable.moment(1), variable.moment(2)
    return Quantity(
        name=name,
        unit=unit,
        nominal=nominal,
        variables=(variable,),
        evaluate=lambda draws: draws.get(variable, np.asarray(nominal)),
        moments=None if mean is None or square is None else (mean, square - mean**2),
    )


def quotient(first: Quantity, second: Quantity) -> Quantity:
    """Return first / second; a constant that both depend on is one variable in both.

    Parameters
    ----------
    first, second : Quantity
        `second` is nowhere 0.
    """

    def values(draws: Draws) -> FloatArray:
        return first.evaluate(draws) / second.evaluate(draws)

    return Quantity(
        name=f"{first.name} / {second.name}",
        unit="" if first.unit == second.unit else f"{first.unit}/{second.unit}",
        nominal=first.nominal / second.nominal,
        variables=tuple(dict.fromkeys((*first.variables, *second.variables))),
        evaluate=values,
    )
