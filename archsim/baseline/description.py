"""GPU chip files: the constants that price a training on a graphics processor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from archsim.chip.checks import Problem
from archsim.chip.description import ChipDescription
from archsim.chip.read import register_chip
from archsim.spec import (
    Bandwidth,
    Constant,
    Description,
    Energy,
    EnergyPerByte,
    FlopRate,
    Number,
    Power,
    Time,
)

__all__ = ["WORD_BYTES", "Board", "Compute", "GpuDescription", "Host", "Launch", "Link", "Memory"]

WORD_BYTES = {"fp64": 8, "fp32": 4, "tf32": 4, "fp16": 2, "bf16": 2}
"""Number format → bytes of one word in memory."""


class Compute(Description):
    """The arithmetic units."""

    peak: FlopRate
    """Peak rate in the format of `GpuDescription.precision`. [flop/s]"""
    efficiency: Number
    """Share of the peak that kernels of this size reach, above 0 and at most 1."""
    flop_energy: Energy
    """Energy of one operation; charged only where power is charged by act. [J]"""


class Memory(Description):
    """The memory of the card."""

    bandwidth: Bandwidth
    """Peak rate. [byte/s]"""
    efficiency: Number
    """Share of the peak that kernels of this size reach, above 0 and at most 1."""
    byte_energy: EnergyPerByte
    """Energy of moving one byte; charged only where power is charged by act. [J/byte]"""


class Launch(Description):
    """What it takes to start a kernel."""

    time: Time
    """From one launch to the next, back to back, without a framework. [s]"""


class Host(Description):
    """What drives the card."""

    call_time: Time
    """Time of one call of the framework, launches of its kernels included. [s]"""


class Link(Description):
    """What samples come over from a sensor elsewhere, and answers go back over."""

    byte_energy: EnergyPerByte
    """Energy of sending one byte, both ends together. [J/byte]"""
    bandwidth: Bandwidth
    """Rate once a message is under way. [byte/s]"""
    delay: Time
    """From wanting to send a message to its first byte. [s]"""


class Board(Description):
    """Power of the whole card; neither host processor nor cooling."""

    idle: Power
    """Between kernels: clocks up, context open, nothing running. [W]"""
    busy: Power
    """While kernels run. [W]"""
    limit: Power
    """Power limit of the card; no draw of the others goes beyond it. [W]"""


class GpuDescription(ChipDescription):
    """A graphics processor, as the roofline of `archsim.baseline.roofline` sees it."""

    kind: Literal["gpu"]
    precision: Literal["fp64", "fp32", "tf32", "fp16", "bf16"]
    """Number format of weights and activations; sets the bytes of a word."""
    compute: Compute
    memory: Memory
    launch: Launch
    host: Host
    board: Board
    link: Link | None = None
    """To where the data are; absent: they are in the card's memory already."""
    power: Literal["state", "act"] = "state"
    """Charge energy by the card's power state over time, or by act (operations and bytes), never
    both."""

    @property
    def word_bytes(self) -> int:
        """Size [byte] of one weight or activation."""
        return WORD_BYTES[self.precision]


def gpu_problems(description: GpuDescription) -> Iterator[Problem]:
    """Give what is wrong with a GPU as a whole: shares above 1, powers out of order."""
    for part in ("compute", "memory"):
        share: Constant = getattr(description, part).efficiency
        top = share.value if share.high is None else share.high
        bottom = share.value if share.low is None else share.low
        if not (bottom > 0 and top <= 1):
            message = f"expected a share above 0 and at most 1, got {bottom:g} to {top:g}"
            yield Problem((part, "efficiency"), message)
    board = description.board
    if not 0 < board.idle.value <= board.busy.value <= board.limit.value:
        found = f"{board.idle.text}, {board.busy.text}, {board.limit.text}"
        yield Problem(("board",), f"expected 0 < idle <= busy <= limit, got {found}")


register_chip("gpu", GpuDescription, checks=lambda description: tuple(gpu_problems(description)))
