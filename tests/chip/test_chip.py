"""Built chips: tiles, links, routes, prices and totals, by hand arithmetic."""

import pytest

from archsim.chip import build, component_tables, read_chip
from archsim.chip.description import expanded
from archsim.errors import InputError, SpecError
from archsim.spec import with_values


@pytest.fixture
def chip():
    return build(read_chip("madem_64"))


def test_entry_of_the_layout_stands_for_names_with_the_last_index_running_first():
    assert list(expanded("core[0..1][3..4]")) == [
        "core[0][3]",
        "core[0][4]",
        "core[1][3]",
        "core[1][4]",
    ]
    assert list(expanded("control")) == ["control"]
    assert list(expanded("array[7]")) == ["array[7]"]


def test_tiles_come_in_the_order_of_the_layout(described):
    chip = build(described({"layout": ["array[2..3]", "control", "array[0..1]"]}))
    assert [tile.name for tile in chip.tiles] == [
        "array[2]",
        "array[3]",
        "control",
        "array[0]",
        "array[1]",
    ]


def test_tiles_of_a_class_share_one_table_of_components(chip):
    assert chip.tile("array[0]").components is chip.tile("array[1]").components
    assert chip.tile("array[0]").tile_class == "array"


def test_providers_are_the_tiles_that_hold_a_role(chip):
    assert [tile.name for tile in chip.providers("adc")] == ["array[0]", "array[1]"]
    assert [tile.name for tile in chip.providers("alu")] == ["control"]
    assert chip.providers("nothing") == ()


def test_unknown_tile_is_refused(chip):
    with pytest.raises(
        InputError, match=r'madem_64: expected the name of a tile, got "array\[2\]"'
    ):
        chip.tile("array[2]")


def test_switch_is_no_tile(described, network):
    chip = build(described({"network": network("tree", arity=2)}))
    with pytest.raises(InputError, match="expected the name of a tile"):
        chip.tile("switch[1][0]")


def test_route_is_a_tuple_of_links(chip):
    (link,) = chip.route("array[0]", "control")
    assert (link.name, link.source, link.target) == ("array[0]->control", "array[0]", "control")
    assert link.component is chip.network["link"]


def test_route_from_a_tile_to_itself_is_empty(chip):
    assert chip.route("control", "control") == ()


def test_route_from_an_unknown_node_is_refused(chip):
    with pytest.raises(InputError, match='expected the name of a tile or switch, got "nowhere"'):
        chip.route("nowhere", "control")


def test_links_are_the_same_objects_on_every_route(chip):
    links = {link.name: link for link in chip.links()}
    assert len(links) == 6
    assert chip.route("array[1]", "array[0]")[0] is links["array[1]->array[0]"]


def test_routes_of_a_mesh_pass_its_nodes(described, network):
    chip = build(
        described({"layout": ["array[0..7]", "control"], "network": network("mesh", shape=[3, 3])})
    )
    assert [link.target for link in chip.route("array[0]", "control")] == [
        "array[1]",
        "array[2]",
        "array[5]",
        "control",
    ]


def test_router_delays_heads_that_enter_its_node(described, network):
    tree = build(described({"network": network("tree", arity=2)}))
    delays = [link.head_time for link in tree.route("array[0]", "control")]
    assert delays == [2e-9, 2e-9, 2e-9, 0.0]
    assert [tree.has_router(node) for node in ("array[0]", "switch[1][0]")] == [False, True]


def test_bus_is_one_link_whatever_the_ends(described, network):
    chip = build(described({"network": network("bus")}))
    assert chip.route("array[0]", "control") == chip.route("control", "array[1]")
    assert [link.name for link in chip.links()] == ["bus"]


def test_free_links_may_be_of_other_parts(described, network):
    link = network("bus")["link"]
    free = network(
        "free",
        links=[
            {"source": "array[0]", "target": "control"},
            {"source": "array[1]", "target": "control", "part": "wide"},
        ],
        parts={"wide": link | {"width": 512}},
    )
    chip = build(described({"network": free}))
    widths = {link.name: (link.component.name, link.width_bits) for link in chip.links()}
    assert widths == {
        "array[0]->control": ("link", 64),
        "control->array[0]": ("link", 64),
        "array[1]->control": ("wide", 512),
        "control->array[1]": ("wide", 512),
    }


def test_copies_count_every_part_of_the_chip(described, network):
    chip = build(
        described({"layout": ["array[0..7]", "control"], "network": network("mesh", shape=[3, 4])})
    )
    counts = {(group, component.name): count for group, component, count in chip.copies()}
    assert counts["array", "adc"] == 8
    assert counts["control", "alu"] == 1
    assert counts["network", "router"] == 12
    assert counts["network", "link"] == 2 * (3 * 3 + 2 * 4)


def test_area_and_leakage_are_sums_over_copies(described, network):
    before = build(described({"network": network("point_to_point")}))
    after = build(described({"layout": ["array[0..3]", "control"], "network": network("ring")}))
    array = sum(component.area for component in before.tables["array"].values())
    assert after.area - before.area == pytest.approx(2 * array + 5 * 100e-12 + 4 * 10e-12)
    leaking = sum(
        component.leakage_aw.get("idle", 0) for component in before.tables["array"].values()
    )
    assert after.leakage_aw - before.leakage_aw == 2 * leaking + 5 * 10**10 + 4 * 10**9


def test_parts_of_unknown_area_or_leakage_are_named(chip):
    assert "array.tia" in chip.area_unknown
    assert "array.adc" not in chip.area_unknown
    assert "control.alu" in chip.leakage_unknown


def test_leakage_of_the_arrays_by_hand(chip):
    # 128 DACs of 0.39 uW and one ADC of 0.2 mW in each of two tiles
    assert chip.leakage_aw == 2 * (128 * 390_000_000_000 + 200_000_000_000_000)


def test_prices_alone_need_no_chip():
    description = read_chip("madem_64")
    slower = with_values(description, {"tiles.array.array.read_time": 200e-9})
    once, twice = (component_tables(one)["array"]["array"] for one in (description, slower))
    assert twice.actions["cell_read"].price_yj == 2 * once.actions["cell_read"].price_yj
    assert twice.actions["cell_pulse"] == once.actions["cell_pulse"]


def test_build_refuses_what_the_checks_refuse(described):
    description = described()
    odd = description.model_copy(update={"layout": ("array[0..2]", "control")})
    with pytest.raises(SpecError, match=r"madem_64: behaviour\.weight_form: .*even number"):
        build(odd)


def test_chip_of_ten_thousand_tiles_is_built(described, network):
    description = described(
        {"layout": ["array[0..99][0..99]", "control"]}
        | {"network": network("torus", shape=[101, 100])}
    )
    chip = build(description)
    assert len(chip.tiles) == 10_001
    assert len(chip.route("array[0][0]", "array[50][50]")) == 100
    assert chip.topology.edge_count() == 4 * 10_100
