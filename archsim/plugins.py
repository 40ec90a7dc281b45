"""Extensions: components, cells, learning rules and station policies of a user's own.

An extension is a Python module that calls `register` when imported. It is found through an entry
point of the group ``archsim``, or named by ``--plugin MODULE``; catalogs refer to what it
registered by name only. The version and source hash of every extension enter the manifest.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from archsim.components.cell import register_cell
from archsim.components.component import register_component
from archsim.engine.policy import register_policy
from archsim.errors import ArchsimError, InputError
from archsim.workload.rules import register_rule

__all__ = ["ENTRY_POINT_GROUP", "load_entry_points", "load_module", "provenance", "register"]

ENTRY_POINT_GROUP = "archsim"

_REGISTER: dict[str, Callable[[str, Any], None]] = {
    "component": register_component,
    "cell": register_cell,
    "rule": register_rule,
    "policy": register_policy,
}
_modules: dict[str, str] = {}


Kind = Literal["component", "cell", "rule", "policy"]


def register(kind: Kind, name: str, thing: object) -> None:
    """Make an extension known under a name that catalogs can use.

    Parameters
    ----------
    kind : {"component", "cell", "rule", "policy"}
        What it is.
    name : str
        Name in descriptions: a component's ``kind``, a cell's ``model``, a rule's name, or the
        name of a policy.
    thing : type or callable
        Subclass of `ComponentDescription`, `CellModel` or `LearningRule`, or a generator function
        of one `StationControl`.

    Raises
    ------
    InputError
        If the kind is unknown, the name is taken, or the thing does not fit the kind.
    """
    function = _REGISTER.get(kind)
    if function is None:
        raise InputError(f"register: expected one of {', '.join(_REGISTER)}, got {kind!r}")
    function(name, thing)
    module = inspect.getmodule(thing)
    if module is not None and not module.__name__.startswith("archsim."):
        _modules[module.__name__] = _fingerprint(module)


def load_module(name: str) -> None:
    """Import an extension by module name.

    Raises
    ------
    InputError
        If it cannot be imported, or registers something that does not fit.
    """
    try:
        importlib.import_module(name)
    except ArchsimError:
        raise
    except Exception as error:
        raise InputError(f"plugin {name}: cannot be imported: {error!r}") from error


def load_entry_points() -> None:
    """Import every extension that an installed package offers.

    Raises
    ------
    InputError
        If one cannot be imported.
    """
    for point in sorted(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)):
        load_module(point.value.partition(":")[0])


def provenance() -> dict[str, str]:
    """Return the modules that registered something: name → version and SHA-256 of the source."""
    return dict(sorted(_modules.items()))


def _fingerprint(module: ModuleType) -> str:
    source = getattr(module, "__file__", None)
    digest = hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else "no source"
    return f"{getattr(module, '__version__', 'no version')} {digest}"
