"""Sessions: one run from its references to its folder."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from archsim import catalog
from archsim.analysis import interval
from archsim.catalog import Kind
from archsim.chip import ChipDescription, read_published
from archsim.engine import EngineName
from archsim.report.accuracy import last_metrics
from archsim.report.claims import Finding
from archsim.report.event_file import Compression, EventFile, require_parquet
from archsim.report.figures import dominant_table, figures
from archsim.report.files import write_run
from archsim.report.folder import Claim
from archsim.report.gpu import catalog_gpus, gpu_boundary, gpu_findings, gpu_rows, gpu_section
from archsim.report.markdown import Context, run_markdown
from archsim.report.page import Page, Section
from archsim.report.plots import require_plots, write_plots
from archsim.report.sections import accuracy_section, breakdown_section, totals_section
from archsim.runs import Run, run
from archsim.runs.events import EventSink
from archsim.workload import AttractorDescription, WorkloadDescription

__all__ = [
    "Clock",
    "Progress",
    "Request",
    "Session",
    "run_and_write",
    "run_only",
    "run_summary",
    "seen_beside",
]

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be run, and what is to be kept of it."""

    workload: str
    """Reference of the workload."""
    chip: str
    """Reference of the chip."""
    seed: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    """``chip.PATH`` or ``workload.PATH`` → YAML text."""
    engine: EngineName = "auto"
    events: bool = False
    """Keep every visit, in the folder of the run."""
    compression: Compression = "zstd"
    """How the file of events is compressed."""
    each_tile: bool = False
    """Rows for each tile on a chip of very many too."""
    plots: bool = False
    """Draw the breakdowns."""
    ranges: bool = True
    """Simulate twice more for the range of the training time, if a report is written."""
    policies: Mapping[str, str] = field(default_factory=dict)
    """Station or pattern → registered policy."""

    def require_packages(self) -> None:
        """Check that optional packages are there, before anything is simulated.

        Raises
        ------
        InputError
            If one is asked for and missing; the text says what to install.
        """
        if self.events:
            require_parquet()
        if self.plots:
            require_plots()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A run with what it is seen beside."""

    run: Run
    context: Context

    def summary(self) -> dict[str, Any]:
        """Return totals for programs, in SI."""
        return run_summary(self.run)

    def short_page(self) -> Page:
        """Return what the terminal shows: cost, accuracy and breakdown."""
        run = self.run
        return Page(
            title=f"{run.workload} on {run.chip}, seed {run.seed}",
            sections=(totals_section(run), accuracy_section(run), breakdown_section(run)),
        )


def run_summary(run: Run) -> dict[str, Any]:
    """Return the totals of a run, in SI: energies [J], times [s], last metrics."""
    totals = run.totals
    return {
        "chip": run.chip,
        "workload": run.workload,
        "seed": run.seed,
        "training_energy_j": totals.training_energy,
        "training_time_s": totals.training_time,
        "energy_j": {part: float(value) for part, value in totals.energy.items()},
        "time_s": {part: float(value) for part, value in totals.time.items()},
        "grand_energy_j": float(totals.grand_energy),
        "grand_time_s": float(totals.grand_time),
        "metrics": last_metrics(run.metrics),
    }


def run_only(
    request: Request,
    *,
    events: EventSink | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train a workload on a chip; both are called by name and variant, whatever path they had.

    Parameters
    ----------
    request : Request
        What is to be run.
    events : callable, optional
        Receives the events of every segment.
    progress : callable, optional
        Told how far it is.
    """
    done = run(
        request.workload,
        request.chip,
        seed=request.seed,
        settings=request.settings,
        engine=request.engine,
        policies=request.policies or None,
        events=events or False,
        each_tile=request.each_tile,
        progress=progress,
    )
    done.chip = _label("chips", request.chip, done.machine)
    done.workload = _label("workloads", request.workload, done.task)
    return done


def run_and_write(
    request: Request, *, folder: Claim | None = None, progress: Progress | None = None
) -> Session:
    """Train a workload on a chip and, given a folder, fill and commit it.

    Parameters
    ----------
    request : Request
        What is to be run.
    folder : Claim, optional
        Where results go; absent: nowhere.
    progress : callable, optional
        Told how far it is.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    clock = Clock()
    with _event_sink(request, folder) as events:
        done = run_only(request, events=events, progress=progress)
    simulated = clock.seconds
    context = seen_beside(done, request) if folder is not None else Context()
    if folder is not None:
        log = clock.log(
            engine=request.engine,
            segments=done.book.segments,
            visits=done.book.visits,
            seconds_of_simulation=f"{simulated:.3f}",
        )
        write_run(folder, done, report=run_markdown(done, context), log=log)
        if request.plots:
            write_plots(folder, done)
        folder.commit()
    return Session(run=done, context=context)


@contextlib.contextmanager
def _event_sink(request: Request, folder: Claim | None) -> Iterator[EventSink | None]:
    """Give what takes the events of a run into its folder; None if they are not wanted."""
    if folder is None or not request.events:
        yield None
        return
    with (
        folder.open("events.parquet") as file,
        EventFile(file, compression=request.compression) as events,
    ):
        yield events.add


def seen_beside(done: Run, request: Request) -> Context:
    """Return the GPUs of the catalog and the published figures of the chip, beside a run."""
    published = read_published(request.chip)
    if not isinstance(done.task, AttractorDescription):
        return Context(published=published)
    own = figures(done, sample_time=request.ranges)
    several = {own.of: own}
    rows = gpu_rows(own, done.task, catalog_gpus())
    found = {
        "training_time": [Finding(own.of, own.time)],
        "training_energy": [Finding(own.of, interval(own.energy))],
        **gpu_findings(rows, published),
    }
    return Context(
        baselines=(
            Section(title="Ranges", items=(dominant_table(several),)),
            gpu_section(several, rows, published),
        ),
        boundary=gpu_boundary(rows),
        published=published,
        found=found,
    )


def _label(
    kind: Kind, reference: str, described: ChipDescription | WorkloadDescription | None
) -> str:
    """Return the name of a description with its variant; never the path it was read from."""
    if described is None:
        return reference
    variant = catalog.find(kind, reference)[1]
    return f"{described.name}:{variant}" if variant else described.name


class Clock:
    """Measures how long a session takes, for its log."""

    def __init__(self) -> None:
        self._begin = datetime.now(tz=UTC)
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Time [s] since the beginning."""
        return time.perf_counter() - self._start

    def log(self, **further: object) -> dict[str, object]:
        """Return what may differ from run to run: clock times, host, engine."""
        return {
            "begin": self._begin.isoformat(timespec="seconds"),
            "seconds": f"{self.seconds:.3f}",
            "host": platform.node(),
            "platform": platform.platform(),
            "processors": os.cpu_count(),
            "workers": 1,
            **further,
        }
