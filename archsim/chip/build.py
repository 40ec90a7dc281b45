"""Build: description → chip, after all checks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import MappingProxyType

from archsim.chip.checks import problems
from archsim.chip.chip import Chip, Tile
from archsim.chip.description import TiledDescription, expanded, tile_class
from archsim.chip.network import (
    BusNetwork,
    FreeLink,
    FreeNetwork,
    MeshNetwork,
    PointToPointNetwork,
    RingNetwork,
    TreeNetwork,
)
from archsim.chip.topology import Bus, Free, Grid, PointToPoint, Topology, Tree
from archsim.components.component import Component, built
from archsim.errors import Fault, SpecError

__all__ = ["build", "component_tables"]


def build(description: TiledDescription) -> Chip:
    """Return the chip that `description` describes.

    Raises
    ------
    SpecError
        If a check finds a fault; all faults in one go.
    """
    found = problems(description)
    if found:
        raise SpecError(
            [
                Fault(
                    file=description.name,
                    line=0,
                    column=0,
                    field=problem.field,
                    message=problem.message,
                )
                for problem in found
            ]
        )
    tables = component_tables(description)
    tiles = tuple(
        Tile(name=name, tile_class=group, components=tables[group])
        for entry in description.layout
        for group in (tile_class(entry),)
        for name in expanded(entry)
    )
    return Chip(
        description=description,
        tiles=tiles,
        tables=tables,
        topology=_topology(description, [tile.name for tile in tiles]),
        link_parts=_link_parts(description),
    )


def component_tables(description: TiledDescription) -> Mapping[str, Mapping[str, Component]]:
    """Return the built components: tile class → role → component.

    Prices alone need no more than this: pricing a finished run anew builds no chip.
    """
    setting = description.setting()
    return MappingProxyType(
        {
            group: MappingProxyType(
                {role: built(role, component, setting) for role, component in components.items()}
            )
            for group, components in description.groups().items()
        }
    )


def _topology(description: TiledDescription, tiles: list[str]) -> Topology:
    network = description.network
    match network:
        case PointToPointNetwork():
            return PointToPoint(tiles)
        case BusNetwork():
            return Bus(tiles)
        case RingNetwork():
            return Grid(tiles, shape=(len(tiles),), wraps=True)
        case TreeNetwork():
            return Tree(tiles, arity=network.arity)
        case FreeNetwork():
            links = itertools.chain.from_iterable(map(_ways, network.links))
            return Free(tiles, switches=network.switches, links=list(links), routes=network.routes)
        case _:
            return Grid(tiles, shape=network.shape, wraps=not isinstance(network, MeshNetwork))


def _ways(link: FreeLink) -> list[tuple[str, str]]:
    """Return the one or two links that an entry stands for, as (source, target)."""
    there = (link.source, link.target)
    return [there] if link.one_way else [there, there[::-1]]


def _link_parts(description: TiledDescription) -> Mapping[tuple[str, str], str]:
    if not isinstance(description.network, FreeNetwork):
        return MappingProxyType({})
    return MappingProxyType(
        {
            way: link.part
            for link in description.network.links
            if link.part != "link"
            for way in _ways(link)
        }
    )
