"""Listings: the catalogs as tables."""

from __future__ import annotations

from archsim.catalog import Kind
from archsim.report.references import catalog_listing
from archsim.report.tables import Column, Table

__all__ = ["catalog_table"]


def catalog_table(kind: Kind) -> Table:
    """Return a catalog as a table."""
    rows = tuple(
        (str(entry["name"]), ", ".join(entry["variants"]), _sentence(str(entry["about"])))
        for entry in catalog_listing(kind)
    )
    return Table(
        title=kind,
        columns=(Column(name="name"), Column(name="variants"), Column(name="about")),
        rows=rows,
    )


def _sentence(text: str) -> str:
    """Return the first sentence of a text, without its full stop."""
    return text.partition(". ")[0].rstrip(".")
