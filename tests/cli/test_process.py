from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archsim import __version__

ROOT = Path(__file__).parents[2]


def test_version_and_help(archsim):
    assert archsim("--version").stdout == f"archsim {__version__}\n"
    shown = archsim("--help").stdout
    for verb in ("demo", "run", "list", "show", "check", "schema", "audit", "compare", "validate"):
        assert f"\n  {verb} " in shown


@pytest.mark.parametrize(
    "verb", ["demo", "run", "list", "show", "check", "schema", "audit", "compare", "validate"]
)
def test_every_verb_has_a_help_with_an_example(archsim, verb):
    result = archsim(verb, "--help")
    assert result.exit_code == 0
    assert f"  archsim {verb}" in result.stdout.partition("Example")[2]


def test_help_imports_nothing_heavy(process):
    code = (
        "import sys, archsim.cli.application\n"
        "heavy = {'numpy', 'pandas', 'networkx', 'pydantic', 'rich', 'pint', 'simpy', 'numba'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_unknown_verbs_and_missing_arguments(archsim):
    result = archsim("xyzzy")
    assert result.exit_code == 2
    assert result.stderr == "archsim: error: No such command 'xyzzy'.\nTry 'archsim --help'.\n"
    result = archsim("run")
    assert result.exit_code == 2
    assert result.stderr == (
        "archsim: error: Missing argument 'WORKLOAD'.\nTry 'archsim run --help'.\n"
    )


def test_errors_have_no_traceback_and_an_exit_code(process, tmp_path):
    done = process("run", "madem_braille", "nope", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"archsim: error: expected one of the chips (")
    assert b"Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_refused_before_anything_is_read(archsim, tmp_path):
    (tmp_path / "file").write_text("")
    done = archsim("run", "no_such", "chip", "-o", tmp_path / "file" / "out")
    assert done.exit_code == 4
    assert done.stderr.endswith("cannot be written: Not a directory\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing(tmp_path, number, code):
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "archsim.cli", "run", "madem_braille", "madem_64"),
            *("-o", "out", "--set", "workload.stop.near=1", "--set", "workload.stop.copies=500"),
            *("--set", "workload.stop.max_epochs=100000"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    limit = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < limit:
        time.sleep(0.02)
    assert list(tmp_path.iterdir()), "the place was claimed"
    time.sleep(0.3)
    running.send_signal(number)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == code, errors
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path):
    command = f"set -o pipefail; {sys.executable} -m archsim.cli schema chip | head -c 10"
    done = subprocess.run(
        ["bash", "-c", command],  # noqa: S607
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    assert done.returncode in {0, 141}


@pytest.mark.slow
def test_output_is_the_same_in_every_locale_and_width(process):
    plain = process("list")
    for environment in (
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
        {"COLUMNS": "30", "NO_COLOR": "1"},
        {"TERM": "dumb"},
    ):
        assert process("list", **environment).stdout == plain.stdout, environment
    assert "─".encode() in plain.stdout
    assert b"\x1b" not in plain.stdout
