"""Audit of a stored run: its files against a repetition of the run, number by number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from archsim.errors import InputError, ModelError
from archsim.report.event_file import read_events
from archsim.report.stored import StoredRun, descriptions, read_run, unreadable
from archsim.report.tables import Cell, Column, Table
from archsim.runs.audit import ENERGY_SCALE, AuditLine, LedgerLine, Reported, audit

__all__ = ["audit_folder", "audit_table", "require_agreement"]

_LINE_FIELDS = (
    "epoch",
    "tile",
    "component",
    "action",
    "phase",
    "count",
    "count_scale",
    "price_yj",
    "busy_ticks",
    "waiting_ticks",
)
_JOULE = 10**24
_SECOND = 10**15


def audit_folder(path: str | Path) -> list[AuditLine]:
    """Repeat the run in a folder and compare everything that it reported.

    Returns
    -------
    list of AuditLine
        One line a check, with difference 0, or one for each number that differs.

    Raises
    ------
    StorageError
        If the folder cannot be read.
    InputError
        If its files are not what a run writes, or an extension that it used is not loaded.
    """
    stored = read_run(path)
    chip, workload = descriptions(stored)
    lines = _files(stored)
    lines += audit(
        _reported(stored), workload, chip, seed=stored.seed, policies=_policies(stored) or None
    )
    return lines


def audit_table(lines: Sequence[AuditLine]) -> Table:
    """Return the comparisons as a table, in integers."""
    rows: list[tuple[Cell, ...]] = [
        (
            line.check,
            line.item or f"all {line.found} numbers",
            line.expected,
            line.found,
            line.difference,
        )
        if line.item
        else (line.check, f"{line.found:,} of {line.found:,} agree", None, None, 0)
        for line in lines
    ]
    bad = sum(bool(line.difference) for line in lines)
    return Table(
        title="Audit: every difference is 0" if not bad else f"Audit: {bad} numbers differ",
        columns=(
            Column(name="check"),
            Column(name="of"),
            Column(name="expected", style="number"),
            Column(name="found", style="number"),
            Column(name="difference", style="number"),
        ),
        rows=tuple(rows),
        strong=frozenset(number for number, line in enumerate(lines) if line.difference),
    )


def require_agreement(lines: Sequence[AuditLine]) -> None:
    """Check that nothing differs.

    Raises
    ------
    ModelError
        If a difference is not 0; the text names each.
    """
    bad = [line for line in lines if line.difference]
    if bad:
        texts = [
            f"{line.check}: {line.item}: expected {line.expected}, found {line.found}, "
            f"difference {line.difference}"
            for line in bad
        ]
        raise ModelError("\n".join(texts))


def _files(stored: StoredRun) -> list[AuditLine]:
    """Return which files are not the ones that the manifest knows."""
    check = "files against manifest"
    known = stored.manifest.get("files")
    if not isinstance(known, Mapping) or not known:
        message = f"{stored.path / 'manifest.json'}: expected the field files, found none"
        raise InputError(message)
    lines = [
        AuditLine(check, f"{name} changed", 0, int(_digest(stored.path / name) != digest))
        for name, digest in sorted(known.items())
    ]
    return [line for line in lines if line.difference] or [
        AuditLine(check, "", len(lines), len(lines))
    ]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def _reported(stored: StoredRun) -> Reported:
    columns = [stored.ledger[name] for name in _LINE_FIELDS]
    rows = zip(*columns, strict=True)
    totals = stored.totals
    events = stored.path / "events.parquet"
    return Reported(
        ledger=tuple(LedgerLine(**dict(zip(_LINE_FIELDS, row, strict=True))) for row in rows),
        energy=_whole(stored, totals.grand_energy * _JOULE * 10**9 * ENERGY_SCALE),
        time_ticks=_whole(stored, totals.grand_time * _SECOND),
        events=read_events(events) if events.exists() else None,
    )


def _whole(stored: StoredRun, number: Fraction) -> int:
    if number.denominator != 1:
        message = f"{stored.path / 'manifest.json'}: totals: expected sums of whole counts"
        raise InputError(message)
    return number.numerator


def _policies(stored: StoredRun) -> dict[str, str]:
    """Return the policies of the run: station → registered name."""
    pairs = (str(text).partition("=") for text in stored.manifest.get("policies", ()))
    return {station: name for station, _, name in pairs}
