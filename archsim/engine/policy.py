"""Station policies: a user's own discipline for one station of the reference engine."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import simpy

from archsim.errors import InputError, ModelError
from archsim.mapping.program import Station

__all__ = ["Arrival", "Policy", "StationControl", "policies", "register_policy"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A visit that has arrived at a station under a custom policy."""

    task: int
    visit: int
    arrival_tick: int
    """When it arrived, on the clock of `StationControl.env`. [fs]"""
    occupancy_ticks: int
    """How long it will hold a server. [fs]"""
    latency_ticks: int
    """From its start until the task moves on. [fs]"""
    count: int
    """Acts that the visit stands for."""


Policy = Callable[["StationControl"], Generator[simpy.Event, Any, None]]
"""A generator function; the engine runs it as a SimPy process for the whole run."""

_POLICIES: dict[str, Policy] = {}


def register_policy(name: str, policy: Policy) -> None:
    """Make a policy known by name; registering the same one again does nothing.

    Raises
    ------
    InputError
        If it is no generator function, or another policy has the name.
    """
    if not inspect.isgeneratorfunction(policy):
        raise InputError(f"policy {name!r}: expected a generator function, got {policy!r}")
    if _POLICIES.setdefault(name, policy) is not policy:
        raise InputError(f"policy {name!r} is registered already; choose another name")


def policies() -> Mapping[str, Policy]:
    """Return all registered policies by name."""
    return MappingProxyType(_POLICIES)


class StationControl:
    """What a policy sees of its station.

    A policy may delay, reorder or refuse service, set the power state and count acts of its own.
    The engine checks that each visit starts once, not before it arrived, and never more at
    once than the station has servers.
    """

    def __init__(self, env: simpy.Environment, station: Station, policy: Policy) -> None:
        self.env = env
        """SimPy environment; ``env.now`` and ``env.timeout`` are in femtoseconds."""
        self.station = station
        self.name = station.name
        self.servers = station.servers
        self.waiting: list[Arrival] = []
        """Visits that arrived and have not started, oldest first."""
        self.busy = 0
        """Servers at work."""
        self._store: simpy.Store = simpy.Store(env)
        self._freed = env.event()
        self._start: Callable[[StationControl, Arrival], None] | None = None
        self._state, self._since = station.states[0] if station.states else "", 0
        self._states: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        env.process(policy(self))

    def arrival(self) -> simpy.Event:
        """Return an event whose value is the next `Arrival`."""
        return self._store.get()

    def freed(self) -> None:
        """Note that a server is free again (called by the engine)."""
        self.busy -= 1
        event, self._freed = self._freed, self.env.event()
        event.succeed()

    def until_freed(self) -> simpy.Event:
        """Return an event that fires when the next server becomes free."""
        return self._freed

    def start(self, arrival: Arrival) -> None:
        """Start a waiting visit now.

        Raises
        ------
        ModelError
            If it started already, or no server is free.
        """
        if arrival not in self.waiting or self._start is None:
            message = f"station {self.name}: its policy starts visit {arrival.visit} twice"
            raise ModelError(message)
        self._start(self, arrival)
        self.waiting.remove(arrival)
        self.busy += 1 if arrival.occupancy_ticks else 0

    def set_state(self, state: str) -> None:
        """Put the station's component into a power state.

        Raises
        ------
        ModelError
            If the chip says no leakage of the component in this state.
        """
        if state not in self.station.states:
            known = ", ".join(self.station.states) or "none"
            raise ModelError(
                f"station {self.name}: expected one of its power states ({known}), got {state!r}"
            )
        self._book(int(self.env.now))
        self._state = state

    def count(self, action: str, number: int = 1) -> None:
        """Count acts of the station's component that no task asked for, such as a wake-up."""
        self._counts[action] = self._counts.get(action, 0) + number

    def begin(self, start: Callable[[StationControl, Arrival], None]) -> None:
        """Take the engine's function that starts visits (called by the engine)."""
        self._start = start

    def arrived(self, arrival: Arrival) -> None:
        """Hand a visit to the policy (called by the engine)."""
        self.waiting.append(arrival)
        self._store.put(arrival)

    def take_states(self, begin: int, end: int) -> dict[str, int]:
        """Return the ticks in each state between `begin` and `end` (called by the engine)."""
        self._since = max(self._since, begin)
        self._book(end)
        states, self._states = self._states, {}
        return dict(sorted(states.items()))

    def take_counts(self) -> dict[str, int]:
        """Return and clear what the policy counted (called by the engine)."""
        counts, self._counts = self._counts, {}
        return dict(sorted(counts.items()))

    def _book(self, tick: int) -> None:
        self._states[self._state] = self._states.get(self._state, 0) + tick - self._since
        self._since = tick
