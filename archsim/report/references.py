"""References: whether a name means a chip, a workload or a report, and what the catalogs hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from archsim import catalog
from archsim.catalog import FILES, Kind
from archsim.errors import ArchsimError, InputError
from archsim.spec.read import resolve, variants

__all__ = [
    "Part",
    "ReportKind",
    "catalog_listing",
    "expect_report",
    "kind_of",
    "report_kind",
    "variants_of",
]

Part = Literal["chip", "workload"]
"""What a description describes."""

ReportKind = Literal["study", "trainings"]
"""What a report of one's own may be."""

_CATALOGS: Mapping[Part, Kind] = {"chip": "chips", "workload": "workloads"}
_CHIP_FIELDS = frozenset(("kind", "tiles", "behaviour", "unpriced"))
_WORKLOAD_FIELDS = frozenset(("dataset", "rule", "pacing", "layers"))
_REPORTS: Mapping[ReportKind, str] = {"study": "archsim sweep", "trainings": "archsim train"}
_FOLDERS: Mapping[str, str] = {
    "manifest.json": "the folder of a run, which archsim why, reprice and audit read",
    "points": "the results of a study; give the study itself, and this folder as -o",
}


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
    fields = _fields(path)
    for name, verb in _REPORTS.items():
        if fields.get("kind") == name:
            message = (
                f"{path.name}: expected a chip or a workload, got a report of kind {name}; "
                f"{verb} reads it"
            )
            raise InputError(message)
    return (
        "workload"
        if _WORKLOAD_FIELDS & fields.keys() or not _CHIP_FIELDS & fields.keys()
        else "chip"
    )


def report_kind(reference: str) -> ReportKind | None:
    """Return what kind of report a reference means; None if it means something else.

    A name that is a chip or a workload too means that one.

    Raises
    ------
    SpecError
        If the file cannot be read.
    """
    for kind in _CATALOGS.values():
        try:
            if catalog.find(kind, reference)[0].name == FILES[kind]:
                return None
        except InputError:
            continue
    try:
        path = catalog.find("reports", reference)[0]
    except InputError:
        return None
    stated = _fields(path).get("kind")
    return next((name for name in _REPORTS if name == stated), None)


def expect_report(reference: str, kind: ReportKind) -> None:
    """Check that a reference means a report of this kind.

    Faults of its file are left to its reader.

    Raises
    ------
    InputError
        If it means something else; the text says what that is, and who reads it.
    SpecError
        If the file cannot be read.
    """
    wanted = f"expected a report of kind {kind}"
    try:
        path = catalog.find("reports", reference)[0]
    except InputError:
        found = _other_entry(reference) or _other_folder(Path(reference))
        if not found:
            raise
        raise InputError(f"{reference}: {wanted}, got {found}") from None
    fields = _fields(path)
    stated = fields.get("kind")
    verb = next((verb for name, verb in _REPORTS.items() if name == stated), "")
    found = ""
    if stated == kind:
        return
    if verb:
        found = f"one of kind {stated}, which {verb} reads"
    elif _WORKLOAD_FIELDS & fields.keys():
        found = "a workload, which archsim show reads"
    elif (_CHIP_FIELDS - {"kind"}) & fields.keys():
        found = "a chip, which archsim show reads"
    elif stated is None and path.is_relative_to(catalog.folder("reports")):
        found = "one that archsim demo or archsim validate reads"
    if found:
        raise InputError(f"{catalog.display(path)}: {wanted}, got {found}")


def _other_entry(reference: str) -> str:
    """Return what a reference means if it is an entry of another catalog."""
    for part, kind in _CATALOGS.items():
        try:
            catalog.find(kind, reference)
        except InputError:
            continue
        return f"a {part}, which archsim show reads"
    return ""


def _other_folder(path: Path) -> str:
    """Return what a folder is that holds no report; empty for what is no folder."""
    if "\0" in str(path) or not path.is_dir():
        return ""
    known = (what for name, what in _FOLDERS.items() if (path / name).exists())
    return next(known, "a folder without report.yaml")


def _fields(path: Path) -> Mapping[str, Any]:
    plain = resolve(path)[0].plain()
    return plain if isinstance(plain, dict) else {}


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
    about = _fields(path).get("about")
    return " ".join(about.split()) if isinstance(about, str) else ""
