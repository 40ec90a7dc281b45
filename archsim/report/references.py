"""References: whether a name means a chip or a workload, and what the catalogs hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from archsim import catalog
from archsim.catalog import FILES, Kind
from archsim.errors import ArchsimError, InputError
from archsim.spec.read import resolve, variants

__all__ = ["Part", "catalog_listing", "kind_of", "variants_of"]

Part = Literal["chip", "workload"]
"""What a description describes."""

_CATALOGS: Mapping[Part, Kind] = {"chip": "chips", "workload": "workloads"}
_CHIP_FIELDS = frozenset(("kind", "tiles", "behaviour", "unpriced"))
_WORKLOAD_FIELDS = frozenset(("dataset", "rule", "pacing", "layers"))
_REPORTS: Mapping[str, str] = {"study": "archsim sweep", "trainings": "archsim train"}


def kind_of(reference: str) -> Part:
    """Return whether a reference means a chip or a workload.

    Catalog entries and files under their usual names are told by the name, others by their fields.

    Raises
    ------
    InputError
        If the reference means neither, or a name means both.
    SpecError
        If the file cannot be read.
    """
    found: dict[Part, Path] = {}
    for part, kind in _CATALOGS.items():
        try:
            found[part] = catalog.find(kind, reference)[0]
        except InputError:
            continue
    if not found:
        raise _unknown(reference)
    named = [part for part, path in found.items() if path.name == FILES[_CATALOGS[part]]]
    if len(named) == 1:
        return named[0]
    if len(named) > 1:
        message = (
            f"expected a reference that means one thing, got {reference!r}, which is a chip and a "
            "workload; name the file"
        )
        raise InputError(message)
    path = next(iter(found.values()))
    plain = resolve(path)[0].plain()
    fields = plain if isinstance(plain, dict) else {}
    report = _REPORTS.get(str(fields.get("kind")))
    if report is not None:
        message = (
            f"{path.name}: expected a chip or a workload, got a report of kind {fields['kind']}; "
            f"{report} reads it"
        )
        raise InputError(message)
    return (
        "workload"
        if _WORKLOAD_FIELDS & fields.keys() or not _CHIP_FIELDS & fields.keys()
        else "chip"
    )


def _unknown(reference: str) -> InputError:
    known = [f"{kind}: {', '.join(catalog.entries(kind)) or 'none'}" for kind in _CATALOGS.values()]
    message = (
        f"expected a chip, a workload or the path of a file, got {reference!r}; "
        f"there are {'; '.join(known)}"
    )
    return InputError(message)


def variants_of(reference: str, part: Part) -> tuple[str, ...]:
    """Return the variants of what a reference means."""
    return variants(catalog.find(_CATALOGS[part], reference)[0])


def catalog_listing(kind: Kind) -> list[dict[str, Any]]:
    """Return name, variants and a line about each entry of a catalog; entries are not checked."""
    listing = []
    for name in catalog.entries(kind):
        path = catalog.find(kind, name)[0]
        try:
            about, names = _about(path), list(variants(path))
        except ArchsimError as error:
            about, names = f"faulty: {str(error).splitlines()[0]}", []
        listing.append({"name": name, "about": about, "variants": names})
    return listing


def _about(path: Path) -> str:
    root, _ = resolve(path)
    plain = root.plain()
    about = plain.get("about") if isinstance(plain, dict) else None
    return " ".join(about.split()) if isinstance(about, str) else ""
