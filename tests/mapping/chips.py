"""Chips of crossbar tiles on any network, small enough to follow by hand."""

from __future__ import annotations

import copy
from typing import Any

from archsim.chip import ANY_CHIP, CrossbarDescription, read_chip
from archsim.chip.build import build
from archsim.chip.chip import Chip
from archsim.spec import dump
from archsim.spec.document import parse_yaml

CYCLE, ROUTER = 1_000_000, 3_000_000
"""Time of a flit, and of a packet's head in a router. [fs]"""


def _plain() -> dict[str, Any]:
    table = parse_yaml(dump(read_chip("mesh_256")), "mesh_256").root.plain()
    assert isinstance(table, dict)
    return table


_PLAIN = _plain()


def described(network: dict[str, Any], *, arrays: int = 16, **changes: Any) -> CrossbarDescription:
    """Return a chip of `arrays` tiles and a control tile, joined by `network`."""
    table = copy.deepcopy(_PLAIN)
    parts = table["network"]
    link = parts["link"] | {"cycle": {"value": "1 ns", "source": "test"}, "width": 32}
    link |= network.pop("link", {"channels": 0, "depth": 0})
    router = parts["router"] | {"latency": {"value": "3 ns", "source": "test"}}
    table["network"] = {"link": link, "router": router} | network
    if network["topology"] in ("point_to_point", "bus"):
        del table["network"]["router"]
    table["layout"] = [f"array[0..{arrays - 1}]", "control"]
    table["behaviour"]["weight_form"] = "reference"
    table.update(changes)
    description = ANY_CHIP.validate_python(table)
    assert isinstance(description, CrossbarDescription)
    return description


def made(network: dict[str, Any], *, arrays: int = 16, **changes: Any) -> Chip:
    """Return that chip, built."""
    return build(described(network, arrays=arrays, **changes))
