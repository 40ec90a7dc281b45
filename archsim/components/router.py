"""Links and routers of the network between tiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from archsim.components.component import (
    Act,
    ComponentDescription,
    Setting,
    SingleAct,
    register_component,
)
from archsim.spec import EnergyPerBit, Time

__all__ = ["LinkPart", "Router"]


class LinkPart(ComponentDescription):
    """A one-way link, or a shared bus.

    ``transfer`` counts bits. Its interval is the time of one flit, its latency the flight of one
    flit from end to end: a packet of L flits holds the link for L intervals and its tail arrives
    (L − 1) intervals after its head.
    """

    kind: Literal["link"]
    width: Annotated[int, Field(ge=1, le=65536)]
    """Bits of one flit. [bit]"""
    energy: EnergyPerBit | None = None
    """Energy of carrying one bit over the link; absent where nobody knows it. [J/bit]"""
    cycle: Time
    """From one flit to the next. [s]"""
    latency: Time | None = None
    """From a flit's start to its arrival; absent: one cycle. [s]"""
    channels: Annotated[int, Field(ge=0, le=64)] = 0
    """Channels of the buffer at its far end; 0: a buffer without bound."""
    depth: Annotated[int, Field(ge=0, le=65536)] = 0
    """Flits that each channel holds; 0 if and only if `channels` is 0."""
    packet: Annotated[int, Field(ge=0, le=65536)] = 0
    """Flits of the longest packet that may pass it, if no channel is shorter; a longer message is
    cut where it begins, by the shortest of the network. 0: messages are not cut."""
    credit_time: Time | None = None
    """From a place becoming free until the sender knows; absent: one cycle. [s]"""

    @model_validator(mode="after")
    def _bounded_or_not(self) -> Self:
        if (self.channels == 0) != (self.depth == 0):
            message = (
                "expected channels and depth both zero (a buffer without bound) or both positive, "
                f"got channels {self.channels} and depth {self.depth}"
            )
            raise ValueError(message)
        return self

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the act of carrying one bit."""
        del setting
        return {
            "transfer": Act(
                energy=self.energy.value if self.energy else None,
                latency=(self.latency or self.cycle).value,
                interval=self.cycle.value,
            )
        }


class Router(SingleAct):
    """A router; an act is one flit passing through, its latency the delay of a packet's head."""

    action = "route"
    kind: Literal["router"]


register_component("link", LinkPart)
register_component("router", Router)
