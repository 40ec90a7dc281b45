"""An extension of archsim: a component, a cell, a learning rule and a station policy.

Use it with ``archsim run ... --plugin lab_parts`` from a folder that Python finds it in.
"""

from __future__ import annotations

from archsim import register

__version__ = "1.0"

IDLE_TICKS = 50_000_000
"""A gated part goes to sleep after 50 ns without work. [fs]"""
WAKE_TICKS = 20_000_000
"""It takes 20 ns to wake up. [fs]"""


def power_gated(station):
    """Switch the station's component off when it has been idle, and on again for the next visit.

    The component needs leakage in two power states: the usual one, and ``off``.
    """
    usual = station.station.states[0]
    pending = station.arrival()
    while True:
        if not pending.triggered:
            sleep = station.env.timeout(IDLE_TICKS)
            yield pending | sleep
            if not pending.triggered:
                station.set_state("off")
                yield pending
                yield station.env.timeout(WAKE_TICKS)
                station.set_state(usual)
        arrival = pending.value
        station.start(arrival)
        pending = station.arrival()
        while station.busy == station.servers:
            yield station.until_freed()


register("policy", "power_gated", power_gated)
