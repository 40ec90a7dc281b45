# ruff: noqa: PLC0415  (heavy imports wait for a command that needs them)
"""Loading of extensions, before any name is looked up."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["load_extensions"]


def load_extensions(modules: Sequence[str]) -> None:
    """Import what installed packages offer, then modules by name.

    Modules that stand in the current folder are found too, after all installed ones.

    Raises
    ------
    InputError
        If one cannot be imported or does not fit.
    """
    import archsim.baseline  # noqa: F401  (makes chips of kind gpu known)
    from archsim import plugins

    plugins.load_entry_points()
    if modules:
        here = str(Path.cwd())
        if here not in sys.path:
            sys.path.append(here)
    for name in modules:
        plugins.load_module(name)
