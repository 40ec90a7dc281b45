"""Virtual speed-up: how much sooner a run ends if one component were faster, by simulating it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from archsim.chip.description import TiledDescription
from archsim.errors import InputError
from archsim.runs import Run, run
from archsim.spec import constants, with_values
from archsim.workload import WorkloadDescription

__all__ = ["SpeedUp", "faster", "timed_components", "virtual_speedup"]

_DURATIONS = ("time",)
_RATES = ("frequency", "data_rate", "bandwidth")


class SpeedUp(NamedTuple):
    """What comes of a faster component."""

    component: str
    """Tile class, or ``network``, and role."""
    percent: float
    """How much less time its acts take. [%]"""
    before_ticks: int
    """Training time, or inference time where nothing is trained, as the chip is. [fs]"""
    after_ticks: int
    """The same time with the faster component. [fs]"""

    @property
    def share(self) -> float:
        """By which share of itself the training time shrinks; negative where it grows."""
        return 1 - self.after_ticks / self.before_ticks if self.before_ticks else 0.0


def timed_components(machine: TiledDescription) -> dict[str, tuple[str, ...]]:
    """Return the components that take time, as ``class.role`` → paths of their times and rates.

    Parameters
    ----------
    machine : TiledDescription
        A chip.
    """
    prefixes = {
        f"{group}.{role}": (
            f"tiles.{group}.{role}." if group in machine.tiles else f"network.{role}.",
            f"network.parts.{role}.",
        )
        for group, parts in machine.groups().items()
        for role in parts
    }
    kinds = (*_DURATIONS, *_RATES)
    known = {path: one for path, one in constants(machine).items() if one.dimension in kinds}
    found = {
        name: tuple(path for path in known if path.startswith(starts))
        for name, starts in prefixes.items()
    }
    return {name: paths for name, paths in found.items() if paths}


def faster(machine: TiledDescription, component: str, *, percent: float) -> TiledDescription:
    """Return a chip on which every act of one component takes some per cent less time.

    Parameters
    ----------
    machine : TiledDescription
        The chip as it is.
    component : str
        ``class.role``, as `timed_components` names it.
    percent : float
        How much less time its acts take, above 0 and below 100; 50 is twice as fast. [%]

    Returns
    -------
    TiledDescription
        Its times are (1 − percent/100) of what they were, its rates the inverse. Energies that
        follow from times change with them.

    Raises
    ------
    InputError
        If the chip has no such component, or `percent` is out of range.

    Notes
    -----
    Per cent are of the time, as in [1]_, so that 100 % would be no time at all.

    References
    ----------
    .. [1] C. Curtsinger, E. D. Berger, "Coz: finding code that counts with causal profiling",
       SOSP 2015, doi:10.1145/2815400.2815409.
    """
    if not 0 < percent < 100:
        raise InputError(f"{component}: expected per cent above 0 and below 100, got {percent:g}")
    known = timed_components(machine)
    if component not in known:
        raise InputError(
            f"chip {machine.name}: expected a component that takes time, one of "
            f"{', '.join(known)}, got {component!r}"
        )
    values = constants(machine)
    left = 1 - percent / 100
    return with_values(
        machine,
        {
            path: one.value * left if one.dimension in _DURATIONS else one.value / left
            for path, one in ((path, values[path]) for path in known[component])
        },
    )


def virtual_speedup(
    workload: WorkloadDescription,
    machine: TiledDescription,
    *,
    percent: float,
    components: Sequence[str] = (),
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[SpeedUp, ...]:
    """Return by how much the training time shrinks for each component that could be faster.

    Parameters
    ----------
    workload : WorkloadDescription
        What is trained.
    machine : TiledDescription
        On what.
    percent : float
        How much less time the acts of the component take. [%]
    components : sequence of str, optional
        ``class.role`` each; absent: all that take time.
    seed : int
        Seed of the runs.
    progress : callable, optional
        Told how far it is.

    Returns
    -------
    tuple of SpeedUp
        The largest gain first. Each is a run of its own on the changed chip: no estimate.
    """
    chosen = tuple(components) or tuple(timed_components(machine))
    chips = {name: faster(machine, name, percent=percent) for name in chosen}
    before = _headline_ticks(run(workload, machine, seed=seed))
    found = []
    for number, (name, chip) in enumerate(chips.items()):
        if progress is not None:
            progress(f"{name} {percent:g} % faster", number / len(chips))
        after = _headline_ticks(run(workload, chip, seed=seed))
        found.append(SpeedUp(name, percent, before, after))
    return tuple(sorted(found, key=lambda one: (one.after_ticks, one.component)))


def _headline_ticks(done: Run) -> int:
    """Return the time of what the run was for, gaps included. [fs]."""
    return int(done.totals.time.get(done.totals.headline, Fraction(0)) * 10**15)
