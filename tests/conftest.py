"""What all tests share: property tests that draw the same examples every time, without deadlines; and
where MNIST is looked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("archsim", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("archsim")

VARIABLE = "ARCHSIM_DATA"
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
"""A folder beside the project. Tests alone look there; the product takes what it is told."""
FILE = "t10k-labels-idx1-ubyte.gz"
COMPILED = (
    """
from archsim import run
settings = {"workload.dataset.train_count": "8", "workload.dataset.test_count": "8"}
run("ecram_digits", "ecram_2layer", engine="reference", settings=settings)
""",
    """
from archsim import run
from archsim.engine.fast import FastEngine
from archsim.mapping.program import Station, StationTable
engine = FastEngine(StationTable(stations=(Station(name="s"),)))
for packed in (True, False):
    engine._compile(packed=packed)
settings = {"workload.dataset.train_count": "8", "workload.dataset.test_count": "8"}
run("cbram_mnist:digits", "cbram_512k", engine="reference", settings=settings)
""",
)
"""Programs that between them use all loops that are compiled."""


def pytest_configure(config: pytest.Config) -> None:
    """Point the variable at the folder beside the project, unless it is set."""
    config.addinivalue_line("markers", "mnist: reads MNIST; skipped where its files are not")
    if not os.environ.get(VARIABLE) and BESIDE.is_dir():
        os.environ[VARIABLE] = str(BESIDE)
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if whole and config.getoption("numprocesses", None):
        _compile_once()


def _compile_once() -> None:
    """Compile all loops before the workers start, each of which would compile them for itself."""
    command = [sys.executable, "-W", "ignore", "-c"]
    running = [subprocess.Popen([*command, text]) for text in COMPILED]
    for one in running:
        one.wait()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs MNIST where it is not, and say where it was looked for."""
    if item.get_closest_marker("mnist") is None:
        return
    folder = Path(os.environ.get(VARIABLE) or BESIDE)
    if not any((folder / part / FILE).is_file() for part in ("mnist", ".")):
        pytest.skip(f"MNIST is neither where {VARIABLE} points nor in {BESIDE}: none in {folder}")
