"""Checks of a chip's network, one function each; `archsim.chip.checks` runs them with the rest."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from archsim.chip.description import TiledDescription, expanded, tile_count
from archsim.chip.network import FreeNetwork, MeshNetwork, RingNetwork, TorusNetwork
from archsim.chip.problem import Problem, did_you_mean
from archsim.components.component import ComponentDescription
from archsim.errors import InputError

__all__ = [
    "datelines_have_channels",
    "links_are_listed_once",
    "links_end_at_nodes",
    "network_names_are_its_own",
    "routers_route",
    "routes_follow_links",
    "switch_names_are_unique",
    "tiles_fit_the_shape",
    "tiles_reach_each_other",
]


def switch_names_are_unique(description: TiledDescription) -> Iterator[Problem]:
    """Refuse switches that are named like a tile or like each other."""
    network = description.network
    if not isinstance(network, FreeNetwork):
        return
    taken = set(_tile_names(description))
    for number, name in enumerate(network.switches):
        if name in taken:
            message = (
                f'duplicate name "{name}": expected a switch named unlike every tile and '
                "other switch"
            )
            yield Problem(("network", "switches", number), message)
        taken.add(name)


def tiles_fit_the_shape(description: TiledDescription) -> Iterator[Problem]:
    """Refuse a mesh or torus with fewer nodes than tiles."""
    network = description.network
    if isinstance(network, MeshNetwork | TorusNetwork):
        nodes, tiles = math.prod(network.shape), sum(map(tile_count, description.layout))
        if nodes < tiles:
            message = f"expected at least as many nodes as the {tiles} tiles, got {nodes} nodes"
            yield Problem(("network", "shape"), message)


def links_end_at_nodes(description: TiledDescription) -> Iterator[Problem]:
    """Refuse links with a dangling end, loops, and links of an unknown part."""
    network = description.network
    if not isinstance(network, FreeNetwork):
        return
    nodes = {*_tile_names(description), *network.switches}
    parts = ("link", *network.parts)
    for number, link in enumerate(network.links):
        for end in ("source", "target"):
            name = getattr(link, end)
            if name not in nodes:
                message = f'dangling link end: expected a tile or switch, got "{name}"'
                yield Problem(
                    ("network", "links", number, end), message + did_you_mean(name, nodes)
                )
        if link.source == link.target:
            message = f'expected a link between two nodes, got one from "{link.source}" to itself'
            yield Problem(("network", "links", number), message)
        if link.part not in parts:
            message = f'expected one of the parts {", ".join(parts)}, got "{link.part}"'
            path = ("network", "links", number, "part")
            yield Problem(path, message + did_you_mean(link.part, parts))


def links_are_listed_once(description: TiledDescription) -> Iterator[Problem]:
    """Refuse two links from one node to the same other."""
    network = description.network
    if not isinstance(network, FreeNetwork):
        return
    seen: set[tuple[str, str]] = set()
    for number, link in enumerate(network.links):
        ways = [(link.source, link.target)]
        if not link.one_way:
            ways.append((link.target, link.source))
        for source, target in ways:
            if (source, target) in seen:
                message = (
                    f'duplicate link from "{source}" to "{target}": expected at most one each way; '
                    "give it a larger count or width instead"
                )
                yield Problem(("network", "links", number), message)
                break
        seen.update(ways)


def routes_follow_links(description: TiledDescription) -> Iterator[Problem]:
    """Refuse routes over missing links, in circles, not between tiles, or given twice."""
    network = description.network
    if not isinstance(network, FreeNetwork) or not network.routes:
        return
    tiles = set(_tile_names(description))
    links = {(link.source, link.target) for link in network.links}
    links |= {(link.target, link.source) for link in network.links if not link.one_way}
    seen: set[tuple[str, str]] = set()
    for number, nodes in enumerate(network.routes):
        path = ("network", "routes", number)
        for end in (nodes[0], nodes[-1]):
            if end not in tiles:
                message = f'expected a route from a tile to a tile, got "{end}" at its end'
                yield Problem(path, message + did_you_mean(end, tiles))
        for source, target in itertools.pairwise(nodes):
            if (source, target) not in links:
                message = f'route over a missing link: there is none from "{source}" to "{target}"'
                yield Problem(path, f"{message}; add it under links, or route another way")
        twice = next((name for name in nodes if nodes.count(name) > 1), None)
        if twice is not None:
            yield Problem(path, f'expected every node once on a route, got "{twice}" twice')
        if (nodes[0], nodes[-1]) in seen:
            message = f'expected one route from "{nodes[0]}" to "{nodes[-1]}", got another'
            yield Problem(path, message)
        seen.add((nodes[0], nodes[-1]))


def tiles_reach_each_other(description: TiledDescription) -> Iterator[Problem]:
    """Refuse tiles that another tile has no way to; only free topologies can have them."""
    network = description.network
    if not isinstance(network, FreeNetwork):
        return
    import networkx as nx  # noqa: PLC0415 (a fifth of a second that most chips do not need)

    tiles = _tile_names(description)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(tiles)
    for link in network.links:
        graph.add_edge(link.source, link.target)
        if not link.one_way:
            graph.add_edge(link.target, link.source)
    first = tiles[0]
    there, back = nx.descendants(graph, first), nx.ancestors(graph, first)
    for ends, text in ((there, "cannot be reached from"), (back, "cannot reach")):
        lost = [tile for tile in tiles[1:] if tile not in ends]
        if lost:
            more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
            names = ", ".join(f'"{name}"' for name in lost[:3])
            yield Problem(
                ("network", "links"),
                f'unreachable tiles: {names}{more} {text} "{first}"; add a link',
            )


def datelines_have_channels(description: TiledDescription) -> Iterator[Problem]:
    """Refuse bounded buffers on a ring or torus that cannot be split into two classes."""
    network = description.network
    if isinstance(network, RingNetwork | TorusNetwork):
        channels = network.link.channels
        if channels % 2:
            message = (
                f"expected an even number of channels, half of them for packets past the end of "
                f"the {network.topology}, got {channels}"
            )
            yield Problem(("network", "link", "channels"), message)


def routers_route(description: TiledDescription) -> Iterator[Problem]:
    """Refuse switches without a router, and routers that are no routers."""
    router: ComponentDescription | None = getattr(description.network, "router", None)
    if router is None:
        if isinstance(description.network, FreeNetwork) and description.network.switches:
            message = "expected a router, which every switch is, found none"
            yield Problem(("network",), message)
        return
    try:
        actions = router.acts(description.setting())
    except InputError:
        return  # said where prices are checked
    if "route" not in actions:
        yield Problem(("network", "router", "kind"), f"expected a router, got {router.kind}")


def network_names_are_its_own(description: TiledDescription) -> Iterator[Problem]:
    """Refuse components of tiles that are named like a part of the network."""
    taken = description.groups()["network"]
    for group, components in description.tiles.items():
        for role in components:
            if role in taken:
                message = f'expected a name unlike the parts of the network, got "{role}"'
                yield Problem(("tiles", group, role), message)


def _tile_names(description: TiledDescription) -> list[str]:
    return list(itertools.chain.from_iterable(map(expanded, description.layout)))
