"""Signals that end a command: Ctrl-C and a request to terminate, neither of them lost."""

from __future__ import annotations

import signal
import sys
from types import FrameType

__all__ = ["INTERRUPTED", "TERMINATED", "listen", "stop_if_asked"]

INTERRUPTED = 130
TERMINATED = 143

_received: list[int] = []


def listen() -> None:
    """Let both signals end the command by an exception, so that nothing half-written stays."""
    signal.signal(signal.SIGINT, _heard)
    signal.signal(signal.SIGTERM, _heard)


def stop_if_asked() -> None:
    """Raise again what a signal raised, should somebody have caught it on the way.

    Raises
    ------
    KeyboardInterrupt
        After an interrupt.
    SystemExit
        After a request to terminate.
    """
    if _received:
        _end(_received[-1])


def _heard(number: int, frame: FrameType | None) -> None:
    del frame
    _received.append(number)
    _end(number)


def _end(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(TERMINATED)
