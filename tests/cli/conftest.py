from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from archsim.cli.application import app
from archsim.engine.fast import FastEngine
from archsim.mapping.program import Station, StationTable

ROOT = Path(__file__).parents[2]
QUICK = ("--set", "workload.test.copies=2", "--set", "workload.stop.copies=5")


@pytest.fixture(scope="session")
def engine_compiled():
    """Compile the fast engine before anything is captured; else the first command says that it does."""
    engine = FastEngine(StationTable(stations=(Station(name="s"),)), tell=lambda _: None)
    for packed in (True, False):
        engine._compile(packed=packed)


@pytest.fixture(scope="session")
def archsim(engine_compiled):
    """Run the command line in this process."""
    runner = CliRunner()

    def call(*args):
        return runner.invoke(app, list(map(str, args)), prog_name="archsim")

    return call


@pytest.fixture
def process():
    """Run the command line in a process of its own."""

    def call(*args, cwd=None, **environment):
        return subprocess.run(
            [sys.executable, "-m", "archsim.cli", *map(str, args)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            timeout=120,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def out(tmp_path_factory, archsim):
    """Folder of a short run."""
    folder = tmp_path_factory.mktemp("runs") / "out"
    result = archsim("run", "madem_braille", "madem_64", "-o", folder, "-q", "--no-ranges", *QUICK)
    assert result.exit_code == 0, result.output
    return folder
