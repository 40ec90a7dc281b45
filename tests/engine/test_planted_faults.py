"""The comparison of engines is sharp: a fault planted in either of them shows at once.

A fault is a change of one place in an engine's source. The fast engine's loops run as plain Python
here, which also shows that they need no compiler to be right.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample

import archsim.engine
from archsim.engine import ReferenceEngine, _kernel, reference, work
from archsim.engine.fast import FastEngine
from archsim.errors import ArchsimError
from tests.engine.test_engines_agree import DRAWS, outcome
from tests.strategies import programs

SOURCES = Path(archsim.engine.__file__).parent
DRAW = settings(DRAWS, phases=[Phase.generate], max_examples=600)

REFERENCE_FAULTS = {
    "tie between heads reversed": (
        "buffers",
        "in sorted(waiting) if",
        "in sorted(waiting, key=lambda w: (w[0], -w[1])) if",
    ),
    "credit one tick early": (
        "buffers",
        "self.returning.add(over + station.credit_ticks, (channel",
        "self.returning.add(over + station.credit_ticks - 1, (channel",
    ),
    "release lost": ("simulation", "ready = self.release_ticks[dependent]", "ready = tick"),
    "port ignored": (
        "buffers",
        "head[1] > tick or self.port_until[head[2].station] > tick",
        "head[1] > tick",
    ),
    "head_ticks ignored": (
        "buffers",
        "channel.open_tick = over + station.head_ticks",
        "channel.open_tick = over",
    ),
    "one place per packet": ("buffers", "taken.room -= self.flits[chosen]", "taken.room -= 1"),
    "stations in descending order": (
        "simulation",
        "sorted(set(awake)) if len(awake) > 1 else awake",
        "sorted(set(awake), reverse=True)",
    ),
    "occupancy 0 takes a server": (
        "simulation",
        "if self.occupancy[self.position[task]] and not self.free[station]:",
        "if not self.free[station]:",
    ),
    "a join counts one dependency twice": (
        "simulation",
        "self.pending[dependent] -= 1\n",
        "self.pending[dependent] -= 1 + (self.pending[dependent] > 1)\n",
    ),
    "one server too many": (
        "simulation",
        "[station.servers for station",
        "[station.servers + (station.servers > 1) for station",
    ),
    "a blocked head holds back others": (
        "buffers",
        "for task, (arrival, _, _) in heads.items()]",
        "for task, (arrival, _, _) in list(heads.items())[:1]]",
    ),
    "server free one tick late": (
        "simulation",
        "over = tick + occupancy\n",
        "over = tick + occupancy + 1\n",
    ),
}
FAST_FAULTS = {
    "tie between heads reversed": ("buffers", "return one < other", "return other < one"),
    "credit one tick early": (
        "buffers",
        "over + channel.credit_ticks)",
        "over + channel.credit_ticks - 1)",
    ),
    "release lost": ("tasks", "max(tasks.ready[dependent], over)", "over"),
    "port ignored": (
        "buffers",
        "max(able, channel.open, f.stations[channel.station].port)",
        "max(able, channel.open)",
    ),
    "head_ticks ignored": (
        "buffers",
        "channel.open = over + channel.head_ticks",
        "channel.open = over",
    ),
    "one place per packet": (
        "buffers",
        "f.channels[one.takes].room -= one.flits",
        "f.channels[one.takes].room -= 1",
    ),
    "stations out of order": (
        "buffers",
        "rise(f.awake, None, f.numbers[AWAKE], number, 0)",
        "f.awake[f.numbers[AWAKE]] = number",
    ),
    "queue passed by occupancy 0": ("queues", "start = max(tick, station.last)", "start = tick"),
    "a branch later than its fork never asks": (
        "buffers",
        "asks = f.channels[one.leaves].head == 2 * one.fork + 1",
        "asks = False",
    ),
    "only the first server is used": (
        "tasks",
        "if station.servers == 1:",
        "if station.servers >= 1:",
    ),
    "a returned place wakes nobody": (
        "buffers",
        "channel.need and channel.room + channel.due >= channel.need",
        "False",
    ),
    "server free one tick late": (
        "queues",
        "hold(queues.stations, queues.servers, number, start + held)",
        "hold(queues.stations, queues.servers, number, start + held + 1)",
    ),
    "calendar out of order": ("calendar", "if second < least:", "if second < least and size < 9:"),
}
KERNEL = ("calendar", "tasks", "queues", "buffers")


def planted(folder, name, old, new):
    """Return the source of a module with one change."""
    source = (folder / f"{name}.py").read_text()
    assert source.count(old) == 1, f"{name}: expected once: {old}"
    return source.replace(old, new)


def execute(name, source, monkeypatch):
    """Return a module made of source, known by a name of its own."""
    module = types.ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(source, name, "exec"), module.__dict__)  # noqa: S102 - our own sources
    return module


def faulty_reference(fault, monkeypatch):
    """Plant a fault in the reference engine."""
    sources = {name: (SOURCES / f"{name}.py").read_text() for name in ("simulation", "buffers")}
    if fault:
        sources[fault[0]] = planted(SOURCES, *fault)
    simulation = execute("faulty_simulation", sources["simulation"], monkeypatch)
    source = sources["buffers"].replace("archsim.engine.simulation", "faulty_simulation")
    monkeypatch.setattr(reference, "SegmentRun", simulation.SegmentRun)
    monkeypatch.setattr(
        reference, "BufferedRun", execute("faulty_buffers", source, monkeypatch).BufferedRun
    )


def faulty_fast(fault, monkeypatch):
    """Let the fast engine run its loops as plain Python, with a fault."""
    stub = types.ModuleType("plain_compiled")
    stub.entry = stub.part = lambda function: function
    stub.wide, stub.fetch, stub.AHEAD = int, lambda array, index: None, 7
    monkeypatch.setitem(sys.modules, "plain_compiled", stub)
    loops = {}
    for name in KERNEL:
        source = (SOURCES / "_kernel" / f"{name}.py").read_text()
        if fault and fault[0] == name:
            source = planted(SOURCES / "_kernel", *fault)
        for other in ("compiled", *KERNEL):
            source = source.replace(f"archsim.engine._kernel.{other} ", f"plain_{other} ")
        loops.update(execute(f"plain_{name}", source, monkeypatch).__dict__)
    kernel = types.SimpleNamespace(**{name: getattr(_kernel, name) for name in _kernel.__all__})

    def with_records(run):
        def plain(floor, *arguments):
            records = {
                name: value.view(np.recarray)
                for name, value in floor._asdict().items()
                if name in ("visits", "stations", "channels")
            }
            return run(floor._replace(**records), *arguments)

        return plain

    kernel.run_queues = with_records(loops["run_queues"])
    kernel.run_buffers = with_records(loops["run_buffers"])
    monkeypatch.setattr(work, "kernel", kernel)
    monkeypatch.setattr(FastEngine, "_compile", lambda self, packed: None)


def differs(program):
    """Return whether the engines disagree, or one of them breaks down."""
    try:
        return outcome(ReferenceEngine, program) != outcome(FastEngine, program)
    except (ArchsimError, ArithmeticError, AssertionError, LookupError, ValueError):
        return True


Plant = Callable[[object, pytest.MonkeyPatch], None]
FAULTS: Mapping[str, tuple[Plant, tuple[str, str, str]]] = {
    **{f"reference: {name}": (faulty_reference, fault) for name, fault in REFERENCE_FAULTS.items()},
    **{f"fast: {name}": (faulty_fast, fault) for name, fault in FAST_FAULTS.items()},
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_caught(fault, monkeypatch):
    plant, change = fault
    plant(change, monkeypatch)
    assert differs(find(programs(), differs, settings=DRAW))


@pytest.mark.parametrize("plant", [faulty_reference, faulty_fast])
def test_without_a_fault_nothing_differs(plant, monkeypatch):
    plant(None, monkeypatch)
    with pytest.raises(NoSuchExample, match="No examples found of condition"):
        find(programs(), differs, settings=settings(DRAW, max_examples=40))
