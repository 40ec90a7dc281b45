from __future__ import annotations

import pytest

import archsim
from archsim.analysis.speedup import faster, timed_components, virtual_speedup
from archsim.chip import read_chip
from archsim.errors import InputError
from archsim.workload import read_workload

QUICK = {"test.copies": "2", "stop.copies": "5"}


@pytest.fixture(scope="module")
def machine():
    return read_chip("madem_64")


@pytest.fixture(scope="module")
def workload():
    return read_workload("madem_braille", settings=QUICK)


def test_a_speed_up_is_a_run_of_a_chip_file_edited_by_hand(machine, workload, tmp_path):
    file = tmp_path / "chip.yaml"
    file.write_text(
        "extends: madem_64\n"
        "tiles:\n"
        "  array:\n"
        "    adc:\n"
        "      rate: {value: 2.56 GHz, source: assumption, note: twice as fast}\n"
    )
    edited = archsim.run(workload, read_chip(str(file)))
    plain = archsim.run(workload, machine)
    (found,) = virtual_speedup(workload, machine, percent=50, components=["array.adc"])
    assert found.after_ticks == edited.totals.time["training"] * 10**15
    assert found.before_ticks == plain.totals.time["training"] * 10**15
    assert found.after_ticks < found.before_ticks
    assert found.share == 1 - found.after_ticks / found.before_ticks


def test_only_the_times_of_the_component_change(machine):
    quick = faster(machine, "array.array", percent=20)
    before, after = machine.tiles["array"]["array"], quick.tiles["array"]["array"]
    assert after.read_time.value == pytest.approx(0.8 * before.read_time.value, rel=1e-15)
    assert after.read_voltage == before.read_voltage
    assert quick.tiles["control"] is machine.tiles["control"]
    assert quick.behaviour is machine.behaviour


def test_components_that_take_time_are_named_with_their_constants(machine):
    found = timed_components(machine)
    assert found["array.adc"] == ("tiles.array.adc.rate",)
    assert found["network.link"] == ("network.link.cycle",)
    assert "array.tia" not in found


@pytest.mark.parametrize("percent", [0, 100, -5])
def test_a_part_cannot_be_faster_than_no_time(machine, percent):
    with pytest.raises(InputError, match=r"array\.adc: expected per cent above 0 and below 100"):
        faster(machine, "array.adc", percent=percent)


def test_a_part_that_takes_no_time_is_refused_with_those_that_do(machine):
    message = r"expected a component that takes time, one of array.array, .*, got 'array.tia'"
    with pytest.raises(InputError, match=message):
        faster(machine, "array.tia", percent=10)
