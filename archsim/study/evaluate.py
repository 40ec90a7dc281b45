"""What a worker does: train what is missing, charge chips for it, keep each result at once."""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archsim import plugins
from archsim.chip import build
from archsim.errors import ArchsimError, ModelError, StorageError
from archsim.runs.recorded import Charger, record
from archsim.study.design import code_hash, machine_of, task_of
from archsim.study.measure import measures
from archsim.study.points import Point
from archsim.study.store import Store

__all__ = ["Job", "Setup", "do"]

_BATCH = 0.5
"""Time after which a worker keeps what it has finished, so that quick points share a file. [s]"""


_LOCK = threading.Lock()
"""Held while a job is done: a cluster's worker may have threads, a ledger takes one at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What every worker has to know."""

    store: str
    """Folder of the store, absolute; on a cluster one that all machines see."""
    plugins: tuple[str, ...] = ()
    """Extensions to import."""
    place: str = ""
    """Folder in which references and extensions are looked up."""
    code: str = ""
    """Hash of archsim's source, which must be the worker's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Points that share one trace, with their keys; without points, the training alone."""

    trace: str
    """Key of the trace."""
    model: Point
    """A point that says how to train."""
    points: tuple[tuple[str, Point], ...]


def do(job: Job, setup: Setup) -> int:
    """Train if the trace is missing, then charge every point; return how many were dealt with.

    Raises
    ------
    StorageError
        If a result cannot be kept; everything else that fails is recorded with its point.
    ModelError
        If this worker runs another version of archsim.
    """
    with _LOCK:
        return _do(job, setup)


def _do(job: Job, setup: Setup) -> int:
    _prepare(setup)
    store = Store(Path(setup.store))
    failed = _attempt(lambda: _trained(job, store))
    done: dict[str, dict[str, object]] = {}
    since = time.monotonic()
    try:
        for key, point in job.points:
            done[key] = failed or _attempt(functools.partial(_result, job, point, store))
            if time.monotonic() - since >= _BATCH:
                full, done, since = done, {}, time.monotonic()
                store.write(full)
    finally:
        store.write(done)
    return len(job.points)


_prepared: list[Setup] = []
"""The setup that this process was last prepared for."""


def _prepare(setup: Setup) -> None:
    """Make this process like the one that asks."""
    if _prepared == [setup]:
        return
    if setup.place and Path.cwd() != Path(setup.place):
        os.chdir(setup.place)
    if setup.plugins and setup.place not in sys.path:
        sys.path.append(setup.place)
    plugins.load_entry_points()
    for name in setup.plugins:
        plugins.load_module(name)
    if setup.code and setup.code != code_hash():
        message = (
            "worker: expected the archsim of the process that began the sweep, found another one; "
            "install the same on all machines"
        )
        raise ModelError(message)
    _prepared[:] = [setup]


def _attempt(work: Callable[[], dict[str, object]]) -> dict[str, object]:
    """Return what `work` gives, or its error."""
    try:
        return work()
    except StorageError:
        raise
    except ArchsimError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    except MemoryError:
        return {"error": "MemoryError: out of memory"}
    except Exception as error:  # noqa: BLE001  (one point must not end the others)
        return {"error": f"internal {type(error).__name__}: {error}"}


def _trained(job: Job, store: Store) -> dict[str, object]:
    _charger(job.trace, store, job.model)
    return {}


def _result(job: Job, point: Point, store: Store) -> dict[str, object]:
    charger = _charger(job.trace, store, job.model)
    chip = build(machine_of(point))
    run = charger.charge(chip, seed=point.seed, metrics=False)
    return {"values": measures(run, charger.recorded, area=chip.area)}


_chargers: dict[tuple[Path, str], Charger] = {}
_MOST_CHARGERS = 4


def _charger(key: str, store: Store, model: Point) -> Charger:
    """Return what charges for a trace; train and keep it if it is not there."""
    charger = _chargers.pop((store.folder, key), None)
    if charger is None:
        if store.has_trace(key):
            recorded = store.read_trace(key)
        else:
            recorded = record(task_of(model), machine_of(model), seed=model.seed)
            store.write_trace(key, recorded)
        charger = Charger(recorded)
    _chargers[store.folder, key] = charger
    while len(_chargers) > _MOST_CHARGERS:
        del _chargers[next(iter(_chargers))]
    return charger
