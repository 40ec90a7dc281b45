"""Repricing: a finished run's energy as a function of its chip's constants, without simulating."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from archsim.analysis.variable import Draws, FloatArray, Variable, variables
from archsim.chip.build import component_tables
from archsim.chip.description import TiledDescription, tile_class
from archsim.components.component import Component
from archsim.errors import InputError, ModelError
from archsim.frames import STATIC_PREFIX
from archsim.ledger import STATE_SCALE
from archsim.mapping.program import Account
from archsim.runs.result import Run
from archsim.spec import with_values
from archsim.trace.ops import TRAINING_PHASES

__all__ = ["Keep", "Repricing", "Term", "repricing"]

Item = tuple[str, str, str]
"""Tile class, component, and action or ``static_STATE``."""
Keep = Callable[[Account], bool]
"""Which accounts count."""
Tables = Mapping[str, Mapping[str, Component]]

_EXACT = 1e-5
"""Prices are whole yoctojoules, so equal within a millionth each; laws may differ by this."""
_PROBES = (2.0, 4.0)
"""Factors at which it is seen how a price depends on a constant."""


class Term(NamedTuple):
    """A product of powers of constants: energy = scale × Π (constant / nominal value)^power."""

    scale: float
    """[J]"""
    powers: tuple[tuple[Variable, float], ...]
    """Variables with their powers, each other than 0."""


@dataclass(frozen=True, kw_only=True)
class Repricing:
    """Energy of one run under other prices."""

    machine: TiledDescription
    paths: Mapping[Variable, tuple[str, ...]]
    """Variables that change it → paths where they are used."""
    counts: Mapping[Item, Fraction]
    """How often everything was done, in whole acts; in fs·aW per yJ for power states."""
    nominal: Fraction
    """Energy at the nominal values, as the ledger has it. [J]"""
    terms: tuple[Term, ...] | None
    """Sum of products that the energy is; None where some price follows no such law."""

    def evaluate(self, values: Draws) -> FloatArray:
        """Return the energy for drawn values; variables that are not drawn are nominal. [J]."""
        if self.terms is None:
            return self._rebuilt(values)
        total = np.zeros(())
        ratios = {
            variable: values[variable] / variable.constant.value
            for variable in self.paths
            if variable in values
        }
        for term in self.terms:
            product: FloatArray | float = term.scale
            for variable, power in term.powers:
                if variable in ratios:
                    product = product * ratios[variable] ** power
            total = total + product
        return np.asarray(total)

    def moments(self) -> tuple[float, float] | None:
        """Return exact mean [J] and variance [J²], or None where they have no closed form.

        Notes
        -----
        Variables are independent, so E Π x^a = Π E x^a, and the variance of a sum of products is
        the sum of their covariances, each a difference of such products.
        """
        if self.terms is None:
            return None
        means = [_mean(term, None) for term in self.terms]
        variance = 0.0
        for number, first in enumerate(self.terms):
            for other in range(number, len(self.terms)):
                both, one, two = _mean(first, self.terms[other]), means[number], means[other]
                if both is None or one is None or two is None:
                    return None
                variance += (1 if other == number else 2) * (both - one * two)
        return sum(mean for mean in means if mean is not None), variance

    def _rebuilt(self, values: Draws) -> FloatArray:
        """Return the energy with the chip's components built anew for every draw. [J]."""
        drawn = {variable: values[variable] for variable in self.paths if variable in values}
        if not drawn:
            return np.asarray(float(self.nominal))
        shape = np.broadcast_shapes(*(array.shape for array in drawn.values()))
        flat = {name: np.broadcast_to(array, shape).ravel() for name, array in drawn.items()}
        energies = [
            float(self._energy({name: float(array[number]) for name, array in flat.items()}))
            for number in range(math.prod(shape))
        ]
        return np.array(energies).reshape(shape)

    def _energy(self, values: Mapping[Variable, float]) -> Fraction:
        prices = _prices(self.machine, self.paths, values, self.counts)
        return sum((self.counts[item] * prices[item] for item in self.counts), Fraction(0)) / 10**24


def repricing(
    run: Run,
    *,
    static: bool,
    keep: Keep | None = None,
    phases: Collection[str] = TRAINING_PHASES,
) -> Repricing:
    """Return the training energy of a run as a function of its chip's constants.

    Parameters
    ----------
    run : Run
        A run on a crossbar chip.
    static : bool
        Add the static energy of the training phases. Its time stays that of the run.
    keep : callable, optional
        Which accounts count; None: all.
    phases : collection of str
        Phases that count, instead of those of training.

    Returns
    -------
    Repricing
        Constants of ``behaviour`` are held at their values: they need training.

    Raises
    ------
    InputError
        If the run was not done on a crossbar chip.
    ModelError
        If the prices of the chip's description are not those of the run.
    """
    machine = run.machine
    if machine is None:
        raise InputError(f"run on {run.chip}: expected a crossbar chip, whose prices can change")
    counts = _counts(run, machine, static=static, keep=keep, phases=phases)
    nominal = _ledger_energy(run, static=static, keep=keep, phases=phases)
    prices = _prices(machine, {}, {}, counts)
    found = sum((counts[item] * prices[item] for item in counts), Fraction(0)) / 10**24
    if found != nominal:
        message = (
            f"run on {run.chip}: its description prices it at {float(found):.6g} J, its ledger at "
            f"{float(nominal):.6g} J; was a component registered anew?"
        )
        raise ModelError(message)
    paths = variables(machine, owner=machine.name, skip=("behaviour",))
    terms, paths = _laws(machine, paths, counts, prices)
    return Repricing(machine=machine, paths=paths, counts=counts, nominal=nominal, terms=terms)


def _counts(
    run: Run,
    machine: TiledDescription,
    *,
    static: bool,
    keep: Keep | None,
    phases: Collection[str],
) -> dict[Item, Fraction]:
    """Return how often everything of the training was done, tiles of a class together."""
    groups = machine.groups()
    counts: dict[Item, Fraction] = {}

    def add(tile: str, component: str, action: str, count: Fraction) -> None:
        name = tile_class(tile)
        group = name if component in groups.get(name, {}) else "network"
        item = (group, component, action)
        counts[item] = counts.get(item, Fraction(0)) + count

    for _, account, tally in run.book.actions():
        if _counted(account, keep, phases):
            scale = run.prices.actions[account[1:]].count_scale
            add(account.tile, account.component, account.action, Fraction(tally.count, scale))
    for row in run.book.states(run.prices):
        if static and row.phase in phases:
            share = Fraction(row.ticks, STATE_SCALE)
            add(row.tile, row.component, STATIC_PREFIX + row.state, share)
    return counts


def _counted(account: Account, keep: Keep | None, phases: Collection[str]) -> bool:
    """Return whether an account is of one of the phases, not static, and kept."""
    dynamic = account.phase in phases and not account.action.startswith(STATIC_PREFIX)
    return dynamic and (keep is None or keep(account))


def _ledger_energy(
    run: Run, *, static: bool, keep: Keep | None, phases: Collection[str]
) -> Fraction:
    """Return the same energy from the run's own prices. [J]."""
    total = Fraction(0)
    for _, account, tally in run.book.actions():
        if _counted(account, keep, phases):
            price, scale = run.prices.actions[account[1:]]
            total += Fraction(tally.count * price, scale)
    for row in run.book.states(run.prices):
        if static and row.phase in phases:
            power = run.prices.leakage_aw[row.tile, row.component, row.state]
            total += Fraction(row.ticks * power, STATE_SCALE)
    return total / 10**24


def _prices(
    machine: TiledDescription,
    paths: Mapping[Variable, Sequence[str]],
    values: Mapping[Variable, float],
    items: Mapping[Item, Fraction],
) -> dict[Item, int]:
    """Return the prices of the items with some variables at other values."""
    changed = {path: value for variable, value in values.items() for path in paths[variable]}
    tables = component_tables(with_values(machine, changed))
    prices = {}
    for group, component, action in items:
        part = tables[group][component]
        state = action.removeprefix(STATIC_PREFIX)
        is_state = state != action
        prices[group, component, action] = (
            part.leakage_aw[state] if is_state else part.actions[action].price_yj
        )
    return prices


def _laws(
    machine: TiledDescription,
    paths: Mapping[Variable, tuple[str, ...]],
    counts: Mapping[Item, Fraction],
    prices: Mapping[Item, int],
) -> tuple[tuple[Term, ...] | None, dict[Variable, tuple[str, ...]]]:
    """Return the energy as a sum of products, and the variables that matter.

    A price is taken as (c + Σ b_i x_i) Π y_j^a_j: each constant either multiplies it to a power or
    adds to a sum. Each law is found from two probes a constant and tested at two mixed points.
    """
    probed: dict[Variable, tuple[Mapping[Item, int], ...]] = {}
    for variable in paths:
        start = variable.constant.value or variable.constant.high or 1.0
        at = tuple(
            _prices(machine, paths, {variable: factor * start}, counts) for factor in _PROBES
        )
        if any(one != prices for one in at):
            probed[variable] = at
    kept = {variable: paths[variable] for variable in probed}
    if not all(variable.constant.value for variable in kept):
        return None, kept  # no powers of a value that is nominally 0
    terms: list[Term] = []
    for item, count in counts.items():
        if not (count and prices[item]):
            continue
        seen = {
            variable: (at[0][item] / prices[item], at[1][item] / prices[item])
            for variable, at in probed.items()
            if any(one[item] != prices[item] for one in at)
        }
        found = _law(seen)
        if found is None:
            return None, kept
        energy = float(count * prices[item] / 10**24)
        terms += [Term(energy * share, powers) for share, powers in found]
    if not _holds(machine, kept, counts, terms):
        return None, kept
    return _joined(terms), kept


def _law(
    seen: Mapping[Variable, tuple[float, float]],
) -> list[tuple[float, tuple[tuple[Variable, float], ...]]] | None:
    """Return the terms of one price, as shares of it, from its ratios at the two probes."""
    factors: list[tuple[Variable, float]] = []
    summands: list[tuple[Variable, float]] = []
    for variable, (double, fourfold) in seen.items():
        power = _power(double, fourfold)
        slope = double - 1
        if power is not None:
            factors += [(variable, power)] if power else []
        elif abs(fourfold - 1 - (_PROBES[1] - 1) * slope) < _EXACT * fourfold:
            summands.append((variable, slope))
        else:
            return None
    rest = 1 - sum(slope for _, slope in summands)
    found = [(slope, (*factors, (variable, 1.0))) for variable, slope in summands]
    return found + ([(rest, tuple(factors))] if abs(rest) > _EXACT else [])


def _power(double: float, fourfold: float) -> float | None:
    """Return the power behind two ratios, or None if it is none."""
    if double <= 0 or fourfold <= 0:
        return None
    power = math.log2(double)
    near = round(2 * power) / 2
    if abs(power - near) < _EXACT and abs(math.log2(fourfold) - 2 * near) < 2 * _EXACT:
        return near
    return None


def _holds(
    machine: TiledDescription,
    paths: Mapping[Variable, tuple[str, ...]],
    counts: Mapping[Item, Fraction],
    terms: Sequence[Term],
) -> bool:
    """Return whether the laws give the right energy with all constants moved at once."""
    for turn in (0, 1):
        factors = {
            variable: 0.6 + 0.17 * ((3 * number + turn) % 7)
            for number, variable in enumerate(paths)
        }
        values = {name: factor * name.constant.value for name, factor in factors.items()}
        prices = _prices(machine, paths, values, counts)
        right = float(sum((counts[item] * prices[item] for item in counts), Fraction(0))) / 1e24
        found = sum(
            term.scale * math.prod(factors[name] ** power for name, power in term.powers)
            for term in terms
        )
        if abs(found - right) > _EXACT * abs(right):
            return False
    return True


def _joined(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Return the terms with equal powers added up."""
    sums: dict[tuple[tuple[Variable, float], ...], float] = {}
    for term in terms:
        sums[term.powers] = sums.get(term.powers, 0.0) + term.scale
    return tuple(Term(scale, powers) for powers, scale in sums.items())


def _mean(term: Term, other: Term | None) -> float | None:
    """Return the mean of a term, or of the product of two."""
    powers = dict(term.powers)
    scale = term.scale
    if other is not None:
        scale *= other.scale
        for variable, power in other.powers:
            powers[variable] = powers.get(variable, 0.0) + power
    for variable, power in powers.items():
        moment = variable.moment(power)
        if moment is None:
            return None
        scale *= moment / variable.constant.value**power
    return scale
