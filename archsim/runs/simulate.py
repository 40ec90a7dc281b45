"""run: one workload on one chip with one seed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from threadpoolctl import threadpool_limits

import archsim.baseline  # noqa: F401  (registers chips of kind gpu)
from archsim.chip.build import build
from archsim.chip.description import ChipDescription, TiledDescription
from archsim.chip.read import read_chip
from archsim.components.substrate import Substrate
from archsim.engine import EngineName, Policy
from archsim.runs.costing import Costing, Hooks, costing
from archsim.runs.events import EventBatch, EventSink
from archsim.runs.placed import blocks_of, ground_of, known_traffic, tiled
from archsim.runs.price import Meter
from archsim.runs.result import Run
from archsim.runs.writes import WriteRow, write_rows
from archsim.spec import dump, parted
from archsim.trace import AnySegment, Recorder
from archsim.workload import TrainingResult, WorkloadDescription, read_workload, train

__all__ = ["EngineName", "run"]

Progress = Callable[[str, float], None]
"""Called now and then with what is going on and how far it is, from 0 to 1."""


def run(  # noqa: PLR0913 (all but two are keywords with defaults)
    workload: str | WorkloadDescription,
    chip: str | ChipDescription,
    *,
    seed: int = 0,
    settings: Mapping[str, str] | None = None,
    engine: EngineName = "auto",
    policies: Mapping[str, str | Policy] | None = None,
    events: bool | EventSink = False,
    each_tile: bool = False,
    hooks: Hooks | None = None,
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
    engine : {"auto", "fast", "reference"}
        Who does the timing; all engines give equal results. The fast one takes no policies.
    policies : mapping, optional
        Station name or pattern (``*.adc``) → registered name, or generator function, of what
        replaces its queue discipline.
    events : bool or callable
        True keeps one row per booked count of every visit; a callable receives them instead, as an
        `EventBatch` for every segment, and memory stays bounded.
    each_tile : bool
        Whether the ledger of a synthetic workload has rows for each tile of a chip of very many
        too (above `archsim.mapping.accounts.DETAIL_LIMIT`); else it has one for each class.
    hooks : Hooks, optional
        What looks into the run while it goes on.
    progress : callable, optional
        Told how far the run is.

    Raises
    ------
    InputError
        If a description is wrong, or the network does not fit the chip.
    ModelError
        If the simulation cannot come to its end.
    """
    task, machine = _described(workload, chip, settings or {})
    kept: list[EventBatch] | None = [] if events is True else None
    sink = events if callable(events) else kept.append if kept is not None else None
    wire = functools.partial(costing, engine=engine, policies=policies, events=sink)
    with threadpool_limits(limits=1):
        bench = _Bench(task, machine, seed, wire, hooks or Hooks())
        bench.lowering.each_tile = each_tile or sink is not None
        done = bench.run(progress)
    done.event_batches = kept
    done.chip = chip if isinstance(chip, str) else machine.name
    done.workload = workload if isinstance(workload, str) else task.name
    return done


def _described(
    workload: str | WorkloadDescription, chip: str | ChipDescription, settings: Mapping[str, str]
) -> tuple[WorkloadDescription, TiledDescription]:
    """Return the descriptions that references stand for."""
    chosen = parted(settings)
    machine = read_chip(chip, settings=chosen["chip"]) if isinstance(chip, str) else chip
    if isinstance(workload, str):
        workload = read_workload(workload, settings=chosen["workload"])
    return workload, tiled(machine)


class _Bench:
    """Everything of a run, set up and wired: substrate, recorder, lowering, engine, fold."""

    def __init__(
        self,
        task: WorkloadDescription,
        machine: TiledDescription,
        seed: int,
        wire: Callable[..., Costing],
        hooks: Hooks,
    ) -> None:
        self.task, self.machine, self.seed = task, machine, seed
        self.recorder = Recorder(self._fold_segment)
        self.substrate = ground_of(task, machine, seed=seed, recorder=self.recorder)
        ground = self.substrate
        self.line = wire(
            build(machine),
            blocks_of(task, ground),
            room=ground.room if isinstance(ground, Substrate) else "",
            traffic=known_traffic(task, machine),
            watch=hooks.watch,
        )
        self.fold, self.lowering = self.line.fold, self.line.lowering
        each = self.fold.events is not None or bool(self.line.policies)
        self.recorder.merge = None if each else self.lowering.timed
        self._receive = self.fold if hooks.through is None else hooks.through(self.fold)

    def run(self, progress: Progress | None) -> Run:
        """Train, and return the run."""
        measured, learnt = self._train(progress)
        return self.line.run(
            task=self.task,
            seed=self.seed,
            measured=measured,
            trace=self.recorder.totals,
            learnt=learnt,
            config={"chip": dump(self.machine), "workload": dump(self.task)},
            writes=self._writes(),
        )

    def _writes(self) -> tuple[WriteRow, ...]:
        """Return how many cells of each array were written how often."""
        if not isinstance(self.substrate, Substrate):
            return ()
        return write_rows(self.substrate.cell_writes(), self.line.placement)

    def _fold_segment(self, segment: AnySegment) -> None:
        self._receive(segment)

    def _train(
        self, progress: Progress | None
    ) -> tuple[list[Mapping[str, object]], TrainingResult]:
        """Train, and return the metrics with the cost so far, and how well it was learnt."""
        meter = Meter(self.line.chip, self.fold.ledger)
        measured: list[Mapping[str, object]] = []

        def on_metric(row: Mapping[str, object]) -> None:
            energy, time = meter.read()
            cost = {"cumulative_energy_j": energy, "cumulative_time_s": time}
            measured.append({"run": 0, **row, **cost})

        result = train(
            self.task, self.substrate, seed=self.seed, on_metric=on_metric, progress=progress
        )
        return measured, result
