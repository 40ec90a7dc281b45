"""GPU chip files: what is read and what is refused."""

from __future__ import annotations

import re

import pytest

from archsim.baseline import GpuDescription
from archsim.catalog import folder
from archsim.chip import read_chip
from archsim.errors import SpecError
from archsim.spec import constants, dump, variants

ENTRIES = ["gpu_a100", "gpu_h100"]


@pytest.mark.parametrize("name", ENTRIES)
def test_catalog_entries_are_gpus_and_can_be_read_back(name, tmp_path):
    gpu = read_chip(name)
    copy = tmp_path / "chip.yaml"
    copy.write_text(dump(gpu), encoding="utf-8")
    assert isinstance(gpu, GpuDescription)
    assert read_chip(str(copy)) == gpu


@pytest.mark.parametrize("name", ENTRIES)
def test_every_constant_of_the_entries_has_a_source_that_says_how_sure_it_is(name):
    for path, constant in constants(read_chip(name)).items():
        tagged = any(tag in constant.source for tag in ("[V]", "[S]", "[M]"))
        assert tagged or (constant.source == "assumption" and constant.note), path


@pytest.mark.parametrize("name", ENTRIES)
def test_the_variants_differ_in_how_power_is_charged(name):
    names = variants(folder("chips") / name / "chip.yaml")
    read = {one: read_chip(f"{name}:{one}") for one in names}
    assert {one: gpu.power for one, gpu in read.items() if gpu.link is None} == {
        "by_state": "state",
        "by_act": "act",
    }


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            {"compute.efficiency.high": "1.2"},
            "compute.efficiency: expected a share above 0 and at most 1, got 0.1 to 1.2",
        ),
        (
            {"board.busy": "500 W"},
            "board: expected 0 < idle <= busy <= limit, got 85 W, 500 W, 400 W",
        ),
        ({"board.idle": "0 W"}, "board: expected 0 < idle <= busy <= limit, got 0 W, 220 W, 400 W"),
        ({"power": "both"}, "power: "),
        ({"precision": "int8"}, "precision: "),
        ({"launch.time": "3 us/B"}, "launch.time"),
        ({"cache": "1"}, "cache: "),
    ],
)
def test_a_gpu_that_cannot_be_is_refused(setting, message):
    with pytest.raises(SpecError, match=re.escape(message)):
        read_chip("gpu_a100", settings=setting)
