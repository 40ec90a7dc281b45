"""Costing: a chip with its placement, lowering, engine and fold, ready for a trace."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType

from archsim.chip.chip import Chip
from archsim.chip.description import CrossbarDescription
from archsim.engine import Engine, EngineName, Policy, ReplayEngine, Timing, choose
from archsim.engine.policy import policies as registered_policies
from archsim.errors import InputError
from archsim.mapping.lower import Lowering
from archsim.mapping.place import Placement, place
from archsim.mapping.program import Segment, StationTable
from archsim.mapping.traffic import Traffic
from archsim.runs.events import EventSink
from archsim.runs.fold import AnySegment, Fold
from archsim.runs.group import group_prices, grouped
from archsim.runs.price import prices
from archsim.runs.result import Run
from archsim.runs.writes import WriteRow
from archsim.trace import Block, TraceTotals
from archsim.workload import TrainingResult, WorkloadDescription

__all__ = ["Costing", "Hooks", "costing"]

Watch = Callable[[StationTable, Segment, Timing], None]
Through = Callable[[Fold], Callable[[AnySegment], None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What looks into a run while it goes on. A segment may stand for several (its `repeat`)."""

    watch: Watch | None = None
    """Told of every segment: the station table, the segment, its timing."""
    through: Through | None = None
    """Given the fold that lowers, times and books segments, returns what receives each segment of
    the trace in its place; segments that it does not hand on cost nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costing:
    """What turns trace segments into entries of a ledger."""

    chip: Chip
    placement: Placement
    lowering: Lowering
    fold: Fold
    policies: tuple[str, ...]
    """Custom policies, ``station=policy``."""

    def run(
        self,
        *,
        task: WorkloadDescription | None,
        seed: int,
        measured: list[Mapping[str, object]],
        trace: TraceTotals,
        learnt: TrainingResult,
        config: Mapping[str, str] = MappingProxyType({}),
        writes: tuple[WriteRow, ...] = (),
    ) -> Run:
        """Return the run that was charged; arguments as its fields."""
        book, spreads = grouped(self.fold.ledger, self.chip)
        return Run(
            chip=self.chip.name,
            workload="" if task is None else task.name,
            seed=seed,
            config=config,
            inputs=learnt.inputs,
            book=book,
            prices=group_prices(self.chip, book) if spreads else prices(self.chip, book.accounts),
            spreads=spreads,
            measured=measured,
            trace=trace,
            placement=self.placement,
            policies=self.policies,
            longest_segment=self.fold.longest,
            late_windows=self.fold.late,
            machine=self.chip.description,
            task=task,
            learnt=learnt,
            writes=writes,
        )


def costing(
    chip: Chip,
    blocks: Sequence[Block],
    *,
    room: str = "",
    traffic: Callable[[], Traffic] | None = None,
    engine: EngineName = "auto",
    policies: Mapping[str, str | Policy] | None = None,
    events: EventSink | None = None,
    watch: Watch | None = None,
) -> Costing:
    """Return a chip ready to be charged for a trace on these blocks.

    Parameters
    ----------
    chip : Chip
        The chip.
    blocks : sequence of Block
        Blocks of the trace.
    room : str
        What the weights say of the room they need, for a message.
    traffic : callable, optional
        As for `archsim.mapping.place.place`.
    engine, policies
        As for `archsim.run`.
    events : callable, optional
        Receives the events of every segment.
    watch : callable, optional
        As for `Hooks`.

    Raises
    ------
    InputError
        If the chip has too few arrays, or a policy names nothing.
    """
    machine = chip.description
    planes, joined = 1, False
    if isinstance(machine, CrossbarDescription):
        planes, joined = machine.behaviour.planes, machine.behaviour.lockstep
    placement = place(blocks, planes=planes, chip=chip, note=room, traffic=traffic)
    lowering = Lowering(chip=chip, placement=placement, joined=joined)
    stations = lowering.stations
    timer, named = _engine(engine, stations, policies or {})
    fold = Fold(
        lowering=lowering,
        engine=timer,
        events=events,
        watch=None if watch is None else functools.partial(watch, stations),
    )
    return Costing(chip=chip, placement=placement, lowering=lowering, fold=fold, policies=named)


def _engine(
    name: EngineName, stations: StationTable, policies: Mapping[str, str | Policy]
) -> tuple[Engine, tuple[str, ...]]:
    """Return the engine, and the custom policies by the stations they rule."""
    chosen: dict[int, Policy] = {}
    named = []
    for pattern, policy in policies.items():
        hits = [
            n for n, s in enumerate(stations.stations) if fnmatchcase(s.name, _literal(pattern))
        ]
        if not hits:
            known = ", ".join(station.name for station in stations.stations[:12])
            raise InputError(f"policies: no station is called {pattern!r}; there are {known}")
        label = policy if isinstance(policy, str) else policy.__qualname__
        chosen.update(dict.fromkeys(hits, _policy(policy)))
        named += [f"{stations[number].name}={label}" for number in hits]
    engine = choose(name, stations, chosen)
    return (engine if chosen else ReplayEngine(engine)), tuple(sorted(named))


def _policy(policy: str | Policy) -> Policy:
    """Return the policy, looked up if it is a name."""
    if not isinstance(policy, str):
        return policy
    known = registered_policies()
    if policy not in known:
        names = ", ".join(sorted(known)) or "none"
        raise InputError(
            f"policies: expected one of the registered policies ({names}), got {policy!r}"
        )
    return known[policy]


def _literal(pattern: str) -> str:
    """Return a pattern in which brackets are indices, and only * and ? are wild."""
    return pattern.replace("[", "[[]")
