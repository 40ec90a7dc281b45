"""Fixtures of the engine tests: the engine under test, and short ways to write programs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archsim.engine import Engine, ReferenceEngine
from archsim.engine.fast import FastEngine
from archsim.mapping.program import Station, StationTable

MakeEngine = Callable[..., Engine]


@pytest.fixture(params=[ReferenceEngine, FastEngine], ids=["reference", "fast"])
def make_engine(request: pytest.FixtureRequest) -> MakeEngine:
    """Return a function from stations to an engine."""
    engine: MakeEngine = request.param
    return engine


@pytest.fixture
def one_station() -> StationTable:
    """Return a table with one single-server station."""
    return StationTable(stations=(Station(name="s"),))
