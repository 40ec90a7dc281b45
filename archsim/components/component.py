"""Components: what a part can do, what doing it once costs, and the registry of kinds.

A kind of component is one class: a `ComponentDescription` (what stands in the chip file) with one
method, `acts`, that turns its constants into acts with prices and times. `built` makes of it the
integers that mapping and ledger use.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field, SerializeAsAny

from archsim.components.registry import Registry
from archsim.errors import InputError
from archsim.spec import Area, Description, Energy, Power, Time
from archsim.trace.ops import COUNT_SCALE

__all__ = [
    "Act",
    "Action",
    "AnyComponent",
    "Component",
    "ComponentDescription",
    "Setting",
    "SingleAct",
    "built",
    "component_kinds",
    "register_component",
]

_YOCTO = 10**24
_ATTO = 10**18
_ROUNDING_BOUND = Fraction(1, 10**6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a component has to know of its surroundings to price itself."""

    conductance_max: float = 0.0
    """Top of the cells' conductance window; 0 on a chip without arrays. [S]"""
    rows: int = 0
    """Rows of an array."""
    columns: int = 0
    """Columns of an array."""
    density: float = 1.0
    """Share of an array's crossings that hold a cell."""
    node: float = 0.0
    """Technology node; 0 if the chip names none. [m]"""


class Act(NamedTuple):
    """What doing one thing once costs, in SI."""

    energy: float | None
    """Energy of one whole act; None where nobody knows it. [J]"""
    latency: float = 0.0
    """From start to result; 0 if it takes no time of its own. [s]"""
    interval: float = 0.0
    """From one start to the next on the same part; 0 if it is never waited for. [s]"""
    scaled: bool = False
    """Whether counts are in 1/COUNT_SCALE of a whole act (data-dependent acts)."""


class ComponentDescription(Description):
    """Base of every kind of component: how many there are, their area and leakage.

    A kind subclasses it, pins `kind` to a literal, adds its constants and implements `acts`.
    """

    kind: str
    """Registered name of the kind."""
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """How many of it a tile holds; area and leakage are of one, and that many act at once."""
    area: Area | None = None
    """Area of one; absent where it is not known. [m²]"""
    leakage: dict[str, Power] = Field(default_factory=dict)
    """Leakage of one in each power state; the first state is the usual one. [W]"""

    @abstractmethod
    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return what the component can do: action name → act."""

    def footprint(self, setting: Setting) -> float | None:
        """Return the area of one [m²]; None where it is not known."""
        del setting
        return self.area.value if self.area else None


class SingleAct(ComponentDescription):
    """Base of kinds that do one thing, priced by one energy."""

    action: ClassVar[str]
    """What it does: the part of a count name after the point."""

    energy: Energy | None = None
    """Energy of doing it once; absent where nobody knows it. [J]"""
    latency: Time | None = None
    """From start to result; absent: the interval. [s]"""
    interval: Time | None = None
    """From one start to the next; absent: the latency. Both absent: no time of its own. [s]"""

    def acts(self, setting: Setting) -> Mapping[str, Act]:
        """Return the one act."""
        del setting
        latency, interval = self.latency or self.interval, self.interval or self.latency
        return {
            self.action: Act(
                energy=self.energy.value if self.energy else None,
                latency=latency.value if latency else 0.0,
                interval=interval.value if interval else 0.0,
            )
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action of a built component."""

    name: str
    price_yj: int
    """Energy of one whole act; 0 where it is unpriced. [yJ]"""
    scale: int
    """Counts are in 1/scale of a whole act: 1 or COUNT_SCALE."""
    latency: float
    """From start to result; 0: no time of its own. [s]"""
    interval: float
    """From one start to the next on one server. [s]"""
    priced: bool = True
    """False where nobody knows the energy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A built component: integers to account with, and times for lowering to round."""

    name: str
    """Its role inside its tile: the part of a count name before the point."""
    kind: str
    actions: Mapping[str, Action]
    leakage_aw: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Leakage of all `servers` together, by power state, the usual state first. [aW]"""
    area: float = 0.0
    """Area of all `servers` together; 0 where it is not known. [m²]"""
    servers: int = 1
    """How many act at once."""
    area_known: bool = False
    """Whether the description gives an area."""
    description: ComponentDescription | None = None
    """What it was built from, with the sources of its constants."""

    @property
    def priced(self) -> bool:
        """Whether every action has a price."""
        return all(action.priced for action in self.actions.values())


def built(name: str, description: ComponentDescription, setting: Setting) -> Component:
    """Return the component that `description` describes, under the role `name`.

    Parameters
    ----------
    name : str
        Role of the component in its table.
    description : ComponentDescription
        Its section of the chip file.
    setting : Setting
        What it takes from the chip around it.

    Raises
    ------
    InputError
        If rounding a price or leakage to a whole yoctojoule or attowatt would change it by more
        than 10⁻⁶ of itself.
    """
    actions = {}
    for action, act in description.acts(setting).items():
        price = (
            0
            if act.energy is None
            else _whole(act.energy, _YOCTO, f"energy of {name}.{action}", "0.5 aJ")
        )
        actions[action] = Action(
            name=action,
            price_yj=price,
            scale=COUNT_SCALE if act.scaled else 1,
            latency=act.latency,
            interval=act.interval,
            priced=act.energy is not None,
        )
    count = description.count
    area = description.footprint(setting)
    return Component(
        name=name,
        kind=description.kind,
        actions=MappingProxyType(actions),
        leakage_aw=MappingProxyType(
            {
                state: count
                * _whole(power.value, _ATTO, f"leakage of {name} when {state}", "0.5 pW")
                for state, power in description.leakage.items()
            }
        ),
        area=count * (area or 0.0),
        servers=count,
        area_known=area is not None,
        description=description,
    )


def _whole(value: float, parts: int, what: str, smallest: str) -> int:
    """Return `value` in whole `parts`-ths, refusing a change of more than 10⁻⁶ of it."""
    exact = Fraction(value) * parts
    whole = round(exact)
    if abs(whole - exact) > _ROUNDING_BOUND * abs(exact):
        message = (
            f"{what}: expected at least {smallest}, which can be counted to a millionth, "
            f"got {value:g}"
        )
        raise InputError(message)
    return whole


_KINDS: Registry[ComponentDescription] = Registry(
    ComponentDescription,  # type: ignore[type-abstract]  # never instantiated
    field="kind",
    what="component kind",
)

AnyComponent = Annotated[SerializeAsAny[ComponentDescription], _KINDS]
"""A component of any registered kind, told by its field `kind`."""


def register_component(kind: str, cls: type[ComponentDescription]) -> None:
    """Make `cls` the description of components of this kind.

    Raises
    ------
    InputError
        If another class has the kind, or `cls` describes no component.
    """
    _KINDS.register(kind, cls)


def component_kinds() -> Mapping[str, type[ComponentDescription]]:
    """Return all registered kinds: name → class."""
    return _KINDS.models
