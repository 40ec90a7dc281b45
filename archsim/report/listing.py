"""Listings: the catalogs as tables."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from archsim.catalog import Kind
from archsim.report.references import catalog_listing
from archsim.report.tables import Column, Table

__all__ = ["catalog_table"]

_WIDTH = 72
"""Most of a description that is shown. [characters]"""
_NAMES = 5
"""Most variants of an entry that are shown."""


def catalog_table(kind: Kind) -> Table:
    """Return a catalog as a table of a few words about each entry."""
    rows = tuple(
        (str(entry["name"]), _some(entry["variants"]), _begin(str(entry["about"])))
        for entry in catalog_listing(kind)
    )
    return Table(
        title=kind,
        columns=(Column(name="name"), Column(name="variants"), Column(name="about")),
        rows=rows,
        note="" if kind == "reports" else "All of an entry: archsim show NAME",
    )


def _some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES + 1 else ""
    return ", ".join(names[:_NAMES] if more else names) + more


def _begin(text: str) -> str:
    """Return how the first sentence of a text begins."""
    sentence = text.partition(". ")[0].rstrip(".")
    return textwrap.shorten(sentence, _WIDTH, placeholder=" …")
