"""Layered workloads that a chip cannot hold, or cells that cannot learn by them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from archsim.errors import InputError, SpecError
from archsim.runs.simulate import run
from archsim.workload import read_workload
from archsim.workload.cell_layers import check_abilities

FEW = {"workload.dataset.train_count": "20", "workload.dataset.test_count": "10"}


def test_a_network_that_does_not_fit_says_how_many_arrays_it_needs_and_has():
    text = r"needs 8 arrays \(layer1 needs 7, layer2 needs 1\), chip ecram_2layer has 2"
    with pytest.raises(InputError, match=text):
        run("ecram_mnist", "ecram_2layer")


def test_binary_cells_lack_gradual_pulses():
    with pytest.raises(
        InputError, match="rule progressive: cell model binary lacks gradual pulses"
    ):
        run("ecram_digits", "cbram_512k", settings=FEW)


@pytest.mark.parametrize(
    ("abilities", "lacking"),
    [
        ({"gradual": False}, "rule progressive: cell model own lacks gradual pulses"),
        (
            {"needs_verify": True},
            "rule progressive: cell model own lacks pulses that need no check",
        ),
    ],
)
def test_the_ability_that_a_cell_lacks_is_named(abilities, lacking):
    able = {"model": "own", "binary": False, "gradual": True, "needs_verify": False}
    behaviour = SimpleNamespace(cell=SimpleNamespace(**(able | abilities)))
    with pytest.raises(InputError, match=lacking):
        check_abilities(read_workload("ecram_digits"), behaviour)
    check_abilities(read_workload("ecram_digits:transfer"), behaviour)


def test_lines_that_are_not_written_together_lack_parallel_pulses():
    settings = FEW | {"chip.behaviour.write_scheme": "row_serial"}
    with pytest.raises(InputError, match="expected write_scheme parallel, got row_serial"):
        run("ecram_digits", "ecram_2layer", settings=settings)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("network.inputs", "63", "expected 64, the pixels of an image of 8 x 8, got 63"),
        ("network.outputs", "9", "expected 10, one for each class, got 9"),
    ],
)
def test_a_network_that_does_not_fit_the_data_is_refused(path, value, text):
    with pytest.raises(InputError, match=text):
        run("ecram_digits", "ecram_2layer", settings=FEW | {f"workload.{path}": value})


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"network.output": "linear"}, "expected squared for an output of linear"),
        ({"rule": "{name: conventional}"}, "expected errors for pulses.rounding coincidence"),
        (
            {"rule": "{name: equilibrium_propagation}"},
            "one of the layered learning rules conventional, progressive",
        ),
        ({"rate": "0"}, "rate"),
        ({"network.hidden": "[]"}, "hidden"),
    ],
)
def test_settings_that_contradict_each_other(settings, text):
    with pytest.raises(SpecError, match=text):
        read_workload("ecram_digits", settings=settings)
