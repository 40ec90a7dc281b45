"""Chip files: the machine as described, before anything is built of it."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

import archsim.components.standard  # noqa: F401  (registers the kinds of components)
from archsim.chip.network import FreeNetwork, Network
from archsim.components.behaviour import Behaviour
from archsim.components.component import AnyComponent, Setting
from archsim.components.router import LinkPart
from archsim.components.technology import Technology
from archsim.spec import Description, Time

__all__ = [
    "ChipDescription",
    "CrossbarDescription",
    "MappingDescription",
    "NeuronChipDescription",
    "TiledDescription",
    "Unpriced",
    "expanded",
    "tile_class",
    "tile_count",
]

MAX_TILES = 10_000_000
"""Most tiles that a chip may have."""

_TILES = re.compile(r"([a-zA-Z][a-zA-Z0-9_]*)((?:\[\d{1,9}(?:\.\.\d{1,9})?\])*)")
_RANGE = re.compile(r"\[(\d+)(?:\.\.(\d+))?\]")


def _ranges(entry: str) -> list[range]:
    """Return the index ranges behind the name in an entry such as ``tile[0..7][0..7]``."""
    match = _TILES.fullmatch(entry)
    if match is None:
        message = (
            'expected tiles such as "control", "array[0..3]" or "core[0..7][0..7]", '
            f'got "{entry[:64]}"'
        )
        raise ValueError(message)
    ranges = [range(int(low), int(high or low) + 1) for low, high in _RANGE.findall(match[2])]
    for one in ranges:
        if not one:
            found = f"[{one.start}..{one.stop - 1}]"
            message = f'expected an index range that rises, got "{found}" in "{entry}"'
            raise ValueError(message)
    if math.prod(map(len, ranges)) > MAX_TILES:
        message = (
            f'expected at most {MAX_TILES} tiles, got {math.prod(map(len, ranges))} from "{entry}"'
        )
        raise ValueError(message)
    return ranges


def _tile_entry(entry: str) -> str:
    """Return `entry` if it names tiles."""
    _ranges(entry)
    return entry


def tile_class(entry: str) -> str:
    """Return what the tiles of an entry have in common: the name before its first bracket."""
    return entry.partition("[")[0]


def expanded(entry: str) -> Iterator[str]:
    """Give the names that an entry of ``layout`` stands for, the last index running first.

    Examples
    --------
    >>> list(expanded("core[0..1][3..4]"))
    ['core[0][3]', 'core[0][4]', 'core[1][3]', 'core[1][4]']
    """
    indices = ([f"[{index}]" for index in one] for one in _ranges(entry))
    return map("".join, itertools.product([tile_class(entry)], *indices))


def tile_count(entry: str) -> int:
    """Return how many tiles an entry of ``layout`` stands for."""
    return math.prod(map(len, _ranges(entry)))


TileEntry = Annotated[str, AfterValidator(_tile_entry)]
"""Name of a tile, or of many by ranges of indices."""
ClassName = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$", max_length=64)]
"""Name of a class of tiles."""
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""Name of a component inside its tile."""


class Unpriced(Description):
    """Something the chip has and nobody priced."""

    component: str = ""
    """Tile class and component, such as ``array.tia`` or ``network.router``; empty with `part`."""
    actions: tuple[str, ...] = ()
    """Its actions without a price; empty for all of them."""
    part: str = ""
    """Something that is no component of this description, such as a clock tree."""
    reason: str = Field(min_length=1)
    """Why there is no price."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if bool(self.component) == bool(self.part):
            message = "expected either component or part, got " + (
                "both" if self.part else "neither"
            )
            raise ValueError(message)
        return self


class ChipDescription(Description):
    """What descriptions of all kinds of chips share."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
    """Name in results."""
    kind: str
    """Which description this is."""
    about: str = ""
    """What the chip is, in a sentence or two."""
    unpriced: tuple[Unpriced, ...] = ()
    """What the chip has and nobody priced."""


class TiledDescription(ChipDescription):
    """A chip of tiles with components, and a network between them."""

    technology: Technology | None = None
    """Process, for parts priced by an equation over it."""
    layout: Annotated[tuple[TileEntry, ...], Field(min_length=1)]
    """Which tiles there are, in order, each named by its class and indices: ``control``,
    ``array[0..3]``, ``core[0..7][0..7]``."""
    tiles: Annotated[
        dict[ClassName, Annotated[dict[RoleName, AnyComponent], Field(min_length=1)]],
        Field(min_length=1),
    ]
    """Class of tiles → components of each of its tiles, by role."""
    network: Network
    """What joins the tiles."""

    def groups(self) -> dict[str, Mapping[str, AnyComponent]]:
        """Return the components of each tile class, and of the network as the class ``network``."""
        groups: dict[str, Mapping[str, AnyComponent]] = dict(self.tiles)
        network: dict[str, AnyComponent] = {"link": self.network.link}
        if isinstance(self.network, FreeNetwork):
            network |= self.network.parts
        router = getattr(self.network, "router", None)
        groups["network"] = network | ({"router": router} if router else {})
        return groups

    def link_part(self, name: str) -> LinkPart:
        """Return the part that links of this name are made of."""
        if isinstance(self.network, FreeNetwork) and name in self.network.parts:
            return self.network.parts[name]
        return self.network.link

    def setting(self) -> Setting:
        """Return what the components of this chip have to know of it."""
        return Setting(node=self.technology.node.value if self.technology else 0.0)


class MappingDescription(Description):
    """How work is laid out on a chip; no learning can feel it."""

    placement: Literal["tile_order", "hilbert", "traffic"] = "tile_order"
    """Blocks take arrays in the order of the file, or of a Hilbert curve over a grid; or, from
    there, change places until what they send each other has short ways."""
    order: Literal["layers", "copies"] = "layers"
    """Blocks are taken layer by layer; or, where a workload has replicas, copy by copy, so that
    what works on the same samples stands together."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the search for short ways."""


class CrossbarDescription(TiledDescription):
    """A chip of tiles with crossbar arrays and their periphery."""

    kind: Literal["crossbar"]
    behaviour: Behaviour
    """What learning can feel of the hardware."""
    mapping: MappingDescription | None = None
    """How blocks are laid out; absent: in tile order."""

    @model_serializer(mode="wrap")
    def _as_files_have_it(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Put behaviour before what all chips of tiles have; leave out an absent mapping."""
        fields: dict[str, Any] = serialize(self)
        if fields.get("mapping", 0) is None:
            del fields["mapping"]
        order = dict.fromkeys((*ChipDescription.model_fields, "behaviour", *fields))
        return {name: fields[name] for name in order if name in fields}

    def setting(self) -> Setting:
        """Return what the components of this chip have to know of it."""
        behaviour = self.behaviour
        return replace(
            super().setting(),
            conductance_max=behaviour.cell.maximum_conductance.value,
            rows=behaviour.rows,
            columns=behaviour.columns,
            density=behaviour.density,
        )


class NeuronChipDescription(TiledDescription):
    """A chip of digital cores that update neurons and send spikes to each other in packets.

    It computes exactly, so nothing of it changes what a network does; all fields are cost.
    """

    kind: Literal["neuron_cores"]
    spike_bits: Annotated[int, Field(ge=1, le=65536)]
    """Bits of a packet that carries a spike. [bit]"""
    multicast: bool = False
    """Whether a packet goes to many cores, and branches on its way; else one is sent to each."""
    barrier: Time
    """From the moment at which all cores are done with a time step until the next begins. [s]"""
