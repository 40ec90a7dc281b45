"""Bad chip files: each extends a good one, and is refused with exactly the message pinned here."""

from __future__ import annotations

import re

import pytest

from archsim.chip import read_chip
from archsim.components.component import component_kinds

LINK = (
    "{kind: link, width: 64, cycle: {value: 1 ns, source: test}, "
    "energy: {value: 0.05 pJ/bit, source: test}}"
)
ROUTER = "{kind: router, energy: {value: 1 pJ, source: test}}"
KINDS = "expected one of the component kinds …"
"""What is registered depends on what else was imported."""
NODES = "expected a technology node of 130, 90, 65, 45, 32, 22, 14, 10, 7 nm"

CATALOG = re.compile(r"chips/madem_64/chip\.yaml:\d+:\d+:")
"""Places in the catalog file, which may move."""

CASES = [
    (
        "unknown kind of component",
        "tiles: {array: {adc: {kind: adcc}}}\n",
        "bad.yaml:2:29: tiles.array.adc.kind: " + KINDS + ', got "adcc"; did you mean "adc"?',
    ),
    (
        "component without kind",
        "tiles: {control: {timer: {count: 2}}}\n",
        "bad.yaml:2:19: tiles.control.timer: " + KINDS + ", found none",
    ),
    (
        "unknown field of a component",
        "tiles: {array: {adc: {bitts: 8}}}\n",
        'bad.yaml:2:23: tiles.array.adc.bitts: expected one of the fields kind, count, area, leakage, bits, energy, rate, latency, got "bitts"; did you mean "bits"?',
    ),
    (
        "energy without unit",
        "tiles: {array: {adc: {energy: {value: 1.67}}}}\n",
        'bad.yaml:2:39: tiles.array.adc.energy.value: expected an energy such as "4.2 pJ", got 1.67 (no unit)',
    ),
    (
        "energy in units of time",
        "tiles: {array: {adc: {energy: {value: 1.67 ns}}}}\n",
        'bad.yaml:2:39: tiles.array.adc.energy.value: expected an energy such as "4.2 pJ", got "1.67 ns" (a time)',
    ),
    (
        "negative rate",
        "tiles: {array: {adc: {rate: {value: -1 GHz}}}}\n",
        'bad.yaml:2:37: tiles.array.adc.rate.value: expected a positive value, a frequency such as "1.2 GHz", got "-1 GHz"',
    ),
    (
        "zero voltage",
        "tiles: {array: {array: {read_voltage: {value: 0 V}}}}\n",
        'bad.yaml:2:47: tiles.array.array.read_voltage.value: expected a positive value, a voltage such as "0.2 V", got "0 V"',
    ),
    (
        "absurd voltage",
        "tiles: {array: {array: {read_voltage: {value: 0.2 MV}}}}\n",
        'bad.yaml:2:47: tiles.array.array.read_voltage.value: expected a voltage between 1 uV and 1 kV, got "0.2 MV"; did you mean "mV"?',
    ),
    (
        "NaN time",
        "tiles: {array: {array: {read_time: {value: nan ns}}}}\n",
        'bad.yaml:2:44: tiles.array.array.read_time.value: expected a finite value, a time such as "1.5 ns", got "nan ns"',
    ),
    (
        "infinite area",
        "tiles: {array: {adc: {area: {value: inf um^2}}}}\n",
        'bad.yaml:2:37: tiles.array.adc.area.value: expected a finite value, an area such as "25 um^2", got "inf um^2"',
    ),
    (
        "value outside its range",
        "tiles: {array: {adc: {energy: {value: 5 pJ}}}}\n",
        "bad.yaml:2:23: tiles.array.adc.energy: expected low <= value <= high, got low 0.161 pJ, value 5 pJ, high 1.67 pJ",
    ),
    (
        "no such half selection",
        "tiles: {array: {array: {half_select: third}}}\n",
        'bad.yaml:2:38: tiles.array.array.half_select: expected one of none, half_voltage, got "third"',
    ),
    (
        "component that is no mapping",
        "tiles: {control: {alu: fast}}\n",
        'bad.yaml:2:24: tiles.control.alu: expected a mapping of fields, got "fast"',
    ),
    (
        "role with a capital",
        "tiles: {control: {ALU: {kind: alu}}}\n",
        'bad.yaml:2:19: tiles.control.ALU: expected text of the form ^[a-z][a-z0-9_]*$, got "ALU"',
    ),
    (
        "tile class with a bracket",
        'tiles: {"array[0..1]": {adc: {kind: adc}}}\n',
        'bad.yaml:2:9: tiles.array[0..1]: expected text of the form ^[a-zA-Z][a-zA-Z0-9_]*$, got "array[0..1]"\nbad.yaml:2:25: tiles.array[0..1].adc.bits: expected the field "bits", found none\nbad.yaml:2:25: tiles.array[0..1].adc.rate: expected the field "rate", found none',
    ),
    (
        "falling range of tiles",
        'layout: ["array[3..0]", control]\n',
        'bad.yaml:2:10: layout[0]: expected an index range that rises, got "[3..0]" in "array[3..0]"',
    ),
    (
        "tile of no class",
        'layout: ["array[0..1]", contrl, control]\n',
        'bad.yaml:2:25: layout[1]: expected a class of tiles (array, control), got "contrl"; did you mean "control"?',
    ),
    (
        "tile laid out twice",
        'layout: ["array[0..1]", control, control]\n',
        'bad.yaml:2:34: layout[2]: duplicate name "control": expected every tile once',
    ),
    (
        "too many tiles",
        'layout: ["array[0..99999999]", control]\n',
        'bad.yaml:2:10: layout[0]: expected at most 10000000 tiles, got 100000000 from "array[0..99999999]"',
    ),
    (
        "odd number of arrays for pairs",
        'layout: ["array[0..2]", control]\n',
        "chips/madem_64/chip.yaml: behaviour.weight_form: weight_form balanced: expected an even number of tiles with an array, two for each block, got 3",
    ),
    (
        "unknown topology",
        "network: {topology: meshh}\n",
        'bad.yaml:2:10: network: expected topology one of point_to_point, bus, ring, mesh, torus, tree, free, got "meshh"; did you mean "mesh"?',
    ),
    (
        "mesh without shape",
        "network: {topology: mesh, link: " + LINK + ", router: " + ROUTER + "}\n",
        'bad.yaml:2:1: network.shape: expected the field "shape", found none',
    ),
    (
        "mesh smaller than its tiles",
        "network: {topology: mesh, shape: [2], link: " + LINK + ", router: " + ROUTER + "}\n",
        "bad.yaml:2:27: network.shape: expected at least as many nodes as the 3 tiles, got 2 nodes",
    ),
    (
        "shape with a zero",
        "network: {topology: mesh, shape: [0, 4], link: " + LINK + ", router: " + ROUTER + "}\n",
        "bad.yaml:2:35: network.shape[0]: expected a number of at least 1, got 0",
    ),
    (
        "dangling link",
        "network: {topology: free, link: "
        + LINK
        + ', links: [{source: "array[0]", target: control}, {source: "array[1]", target: contrl}, {source: "array[1]", target: control}]}\n',
        'bad.yaml:2:214: network.links[1].target: dangling link end: expected a tile or switch, got "contrl"; did you mean "control"?',
    ),
    (
        "unreachable tile",
        "network: {topology: free, link: "
        + LINK
        + ', links: [{source: "array[0]", target: control}]}\n',
        'bad.yaml:2:138: network.links: unreachable tiles: "array[1]" cannot be reached from "array[0]"; add a link\nbad.yaml:2:138: network.links: unreachable tiles: "array[1]" cannot reach "array[0]"; add a link',
    ),
    (
        "link of zero width",
        "network: {link: {width: 0}}\n",
        "bad.yaml:2:25: network.link.width: expected a number of at least 1, got 0",
    ),
    (
        "channels without depth",
        "network: {link: {channels: 4}}\n",
        "bad.yaml:2:11: network.link: expected channels and depth both zero (a buffer without bound) or both positive, got channels 4 and depth 0",
    ),
    (
        "bits that disagree",
        "behaviour: {adc: {bits: 6}}\n",
        "chips/madem_64/chip.yaml: tiles.array.adc.bits: expected 6 bits, as behaviour.adc.bits says, got 8",
    ),
    (
        "link of an unknown part",
        "network: {topology: free, link: "
        + LINK
        + ', links: [{source: "array[0]", target: control, part: wide}, {source: "array[1]", target: control}]}\n',
        'bad.yaml:2:190: network.links[0].part: expected one of the parts link, got "wide"',
    ),
    (
        "odd channels on a ring",
        "network: {topology: ring, link: {channels: 3, depth: 2}, router: " + ROUTER + "}\n",
        "bad.yaml:2:44: network.link.channels: expected an even number of channels, half of them for packets past the end of the ring, got 3",
    ),
    (
        "router that is none",
        "network: {topology: ring, router: {kind: alu}}\n",
        'bad.yaml:2:27: network.router: no price for operate: expected an energy, or an entry {component: "network.router", reason: ...} under unpriced\nbad.yaml:2:42: network.router.kind: expected a router, got alu',
    ),
    (
        "wrong part for a role",
        "tiles: {control: {alu: {kind: controller}}}\n",
        'bad.yaml:2:31: tiles.control.alu.kind: expected a kind with the action "operate", which the role alu needs, got controller (step)',
    ),
    (
        "no price and nobody says so",
        "tiles: {control: {timer: {kind: controller}}}\n",
        'bad.yaml:2:19: tiles.control.timer: no price for step: expected an energy, or an entry {component: "control.timer", reason: ...} under unpriced',
    ),
    (
        "equation without a node",
        "tiles: {control: {flash: {kind: adc_sar, bits: 4}}}\n",
        "bad.yaml:2:19: tiles.control.flash: SAR ADC model: "
        + NODES
        + ", got none; set technology.node",
    ),
    (
        "equation outside its nodes",
        "technology: {node: {value: 28 nm, source: test}}\ntiles: {control: {flash: {kind: adc_sar, bits: 4}}}\n",
        "bad.yaml:3:19: tiles.control.flash: SAR ADC model: "
        + NODES
        + ", got 28 nm; set technology.node",
    ),
    (
        "priced part among the unpriced",
        "tiles: {array: {tia: {energy: {value: 1 pJ, source: test}}}}\n",
        'chips/madem_64/chip.yaml: unpriced[0].component: expected something without a price, but "array.tia" has one',
    ),
    (
        "name with a slash",
        "name: ../madem\n",
        'bad.yaml:2:7: name: expected text of the form ^[A-Za-z0-9][A-Za-z0-9_-]*$, got "../madem"',
    ),
]


@pytest.mark.parametrize(
    ("text", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_bad_chip_is_refused(refusal, text, message):
    found = refusal("extends: madem_64\n" + text, lambda path: read_chip(str(path)))
    found = found.replace(", ".join(sorted(component_kinds())), "…")
    assert CATALOG.sub("chips/madem_64/chip.yaml:", found) == message
