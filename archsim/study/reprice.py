"""Repricing: a finished run under other prices, exactly, or at many points at once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from archsim.chip import component_tables
from archsim.chip.description import TiledDescription, tile_class
from archsim.components.component import Component
from archsim.errors import InputError, ModelError, ResourceError
from archsim.frames import STATIC_PREFIX, cost_share
from archsim.ledger import STATE_SCALE, Price, Prices
from archsim.runs.result import Run

__all__ = ["ENERGY_PARTS", "PriceAxis", "PriceMatrix", "full_paths", "repriced"]

Tables = Mapping[str, Mapping[str, Component]]
Variant = Callable[[Mapping[str, str]], TiledDescription]
"""From field path → YAML text to the run's chip with these fields set."""
_Part = tuple[str, str]
"""Tile class and component."""

ENERGY_PARTS = ("training", "inference", "evaluate", "initialise", "static")
"""Parts of the cost, in the order of the rows of the matrix."""
_MOST_JOINT = 100_000


def full_paths(machine: TiledDescription, path: str) -> tuple[str, ...]:
    """Return the fields that a path of a chip means.

    ``tiles.adc.energy`` names the ADCs of all classes of tiles that have one; all other paths mean
    themselves, with ``chip.`` before them or not.

    Examples
    --------
    >>> from archsim.chip import read_chip
    >>> full_paths(read_chip("madem_64"), "tiles.adc.energy")
    ('tiles.array.adc.energy',)
    """
    path = path.removeprefix("chip.")
    top, _, rest = path.partition(".")
    name, _, field = rest.partition(".")
    if top != "tiles" or not field or name in machine.tiles:
        return (path,)
    found = tuple(
        f"tiles.{group}.{rest}" for group, parts in machine.tiles.items() if name in parts
    )
    return found or (path,)


def repriced(run: Run, machine: TiledDescription) -> Run:
    """Return a run with the prices of another description of its chip.

    Parameters
    ----------
    run : Run
        A finished run.
    machine : TiledDescription
        Its chip, with other prices.

    Returns
    -------
    Run
        The same counts and times; energies are exact, as those of a new run would be.

    Raises
    ------
    InputError
        If the chips differ in a time or in what counts: that needs a run.
    """
    before = _tables(run)
    after = component_tables(machine)
    _require_equal_times(before, after)
    actions = {
        (tile, component, action): Price(
            _price(after, (_group(before, tile, component), component), action), price.count_scale
        )
        for (tile, component, action), price in run.prices.actions.items()
    }
    leakage = {
        (tile, component, state): after[_group(before, tile, component)][component].leakage_aw[
            state
        ]
        for tile, component, state in run.prices.leakage_aw
    }
    prices = Prices(actions=actions, leakage_aw=leakage)
    return replace(run, prices=prices, machine=machine, config={})


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAxis:
    """A field of the chip and the values that it takes."""

    label: str
    """Name of its column."""
    paths: tuple[str, ...]
    """Fields that are set, all to the same value."""
    values: tuple[str, ...]
    """YAML texts."""


class PriceMatrix:
    """The energy of a run at many prices: one product of counts and prices.

    Parameters
    ----------
    run : Run
        A finished run.
    axes : sequence of PriceAxis
        What varies.
    variant : callable
        Returns the run's chip with fields set.

    Raises
    ------
    InputError
        If a value does not fit, or changes more than prices.
    ResourceError
        If too many axes meet in the price of one component.

    Notes
    -----
    E = C p with C (parts of the cost × acts) the counts, p the prices at a point, in float64: what
    it gives is approximate, to some 10⁻¹⁵ of the exact sum a term.
    """

    def __init__(self, run: Run, axes: Sequence[PriceAxis], variant: Variant) -> None:
        self.axes = tuple(axes)
        tables = _tables(run)
        items, self._counts = _count_matrix(run, tables)
        moved = [self._moved(tables, axis, variant) for axis in axes]
        self._fixed: list[int] = []
        self._blocks: list[tuple[tuple[int, ...], list[int], NDArray[np.float64]]] = []
        self._nominal = np.array([_price(tables, item[:2], item[2]) for item in items], float)
        for part in dict.fromkeys(item[:2] for item in items):
            rows = [number for number, item in enumerate(items) if item[:2] == part]
            felt = tuple(number for number, parts in enumerate(moved) if part in parts)
            if not felt:
                continue
            names = [items[row][2] for row in rows]
            self._blocks.append((felt, rows, self._joint(tables, felt, part, names, variant)))

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(axis.values) for axis in self.axes)

    def energies(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the energy at points, approximate to 10⁻¹² of itself.

        Parameters
        ----------
        steps : ndarray of int64, shape (points, axes)
            Which value of each axis.

        Returns
        -------
        ndarray, shape (points, parts)
            Energy by `ENERGY_PARTS`. [J]
        """
        energies = np.zeros((len(steps), len(ENERGY_PARTS)))
        moving = np.zeros(len(self._nominal), dtype=bool)
        for felt, rows, prices in self._blocks:
            moving[rows] = True
            place = np.ravel_multi_index(
                tuple(steps[:, number] for number in felt),
                tuple(len(self.axes[number].values) for number in felt),
            )
            energies += (prices @ self._counts[:, rows].T)[place]
        energies += self._counts[:, ~moving] @ self._nominal[~moving]
        return energies

    @staticmethod
    def _moved(tables: Tables, axis: PriceAxis, variant: Variant) -> set[_Part]:
        """Return the components that an axis may change."""
        moved: set[_Part] = set()
        for path in axis.paths:
            top, group, role, *_ = (*path.split("."), "", "")
            moved.add((group, role) if top == "tiles" else ("network", group))
        for value in axis.values:
            after = component_tables(variant(dict.fromkeys(axis.paths, value)))
            _require_equal_times(tables, after, axis=axis.label)
            for group, parts in tables.items():
                for role, part in parts.items():
                    if _prices_of(part) != _prices_of(after[group][role]):
                        moved.add((group, role))
        return moved

    def _joint(
        self,
        tables: Tables,
        felt: tuple[int, ...],
        part: _Part,
        names: Sequence[str],
        variant: Variant,
    ) -> NDArray[np.float64]:
        """Return prices of a component at every combination of the axes that it feels. [yJ, aW]."""
        axes = [self.axes[number] for number in felt]
        count = math.prod(len(axis.values) for axis in axes)
        if count > _MOST_JOINT:
            met = ", ".join(axis.label for axis in axes)
            raise ResourceError(
                f"reprice: {met} meet in {'.'.join(part)}: expected at most {_MOST_JOINT} "
                f"combinations, got {count}"
            )
        rows = []
        for values in itertools.product(*(axis.values for axis in axes)):
            settings = {
                path: value for axis, value in zip(axes, values, strict=True) for path in axis.paths
            }
            after = component_tables(variant(settings))
            _require_equal_times(tables, after)
            rows.append([float(_price(after, part, name)) for name in names])
        return np.array(rows)


def _tables(run: Run) -> Tables:
    if run.machine is None:
        raise InputError(f"run on {run.chip}: expected a crossbar chip, whose prices can change")
    tables = component_tables(run.machine)
    for (tile, component, action), price in run.prices.actions.items():
        group = _group(tables, tile, component)
        if _price(tables, (group, component), action) != price.price_yj:
            raise ModelError(
                f"run on {run.chip}: its description prices {group}.{component}.{action} otherwise "
                "than its ledger; was a component registered anew?"
            )
    return tables


def _group(tables: Tables, tile: str, component: str) -> str:
    """Return the class that a component of a tile, router or link is described under."""
    name = tile_class(tile)
    return name if component in tables.get(name, {}) else "network"


def _price(tables: Tables, part: _Part, action: str) -> int:
    """Return the price of an act, or the leakage of a power state."""
    component = tables[part[0]][part[1]]
    state = action.removeprefix(STATIC_PREFIX)
    return component.leakage_aw[state] if state != action else component.actions[action].price_yj


def _prices_of(part: Component) -> tuple[object, ...]:
    return dict(part.leakage_aw), {name: act.price_yj for name, act in part.actions.items()}


def _require_equal_times(before: Tables, after: Tables, *, axis: str = "") -> None:
    for group, parts in before.items():
        for role, part in parts.items():
            other = after[group][role]
            same = part.servers == other.servers and all(
                (act.latency, act.interval)
                == (other.actions[name].latency, other.actions[name].interval)
                for name, act in part.actions.items()
            )
            if not same:
                name = f"{axis}: " if axis else ""
                raise InputError(
                    f"{name}needs a run: it changes how long {group}.{role} takes, not only what "
                    "it costs"
                )


def _count_matrix(
    run: Run, tables: Tables
) -> tuple[list[tuple[str, str, str]], NDArray[np.float64]]:
    """Return acts, and how often each was done in each part of the cost, in joules a price."""
    counts: dict[tuple[str, str, str], dict[str, Fraction]] = {}

    def add(tile: str, component: str, action: str, part: str, count: Fraction) -> None:
        item = (_group(tables, tile, component), component, action)
        row = counts.setdefault(item, {})
        row[part] = row.get(part, Fraction(0)) + count

    for _, account, tally in run.book.actions():
        scale = run.prices.actions[account[1:]].count_scale
        part = cost_share(account.phase, account.action)
        add(account.tile, account.component, account.action, part, Fraction(tally.count, scale))
    for row in run.book.states(run.prices):
        share = Fraction(row.ticks, STATE_SCALE)
        add(row.tile, row.component, STATIC_PREFIX + row.state, "static", share)
    matrix = [
        [float(counts[item].get(part, Fraction(0)) / 10**24) for item in counts]
        for part in ENERGY_PARTS
    ]
    return list(counts), np.array(matrix)
