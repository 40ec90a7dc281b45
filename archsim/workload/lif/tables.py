"""Recorded spikes and connections: columns of whole numbers in CSV or NPZ files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from archsim.errors import InputError
from archsim.workload.data.csv_file import read_numbers
from archsim.workload.data.npz_file import read_npz
from archsim.workload.lif.membrane import FloatArray, IntArray

__all__ = ["fingerprint", "read_columns", "read_connections", "read_spikes"]


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read: {error.strerror or error}") from None


def read_columns(path: Path, wanted: Sequence[str], *, optional: str = "") -> dict[str, FloatArray]:
    """Return columns of numbers of a CSV file with a header, or arrays of an NPZ file.

    Parameters
    ----------
    path : Path
        The file.
    wanted : sequence of str
        Columns that have to be there.
    optional : str
        Column that is read too where it is there; empty: none.

    Raises
    ------
    InputError
        If the file cannot be read, or a column is missing or not as long as the first.
    """
    if path.suffix == ".npz":
        return _from_npz(path, wanted, optional)
    header, table = read_numbers(path, wanted[0])
    missing = [name for name in wanted if name not in header]
    if missing:
        shown = ", ".join(header[:8])
        raise InputError(f"{path.name}:1: expected a column {missing[0]}, got {shown}")
    chosen = [*wanted, optional] if optional in header else wanted
    return {name: table[:, header.index(name)] for name in chosen}


def _from_npz(path: Path, wanted: Sequence[str], optional: str) -> dict[str, FloatArray]:
    found = read_npz(path, wanted)
    if optional:
        try:
            found |= read_npz(path, [optional])
        except InputError as error:
            if "expected an array" not in str(error):
                raise
    length = len(found[wanted[0]]) if found[wanted[0]].ndim else 0
    for name, values in found.items():
        if values.ndim != 1 or len(values) != length:
            shape = " x ".join(map(str, values.shape)) or "a scalar"
            raise InputError(
                f"{path.name}: {name}: expected one number for each of {length} rows, got {shape}"
            )
    return {name: values.astype(np.float64) for name, values in found.items()}


def _whole(path: Path, name: str, values: FloatArray, *, below: int, what: str) -> IntArray:
    """Return values as whole numbers from 0, if they are."""
    sound = np.isfinite(values) & (values == np.rint(values))
    sound &= (values >= 0) & (values < below)
    if not sound.all():
        row = int(np.argmin(sound))
        raise InputError(
            f"{path.name}: row {row + 1}: {name}: expected {what} from 0 to {below - 1}, got "
            f"{values[row]:g}"
        )
    return values.astype(np.int64)


def read_spikes(path: Path, *, steps: int, neurons: int) -> tuple[IntArray, IntArray]:
    """Return recorded spikes: the step and the neuron of each, in order.

    Parameters
    ----------
    path : Path
        File with ``step`` and ``neuron``, sorted by step, then neuron; a neuron fires at most once
        a step.
    steps, neurons : int
        How many there are.

    Raises
    ------
    InputError
        If the file cannot be read, is not sorted, or a number is out of range.
    """
    columns = read_columns(path, ("step", "neuron"))
    step = _whole(path, "step", columns["step"], below=steps, what="a step of the run,")
    neuron = _whole(path, "neuron", columns["neuron"], below=neurons, what="a neuron,")
    behind = np.flatnonzero(np.diff(step * neurons + neuron) <= 0)
    if len(behind):
        row = int(behind[0]) + 1
        raise InputError(
            f"{path.name}: row {row + 1}: expected spikes sorted by step, then neuron, none twice; "
            f"got step {step[row]}, neuron {neuron[row]} after step {step[row - 1]}, neuron "
            f"{neuron[row - 1]}; sort the file"
        )
    return step, neuron


def read_connections(path: Path, *, neurons: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Return connections: source, target and weight of each; the weight is 1 where none is given.

    Raises
    ------
    InputError
        If the file cannot be read, or a connection begins or ends at a neuron that is not there.
    """
    columns = read_columns(path, ("source", "target"), optional="weight")
    what = f"a neuron of the {neurons} that there are,"
    ends = [
        _whole(path, name, columns[name], below=neurons, what=what) for name in ("source", "target")
    ]
    weights = columns.get("weight", np.ones(len(ends[0])))
    if not np.isfinite(weights).all():
        row = int(np.argmin(np.isfinite(weights)))
        raise InputError(f"{path.name}: row {row + 1}: weight: expected a number, got none")
    return ends[0], ends[1], weights
