"""Tape files: a tape as one compressed file of plain arrays and JSON, read back equal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from archsim.trace.ops import Phase
from archsim.trace.segment_file import op_of, op_plain, packed, unpacked
from archsim.trace.tape import Pattern, Row, Tape

__all__ = ["read_tape", "write_tape"]


def write_tape(tape: Tape, file: IO[bytes], *, about: Mapping[str, object]) -> None:
    """Write a tape.

    Parameters
    ----------
    tape : Tape
        The tape.
    file : binary file
        Where to.
    about : mapping
        What is kept with it, as JSON.
    """
    arrays: dict[str, Any] = {}
    head: dict[str, Any] = {"length": tape.length, "about": about, "patterns": []}
    for pattern, number in tape.patterns.items():
        head["patterns"].append(
            {"phase": pattern.phase.value, "ops": [op_plain(op) for op in pattern.ops]}
        )
        rows = tape.rows[number]
        arrays[f"rows_{number}"] = np.array([row[:4] for row in rows], dtype=np.int64)
        arrays[f"windows_{number}"] = np.array([row.window for row in rows], dtype=np.float64)
        arrays[f"counts_{number}"] = np.array(tape.counts[number], dtype=np.int64)
    head["whole"], further = packed(tape.whole)
    arrays |= further
    text = json.dumps(head, sort_keys=True).encode()
    np.savez_compressed(file, head=np.frombuffer(text, dtype=np.uint8), **arrays)


def read_tape(file: IO[bytes]) -> tuple[Tape, dict[str, Any]]:
    """Return the tape in a file, and what was kept with it.

    Raises
    ------
    ValueError, KeyError, OSError
        If the file is not whole.
    """
    with np.load(file, allow_pickle=False) as arrays:
        head = json.loads(arrays["head"].tobytes())
        tape = Tape(length=int(head["length"]))
        for number, plain in enumerate(head["patterns"]):
            ops = tuple(op_of(one) for one in plain["ops"])
            tape.patterns[Pattern(Phase(plain["phase"]), ops)] = number
            numbers = arrays[f"rows_{number}"].tolist()
            windows = arrays[f"windows_{number}"].tolist()
            tape.rows.append(
                [Row(p, e, s, r, w) for (p, e, s, r), w in zip(numbers, windows, strict=True)]
            )
            tape.counts.append(list(arrays[f"counts_{number}"]))
        tape.whole = unpacked(head["whole"], arrays)
    return tape, dict(head["about"])
