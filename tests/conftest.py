"""What all tests share: property tests that draw the same examples every time, without deadlines; and
where MNIST is looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("archsim", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("archsim")

VARIABLE = "ARCHSIM_DATA"
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
"""A folder beside the project. Tests alone look there; the product takes what it is told."""
FILE = "t10k-labels-idx1-ubyte.gz"


def pytest_configure(config: pytest.Config) -> None:
    """Point the variable at the folder beside the project, unless it is set."""
    config.addinivalue_line("markers", "mnist: reads MNIST; skipped where its files are not")
    if not os.environ.get(VARIABLE) and BESIDE.is_dir():
        os.environ[VARIABLE] = str(BESIDE)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs MNIST where it is not, and say where it was looked for."""
    if item.get_closest_marker("mnist") is None:
        return
    folder = Path(os.environ.get(VARIABLE) or BESIDE)
    if not any((folder / part / FILE).is_file() for part in ("mnist", ".")):
        pytest.skip(f"MNIST is neither where {VARIABLE} points nor in {BESIDE}: none in {folder}")
