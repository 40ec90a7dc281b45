"""run: one workload on one chip with one seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Literal

from threadpoolctl import threadpool_limits

from archsim.chip.build import build
from archsim.chip.chip import Chip
from archsim.chip.description import ChipDescription, CrossbarDescription
from archsim.chip.read import read_chip
from archsim.components.substrate import Substrate
from archsim.engine import Engine, Policy, ReferenceEngine, ReplayEngine
from archsim.errors import InputError
from archsim.frames import cost_share
from archsim.mapping.lower import Lowering
from archsim.mapping.place import place
from archsim.mapping.program import StationTable
from archsim.run.fold import EventRow, Fold
from archsim.run.price import prices
from archsim.run.result import Run
from archsim.spec import dump
from archsim.trace import Recorder
from archsim.workload import WorkloadDescription, read_workload, train

__all__ = ["EngineName", "run"]

EngineName = Literal["auto", "reference"]
Progress = Callable[[str, float], None]
"""Called now and then with what is going on and how far it is, from 0 to 1."""


def run(
    workload: str | WorkloadDescription,
    chip: str | ChipDescription,
    *,
    seed: int = 0,
    settings: Mapping[str, str] | None = None,
    engine: EngineName = "auto",
    policies: Mapping[str, Policy] | None = None,
    events: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Train a workload on a chip and account for every act.

    Parameters
    ----------
    workload, chip : str or description
        ``NAME[:VARIANT]`` of the catalog, a path, or a description already read.
    seed : int
        Seed of all random streams.
    settings : mapping, optional
        Dotted field path → YAML text, as ``chip.PATH`` or ``workload.PATH``; only for references.
    engine : {"auto", "reference"}
        Who does the timing; all engines give equal results.
    policies : mapping, optional
        Station name or pattern → generator function that replaces its queue discipline.
    events : bool
        Keep one row per visit.
    progress : callable, optional
        Told how far the run is.

    Returns
    -------
    Run
        Tables and totals.

    Raises
    ------
    InputError
        If a description is wrong, or the network does not fit the chip.
    ModelError
        If the simulation cannot come to its end.
    """
    chosen = _split(settings or {})
    machine = read_chip(chip, settings=chosen["chip"]) if isinstance(chip, str) else chip
    task = (
        read_workload(workload, settings=chosen["workload"])
        if isinstance(workload, str)
        else workload
    )
    names = (
        workload if isinstance(workload, str) else task.name,
        chip if isinstance(chip, str) else machine.name,
    )
    if not isinstance(machine, CrossbarDescription):
        raise InputError(f"chip {machine.name}: expected a chip of kind crossbar, got {machine.kind}")
    with threadpool_limits(limits=1):
        return _run_crossbar(
            task, machine, names, seed, engine, policies or {}, events=events, progress=progress
        )


def _run_crossbar(
    task: WorkloadDescription,
    machine: CrossbarDescription,
    names: tuple[str, str],
    seed: int,
    engine: EngineName,
    policies: Mapping[str, Policy],
    *,
    events: bool,
    progress: Progress | None,
) -> Run:
    chip = build(machine)
    fold: Fold | None = None
    rows: list[EventRow] | None = [] if events else None
    recorder = Recorder(lambda segment: fold(segment) if fold else None)
    substrate = Substrate(machine.behaviour, task.shapes(), seed=seed, recorder=recorder)
    placement = place(substrate.blocks, planes=machine.behaviour.planes, chip=chip)
    lowering = Lowering(
        chip=chip, placement=placement, joined=machine.behaviour.settling == "analog"
    )
    timer, named = _engine(engine, lowering.stations, policies)
    fold = Fold(lowering=lowering, engine=timer, events=None if rows is None else rows.append)
    meter = _Meter(chip, fold)
    measured: list[Mapping[str, object]] = []
    result = train(
        task,
        substrate,
        seed=seed,
        on_metric=lambda row: measured.append({"run": 0, **row, **meter.read()}),
        progress=progress,
    )
    return Run(
        chip=names[1],
        workload=names[0],
        seed=seed,
        config={"chip": dump(machine), "workload": dump(task)},
        inputs=result.inputs,
        book=fold.ledger,
        prices=prices(chip, lowering.accounts),
        measured=measured,
        trace=recorder.totals,
        placement=placement,
        event_rows=rows,
        policies=named,
        longest_segment=fold.longest,
    )


class _Meter:
    """Reads the training cost off a fold that is still going on."""

    def __init__(self, chip: Chip, fold: Fold) -> None:
        self._chip, self._fold = chip, fold

    def read(self) -> dict[str, float]:
        """Return the training energy and time so far. [J], [s]"""
        ledger = self._fold.ledger
        priced = prices(self._chip, self._fold.lowering.accounts)
        from fractions import Fraction

        energy = Fraction(0)
        for _, account, tally in ledger.actions():
            if cost_share(account.phase, account.action) == "training":
                price, scale = priced.actions[account[1:]]
                energy += Fraction(tally.count * price, scale)
        ticks = sum(
            duration + ledger.gaps[epoch, phase]
            for (epoch, phase), duration in ledger.durations.items()
            if cost_share(phase, "") == "training"
        )
        return {
            "cumulative_energy_j": float(energy / 10**24),
            "cumulative_time_s": float(Fraction(ticks, 10**15)),
        }


def _engine(
    name: EngineName, stations: StationTable, policies: Mapping[str, Policy]
) -> tuple[Engine, tuple[str, ...]]:
    """Return the engine, and the custom policies by the stations they rule."""
    del name  # one engine so far; "auto" and "reference" are the same
    chosen: dict[int, Policy] = {}
    named = []
    for pattern, policy in policies.items():
        hits = [n for n, s in enumerate(stations.stations) if fnmatchcase(s.name, _literal(pattern))]
        if not hits:
            known = ", ".join(station.name for station in stations.stations[:12])
            raise InputError(f"policies: no station is called {pattern!r}; there are {known}")
        chosen.update(dict.fromkeys(hits, policy))
        label = getattr(policy, "__qualname__", type(policy).__qualname__)
        named += [f"{stations[number].name}={label}" for number in hits]
    engine = ReferenceEngine(stations, policies=chosen)
    return (engine if chosen else ReplayEngine(engine)), tuple(sorted(named))


def _literal(pattern: str) -> str:
    """Return a pattern in which brackets are indices, and only * and ? are wild."""
    return pattern.replace("[", "[[]")


def _split(settings: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the settings of the chip and of the workload apart."""
    parts: dict[str, dict[str, str]] = {"chip": {}, "workload": {}}
    for path, text in settings.items():
        part, dot, rest = path.partition(".")
        if part not in parts or not dot:
            raise InputError(
                f"--set {path}: expected a path that begins with chip. or workload., such as "
                f"chip.behaviour.adc.bits=6"
            )
        parts[part][rest] = text
    return parts
