"""The shipped example of an extension works from outside the package, as a user's would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archsim.errors import InputError
from archsim.plugins import load_module, register

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def archsim(*arguments, cwd):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(cwd), *sys.path])}
    command = [sys.executable, "-m", "archsim.cli", *arguments]
    return subprocess.run(
        command, check=False, cwd=cwd, env=environment, capture_output=True, text=True
    )


@pytest.mark.slow
def test_component_cell_rule_and_policy_of_an_extension_run_and_enter_the_manifest(tmp_path):
    run = [
        *("run", "madem_braille", f"{EXAMPLES / 'lab_chip.yaml'}:lab", "-o", str(tmp_path / "out")),
        *("--plugin", "lab_parts", "--set", "workload.rule={name: delta}"),
        *("--policy", "array[0].adc=power_gated"),
    ]
    done = archsim(*run, cwd=EXAMPLES)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["policies"] == ["array[0].adc=power_gated"]
    assert manifest["extensions"]["lab_parts"].startswith("1.0 ")
    ledger = (tmp_path / "out" / "ledger.csv").read_text()
    assert ",array[0],adc,static_off," in ledger
    assert ",clamped," not in ledger  # the delta rule has no clamped phase
    audited = archsim("audit", str(tmp_path / "out"), "--plugin", "lab_parts", cwd=EXAMPLES)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def test_what_an_extension_gives_is_unknown_without_it(tmp_path):
    chip = f"{EXAMPLES / 'lab_chip.yaml'}:lab"
    done = archsim("run", "madem_braille", chip, "-o", str(tmp_path / "out"), cwd=EXAMPLES)
    assert done.returncode == 2
    assert 'got "ramp_adc"' in done.stderr
    assert 'got "saturating"' in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_module_that_cannot_be_imported_is_named():
    with pytest.raises(InputError, match="plugin no_such_module: cannot be imported"):
        load_module("no_such_module")


def test_only_known_kinds_are_registered():
    with pytest.raises(InputError, match="expected one of component, cell, rule, policy, got 'x'"):
        register("x", "name", object())


def test_a_policy_must_be_a_generator_function():
    with pytest.raises(InputError, match="policy 'p': expected a generator function, got"):
        register("policy", "p", len)
