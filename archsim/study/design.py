"""Designs: descriptions of points, each file parsed once however many points set its fields."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter

import archsim
import archsim.baseline
from archsim import catalog, plugins
from archsim.chip import ANY_CHIP, CrossbarDescription, TiledDescription
from archsim.errors import Fault, SpecError
from archsim.runs.placed import tiled
from archsim.spec.node import Node
from archsim.spec.read import Setting, named, resolve, validate, with_settings
from archsim.study.points import Point
from archsim.workload import ANY_WORKLOAD, WorkloadDescription

__all__ = ["code_hash", "machine_of", "point_key", "task_of", "trace_key"]

ModelT = TypeVar("ModelT")

_WORDS = ("name", "about", "unpriced")
"""Fields that no number depends on."""
_CONSTANT = frozenset(("value", "source"))


def machine_of(point: Point, settings: Mapping[str, Setting] | None = None) -> TiledDescription:
    """Return the chip of a point, checked.

    Parameters
    ----------
    point : Point
        The point.
    settings : mapping, optional
        Its settings of the chip, with their places, without ``chip.`` before their paths.

    Raises
    ------
    InputError
        If it has faults, or nothing runs on chips of its kind.
    """
    chosen = named(point.part("chip"), part="chip") if settings is None else settings
    return tiled(_read("chips", point.case.chip, chosen, ANY_CHIP))


def task_of(point: Point, settings: Mapping[str, Setting] | None = None) -> WorkloadDescription:
    """Return the workload of a point, checked.

    Parameters
    ----------
    point, settings
        As for `machine_of`.

    Raises
    ------
    InputError
        If it has faults.
    """
    if settings is None:
        return _task(point.case.workload, tuple(point.part("workload").items()))
    return _read("workloads", point.case.workload, settings, ANY_WORKLOAD)


def trace_key(task: WorkloadDescription, machine: TiledDescription, *, seed: int) -> str:
    """Return a hash of all that a training and its trace depend on.

    Digital cores have no behaviour: all give the same trace. Sources, notes and ranges of constants
    are left out, since training never sees them.
    """
    felt = _numbers(machine.behaviour) if isinstance(machine, CrossbarDescription) else machine.kind
    content = {
        "code": code_hash(),
        "extensions": plugins.provenance(),
        "workload": _numbers(task),
        "behaviour": felt,
        "seed": seed,
    }
    return _digest(content)


def point_key(point: Point, *, trace: str) -> str:
    """Return a hash of all that the result of a point depends on, given the key of its trace."""
    settings = {path: text for path, text in point.settings if path.startswith("chip.")}
    content = {
        "trace": trace,
        "chip": _chip_hash(point.case.chip),
        "settings": dict(sorted(settings.items())),
    }
    return _digest(content)


@functools.cache
def code_hash() -> str:
    """Return a hash of archsim's version and source, so that no result outlives the code."""
    digest = hashlib.sha256(archsim.__version__.encode())
    root = Path(archsim.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if path.parts[len(root.parts)] not in ("cli", "report"):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _numbers(model: BaseModel) -> object:
    """Return what of a description can change a number."""
    plain = model.model_dump(mode="json", by_alias=True)
    return {name: _bare(value) for name, value in plain.items() if name not in _WORDS}


def _bare(value: object) -> object:
    if isinstance(value, dict):
        if value.keys() >= _CONSTANT:
            return value["value"]
        return {name: _bare(child) for name, child in value.items()}
    return [_bare(child) for child in value] if isinstance(value, list) else value


@functools.lru_cache(maxsize=64)
def _tree(kind: catalog.Kind, reference: str) -> tuple[Path, Node]:
    """Return the file of a reference and its resolved tree; faults end here."""
    path, variant = catalog.find(kind, reference)
    root, faults = resolve(path, variant=variant)
    if faults:
        raise SpecError(faults)
    return path, root


@functools.lru_cache(maxsize=64)
def _chip_hash(reference: str) -> str:
    return _digest(_tree("chips", reference)[1].plain())


@functools.lru_cache(maxsize=8)
def _task(reference: str, settings: tuple[tuple[str, str], ...]) -> WorkloadDescription:
    chosen = named(dict(settings), part="workload")
    return _read("workloads", reference, chosen, ANY_WORKLOAD)


def _read(
    kind: catalog.Kind,
    reference: str,
    settings: Mapping[str, Setting],
    adapter: TypeAdapter[ModelT],
) -> ModelT:
    path, root = _tree(kind, reference)
    faults: list[Fault] = []
    root = with_settings(root, settings, faults)
    return validate(root, adapter, faults=faults, folder=path.parent)
