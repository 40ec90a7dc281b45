"""The catalogs of chips, workloads and reports, and how a reference finds its file.

A reference is ``NAME`` or ``NAME:VARIANT`` of a catalog entry, or a path to a folder or file,
with ``:VARIANT`` behind it if one is wanted.
"""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from archsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FILES", "Kind", "display", "entries", "find", "folder"]

Kind = Literal["chips", "workloads", "reports"]
"""The three catalogs."""

FILES: Final[Mapping[Kind, str]] = MappingProxyType(
    {"chips": "chip.yaml", "workloads": "workload.yaml", "reports": "report.yaml"}
)
"""Catalog → name of the file in each of its folders."""

_SHOWN = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_VARIANT = re.compile(r"(.+?):([A-Za-z0-9_-]+)")


def folder(kind: Kind) -> Path:
    """Return the folder of a catalog: inside the package if installed, else beside it."""
    package = Path(__file__).resolve().parent
    installed = package / "_catalog"
    return (installed if installed.is_dir() else package.parent) / kind


def entries(kind: Kind) -> list[str]:
    """Return the names of all entries of a catalog, sorted."""
    place = folder(kind)
    return (
        sorted(path.parent.name for path in place.glob(f"*/{FILES[kind]}"))
        if place.is_dir()
        else []
    )


def find(kind: Kind, reference: str) -> tuple[Path, str]:
    """Return the file that a reference names, and its variant.

    Parameters
    ----------
    kind : {"chips", "workloads", "reports"}
        Catalog to look in.
    reference : str
        ``madem_64``, ``madem_64:clocked``, or a path to a folder or file, with ``:variant`` or not.

    Returns
    -------
    path : Path
        The YAML file.
    variant : str
        Name of the variant; empty for none.

    Raises
    ------
    InputError
        If there is no such entry or file.
    """
    match = _VARIANT.fullmatch(reference)
    name, variant = (match[1], match[2]) if match else (reference, "")
    if not name.strip() or "\0" in name:
        message = f"expected a name or path of one of the {kind}, got {reference!r}"
        raise InputError(message)
    places = [Path(name), Path(name) / FILES[kind]]
    if _NAME.fullmatch(name):
        places.insert(0, folder(kind) / name / FILES[kind])
    for path in places:
        if os.path.isfile(path):  # noqa: PTH113  (Path.is_file raises for overlong names)
            return path, variant
    known = entries(kind)
    near = get_close_matches(name, known, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    listed = ", ".join(known) or "none"
    message = f"expected one of the {kind} ({listed}) or a path, got {reference[:_SHOWN]!r}{hint}"
    raise InputError(message)


def display(path: Path) -> str:
    """Return how messages and results call a file: catalog files from the catalog down."""
    for kind in FILES:
        try:
            return f"{kind}/{path.resolve().relative_to(folder(kind).resolve()).as_posix()}"
        except ValueError:
            continue
    return str(path)
