"""Segment files: segments that are arrays already as JSON and named arrays, read back equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from archsim.trace.batches import BatchSegment, Messages, OpBatch
from archsim.trace.ops import Block, Op, OpKind, Phase
from archsim.trace.spikes import OpSeries, SpikeSegment
from archsim.trace.steps import StepSegment, Wiring
from archsim.trace.tape import WholeSegment

__all__ = ["op_of", "op_plain", "packed", "unpacked"]


def packed(segments: Mapping[int, WholeSegment]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return segments by place as JSON, and the arrays that go with it.

    Time steps of one network lie side by side, since there are very many; the network comes once.
    """
    head: dict[str, Any] = {"spikes": [], "batches": [], "steps": []}
    arrays: dict[str, Any] = {}
    networks: dict[int, list[tuple[int, StepSegment]]] = {}
    for place, segment in segments.items():
        if isinstance(segment, StepSegment):
            networks.setdefault(id(segment.wiring), []).append((place, segment))
        elif isinstance(segment, BatchSegment):
            head["batches"].append({"place": place, **_batches_plain(segment)})
            arrays |= _batch_arrays(place, segment)
        else:
            head["spikes"].append({"place": place, **_spikes_plain(segment)})
            arrays |= _spike_arrays(place, segment)
    for number, steps in enumerate(networks.values()):
        head["steps"].append([[p, s.epoch, s.step, s.phase.value] for p, s in steps])
        arrays |= _step_arrays(number, [segment for _, segment in steps])
    return head, arrays


def unpacked(head: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[int, WholeSegment]:
    """Return the segments that `packed` gave, by place.

    Raises
    ------
    ValueError, KeyError
        If something is missing.
    """
    found: dict[int, WholeSegment] = {}
    for plain in head["spikes"]:
        found[int(plain["place"])] = _spikes(plain, arrays)
    for plain in head["batches"]:
        found[int(plain["place"])] = _batches(plain, arrays)
    for number, rows in enumerate(head["steps"]):
        found |= _steps(number, rows, arrays)
    return found


def op_plain(op: Op) -> dict[str, Any]:
    """Return an op as JSON."""
    return {
        "kind": op.kind.value,
        "phase": op.phase.value,
        "blocks": [list(block) for block in op.blocks],
        "after": list(op.after),
        "counts": [list(count) for count in op.counts],
        "slots": op.slots,
        "bits": [op.input_bits, op.output_bits],
    }


def op_of(plain: Mapping[str, Any]) -> Op:
    """Return an op from JSON."""
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
        "arrival": op_plain(segment.arrival),
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
        arrival=op_of(plain["arrival"]),
        moments=arrays[f"spikes_{place}_moments"],
        series=series,
        real_time=plain["real_time"],
        window=plain["window"],
    )


def _step_arrays(number: int, steps: list[StepSegment]) -> dict[str, Any]:
    begin, wiring = f"steps_{number}", steps[0].wiring
    return {
        f"{begin}_offsets": wiring.offsets,
        f"{begin}_targets": wiring.targets,
        f"{begin}_part": wiring.part,
        f"{begin}_fired": np.concatenate([one.fired for one in steps]),
        f"{begin}_ends": np.cumsum([len(one.fired) for one in steps], dtype=np.int64),
        f"{begin}_active": np.packbits(np.array([one.active for one in steps]), axis=1),
    }


def _steps(number: int, rows: list[Any], arrays: Mapping[str, Any]) -> dict[int, WholeSegment]:
    names = ("offsets", "targets", "part", "fired", "ends", "active")
    offsets, targets, part, fired, ends, active = (arrays[f"steps_{number}_{n}"] for n in names)
    wiring = Wiring(offsets=offsets, targets=targets, part=part)
    acts = np.unpackbits(active, axis=1, count=len(part)).astype(np.bool_)
    spikes = np.split(fired, ends[:-1])
    return {
        int(place): StepSegment(
            epoch=epoch, step=step, phase=Phase(phase), wiring=wiring, fired=who, active=does
        )
        for (place, epoch, step, phase), who, does in zip(rows, spikes, acts, strict=True)
    }


def _batches_plain(segment: BatchSegment) -> dict[str, Any]:
    return {
        "epoch": segment.epoch,
        "step": segment.step,
        "phase": segment.phase.value,
        "batches": [
            {"kind": one.kind.value, "names": [list(name) for name in one.names]}
            for one in segment.batches
        ],
        "repeat": segment.repeat,
        "window": segment.window,
    }


def _batch_arrays(place: int, segment: BatchSegment) -> dict[str, Any]:
    begin = f"batches_{place}"
    arrays: dict[str, Any] = {
        f"{begin}_{name}": column for name, column in segment.messages._asdict().items()
    }
    for number, one in enumerate(segment.batches):
        arrays[f"{begin}_{number}_counts"] = one.counts
        arrays[f"{begin}_{number}_slots"] = one.slots
        arrays[f"{begin}_{number}_blocks"] = one.blocks
    return arrays


def _batches(plain: Mapping[str, Any], arrays: Mapping[str, Any]) -> BatchSegment:
    begin = f"batches_{plain['place']}"
    batches = tuple(
        OpBatch(
            kind=OpKind(one["kind"]),
            names=tuple((name, plane) for name, plane in one["names"]),
            counts=arrays[f"{begin}_{number}_counts"],
            slots=arrays[f"{begin}_{number}_slots"],
            blocks=arrays[f"{begin}_{number}_blocks"],
        )
        for number, one in enumerate(plain["batches"])
    )
    return BatchSegment(
        epoch=plain["epoch"],
        step=plain["step"],
        phase=Phase(plain["phase"]),
        batches=batches,
        messages=Messages(*(arrays[f"{begin}_{name}"] for name in Messages._fields)),
        repeat=plain["repeat"],
        window=plain["window"],
    )
