"""Errors of archsim and the exit code that the command line gives each.

ArchsimError
├── InputError (ValueError)            exit 2: a file, name, value or program is wrong
│   ├── SpecError                      every fault of a description, in one go
│   └── ProgramError                   a structurally invalid program
├── ModelError (RuntimeError)          exit 3: deadlock, unstable, non-finite, failed audit
│   └── DeadlockError                  tasks wait for each other in a cycle
├── StorageError (OSError)             exit 4: cannot write, or the place is taken
└── ResourceError (OverflowError)      exit 5: size, memory, 64-bit range
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ArchsimError",
    "DeadlockError",
    "Fault",
    "InputError",
    "ModelError",
    "ProgramError",
    "ResourceError",
    "SpecError",
    "StorageError",
]


class ArchsimError(Exception):
    """Root of every error that archsim raises on purpose."""

    exit_code = 2


class InputError(ArchsimError, ValueError):
    """What the user gave is wrong."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of a description file."""

    file: str
    """File as the user named it, or a catalog name."""
    line: int
    """Line, from 1; 0 if the fault has no place."""
    column: int
    """Column, from 1; 0 if the fault has no place."""
    field: str
    """Field path such as ``tiles[3].adc.energy``."""
    message: str
    """What was expected, what was found, and a likely fix."""

    def __str__(self) -> str:
        """Return ``file:line:column: field: message``."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return (
            f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"
        )


class SpecError(InputError):
    """A description has faults; `faults` holds all of them."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


class ProgramError(InputError):
    """A program breaks a structural rule of the engine contract."""


class ModelError(ArchsimError, RuntimeError):
    """A model cannot be simulated to its end."""

    exit_code = 3


class DeadlockError(ModelError):
    """Tasks and stations wait for each other in a cycle."""


class StorageError(ArchsimError, OSError):
    """A result cannot be read or written where it was asked for."""

    exit_code = 4


class ResourceError(ArchsimError, OverflowError):
    """A size, a memory need or a number is beyond what can be handled."""

    exit_code = 5
