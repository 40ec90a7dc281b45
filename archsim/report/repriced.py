"""Repricing of stored runs: what a folder's run would cost under other prices."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from archsim.chip import ANY_CHIP
from archsim.chip.description import TiledDescription
from archsim.errors import Fault, InputError
from archsim.report.fields import settable_fields
from archsim.report.restore import restored
from archsim.report.stored import chip_tree, read_run
from archsim.report.tables import Column, Table
from archsim.runs.result import Run
from archsim.spec.node import Node
from archsim.spec.read import named, validate, with_settings
from archsim.study.points import range_values, text_of
from archsim.study.reprice import ENERGY_PARTS, PriceAxis, PriceMatrix, full_paths, repriced

__all__ = ["Repriced", "reprice_folder", "reprice_grid", "repriced_table"]

Repriced = tuple[Run, Run]
"""A run as it was, and with other prices."""

_MOST_POINTS = 10_000_000
_NEEDS = {"new training": "needs training", "a new run": "needs a run"}
_RANGE = re.compile(r"\s*(\S.*?)\s*\.\.\s*(\S.*?)\s*:\s*(\d{1,7})\s*")


def reprice_folder(folder: str | Path, settings: Mapping[str, str]) -> Repriced:
    """Return a stored run as it was and with fields of its chip set, exactly.

    Parameters
    ----------
    folder : str or Path
        Folder of a run.
    settings : mapping
        Field path → YAML text; ``chip.`` before a path may be left out, and ``tiles.adc.energy``
        means the ADCs of all tiles.

    Raises
    ------
    InputError
        If a field does not exist or cannot take the value, or a change of it needs a run or a
        training.
    StorageError
        If the folder cannot be read.
    """
    stored = read_run(folder)
    run = restored(stored)
    machine = _machine(run)
    chosen = {p: text for path, text in settings.items() for p in full_paths(machine, path)}
    _require_prices(machine, chosen)
    return run, repriced(run, _variant(chip_tree(stored), chosen))


def reprice_grid(folder: str | Path, ranges: Mapping[str, str]) -> pd.DataFrame:
    """Return the energy of a stored run at every combination of values, approximate to 10⁻¹².

    Parameters
    ----------
    folder : str or Path
        Folder of a run.
    ranges : mapping
        Field path → ``FROM..TO:COUNT`` for equal ratios, or values with commas between them.

    Returns
    -------
    DataFrame
        One column for each field, then energies by part of the cost and their sum. [J]

    Raises
    ------
    InputError
        As `reprice_folder`; or if there are too many points.
    """
    stored = read_run(folder)
    run = restored(stored)
    machine = _machine(run)
    axes = []
    for path, text in ranges.items():
        paths = full_paths(machine, path)
        _require_prices(machine, dict.fromkeys(paths, text))
        axes.append(PriceAxis(label=path, paths=paths, values=_values(path, text)))
    size = math.prod(len(axis.values) for axis in axes)
    if size > _MOST_POINTS:
        raise InputError(f"--vary: expected at most {_MOST_POINTS} points, got {size}")
    tree = chip_tree(stored)
    matrix = PriceMatrix(run, axes, lambda settings: _variant(tree, settings))
    steps = np.stack(np.unravel_index(np.arange(size), matrix.shape), axis=1)
    energies = matrix.energies(steps)
    columns: dict[str, object] = {
        axis.label: np.array(axis.values, dtype=object)[steps[:, number]]
        for number, axis in enumerate(axes)
    }
    columns |= {f"{part}_energy_j": energies[:, n] for n, part in enumerate(ENERGY_PARTS)}
    return pd.DataFrame(columns | {"total_energy_j": energies.sum(axis=1)})


def repriced_table(pair: Repriced) -> Table:
    """Return the energies before and after, by part of the cost, with their ratio."""
    before, after = (one.totals for one in pair)
    rows = [
        (one, before.energy[one], after.energy[one], float(after.energy[one] / before.energy[one]))
        for one in ENERGY_PARTS
        if before.energy.get(one)
    ]
    whole = (before.grand_energy, after.grand_energy)
    ratio = float(whole[1] / whole[0]) if whole[0] else None
    return Table(
        title=f"{pair[0].workload} on {pair[0].chip}, priced anew (exact)",
        columns=(
            Column(name="part of the cost"),
            Column(name="energy as run", unit="J", style="quantity"),
            Column(name="energy priced anew", unit="J", style="quantity"),
            Column(name="ratio", style="number"),
        ),
        rows=(*rows, ("all", *whole, ratio)),
        strong=frozenset((len(rows),)),
        note="Times and counts are those of the run.",
    )


def _machine(run: Run) -> TiledDescription:
    if run.machine is None:
        raise InputError(f"run on {run.chip}: expected a crossbar chip, whose prices can change")
    return run.machine


def _variant(tree: Node, settings: Mapping[str, str]) -> TiledDescription:
    """Return the chip of a resolved tree with fields set."""
    faults: list[Fault] = []
    root = with_settings(tree, named(settings), faults)
    chip = validate(root, ANY_CHIP, faults=faults)
    assert isinstance(chip, TiledDescription)  # noqa: S101  (as the run's own)
    return chip


def _require_prices(machine: TiledDescription, settings: Mapping[str, str]) -> None:
    """Refuse what prices alone cannot tell; fields that do not exist are left to the reader."""
    needs = {line.path.removeprefix("chip."): line.needs for line in settable_fields(machine)}
    for path in settings:
        field = path.removesuffix(".value")
        if path.partition(".")[0] == "workload":
            raise InputError(f"--set {path}: needs training; see archsim run")
        if needs.get(field) in _NEEDS:
            raise InputError(
                f"--set {path}: {_NEEDS[needs[field]]}, not only prices; see archsim run"
            )


def _values(path: str, text: str) -> tuple[str, ...]:
    match = _RANGE.fullmatch(text)
    if match is None:
        values: Sequence[str] = [value.strip() for value in text.split(",")]
    else:
        first, last, count = match[1], match[2], int(match[3])
        if not 2 <= count <= _MOST_POINTS:
            raise InputError(f"--vary {path}={text}: expected 2 to {_MOST_POINTS} values")
        try:
            values = list(map(text_of, range_values(first=first, last=last, count=count)))
        except InputError as error:
            raise InputError(f"--vary {path}={text}: {error}") from None
    if not all(values):
        raise InputError(f"--vary {path}={text}: expected FROM..TO:COUNT, or values with commas")
    return tuple(values)
