"""Recorded runs: a workload trained once, and chips that are charged for it afterwards."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any
from zipfile import BadZipFile

from pydantic import BaseModel
from threadpoolctl import threadpool_limits

from archsim.chip.chip import Chip
from archsim.chip.description import TiledDescription
from archsim.components.roles import ROLES
from archsim.components.substrate import Substrate
from archsim.engine import EngineName
from archsim.errors import StorageError
from archsim.mapping.lower import FRONT_END
from archsim.mapping.traffic import traffic_of
from archsim.runs.costing import Costing, costing
from archsim.runs.placed import blocks_of, ground_of
from archsim.runs.price import Meter
from archsim.runs.result import Run
from archsim.spec import Constant
from archsim.trace import BatchSegment, Block, Blocks, Recorder, TraceTotals
from archsim.trace.batches import BlockGrid
from archsim.trace.tape import Tape
from archsim.trace.tape_file import read_tape, write_tape
from archsim.workload import TrainingResult, WorkloadDescription, train

__all__ = ["Charger", "Recorded", "read_recorded", "record", "write_recorded"]

Progress = Callable[[str, float], None]

_ANY_TIMED = frozenset(
    f"{name}.{action}"
    for name, role in ROLES.items()
    if name not in FRONT_END
    for action in role.actions
)
"""Acts that take time on some chip."""
_PRICES = frozenset(("energy", "energy_per_bit", "energy_per_byte", "power", "area"))
"""Dimensions of constants that no time depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A training with its trace; it knows no chip, only the behaviour that it was trained on."""

    tape: Tape
    marks: tuple[tuple[int, Mapping[str, object]], ...]
    """Segments before a measurement, and its row: epoch, step, phase, metric, value."""
    learnt: TrainingResult
    totals: TraceTotals
    blocks: Sequence[Block]
    room: str
    """What the weights say of the room they need."""


def record(
    task: WorkloadDescription,
    machine: TiledDescription,
    *,
    seed: int,
    progress: Progress | None = None,
) -> Recorded:
    """Train a workload on the behaviour of a chip and keep its trace.

    Parameters
    ----------
    task : WorkloadDescription
        What to learn.
    machine : TiledDescription
        The chip, of which training feels the behaviour only; any other of equal behaviour does.
    seed : int
        Seed of all random streams.
    progress : callable, optional
        Told how far the training is.

    Raises
    ------
    InputError
        If the chip lacks what the workload needs.
    """
    tape = Tape()
    marks: list[tuple[int, Mapping[str, object]]] = []
    recorder = Recorder(tape.append, merge=_ANY_TIMED)
    with threadpool_limits(limits=1):
        ground = ground_of(task, machine, seed=seed, recorder=recorder)
        learnt = train(
            task,
            ground,
            seed=seed,
            on_metric=lambda row: marks.append((tape.length, dict(row))),
            progress=progress,
        )
    return Recorded(
        tape=tape,
        marks=tuple(marks),
        learnt=learnt,
        totals=recorder.totals,
        blocks=blocks_of(task, ground),
        room=ground.room if isinstance(ground, Substrate) else "",
    )


class Charger:
    """Charges chips for one recorded training; chips that differ in prices only share a ledger.

    Parameters
    ----------
    recorded : Recorded
        The training.
    kept : int
        Ledgers that are kept for later chips; the ones used longest ago go first.
    """

    def __init__(self, recorded: Recorded, *, kept: int = 16) -> None:
        self.recorded = recorded
        self._kept = kept
        self._books: OrderedDict[str, Costing] = OrderedDict()

    def charge(
        self,
        chip: Chip,
        *,
        task: WorkloadDescription | None = None,
        seed: int = 0,
        metrics: bool = True,
        engine: EngineName = "auto",
    ) -> Run:
        """Return the run that `archsim.run` would give, without training again.

        Parameters
        ----------
        chip : Chip
            A chip whose behaviour is equal to that of the training.
        task : WorkloadDescription, optional
            The workload, for those who ask the run for it.
        seed : int
            Seed of the training, likewise.
        metrics : bool
            Say what was spent until each measurement; else the metrics are left out.
        engine : {"auto", "fast", "reference"}
            Who does the timing.

        Returns
        -------
        Run
            Its `config` is empty; ledger, metrics and totals are those of the whole run.

        Raises
        ------
        InputError
            If the weights do not fit the chip, or it lacks a component.
        ModelError
            If the simulation cannot come to its end.
        """
        recorded = self.recorded
        measured: list[Mapping[str, object]] = []
        if metrics:
            line = self._fresh(chip, engine)
            measured = _measured(recorded, line)
        else:
            line = self._line(chip, engine)
        return line.run(
            task=task, seed=seed, measured=measured, trace=recorded.totals, learnt=recorded.learnt
        )

    def _fresh(self, chip: Chip, engine: EngineName) -> Costing:
        """Return a chip with an empty ledger."""
        recorded = self.recorded
        batches = [one for one in recorded.tape.whole.values() if isinstance(one, BatchSegment)]
        traffic = functools.partial(traffic_of, batches[0]) if batches else None
        return costing(chip, recorded.blocks, room=recorded.room, traffic=traffic, engine=engine)

    def _line(self, chip: Chip, engine: EngineName) -> Costing:
        """Return a chip with its ledger, perhaps one of before that took the same times."""
        key = _timing_key(chip)
        line = self._books.pop(key, None)
        if line is None:
            line = self._fresh(chip, engine)
            for _, segment in self.recorded.tape.segments(timed=line.lowering.timed):
                line.fold(segment)
        self._books[key] = line
        while len(self._books) > self._kept:
            self._books.popitem(last=False)
        return replace(line, chip=chip)


def _measured(recorded: Recorded, line: Costing) -> list[Mapping[str, object]]:
    """Fold the trace, and return what was measured with what was spent until then."""
    meter = Meter(line.chip, line.fold.ledger)
    places = sorted({place for place, _ in recorded.marks})
    spent: dict[int, tuple[float, float]] = {}
    ahead = list(reversed(places))
    for place, segment in recorded.tape.segments(timed=line.lowering.timed, marks=places):
        while ahead and ahead[-1] <= place:
            spent[ahead.pop()] = meter.read()
        line.fold(segment)
    for place in ahead:
        spent[place] = meter.read()
    rows: list[Mapping[str, object]] = []
    for place, row in recorded.marks:
        energy, time = spent[place]
        rows.append({"run": 0, **row, "cumulative_energy_j": energy, "cumulative_time_s": time})
    return rows


def _timing_key(chip: Chip) -> str:
    """Return a hash of all that the ticks and counts of a ledger depend on.

    That is the description without its energies, powers and areas, and the times of all acts.
    """
    times = [
        (group, role, part.servers, tuple(part.leakage_aw), action, act.latency, act.interval)
        for group, parts in chip.tables.items()
        for role, part in parts.items()
        for action, act in part.actions.items()
    ]
    plain = _without_prices(chip.description)
    return hashlib.sha256(f"{plain!r}{times!r}".encode()).hexdigest()


def _without_prices(value: object) -> object:
    if isinstance(value, Constant):
        return None if value.dimension in _PRICES else value.value
    if isinstance(value, BaseModel):
        return [(n, _without_prices(getattr(value, n))) for n in type(value).model_fields]
    if isinstance(value, Mapping):
        return [(name, _without_prices(child)) for name, child in value.items()]
    if isinstance(value, list | tuple):
        return [_without_prices(child) for child in value]
    return value


def write_recorded(recorded: Recorded, file: IO[bytes]) -> None:
    """Write a recorded training to a binary file."""
    fields = dataclasses.fields(TrainingResult)
    learnt = {one.name: getattr(recorded.learnt, one.name) for one in fields}
    totals = recorded.totals
    about: dict[str, object] = {
        "marks": [[place, dict(row)] for place, row in recorded.marks],
        "learnt": learnt | {"inputs": dict(recorded.learnt.inputs)},
        "counts": [[*key, count] for key, count in totals.counts.items()],
        "peaks": totals.peaks,
        "sums": [totals.segments, totals.ops],
        **_blocks_plain(recorded.blocks),
        "room": recorded.room,
    }
    write_tape(recorded.tape, file, about=about)


def read_recorded(file: IO[bytes]) -> Recorded:
    """Return the recorded training in a file; of what was learnt, what all kinds have.

    Raises
    ------
    StorageError
        If the file is not whole.
    """
    try:
        tape, about = read_tape(file)
        return _recorded(tape, about)
    except (ValueError, KeyError, OSError, TypeError, EOFError, BadZipFile) as error:
        name = getattr(file, "name", "trace")
        message = f"{name}: expected a recorded trace, {error}; remove it to train again"
        raise StorageError(message) from error


def _recorded(tape: Tape, about: Mapping[str, Any]) -> Recorded:
    totals = TraceTotals(segments=about["sums"][0], ops=about["sums"][1], peaks=about["peaks"])
    totals.counts.update({(phase, name): count for phase, name, count in about["counts"]})
    return Recorded(
        tape=tape,
        marks=tuple((place, row) for place, row in about["marks"]),
        learnt=TrainingResult(**about["learnt"]),
        totals=totals,
        blocks=_blocks(about),
        room=about["room"],
    )


def _blocks_plain(blocks: Sequence[Block]) -> dict[str, object]:
    """Return blocks as JSON; of very many only the matrices."""
    if isinstance(blocks, Blocks):
        return {"grids": [list(grid) for grid in blocks.grids]}
    return {"blocks": [list(block) for block in blocks]}


def _blocks(about: Mapping[str, Any]) -> Sequence[Block]:
    if "grids" in about:
        return Blocks([BlockGrid(*grid) for grid in about["grids"]])
    return tuple(Block(*block) for block in about["blocks"])
