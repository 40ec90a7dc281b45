"""archsim: what a neuromorphic chip costs, what bounds it, and what if, before anyone builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archsim.plugins import register
    from archsim.runs import Run, run

__all__ = ["Run", "__version__", "register", "run"]

__version__ = "0.1.0"

_HOMES = {"Run": "archsim.runs", "register": "archsim.plugins", "run": "archsim.runs"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    """Import a public name when it is first used, so that ``import archsim`` stays quick."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'archsim' has no attribute {name!r}")
    import importlib  # noqa: PLC0415 (part of staying quick)

    thing = getattr(importlib.import_module(home), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
