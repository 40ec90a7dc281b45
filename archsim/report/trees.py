"""Descriptions as trees: what a chip or workload is made of, with prices, ranges and sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import rich.text
import rich.tree
from pydantic import BaseModel

from archsim.chip import Chip, ChipDescription, CrossbarDescription, TiledDescription, build
from archsim.components.component import Action, Component
from archsim.report.fields import constant_text, shown
from archsim.spec import Constant
from archsim.units import engineering

__all__ = ["Branch", "chip_tree", "rendered", "workload_tree"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One line of a tree, with what hangs below it."""

    name: str
    value: str = ""
    remark: str = ""
    """Shown dimmed: a source, or a word of explanation."""
    children: tuple[Branch, ...] = ()


def rendered(branch: Branch) -> rich.tree.Tree:
    """Return a branch for rich to print."""
    tree = rich.tree.Tree(_label(branch))
    for child in branch.children:
        tree.children.append(rendered(child))
    return tree


def _label(branch: Branch) -> rich.text.Text:
    text = rich.text.Text(branch.name, style="bold" if branch.children else "")
    if branch.value:
        text.append(f"  {branch.value}", style="not bold")
    if branch.remark:
        text.append(f"  {branch.remark}", style="dim not bold")
    return text


def chip_tree(
    description: ChipDescription, *, variants: tuple[str, ...] = (), notes: bool = False
) -> Branch:
    """Return a chip as a tree.

    Parameters
    ----------
    description : ChipDescription
        The chip.
    variants : tuple of str
        Names of its variants.
    notes : bool
        Whether to add the note of each constant to its source.
    """
    children: list[Branch] = []
    if isinstance(description, TiledDescription):
        chip = build(description)
        children.append(_sizes(chip))
        if isinstance(description, CrossbarDescription):
            behaviour = _fields("behaviour", description.behaviour, notes)
            children.append(_branch("behaviour", "behaviour: training feels it", behaviour))
        children += [
            branch
            for name in ("spike_bits", "multicast", "barrier")
            if hasattr(description, name)
            for branch in _of(name, getattr(description, name), notes)
        ]
        children += [_group(chip, group, count, notes) for group, count in _groups(chip).items()]
    else:
        skipped = {"name", "kind", "about", "unpriced"}
        rest = [
            branch
            for name in type(description).model_fields
            if name not in skipped
            for branch in _of(name, getattr(description, name), notes)
        ]
        children.append(_branch("cost", "cost: training does not feel it", tuple(rest)))
    unpriced = tuple(
        Branch(name=one.component or one.part, value=", ".join(one.actions), remark=one.reason)
        for one in description.unpriced
    )
    if unpriced:
        children.append(_branch("unpriced", "what it has and nobody priced", unpriced))
    if variants:
        children.append(Branch(name="variants", value=", ".join(variants)))
    title = f"{description.kind} chip: {' '.join(description.about.split())}"
    return Branch(name=description.name, value=title, children=tuple(children))


def workload_tree(
    description: BaseModel, *, variants: tuple[str, ...] = (), notes: bool = False
) -> Branch:
    """Return a workload as a tree; every field of it belongs to the training.

    Parameters
    ----------
    description : BaseModel
        The workload.
    variants : tuple of str
        Names of its variants.
    notes : bool
        Whether to show the notes of constants.
    """
    skipped = {"name", "about"}
    children = [
        branch
        for name in type(description).model_fields
        if name not in skipped
        for branch in _of(name, getattr(description, name), notes)
    ]
    if variants:
        children.append(Branch(name="variants", value=", ".join(variants)))
    about = " ".join(str(getattr(description, "about", "")).split())
    name = str(getattr(description, "name", "workload"))
    return Branch(name=name, value=f"workload: {about}", children=tuple(children))


def _branch(name: str, remark: str, children: tuple[Branch, ...]) -> Branch:
    return Branch(name=name, remark=f"[{remark}]", children=children)


def _sizes(chip: Chip) -> Branch:
    """Return area and leakage of the whole chip, and for which parts they are unknown."""
    area = engineering(chip.area, "m^2") if chip.area else "unknown"
    leakage = engineering(float(Fraction(chip.leakage_aw, 10**18)), "W")
    lines = (
        ("area", area, chip.area_unknown),
        ("leakage", leakage, chip.leakage_unknown),
    )
    children = tuple(
        Branch(name=name, value=value, remark=f"without {', '.join(gaps)}" if gaps else "")
        for name, value, gaps in lines
    )
    return Branch(name="totals", value=f"{len(chip.tiles)} tiles", children=children)


def _groups(chip: Chip) -> dict[str, int]:
    """Return tile class → how many tiles; the network last."""
    counts: dict[str, int] = {}
    for tile in chip.tiles:
        counts[tile.tile_class] = counts.get(tile.tile_class, 0) + 1
    return {**counts, "network": chip.topology.edge_count()}


def _group(chip: Chip, group: str, count: int, notes: bool) -> Branch:  # noqa: FBT001
    if group == "network":
        network = chip.description.network
        value = f"{network.topology}, {count} links"
    else:
        value = f"{count} tile{'s' if count > 1 else ''}"
    children = tuple(_component(part, notes) for part in chip.tables[group].values())
    remark = "[cost: training does not feel it]"
    return Branch(name=group, value=value, remark=remark, children=children)


def _component(component: Component, notes: bool) -> Branch:  # noqa: FBT001
    count = f"{component.servers} × " if component.servers > 1 else ""
    facts = [engineering(component.area, "m^2")] if component.area_known else ["area unknown"]
    facts += [
        f"{engineering(float(Fraction(power, 10**18)), 'W')} when {state}"
        for state, power in component.leakage_aw.items()
    ] or ["leakage unknown"]
    acts = tuple(map(_act, component.actions.values()))
    constants: tuple[Branch, ...] = ()
    if component.description is not None:
        skipped = {"kind", "count"}
        constants = tuple(
            branch
            for name in type(component.description).model_fields
            if name not in skipped
            for branch in _of(name, getattr(component.description, name), notes)
        )
    value = f"{count}{component.kind}, {', '.join(facts)}"
    return Branch(name=component.name, value=value, children=(*acts, *constants))


def _act(action: Action) -> Branch:
    price = (
        engineering(float(Fraction(action.price_yj, 10**24)), "J") if action.priced else "unpriced"
    )
    facts = [price]
    if action.scale > 1:
        facts[0] += " per full-scale cell"
    if action.latency:
        facts.append(f"takes {engineering(action.latency, 's')}")
    if action.interval and action.interval != action.latency:
        facts.append(f"every {engineering(action.interval, 's')}")
    return Branch(name=f"▸ {action.name}", value=", ".join(facts))


def _fields(path: str, model: BaseModel, notes: bool) -> tuple[Branch, ...]:  # noqa: FBT001
    del path
    return tuple(
        branch
        for name in type(model).model_fields
        for branch in _of(name, getattr(model, name), notes)
    )


def _of(name: str, value: object, notes: bool) -> Iterator[Branch]:  # noqa: FBT001
    """Give the branches of one field; fields without a value have none."""
    if isinstance(value, Constant):
        yield Branch(name=name, value=constant_text(value), remark=_source(value, notes))
    elif isinstance(value, BaseModel):
        yield Branch(name=name, children=_fields(name, value, notes))
    elif isinstance(value, Mapping) and value:
        children = tuple(branch for key, one in value.items() for branch in _of(key, one, notes))
        yield Branch(name=name, children=children)
    elif isinstance(value, list | tuple) and any(isinstance(one, BaseModel) for one in value):
        children = tuple(
            branch for n, one in enumerate(value) for branch in _of(f"[{n}]", one, notes)
        )
        yield Branch(name=name, children=children)
    elif value is not None and value not in ({}, (), [], ""):
        yield Branch(name=name, value=shown(value))


def _source(constant: Constant, notes: bool) -> str:  # noqa: FBT001
    note = f"; {' '.join(constant.note.split())}" if notes and constant.note else ""
    return f"{constant.source}{note}"
