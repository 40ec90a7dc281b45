"""A small behaviour section to change one thing of at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archsim.components.behaviour import Behaviour
from archsim.spec import Description, read

TEXT = """\
behaviour:
  cell:
    model: exponential
    minimum_conductance: {value: 2 uS, source: test}
    maximum_conductance: {value: 100 uS, source: test}
    static_spread: {value: 0, source: test}
    read_noise: {value: 0, source: test}
    stuck_low: {value: 0, source: test}
    stuck_high: {value: 0, source: test}
    programming_error: {value: 1 uS, source: test}
    verify_tolerance: {value: 4 uS, source: test}
    verify_failures: {value: 0, source: test}
    verify_failed_error: {value: 15 uS, source: test}
    verify_attempts: {value: 200, source: test}
    pulses_up: {value: 18, source: test}
    pulses_down: {value: 24, source: test}
    nonlinearity_up: {value: 1, source: test}
    nonlinearity_down: {value: 1, source: test}
    response_spread: {value: 0, source: test}
    response_noise: {value: 0, source: test}
  rows: 8
  columns: 8
  weight_form: balanced
  settling: clocked
  input_drive: bipolar
  adc: {bits: 8, range: {value: 1, source: test}}
  dac: {bits: 8}
  error: graded
  write_scheme: parallel
  step_period: {value: 1 us, source: test}
"""

TABLE = """\
state,up,down,up_noise,down_noise
0,0.2,0,0.02,0.01
0.5,0.1,-0.1,0.02,0.02
1,0,-0.2,0,0.02
"""


class Part(Description):
    behaviour: Behaviour


Make = Callable[..., Behaviour]


@pytest.fixture
def behaviour_file(tmp_path: Path) -> Path:
    """Return a file with a behaviour section of ideal cells in 8 × 8 arrays."""
    path = tmp_path / "behaviour.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def behaviour(behaviour_file: Path) -> Make:
    """Return a function that makes that behaviour with some fields or cell constants changed."""

    def make(**fields: object) -> Behaviour:
        settings = {}
        for name, value in fields.items():
            inside = f"cell.{name}" if f"    {name}:" in TEXT else name.replace("__", ".")
            settings[f"behaviour.{inside}"] = str(value)
        return read(behaviour_file, Part, settings=settings).behaviour

    return make


@pytest.fixture
def table_chip(tmp_path: Path) -> Path:
    """Return a file whose cell names a measured table beside it."""
    folder = tmp_path / "chip"
    folder.mkdir()
    (folder / "pulses.csv").write_text(TABLE)
    head, tail = TEXT.split("    pulses_up:")
    tail = "  rows:" + tail.partition("  rows:")[2]
    cell = "    table: pulses.csv\n    response_spread: {value: 0.1, source: test}\n"
    path = folder / "chip.yaml"
    path.write_text(head.replace("exponential", "table") + cell + tail)
    return path
