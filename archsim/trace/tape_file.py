"""Tape files: a tape as one compressed file of plain arrays and JSON, read back equal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from archsim.trace.ops import Block, Op, OpKind, Phase
from archsim.trace.spikes import OpSeries, SpikeSegment
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
    head: dict[str, Any] = {"length": tape.length, "about": about, "patterns": [], "spikes": []}
    for pattern, number in tape.patterns.items():
        head["patterns"].append(
            {"phase": pattern.phase.value, "ops": [_op_plain(op) for op in pattern.ops]}
        )
        rows = tape.rows[number]
        arrays[f"rows_{number}"] = np.array([row[:4] for row in rows], dtype=np.int64)
        arrays[f"windows_{number}"] = np.array([row.window for row in rows], dtype=np.float64)
        arrays[f"counts_{number}"] = np.array(tape.counts[number], dtype=np.int64)
    for place, segment in tape.spikes.items():
        head["spikes"].append({"place": place, **_spikes_plain(segment)})
        arrays |= _spike_arrays(place, segment)
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
            ops = tuple(_op(one) for one in plain["ops"])
            tape.patterns[Pattern(Phase(plain["phase"]), ops)] = number
            numbers = arrays[f"rows_{number}"].tolist()
            windows = arrays[f"windows_{number}"].tolist()
            tape.rows.append(
                [Row(p, e, s, r, w) for (p, e, s, r), w in zip(numbers, windows, strict=True)]
            )
            tape.counts.append(list(arrays[f"counts_{number}"]))
        for plain in head["spikes"]:
            tape.spikes[int(plain["place"])] = _spikes(plain, arrays)
    return tape, dict(head["about"])


def _op_plain(op: Op) -> dict[str, Any]:
    return {
        "kind": op.kind.value,
        "phase": op.phase.value,
        "blocks": [list(block) for block in op.blocks],
        "after": list(op.after),
        "counts": [list(count) for count in op.counts],
        "slots": op.slots,
        "bits": [op.input_bits, op.output_bits],
    }


def _op(plain: Mapping[str, Any]) -> Op:
    return Op(
        kind=OpKind(plain["kind"]),
        phase=Phase(plain["phase"]),
        blocks=tuple(Block(*block) for block in plain["blocks"]),
        after=tuple(plain["after"]),
        counts=tuple((name, block, plane, count) for name, block, plane, count in plain["counts"]),
        slots=plain["slots"],
        input_bits=plain["bits"][0],
        output_bits=plain["bits"][1],
    )


def _spikes_plain(segment: SpikeSegment) -> dict[str, Any]:
    return {
        "epoch": segment.epoch,
        "step": segment.step,
        "phase": segment.phase.value,
        "arrival": _op_plain(segment.arrival),
        "series": [
            {
                "kind": one.kind.value,
                "phase": one.phase.value,
                "names": [list(name) for name in one.names],
                "blocks": [list(block) for block in one.blocks],
                "told": one.input_bits is not None,
            }
            for one in segment.series
        ],
        "real_time": segment.real_time,
        "window": segment.window,
    }


def _spike_arrays(place: int, segment: SpikeSegment) -> dict[str, Any]:
    arrays: dict[str, Any] = {
        f"spikes_{place}_arrivals": segment.arrivals,
        f"spikes_{place}_moments": segment.moments,
    }
    for number, one in enumerate(segment.series):
        arrays[f"spikes_{place}_{number}_counts"] = one.counts
        arrays[f"spikes_{place}_{number}_slots"] = one.slots
        if one.input_bits is not None:
            arrays[f"spikes_{place}_{number}_bits"] = one.input_bits
    return arrays


def _spikes(plain: Mapping[str, Any], arrays: Mapping[str, Any]) -> SpikeSegment:
    place = plain["place"]
    series = tuple(
        OpSeries(
            kind=OpKind(one["kind"]),
            phase=Phase(one["phase"]),
            names=tuple((name, block, plane) for name, block, plane in one["names"]),
            counts=arrays[f"spikes_{place}_{number}_counts"],
            slots=arrays[f"spikes_{place}_{number}_slots"],
            blocks=tuple(Block(*block) for block in one["blocks"]),
            input_bits=arrays[f"spikes_{place}_{number}_bits"] if one["told"] else None,
        )
        for number, one in enumerate(plain["series"])
    )
    return SpikeSegment(
        epoch=plain["epoch"],
        step=plain["step"],
        phase=Phase(plain["phase"]),
        arrivals=arrays[f"spikes_{place}_arrivals"],
        arrival=_op(plain["arrival"]),
        moments=arrays[f"spikes_{place}_moments"],
        series=series,
        real_time=plain["real_time"],
        window=plain["window"],
    )
