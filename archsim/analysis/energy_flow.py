"""Energy flow: where the energy of a run goes, as a table of flows that a Sankey diagram takes."""

from __future__ import annotations

from typing import NamedTuple

from archsim.analysis.difference import HALF_UNIT, energies
from archsim.frames import STATIC_PREFIX, cost_share
from archsim.runs import Run

__all__ = ["ROOT", "Flow", "energy_flow"]

ROOT = "energy"
"""The one source that nothing flows into."""


class Flow(NamedTuple):
    """Energy on its way from the whole to an act."""

    source: str
    target: str
    value: int
    """[yJ / HALF_UNIT]"""

    @property
    def joules(self) -> float:
        """The value, for reading. [J]."""
        return self.value / (HALF_UNIT * 10**24)


def energy_flow(done: Run) -> tuple[Flow, ...]:
    """Return the flows of energy: whole → part of the cost → phase → component → act.

    Parameters
    ----------
    done : Run
        A run.

    Returns
    -------
    tuple of Flow
        One for each pair of neighbours, the largest first at every level. Of every node but the
        first and the last ones, what flows in is exactly what flows out. The names of a node tell
        its level: ``training``, ``phase free``, ``array``, ``array.cell_read``; those of static
        energy stand apart from the others (``array, static``).
    """
    sums: dict[tuple[int, str, str], int] = {}
    for item, one in energies(done).items():
        share = cost_share(item.phase, item.action)
        static = item.action.startswith(STATIC_PREFIX)
        part = f"{item.component}, static" if static else item.component
        phase = f"phase {item.phase}, static" if static else f"phase {item.phase}"
        nodes = (ROOT, share, phase, part, f"{item.component}.{item.action}")
        value = 2 * one.acts * one.price
        for level in range(len(nodes) - 1):
            key = (level, nodes[level], nodes[level + 1])
            sums[key] = sums.get(key, 0) + value
    ordered = sorted(sums.items(), key=lambda pair: (pair[0][0], -pair[1], pair[0]))
    return tuple(Flow(source, target, value) for (_, source, target), value in ordered if value)
