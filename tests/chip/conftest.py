"""Small chips to change one thing of at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from archsim.chip import ANY_CHIP, CrossbarDescription, read_chip
from archsim.spec import dump
from archsim.spec.document import parse_yaml

LINK = {
    "kind": "link",
    "width": 64,
    "energy": {"value": "0.05 pJ/bit", "source": "test"},
    "cycle": {"value": "1 ns", "source": "test"},
    "area": {"value": "10 um^2", "source": "test"},
    "leakage": {"idle": {"value": "1 nW", "source": "test"}},
}
ROUTER = {
    "kind": "router",
    "energy": {"value": "4 pJ", "source": "test"},
    "latency": {"value": "2 ns", "source": "test"},
    "interval": {"value": "1 ns", "source": "test"},
    "area": {"value": "100 um^2", "source": "test"},
    "leakage": {"idle": {"value": "10 nW", "source": "test"}},
}


Network = Callable[..., dict[str, Any]]


@pytest.fixture
def network() -> Network:
    """Return a function that makes a network section, with a router where it takes one."""

    def make(topology: str, **fields: Any) -> dict[str, Any]:
        parts: dict[str, Any] = {"topology": topology, "link": LINK}
        if topology not in ("point_to_point", "bus"):
            parts["router"] = ROUTER
        return copy.deepcopy(parts | fields)

    return make


@pytest.fixture(scope="session")
def plain() -> dict[str, Any]:
    """Return the tables and lists that madem_64 is read from."""
    document = parse_yaml(dump(read_chip("madem_64")), "madem_64")
    table = document.root.plain()
    assert isinstance(table, dict)
    return table


Described = Callable[..., CrossbarDescription]


@pytest.fixture
def described(plain) -> Described:
    """Return a function that describes madem_64 with other values.

    ``described({"network": ..., "tiles.array.adc.bits": 6})`` puts each value at its dotted path; None
    takes the field out.
    """

    def describe(changes: Mapping[str, Any] | None = None) -> CrossbarDescription:
        table = copy.deepcopy(plain)
        for path, value in (changes or {}).items():
            *above, last = path.split(".")
            place = table
            for name in above:
                place = place[name]
            if value is None:
                del place[last]
            else:
                place[last] = value
        description = ANY_CHIP.validate_python(table)
        assert isinstance(description, CrossbarDescription)
        return description

    return describe
