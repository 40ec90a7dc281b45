"""Cores: what a network runs on where weights are digital and arithmetic is exact."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.trace.recorder import Recorder

__all__ = ["Cores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Digital cores, in the place that a `Substrate` has on chips with arrays."""

    recorder: Recorder | None = None
    """Gets what the network does; the network does the same without it."""
