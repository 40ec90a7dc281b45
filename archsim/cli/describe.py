# ruff: noqa: PLC0415  (heavy imports wait for the command that needs them)
"""Commands that look at descriptions: list, show, check, schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import click

from archsim.cli.extensions import load_extensions
from archsim.cli.options import Verb, json_option, plugin_option, set_option

if TYPE_CHECKING:
    from archsim.catalog import Kind

__all__ = ["check", "list_entries", "schema", "show"]


@click.command(
    "list",
    cls=Verb,
    short_help="List chips, workloads and reports, with variants.",
    examples=("archsim list chips",),
)
@click.argument("kind", required=False, type=click.Choice(["chips", "workloads", "reports"]))
@json_option
def list_entries(kind: Kind | None, *, as_json: bool) -> None:
    """List what the catalogs hold, with variants."""
    from archsim.cli.output import show as print_items
    from archsim.report.listing import catalog_table
    from archsim.report.references import catalog_listing
    from archsim.report.tables import terminal

    kinds: tuple[Kind, ...] = (kind,) if kind else ("chips", "workloads", "reports")
    if as_json:
        listing = {one: catalog_listing(one) for one in kinds}
        click.echo(json.dumps(listing, indent=2, sort_keys=True, ensure_ascii=False))
        return
    print_items(terminal(catalog_table(one)) for one in kinds)


@click.command(
    cls=Verb,
    short_help="Show a chip or workload as a tree, with prices and sources.",
    examples=("archsim show madem_64:clocked",),
)
@click.argument("reference")
@set_option("Show it with a field replaced; PATH begins with chip. or workload.")
@click.option("--notes", is_flag=True, help="Add to each source how the number came of it.")
@plugin_option
def show(
    reference: str, *, settings: dict[str, str], notes: bool, plugins: tuple[str, ...]
) -> None:
    """Show a chip or workload as a tree: parts, prices, ranges, sources, what nobody priced.

    REFERENCE is NAME, NAME:VARIANT or the path of a file.
    """
    load_extensions(plugins)
    from archsim.cli.output import show as print_items
    from archsim.report.check import check as checked
    from archsim.report.references import kind_of, variants_of
    from archsim.report.trees import chip_tree, rendered, workload_tree

    found = checked([reference], settings=settings)
    variants = variants_of(reference, kind_of(reference))
    if found.chip is not None:
        tree = chip_tree(found.chip, variants=variants, notes=notes)
    else:
        assert found.workload is not None  # noqa: S101  (it is one of the two)
        tree = workload_tree(found.workload, variants=variants, notes=notes)
    print_items([rendered(tree)])


@click.command(
    cls=Verb,
    short_help="Name every fault of a chip, a workload, both together, or a report.",
    examples=(
        "archsim check my_chip.yaml",
        "archsim check madem_braille:two_layer madem_64x4",
        "archsim check madem_64 --fields",
        "archsim check my_study/",
    ),
)
@click.argument("references", metavar="FILE...", nargs=-1, required=True)
@set_option("Check with a field replaced; PATH begins with chip. or workload.")
@click.option(
    "--fields", is_flag=True, help="List the fields for --set, and what a change of each needs."
)
@plugin_option
def check(
    references: tuple[str, ...],
    *,
    settings: dict[str, str],
    fields: bool,
    plugins: tuple[str, ...],
) -> None:
    """Check a chip, a workload, or both together, or a report; name every fault.

    FILE is a path, NAME or NAME:VARIANT. Given both, the workload must fit the chip too. A report
    is one of kind study or trainings; nothing is run.
    """
    load_extensions(plugins)
    from archsim.cli.output import show as print_items
    from archsim.report.check import check as checked
    from archsim.report.check_report import check_report
    from archsim.report.fields import fields_table, settable_fields
    from archsim.report.references import report_kind
    from archsim.report.tables import terminal

    kind = report_kind(references[0]) if len(references) == 1 else None
    if kind is not None:
        if settings or fields:
            message = "--set and --fields are for chips and workloads; a report has settings"
            raise click.UsageError(message)
        for line in check_report(references[0], kind):
            click.echo(line)
        return
    found = checked(references, settings=settings)
    for line in found.summary():
        click.echo(line)
    if fields:
        print_items(
            terminal(fields_table(settable_fields(one)))
            for one in (found.chip, found.workload)
            if one is not None
        )


@click.command(
    cls=Verb,
    short_help="Print the JSON Schema of chip, workload or report files.",
    examples=("archsim schema chip > chip.schema.json",),
)
@click.argument("part", type=click.Choice(["chip", "workload", "report"]))
@plugin_option
def schema(part: Literal["chip", "workload", "report"], *, plugins: tuple[str, ...]) -> None:
    """Print the JSON Schema of chip, workload or report files, for editors."""
    load_extensions(plugins)
    from archsim.report.schemas import schema_of

    model = schema_of(part)
    click.echo(json.dumps(model, indent=2, sort_keys=True, ensure_ascii=False))
