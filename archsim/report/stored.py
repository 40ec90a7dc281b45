"""Stored runs: the files of a run's folder, read back and checked, numbers exact."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from archsim.chip import ANY_CHIP, ChipDescription
from archsim.errors import InputError, SpecError, StorageError
from archsim.frames import COLUMNS, LEDGER_COLUMNS, frame
from archsim.report.encode import config_text
from archsim.runs.result import RESULT_SCHEMA, Run, Totals
from archsim.runs.writes import WriteRow
from archsim.spec.document import Document, load_yaml, parse_yaml
from archsim.spec.node import Node
from archsim.spec.read import validate
from archsim.workload import ANY_WORKLOAD, WorkloadDescription

__all__ = ["Descriptions", "StoredRun", "chip_tree", "descriptions", "read_run", "unreadable"]

_INTEGERS = frozenset(
    (
        *("run", "epoch", "step", "count", "count_scale", "price_yj", "busy_ticks"),
        *("waiting_ticks", "plane", "programming_writes", "update_writes", "cells"),
    )
)
_JOULE = 10**24
_SECOND = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A finished run, as its folder tells of it."""

    path: Path
    """The folder."""
    manifest: Mapping[str, Any]
    """What identifies the run."""
    ledger: pd.DataFrame
    """What everything cost; integers exact."""
    metrics: pd.DataFrame
    """What was measured while training."""

    @property
    def chip(self) -> str:
        """Name of the chip, with its variant."""
        return str(self.manifest["chip"])

    @property
    def workload(self) -> str:
        """Name of the workload, with its variant."""
        return str(self.manifest["workload"])

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.manifest["seed"])

    @property
    def config(self) -> Path:
        """File with both descriptions as they were simulated."""
        return self.path / "config.resolved.yaml"

    @property
    def writes(self) -> tuple[WriteRow, ...]:
        """How many cells of each array were written how often.

        Raises
        ------
        InputError
            If the file is missing or not what a run writes.
        StorageError
            If it cannot be read.
        """
        table = _table(self.path / "writes.csv", WriteRow._fields)
        return tuple(WriteRow(*row) for row in table.itertuples(index=False, name=None))

    @property
    def totals(self) -> Totals:
        """Energy and time as the run reported them, exact."""
        totals = self.manifest["totals"]
        return Totals(
            energy={k: Fraction(v) / _JOULE for k, v in totals["energy_yj"].items()},
            time={k: Fraction(v) / _SECOND for k, v in totals["time_fs"].items()},
        )


class Descriptions(NamedTuple):
    """What a run was made from."""

    chip: ChipDescription
    workload: WorkloadDescription


def descriptions(run: Run | StoredRun) -> Descriptions:
    """Return the chip and the workload as they were simulated, read from the resolved texts.

    Raises
    ------
    SpecError
        If the texts of a stored run were changed and have faults.
    InputError
        If one of them is missing.
    """
    if isinstance(run, Run) and run.machine is not None and run.task is not None:
        return Descriptions(run.machine, run.task)
    if isinstance(run, StoredRun):
        document = load_yaml(run.config)
    else:
        document = parse_yaml(config_text(run.config), "config.resolved.yaml")
    return Descriptions(
        chip=validate(_part(document, "chip"), ANY_CHIP, faults=list(document.faults)),
        workload=validate(_part(document, "workload"), ANY_WORKLOAD, faults=[]),
    )


def chip_tree(run: StoredRun) -> Node:
    """Return the resolved tree of the chip of a stored run, to set fields in.

    Raises
    ------
    InputError
        If it is missing.
    SpecError
        If the file cannot be read.
    """
    document = load_yaml(run.config)
    if document.faults:
        raise SpecError(list(document.faults))
    return _part(document, "chip")


def _part(document: Document, name: str) -> Node:
    """Return the tree below one name at the top of a document."""
    content = document.root.content
    if not isinstance(content, dict) or name not in content:
        raise InputError(f"{document.path}: expected the field {name}, found none")
    return content[name]


def read_run(path: str | Path) -> StoredRun:
    """Return the run in a folder.

    Raises
    ------
    InputError
        If there is no such folder, or a file is missing or not what a run writes.
    StorageError
        If a file cannot be read.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"{folder}: expected the folder of a run, found no such folder")
    manifest = _manifest(folder / "manifest.json")
    return StoredRun(
        path=folder,
        manifest=manifest,
        ledger=_table(folder / "ledger.csv", LEDGER_COLUMNS),
        metrics=_table(folder / "metrics.csv", None),
    )


def unreadable(path: Path, error: OSError) -> InputError | StorageError:
    """Return what to raise where a file of a run cannot be read: whose fault it is."""
    blame = InputError if isinstance(error, FileNotFoundError) else StorageError
    text = error.strerror or str(error)
    return blame(f"{path}: cannot be read: {text}; is it the folder of a run?")


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8 text, {error.reason}") from error


def _manifest(path: Path) -> dict[str, Any]:
    text = _text(path)
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected JSON, {error}") from error
    needed = ("chip", "workload", "seed", "totals", "result_schema")
    missing = [name for name in needed if not isinstance(manifest, dict) or name not in manifest]
    if missing:
        message = f"{path}: expected the fields {', '.join(missing)}, found none of them"
        runs = sorted(str(one.parent) for one in path.parent.glob(f"*/{path.name}"))
        if runs:
            message += f"; the folder holds several runs, name one: {', '.join(runs[:8])}"
        raise InputError(message)
    found = manifest["result_schema"]
    if found != RESULT_SCHEMA:
        message = (
            f"{path}: result_schema: expected {RESULT_SCHEMA}, found {found}; "
            "use the version of archsim that wrote the run"
        )
        raise InputError(message)
    return dict(manifest)


def _table(path: Path, columns: tuple[str, ...] | None) -> pd.DataFrame:
    """Return a CSV file as a frame with the expected columns, or any known ones."""
    lines = csv.reader(io.StringIO(_text(path), newline=""))
    header = tuple(next(lines, ()))
    expected = columns or tuple(name for name in header if name in COLUMNS)
    if header != expected or not header:
        message = f"{path}:1: expected the columns {', '.join(expected or COLUMNS)}"
        raise InputError(f"{message}, found {', '.join(header) or 'none'}")
    return frame(header, _rows(path, header, lines))


def _rows(path: Path, header: tuple[str, ...], lines: Iterator[list[str]]) -> list[list[object]]:
    rows = []
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            message = f"{path}:{number}: expected {len(header)} values, found {len(line)}"
            raise InputError(message)
        try:
            rows.append([_value(name, text) for name, text in zip(header, line, strict=True)])
        except ValueError as error:
            raise InputError(f"{path}:{number}: {error}") from None
    return rows


def _value(name: str, text: str) -> object:
    try:
        if name in _INTEGERS:
            return int(text)
        if name == "value" or COLUMNS[name].unit in {"J", "s"}:
            return float(text) if text else math.nan
    except ValueError:
        kind = "a whole number" if name in _INTEGERS else "a number"
        raise ValueError(f'{name}: expected {kind}, found "{text[:40]}"') from None
    return text
