"""Ops: logical acts on blocks of weights or on tensors, and what they count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

__all__ = ["COUNT_SCALE", "PHASES", "TRAINING_PHASES", "Block", "Op", "OpKind", "Phase"]

COUNT_SCALE = 1 << 20
"""Data-dependent counts are integers in 1/COUNT_SCALE of an act."""


class Phase(StrEnum):
    """What a stretch of work is for."""

    INITIALISE = "initialise"
    FREE = "free"
    CLAMPED = "clamped"
    FORWARD = "forward"
    BACKWARD = "backward"
    UPDATE = "update"
    VERIFY = "verify"
    INFERENCE = "inference"
    EVALUATE = "evaluate"
    IO = "io"
    MIXED = "mixed"


PHASES = tuple(phase.value for phase in Phase)
"""All phases, in the order of reports."""

TRAINING_PHASES = ("free", "clamped", "forward", "backward", "update", "verify", "io")
"""Phases whose sum is the headline training cost."""


class OpKind(StrEnum):
    """What an op does; mapping gives each kind its sequence of stations."""

    READ = "read"
    """Analog multiply of one block: drive, conduct, sample, convert."""
    READ_TRANSPOSED = "read_transposed"
    """The same, driven from the columns."""
    SETTLE = "settle"
    """Several blocks conduct together until their analog neurons rest; no conversion."""
    CONVERT = "convert"
    """Digitise held values of one block."""
    WRITE = "write"
    """Update pulses on one block."""
    VERIFY = "verify"
    """Check reads of single cells of one block."""
    DIGITAL = "digital"
    """Arithmetic on a tensor in the digital part."""


class Block(NamedTuple):
    """One logical block: a piece of a weight matrix that fits the array."""

    matrix: str
    row: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One logical act; it knows no tile, route, price or tick."""

    kind: OpKind
    phase: Phase
    blocks: tuple[Block, ...] = ()
    """Blocks that act (one; several only in a settle); empty for digital ops."""
    after: tuple[int, ...] = ()
    """Earlier ops of the same trace segment whose results this one needs."""
    counts: tuple[tuple[str, int, int, int], ...] = ()
    """(``role.action``, block index, plane, count) each.

    Block index counts in `blocks`; plane is the physical array of the block (0 and 1 for a
    balanced pair) or -1 for a component that serves the block as a whole. Counts are whole acts,
    but in 1/COUNT_SCALE for ``array.cell_read``, ``array.cell_settle``, ``array.cell_pulse`` and
    ``array.half_select`` of analog arrays.
    """
    slots: int = 1
    """Time slots that the act takes one after another (passes of a read, pulses of a write)."""
    input_bits: int = 0
    """Bits that the op is told before it begins, from wherever the ops before it ended, or from the
    controller if there are none; 0: it takes the results of the ops before it."""
    output_bits: int = 0
    """Bits of the result, carried to wherever a dependent op without `input_bits` is done."""
