"""run: one workload on one chip with one seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from threadpoolctl import threadpool_limits

import archsim.baseline  # noqa: F401  (registers chips of kind gpu)
from archsim.chip.build import build
from archsim.chip.description import ChipDescription, TiledDescription
from archsim.chip.read import read_chip
from archsim.components.substrate import Substrate
from archsim.engine import EngineName, Policy
from archsim.errors import InputError
from archsim.runs.costing import Watch, costing
from archsim.runs.events import EventBatch, EventSink
from archsim.runs.fold import Fold
from archsim.runs.group import group_prices, grouped
from archsim.runs.placed import blocks_of, ground_of, known_traffic, tiled
from archsim.runs.price import Meter, prices
from archsim.runs.result import Run
from archsim.runs.writes import WriteRow, write_rows
from archsim.spec import dump
from archsim.trace import AnySegment, Recorder
from archsim.workload import TrainingResult, WorkloadDescription, read_workload, train

__all__ = ["EngineName", "run"]

Through = Callable[[Fold], Callable[[AnySegment], None]]
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
    watch: Watch | None = None,
    through: Through | None = None,
    each_tile: bool = False,
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
        Who does the timing; all engines give equal results. The fast one takes no policies, and
        compiles itself once on a machine.
    policies : mapping, optional
        Station name or pattern (``*.adc``) → registered name, or generator function, of what
        replaces its queue discipline.
    events : bool or callable
        True keeps one row per booked count of every visit; a callable receives them instead, as an
        `EventBatch` for every segment, and memory stays bounded.
    watch : callable, optional
        Told of every segment: the station table, the segment, its timing. A segment may stand for
        several (`Segment.repeat`), unless there are events or policies.
    through : callable, optional
        Given the fold that lowers, times and books segments, returns what receives each segment of
        the trace in its place; segments that it does not hand on cost nothing. One may stand for
        several, as for `watch`.
    each_tile : bool
        Whether the ledger of a synthetic workload has rows for each tile on a chip of very many
        (more than `archsim.mapping.accounts.DETAIL_LIMIT`) too; else it has one for each class.
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
    machine = tiled(read_chip(chip, settings=chosen["chip"]) if isinstance(chip, str) else chip)
    if isinstance(workload, str):
        task = read_workload(workload, settings=chosen["workload"])
    else:
        task = workload
    kept: list[EventBatch] | None = [] if events is True else None
    sink = events if callable(events) else kept.append if kept is not None else None
    with threadpool_limits(limits=1):
        bench = _Bench(task, machine, seed, engine, policies or {}, sink, watch)
        if through is not None:
            bench.pass_through(through)
        bench.lowering.each_tile = each_tile or sink is not None
        measured, learnt = bench.train(progress)
    book, spreads = grouped(bench.fold.ledger, bench.chip)
    return Run(
        chip=chip if isinstance(chip, str) else machine.name,
        workload=workload if isinstance(workload, str) else task.name,
        seed=seed,
        config={"chip": dump(machine), "workload": dump(task)},
        inputs=learnt.inputs,
        book=book,
        prices=group_prices(bench.chip, book) if spreads else prices(bench.chip, book.accounts),
        spreads=spreads,
        measured=measured,
        trace=bench.recorder.totals,
        placement=bench.placement,
        event_batches=kept,
        policies=bench.policies,
        longest_segment=bench.fold.longest,
        late_windows=bench.fold.late,
        machine=machine,
        task=task,
        learnt=learnt,
        writes=bench.writes(),
    )


class _Bench:
    """Everything of a run, set up and wired: substrate, recorder, lowering, engine, fold."""

    def __init__(
        self,
        task: WorkloadDescription,
        machine: TiledDescription,
        seed: int,
        engine: EngineName,
        policies: Mapping[str, str | Policy],
        events: EventSink | None,
        watch: Watch | None,
    ) -> None:
        self.task, self.seed = task, seed
        self.recorder = Recorder(self._fold_segment)
        self.substrate = ground_of(task, machine, seed=seed, recorder=self.recorder)
        ground = self.substrate
        line = costing(
            build(machine),
            blocks_of(task, ground),
            room=ground.room if isinstance(ground, Substrate) else "",
            traffic=known_traffic(task, machine),
            engine=engine,
            policies=policies,
            events=events,
            watch=watch,
        )
        self.chip, self.placement, self.fold = line.chip, line.placement, line.fold
        self.lowering, self.policies = line.lowering, line.policies
        each = events is not None or bool(policies)
        self.recorder.merge = None if each else self.lowering.timed
        self._receive: Callable[[AnySegment], None] = self.fold

    def writes(self) -> tuple[WriteRow, ...]:
        """Return how many cells of each array were written how often."""
        if not isinstance(self.substrate, Substrate):
            return ()
        return write_rows(self.substrate.cell_writes(), self.placement)

    def pass_through(self, through: Through) -> None:
        """Let something else receive the segments before the fold does."""
        self._receive = through(self.fold)

    def _fold_segment(self, segment: AnySegment) -> None:
        self._receive(segment)

    def train(self, progress: Progress | None) -> tuple[list[Mapping[str, object]], TrainingResult]:
        """Train, and return the metrics with the cost so far, and how well it was learnt."""
        meter = Meter(self.chip, self.fold.ledger)
        measured: list[Mapping[str, object]] = []

        def on_metric(row: Mapping[str, object]) -> None:
            energy, time = meter.read()
            cost = {"cumulative_energy_j": energy, "cumulative_time_s": time}
            measured.append({"run": 0, **row, **cost})

        result = train(
            self.task, self.substrate, seed=self.seed, on_metric=on_metric, progress=progress
        )
        return measured, result


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
