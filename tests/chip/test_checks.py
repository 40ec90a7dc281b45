"""Checks: each refuses what it is there for, at the field and in the words pinned here."""

import re

import pytest
from pydantic import ValidationError

from archsim.chip.checks import CHECKS, problems


@pytest.fixture
def refused(described):
    """Return a function that gives the (field, message) of everything refused."""

    def refuse(changes):
        with pytest.raises(ValidationError) as caught:
            described(changes)
        found = caught.value.errors(include_url=False)
        return [(".".join(map(str, item["loc"])), item["msg"]) for item in found]

    return refuse


def star(**changes):
    """Return the links of a free network with every tile joined to control, one link changed."""
    return [
        {"source": "array[0]", "target": "control"},
        {"source": "array[1]", "target": "control"} | changes,
    ]


def test_catalog_chip_has_no_problem(described):
    assert problems(described()) == []


def test_checks_are_all_run_on_a_chip_with_many_faults(described, network):
    description = described({"network": network("ring")})
    broken = description.model_copy(
        update={"layout": ("array[0..2]", "control", "contrl"), "unpriced": ()}
    )
    fields = {problem.field.partition(".")[0].partition("[")[0] for problem in problems(broken)}
    assert fields == {"layout", "behaviour", "tiles"}


def test_every_check_has_a_sentence_that_says_what_it_refuses():
    assert all((check.__doc__ or "").startswith("Refuse ") for check in CHECKS)


def test_tile_of_an_unknown_class(refused):
    assert (
        "layout.1",
        'expected a class of tiles (array, control), got "contrl"; did you mean "control"?',
    ) in refused({"layout": ["array[0..1]", "contrl"]})


def test_class_without_a_tile(refused):
    assert (
        "tiles.control",
        'expected a tile of class "control" in layout, found none',
    ) in refused({"layout": ["array[0..1]"]})


def test_class_with_the_reserved_name(refused, plain):
    assert refused(
        {
            "layout": ["array[0..1]", "control", "network"],
            "tiles.network": {"adc": plain["tiles"]["array"]["adc"]},
        }
    ) == [
        (
            "tiles.network",
            'expected another name, got "network", which is reserved for links and routers',
        )
    ]


def test_tile_that_is_laid_out_twice(refused):
    assert refused({"layout": ["array[0..1]", "control", "array[1..2]", "array[3]"]})[:1] == [
        ("layout.2", 'duplicate name "array[1]": expected every tile once')
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("array[3..2]", 'expected an index range that rises, got "[3..2]" in "array[3..2]"'),
        (
            "array[0..",
            'expected tiles such as "control", "array[0..3]" or "core[0..7][0..7]", got "array[0.."',
        ),
        (
            "array[-1]",
            'expected tiles such as "control", "array[0..3]" or "core[0..7][0..7]", got "array[-1]"',
        ),
        (
            "my array",
            'expected tiles such as "control", "array[0..3]" or "core[0..7][0..7]", got "my array"',
        ),
        (
            "array[0..99999999]",
            'expected at most 10000000 tiles, got 100000000 from "array[0..99999999]"',
        ),
    ],
)
def test_malformed_entry_of_the_layout(refused, entry, message):
    assert refused({"layout": [entry, "control"]}) == [("layout.0", f"Value error, {message}")]


def test_more_tiles_than_can_be_handled(refused):
    layout = ["array[0..9999998]", "array[9999999..19999998]", "control"]
    assert refused({"layout": layout}) == [
        ("layout", "expected at most 10000000 tiles, got 20000000")
    ]


def test_more_nodes_than_can_be_handled(refused, network):
    assert refused({"network": network("mesh", shape=[10_000, 10_000])}) == [
        ("network.shape", "expected at most 10000000 nodes, got 100000000")
    ]


def test_switch_named_like_a_tile(refused, network):
    free = network("free", links=star(), switches=["hub", "array[0]"])
    assert refused({"network": free}) == [
        (
            "network.switches.1",
            'duplicate name "array[0]": expected a switch named unlike every tile and other switch',
        )
    ]


@pytest.mark.parametrize("topology", ["mesh", "torus"])
def test_shape_with_fewer_nodes_than_tiles(refused, network, topology):
    assert refused({"network": network(topology, shape=[1, 2])}) == [
        ("network.shape", "expected at least as many nodes as the 3 tiles, got 2 nodes")
    ]


def test_dangling_link_end(refused, network):
    found = refused({"network": network("free", links=star(target="contrl"))})
    assert found[0] == (
        "network.links.1.target",
        'dangling link end: expected a tile or switch, got "contrl"; did you mean "control"?',
    )


def test_link_from_a_node_to_itself(refused, network):
    links = [*star(), {"source": "control", "target": "control", "one_way": True}]
    assert refused({"network": network("free", links=links)}) == [
        ("network.links.2", 'expected a link between two nodes, got one from "control" to itself')
    ]


def test_link_of_an_unknown_part(refused, network):
    assert refused({"network": network("free", links=star(part="wide"))}) == [
        ("network.links.1.part", 'expected one of the parts link, got "wide"')
    ]


def test_link_that_is_listed_twice(refused, network):
    links = [*star(), {"source": "control", "target": "array[0]", "one_way": True}]
    assert refused({"network": network("free", links=links)}) == [
        (
            "network.links.2",
            (
                'duplicate link from "control" to "array[0]": expected at most one each way; '
                "give it a larger count or width instead"
            ),
        )
    ]


def test_tile_that_cannot_be_reached(refused, network):
    assert refused({"network": network("free", links=star()[:1])}) == [
        (
            "network.links",
            'unreachable tiles: "array[1]" cannot be reached from "array[0]"; add a link',
        ),
        ("network.links", 'unreachable tiles: "array[1]" cannot reach "array[0]"; add a link'),
    ]


def test_tile_that_is_reached_one_way_only(refused, network):
    assert refused({"network": network("free", links=star(one_way=True))}) == [
        (
            "network.links",
            'unreachable tiles: "array[1]" cannot be reached from "array[0]"; add a link',
        )
    ]


def test_many_unreachable_tiles_are_cut_short(refused, network):
    changes = {"layout": ["array[0..5]", "control"], "network": network("free", links=star()[:1])}
    assert refused(changes)[0][1] == (
        'unreachable tiles: "array[1]", "array[2]", "array[3]" and 2 more '
        'cannot be reached from "array[0]"; add a link'
    )


@pytest.mark.parametrize("topology", ["ring", "torus"])
def test_odd_number_of_channels_past_a_dateline(refused, network, topology):
    shape = {"shape": [3]} if topology == "torus" else {}
    changed = network(topology, **shape)
    changed["link"] |= {"channels": 3, "depth": 4}
    assert refused({"network": changed}) == [
        (
            "network.link.channels",
            f"expected an even number of channels, half of them for packets past the end of the {topology}, got 3",
        )
    ]


def test_channels_without_depth(refused, network):
    changed = network("mesh", shape=[2, 2])
    changed["link"] |= {"channels": 2}
    assert refused({"network": changed}) == [
        (
            "network.mesh.link",
            (
                "Value error, expected channels and depth both zero (a buffer without bound) or both positive, "
                "got channels 2 and depth 0"
            ),
        )
    ]


def test_switches_without_a_router(refused, network):
    free = network("free", links=star(), switches=["hub"], router=None)
    assert refused({"network": free}) == [
        ("network", "expected a router, which every switch is, found none")
    ]


def test_router_that_is_none(refused, network, plain):
    changed = network("ring", router=plain["tiles"]["array"]["adc"])
    assert refused({"network": changed}) == [("network.router.kind", "expected a router, got adc")]


def test_component_named_like_a_part_of_the_network(refused, plain):
    assert refused({"tiles.control.link": plain["tiles"]["array"]["sample_hold"]}) == [
        ("tiles.control.link", 'expected a name unlike the parts of the network, got "link"')
    ]


def test_component_that_cannot_do_what_its_role_needs(refused, plain):
    assert refused({"tiles.array.adc": plain["tiles"]["array"]["dac"]}) == [
        (
            "tiles.array.adc.kind",
            'expected a kind with the action "convert", which the role adc needs, got dac (drive)',
        )
    ]


@pytest.mark.parametrize("role", ["dac", "sample_hold", "adc"])
def test_missing_part_of_an_analog_read(refused, role):
    ((field, message),) = refused({f"tiles.array.{role}": None})
    assert field == "tiles"
    assert re.fullmatch(
        rf'missing role "{role}": expected a tile with a component that .* \(analog reads\), found none',
        message,
    )


def test_missing_digital_neuron_of_a_clocked_chip(refused):
    changes = {"behaviour.settling": "clocked", "tiles.control.neuron": None}
    assert refused(changes) == [
        (
            "tiles",
            (
                'missing role "neuron": expected a tile with a component that computes digital activations '
                "(settling clocked), found none"
            ),
        )
    ]


def test_analog_neuron_is_not_needed_by_a_clocked_chip(described, plain):
    unpriced = [
        entry for entry in plain["unpriced"] if entry.get("component") != "array.analog_neuron"
    ]
    changes = {
        "behaviour.settling": "clocked",
        "tiles.array.analog_neuron": None,
        "unpriced": unpriced,
    }
    assert problems(described(changes)) == []


def test_missing_analog_neuron_of_a_settled_chip(refused, plain):
    unpriced = [
        entry for entry in plain["unpriced"] if entry.get("component") != "array.analog_neuron"
    ]
    assert refused({"tiles.array.analog_neuron": None, "unpriced": unpriced}) == [
        (
            "tiles",
            (
                'missing role "analog_neuron": expected a tile with a component that feeds activations back '
                "while arrays settle (settling analog), found none"
            ),
        )
    ]


def test_driven_pairs_on_an_odd_number_of_arrays(refused):
    assert refused({"layout": ["array[0..2]", "control"]}) == [
        (
            "behaviour.weight_form",
            "weight_form balanced: expected an even number of tiles with an array, two for each block, got 3",
        )
    ]


def test_reference_form_takes_any_number_of_arrays(described):
    changes = {"behaviour.weight_form": "reference", "layout": ["array[0..2]", "control"]}
    assert problems(described(changes)) == []


@pytest.mark.parametrize("role", ["adc", "dac"])
def test_converter_with_other_bits_than_learning_reckons_with(refused, role):
    assert refused({f"tiles.array.{role}.bits": 6}) == [
        (f"tiles.array.{role}.bits", f"expected 8 bits, as behaviour.{role}.bits says, got 6")
    ]


def test_price_that_an_equation_does_not_give(refused):
    assert refused({"tiles.array.adc": {"kind": "adc_sar", "bits": 8}}) == [
        (
            "tiles.array.adc",
            (
                "SAR ADC model: expected a technology node of 130, 90, 65, 45, 32, 22, 14, 10, 7 nm, got none; "
                "set technology.node"
            ),
        )
    ]


def test_price_that_is_too_small_to_be_counted(refused):
    tiny = {"value": "0.00150055 aJ", "source": "test"}
    ((field, message),) = refused({"tiles.control.alu.energy": tiny})
    assert field == "tiles.control.alu"
    assert message.startswith("energy of alu.operate: expected at least 0.5 aJ")


def test_action_without_a_price_that_nobody_names(refused):
    assert refused({"tiles.control.alu.energy": None}) == [
        (
            "tiles.control.alu",
            (
                "no price for operate: expected an energy, or an entry "
                '{component: "control.alu", reason: ...} under unpriced'
            ),
        )
    ]


def test_priced_component_among_the_unpriced(refused, plain):
    unpriced = [*plain["unpriced"], {"component": "array.adc", "reason": "test"}]
    assert refused({"unpriced": unpriced}) == [
        (
            f"unpriced.{len(unpriced) - 1}.component",
            'expected something without a price, but "array.adc" has one',
        )
    ]


def test_priced_action_among_the_unpriced(refused, plain):
    unpriced = [
        *plain["unpriced"],
        {"component": "array.array", "actions": ["pulse"], "reason": "test"},
    ]
    assert refused({"unpriced": unpriced}) == [
        (
            f"unpriced.{len(unpriced) - 1}.component",
            'expected something without a price, but pulse of "array.array" has one',
        )
    ]


def test_unknown_component_among_the_unpriced(refused, plain):
    unpriced = [*plain["unpriced"], {"component": "array.adcc", "reason": "test"}]
    assert refused({"unpriced": unpriced}) == [
        (
            f"unpriced.{len(unpriced) - 1}.component",
            'expected a component such as "array.array", got "array.adcc"; did you mean "array.adc"?',
        )
    ]


def test_component_that_is_unpriced_twice(refused, plain):
    unpriced = [*plain["unpriced"], {"component": "array.tia", "reason": "again"}]
    assert refused({"unpriced": unpriced}) == [
        (f"unpriced.{len(unpriced) - 1}.component", '"array.tia" is named twice: sample')
    ]


@pytest.mark.parametrize(
    ("entry", "found"), [({}, "neither"), ({"component": "array.tia", "part": "clock"}, "both")]
)
def test_unpriced_entry_that_does_not_name_one_thing(refused, plain, entry, found):
    unpriced = [*plain["unpriced"], entry | {"reason": "test"}]
    ((_, message),) = refused({"unpriced": unpriced})
    assert message == f"Value error, expected either component or part, got {found}"
