"""Checks of a crossbar chip beyond the form of its fields: one function each.

A check takes a description and gives a `Problem` for each thing that is wrong. `problems` runs all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from archsim.chip.description import (
    MAX_TILES,
    CrossbarDescription,
    NeuronChipDescription,
    TiledDescription,
    Unpriced,
    expanded,
    tile_class,
    tile_count,
)
from archsim.chip.network_checks import (
    datelines_have_channels,
    links_are_listed_once,
    links_end_at_nodes,
    network_names_are_its_own,
    routers_route,
    routes_follow_links,
    switch_names_are_unique,
    tiles_fit_the_shape,
    tiles_reach_each_other,
)
from archsim.chip.problem import Problem, did_you_mean
from archsim.components.component import AnyComponent, ComponentDescription, built
from archsim.components.roles import ROLES
from archsim.components.soma import Soma
from archsim.errors import InputError

__all__ = ["CHECKS", "CROSSBAR_CHECKS", "Check", "Problem", "problems"]


Check = Callable[[TiledDescription], Iterator[Problem]]
"""A check: description → its problems."""
CrossbarCheck = Callable[[CrossbarDescription], Iterator[Problem]]
"""A check of a chip with arrays."""


def problems(description: TiledDescription) -> list[Problem]:
    """Return everything that the checks find, in their order.

    A chip of too many tiles is checked no further.
    """
    found = list(tiles_can_be_handled(description))
    if found:
        return found
    found = [problem for check in CHECKS for problem in check(description)]
    if isinstance(description, CrossbarDescription):
        found += [problem for check in CROSSBAR_CHECKS for problem in check(description)]
    if isinstance(description, NeuronChipDescription):
        found += cores_have_their_parts(description)
    return found


def tiles_can_be_handled(description: TiledDescription) -> Iterator[Problem]:
    """Refuse more tiles or nodes than can be handled."""
    count = _tile_count(description)
    if count > MAX_TILES:
        yield Problem(("layout",), f"expected at most {MAX_TILES} tiles, got {count}")
    nodes = math.prod(getattr(description.network, "shape", ()))
    if nodes > MAX_TILES:
        yield Problem(("network", "shape"), f"expected at most {MAX_TILES} nodes, got {nodes}")


def classes_are_laid_out(description: TiledDescription) -> Iterator[Problem]:
    """Refuse tiles of an unknown class, classes without a tile, and a reserved name."""
    known, used = description.tiles, set(map(tile_class, description.layout))
    for number, entry in enumerate(description.layout):
        name = tile_class(entry)
        if name not in known:
            message = f'expected a class of tiles ({", ".join(known)}), got "{name}"'
            yield Problem(("layout", number), message + did_you_mean(name, known))
    for name in known:
        if name == "network":
            message = (
                'expected another name, got "network", which is reserved for links and routers'
            )
            yield Problem(("tiles", name), message)
        elif name not in used:
            yield Problem(
                ("tiles", name), f'expected a tile of class "{name}" in layout, found none'
            )


def tile_names_are_unique(description: TiledDescription) -> Iterator[Problem]:
    """Refuse tiles that are laid out twice."""
    seen: set[str] = set()
    for number, entry in enumerate(description.layout):
        names = list(expanded(entry))
        twice = next((name for name in names if name in seen), None)
        if twice is not None:
            message = f'duplicate name "{twice}": expected every tile once'
            yield Problem(("layout", number), message)
        seen.update(names)


def roles_do_their_part(description: TiledDescription) -> Iterator[Problem]:
    """Refuse a component whose role asks for something that its kind cannot do."""
    for group, components in description.tiles.items():
        for role, component in components.items():
            if role not in ROLES:
                continue
            actions = _actions(description, component)
            wanted = ROLES[role].actions[0]
            if actions and wanted not in actions:
                message = (
                    f'expected a kind with the action "{wanted}", which the role {role} needs, '
                    f"got {component.kind} ({', '.join(actions)})"
                )
                yield Problem(("tiles", group, role, "kind"), message)


def behaviour_has_its_parts(description: CrossbarDescription) -> Iterator[Problem]:
    """Refuse a chip that lacks a role without which it cannot behave as described."""
    settling = description.behaviour.settling
    if description.behaviour.weight_form == "bit_sliced":
        reasons = {"array": "digital reads", "accumulator": "sums of bit-sliced weights"}
    else:
        reasons = dict.fromkeys(("array", "dac", "tia", "sample_hold", "adc"), "analog reads")
        reasons["write_driver"] = "update pulses"
    reasons["analog_neuron" if settling == "analog" else "neuron"] = f"settling {settling}"
    reasons["controller"] = "every operation"
    present = {role for components in description.tiles.values() for role in components}
    for role, why in reasons.items():
        if role not in present:
            message = (
                f'missing role "{role}": expected a tile with a component that '
                f"{ROLES[role].meaning} ({why}), found none"
            )
            yield Problem(("tiles",), message)


def cores_have_their_parts(description: NeuronChipDescription) -> Iterator[Problem]:
    """Refuse a chip of cores in which no tile updates neurons, or one that does takes no spikes."""
    cores = [name for name, components in description.tiles.items() if "soma" in components]
    if not cores:
        message = f'missing role "soma": expected a tile that {ROLES["soma"].meaning}, found none'
        yield Problem(("tiles",), message)
    for name in cores:
        soma = description.tiles[name]["soma"]
        if not isinstance(soma, Soma):
            message = f"expected a component of kind soma, got {soma.kind}"
            yield Problem(("tiles", name, "soma", "kind"), message)
        if "synapses" not in description.tiles[name]:
            message = (
                f'missing role "synapses": expected a component that {ROLES["synapses"].meaning} '
                "beside the soma, found none"
            )
            yield Problem(("tiles", name), message)


def pairs_have_two_arrays(description: CrossbarDescription) -> Iterator[Problem]:
    """Refuse driven pairs on a number of arrays that has no halves."""
    if description.behaviour.weight_form != "balanced":
        return
    arrays = _tile_count(description, role="array")
    if arrays % 2:
        message = (
            "weight_form balanced: expected an even number of tiles with an array, "
            f"two for each block, got {arrays}"
        )
        yield Problem(("behaviour", "weight_form"), message)


def converters_agree(description: CrossbarDescription) -> Iterator[Problem]:
    """Refuse converters that are built with other bits than learning reckons with."""
    behaviour = description.behaviour
    wanted = {"adc": behaviour.adc.bits, "dac": behaviour.dac.bits}
    for group, components in description.tiles.items():
        for role, bits in wanted.items():
            found = getattr(components.get(role), "bits", bits)
            if found != bits:
                message = f"expected {bits} bits, as behaviour.{role}.bits says, got {found}"
                yield Problem(("tiles", group, role, "bits"), message)


def prices_can_be_counted(description: TiledDescription) -> Iterator[Problem]:
    """Refuse prices that an equation does not give, or that rounding would change too much."""
    setting = description.setting()
    for path, _, role, component in _components(description):
        try:
            built(role, component, setting)
        except InputError as error:
            yield Problem(path, str(error))


def everything_is_priced_or_said_not_to_be(description: TiledDescription) -> Iterator[Problem]:
    """Refuse actions without a price that `unpriced` does not name, and the reverse."""
    open_actions: dict[str, list[str]] = {}
    paths: dict[str, tuple[str | int, ...]] = {}
    setting = description.setting()
    for path, group, role, component in _components(description):
        name = f"{group}.{role}"
        paths[name] = path
        try:
            acts = component.acts(setting)
        except InputError:
            continue  # prices_can_be_counted says so
        open_actions[name] = [action for action, act in acts.items() if act.energy is None]
    named: dict[str, set[str]] = {}
    for number, entry in enumerate(description.unpriced):
        if entry.component:
            yield from _unpriced_entry(entry, number, open_actions, paths, named)
    for name, actions in open_actions.items():
        silent = [action for action in actions if action not in named.get(name, ())]
        if silent:
            message = (
                f"no price for {', '.join(silent)}: expected an energy, or an entry "
                f'{{component: "{name}", reason: ...}} under unpriced'
            )
            yield Problem(paths[name], message)


def _unpriced_entry(
    entry: Unpriced,
    number: int,
    open_actions: Mapping[str, list[str]],
    paths: Mapping[str, tuple[str | int, ...]],
    named: dict[str, set[str]],
) -> Iterator[Problem]:
    """Check one entry of `unpriced`, and put down in `named` what it names."""
    name, path = entry.component, ("unpriced", number, "component")
    if name not in paths:
        message = f'expected a component such as "{next(iter(paths))}", got "{name}"'
        yield Problem(path, message + did_you_mean(name, paths))
        return
    if name not in open_actions:
        return
    actions = entry.actions or open_actions[name]
    priced = [action for action in actions if action not in open_actions[name]]
    if priced or not actions:
        what = ", ".join(priced) or name
        message = f'expected something without a price, but {what} of "{name}" has one'
        yield Problem(
            path, message if priced else f'expected something without a price, but "{name}" has one'
        )
    twice = sorted(named.setdefault(name, set()).intersection(actions))
    if twice:
        yield Problem(path, f'"{name}" is named twice: {", ".join(twice)}')
    named[name].update(actions)


CHECKS: tuple[Check, ...] = (
    classes_are_laid_out,
    tile_names_are_unique,
    switch_names_are_unique,
    tiles_fit_the_shape,
    links_end_at_nodes,
    links_are_listed_once,
    routes_follow_links,
    tiles_reach_each_other,
    datelines_have_channels,
    routers_route,
    network_names_are_its_own,
    roles_do_their_part,
    prices_can_be_counted,
    everything_is_priced_or_said_not_to_be,
)
"""Checks of all chips, in the order in which they run."""
CROSSBAR_CHECKS: tuple[CrossbarCheck, ...] = (
    behaviour_has_its_parts,
    pairs_have_two_arrays,
    converters_agree,
)
"""Checks of chips with arrays, likewise."""


def _tile_count(description: TiledDescription, *, role: str = "") -> int:
    """Return how many tiles there are, or how many hold `role`."""
    return sum(
        tile_count(entry)
        for entry in description.layout
        if not role or role in description.tiles.get(tile_class(entry), ())
    )


def _actions(description: TiledDescription, component: ComponentDescription) -> tuple[str, ...]:
    """Return what a component can do; nothing where its prices cannot be worked out."""
    try:
        return tuple(component.acts(description.setting()))
    except InputError:
        return ()


def _components(
    description: TiledDescription,
) -> Iterator[tuple[tuple[str | int, ...], str, str, AnyComponent]]:
    """Give (path, tile class, role, component) of every component, those of the network last."""
    for group, components in description.tiles.items():
        for role, component in components.items():
            yield ("tiles", group, role), group, role, component
    parts = getattr(description.network, "parts", {})
    for role, component in description.groups()["network"].items():
        path = ("network", "parts", role) if role in parts else ("network", role)
        yield path, "network", role, component
