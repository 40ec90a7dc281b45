"""Routes: fixed by their ends, as short as the topology allows, ties broken by the lower number."""

import itertools
import math

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.chip.route import dimension_order, grid_coordinates, grid_number, tree_route
from archsim.chip.topology import BUS, Bus, Edge, Free, Grid, PointToPoint, Tree

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=3)


def names(count):
    return [f"tile[{number}]" for number in range(count)]


def passed(topology, source, target):
    """Return the nodes of a route, checking that each link begins where the last one ended."""
    edges = topology.route(source, target)
    nodes = [source]
    for edge in edges:
        assert edge.source == nodes[-1]
        nodes.append(edge.target)
    assert nodes[-1] == target
    return nodes


def number_graph(topology):
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(topology.nodes)))
    graph.add_edges_from((edge.source, edge.target) for edge in topology.edges())
    return graph


TOPOLOGIES = {
    "point to point": lambda: PointToPoint(names(6)),
    "ring of two": lambda: Grid(names(2), shape=(2,), wraps=True),
    "ring of seven": lambda: Grid(names(7), shape=(7,), wraps=True),
    "mesh": lambda: Grid(names(12), shape=(3, 4), wraps=False),
    "mesh with spare nodes": lambda: Grid(names(10), shape=(3, 4), wraps=False),
    "mesh of three dimensions": lambda: Grid(names(12), shape=(2, 3, 2), wraps=False),
    "torus": lambda: Grid(names(20), shape=(4, 5), wraps=True),
    "thin torus": lambda: Grid(names(8), shape=(1, 2, 4), wraps=True),
    "tree": lambda: Tree(names(9), arity=2),
    "tree of one tile": lambda: Tree(names(1), arity=4),
    "free": lambda: Free(
        names(4),
        switches=["hub"],
        links=[
            (f"tile[{a}]", f"tile[{b}]")
            for a, b in ((0, 1), (1, 2), (2, 3), (3, 0), (2, 0), (0, 3))
        ]
        + [("tile[1]", "hub"), ("hub", "tile[3]")],
    ),
}


@pytest.fixture(params=TOPOLOGIES)
def topology(request):
    return TOPOLOGIES[request.param]()


def test_route_is_a_shortest_way_between_all_tiles(topology):
    graph = number_graph(topology)
    for source, target in itertools.product(range(topology.tile_count), repeat=2):
        nodes = passed(topology, source, target)
        assert len(nodes) - 1 == nx.shortest_path_length(graph, source, target)


def test_route_uses_the_links_that_there_are(topology):
    edges = set(topology.edges())
    for source, target in itertools.product(range(topology.tile_count), repeat=2):
        assert set(topology.route(source, target)) <= edges


def test_route_to_itself_has_no_link(topology):
    assert [topology.route(tile, tile) for tile in range(topology.tile_count)] == [
        ()
    ] * topology.tile_count


def test_links_are_listed_in_order_and_once(topology):
    ends = [(edge.source, edge.target) for edge in topology.edges()]
    assert ends == sorted(set(ends))
    assert topology.edge_count() == len(ends)


def test_graph_has_the_nodes_and_links_by_name(topology):
    graph = topology.graph()
    assert tuple(graph.nodes) == topology.nodes
    assert graph.number_of_edges() == topology.edge_count()


def test_bus_is_one_medium_for_all():
    bus = Bus(names(4))
    assert [bus.route(0, 3), bus.route(2, 1), bus.route(1, 1)] == [(BUS,), (BUS,), ()]
    assert list(bus.edges()) == [BUS]


def test_mesh_settles_the_columns_first():
    assert dimension_order(0, 11, shape=(3, 4), wraps=False) == [0, 1, 2, 3, 7, 11]
    assert dimension_order(11, 0, shape=(3, 4), wraps=False) == [11, 10, 9, 8, 4, 0]


@pytest.mark.parametrize(
    ("source", "target", "nodes"),
    [
        (0, 2, [0, 1, 2]),  # up and down are equally long: 1 is lower than 3
        (2, 0, [2, 1, 0]),  # 1 is lower than 3
        (3, 1, [3, 0, 1]),  # 0 is lower than 2
        (1, 3, [1, 0, 3]),  # 0 is lower than 2
        (0, 3, [0, 3]),
        (3, 0, [3, 0]),
    ],
)
def test_ring_goes_the_shorter_way_round_and_by_the_lower_number_in_a_tie(source, target, nodes):
    assert dimension_order(source, target, shape=(4,), wraps=True) == nodes


def test_torus_wraps_in_every_dimension():
    assert dimension_order(0, 24, shape=(5, 5), wraps=True) == [0, 4, 24]


def test_links_that_join_the_ends_of_a_ring_are_marked():
    ring = Grid(names(4), shape=(4,), wraps=True)
    assert [edge for edge in ring.edges() if edge.wraps] == [
        Edge(0, 3, wraps=True),
        Edge(3, 0, wraps=True),
    ]


def test_links_of_a_torus_know_their_dimension():
    torus = Grid(names(12), shape=(3, 4), wraps=True)
    assert torus.route(0, 7) == (Edge(0, 3, dimension=1, wraps=True), Edge(3, 7))


def test_spare_nodes_of_a_mesh_are_named_by_their_place():
    assert Grid(names(10), shape=(3, 4), wraps=False).nodes[10:] == ("node[2][2]", "node[2][3]")


@given(SHAPES, st.integers(0, 10**6))
def test_grid_numbers_and_coordinates_are_inverse(shape, number):
    number %= math.prod(shape)
    assert grid_number(grid_coordinates(number, shape), shape) == number


@given(SHAPES, st.booleans(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_grid_route_has_the_manhattan_length(shape, wraps, source, target):
    size = math.prod(shape)
    ends = [grid_coordinates(node % size, shape) for node in (source, target)]
    gaps = [abs(a - b) for a, b in zip(*ends, strict=True)]
    if wraps:
        gaps = [min(gap, part - gap) for gap, part in zip(gaps, shape, strict=True)]
    route = dimension_order(source % size, target % size, shape=shape, wraps=wraps)
    assert len(route) - 1 == sum(gaps)


def test_tree_goes_up_to_the_nearest_common_switch():
    tree = Tree(names(4), arity=2)
    assert tree.nodes[4:] == ("switch[2][0]", "switch[1][0]", "switch[1][1]")
    assert [tree.nodes[node] for node in passed(tree, 0, 1)] == [
        "tile[0]",
        "switch[1][0]",
        "tile[1]",
    ]
    assert len(passed(tree, 0, 3)) == 5


def test_tree_route_from_a_switch_goes_down_only():
    assert tree_route(2, 0, parents=[2, 2, -1]) == [2, 0]


@given(st.integers(1, 40), st.integers(2, 5))
def test_tree_has_one_root_and_no_switch_with_more_children_than_its_arity(tiles, arity):
    tree = Tree(names(tiles), arity=arity)
    assert tree.parents.count(-1) == 1
    children = [tree.parents.count(node) for node in range(len(tree.nodes))]
    assert children[:tiles] == [0] * tiles
    assert all(1 <= count <= arity for count in children[tiles:])


@given(
    st.integers(2, 7).flatmap(
        lambda count: st.tuples(
            st.just(count),
            st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=24),
        )
    )
)
def test_free_route_is_the_lexicographically_smallest_shortest_path(case):
    count, pairs = case
    tiles = names(count)
    links = [(tiles[a], tiles[b]) for a, b in pairs if a != b]
    free = Free(tiles, switches=[], links=links)
    graph = number_graph(free)
    for source, target in itertools.permutations(range(count), 2):
        if nx.has_path(graph, source, target):
            assert passed(free, source, target) == min(nx.all_shortest_paths(graph, source, target))
        else:
            assert free.route(source, target) is None
