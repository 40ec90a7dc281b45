"""Sampled runs as tables: totals with what chance left open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archsim.analysis.estimate import Estimate
from archsim.analysis.sampling import SampledRun, sampled_run
from archsim.report.page import Page, Section
from archsim.report.session import Request
from archsim.report.tables import Column, Table

__all__ = ["SampledSession", "estimated"]


@dataclass(frozen=True, slots=True)
class SampledSession:
    """A sampled run, as a command shows it."""

    found: SampledRun

    def summary(self) -> dict[str, Any]:
        """Return totals with their intervals for programs, in SI."""
        found = self.found
        return {
            "chip": found.run.chip,
            "workload": found.run.workload,
            "seed": found.run.seed,
            "segments": found.segments,
            "simulated": found.simulated,
            "energy_j": {part: one._asdict() for part, one in found.energy.items()},
            "time_s": {part: one._asdict() for part, one in found.time.items()},
        }

    def short_page(self) -> Page:
        """Return totals with their intervals."""
        done = self.found.run
        table = _table(self.found)
        lead = f"{self.found.simulated:,} of {self.found.segments:,} segments were simulated."
        title = f"{done.workload} on {done.chip}, seed {done.seed}, sampled"
        return Page(title=title, lead=(lead,), sections=(Section(title="Cost", items=(table,)),))


def estimated(
    request: Request,
    *,
    fraction: float,
    progress: Callable[[str, float], None] | None = None,
) -> SampledSession:
    """Return the totals of a requested run, from about so large a share of its segments.

    Parameters
    ----------
    request : Request
        What is to be run.
    fraction : float
        Share of the segments, above 0 and up to 1.
    progress : callable, optional
        Told how far it is.

    Raises
    ------
    InputError
        If a description is wrong, or the workload is paced in real time.
    """
    found = sampled_run(
        request.workload,
        request.chip,
        fraction=fraction,
        seed=request.seed,
        settings=request.settings,
        progress=progress,
    )
    return SampledSession(found)


def _table(found: SampledRun) -> Table:
    rows = []
    for part, energy in found.energy.items():
        time = found.time.get(part)
        ends = _ends(time) if time is not None else (None, None, None)
        rows.append((part, *_ends(energy), *ends))
    names = ("energy", "from", "to")
    return Table(
        title="What it costs, about",
        columns=(
            Column(name="part"),
            *(Column(name=name, unit="J", style="quantity", group="energy") for name in names),
            *(
                Column(name=name, unit="s", style="quantity", group="time")
                for name in ("time", "from", "to")
            ),
        ),
        rows=tuple(rows),
        note="From and to are the ends of 95 % intervals of what chance left out; constants are "
        "nominal. Learning is done in full, so accuracy is not estimated.",
    )


def _ends(one: Estimate) -> tuple[float, float, float]:
    return one.value, one.low, one.high
