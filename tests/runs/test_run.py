"""Runs: what a run as a whole keeps to."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from archsim.chip.read import read_chip
from archsim.components.substrate import Substrate
from archsim.errors import InputError
from archsim.runs.simulate import run
from archsim.workload import read_workload, train

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture(scope="module")
def lab_parts():
    spec = importlib.util.spec_from_file_location("lab_parts", EXAMPLES / "lab_parts.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["lab_parts"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def plain():
    return run("madem_braille", "madem_64", seed=2)


def test_the_phases_of_training_are_told_apart(plain):
    phases = plain.ledger.groupby("phase").energy_j.sum()
    assert {"free", "clamped", "update", "evaluate", "initialise"} <= set(phases.index)
    assert (phases > 0).all()


def test_costing_changes_no_learnt_bit(plain):
    task, machine = read_workload("madem_braille"), read_chip("madem_64")
    substrate = Substrate(machine.behaviour, task.shapes, seed=2)
    uncosted = train(task, substrate, seed=2)
    assert uncosted == plain.learnt


def test_two_runs_give_the_same_tables(plain):
    again = run("madem_braille", "madem_64", seed=2)
    assert again.ledger.equals(plain.ledger)
    assert again.metrics.equals(plain.metrics)
    assert again.manifest() == plain.manifest()


def test_events_are_kept_on_request_only_and_change_nothing(plain):
    with pytest.raises(ValueError, match="this run kept no events"):
        _ = plain.events
    traced = run("madem_braille", "madem_64", seed=2, events=True)
    assert traced.ledger.equals(plain.ledger)
    assert int(traced.events["busy_ticks"].sum()) == int(plain.ledger["busy_ticks"].sum())


def test_power_gating_an_adc_saves_leakage_and_costs_time(plain, lab_parts):
    policies = {"array[0].adc": lab_parts.power_gated}
    gated = run("madem_braille", "madem_64", seed=2, policies=policies)
    assert gated.policies == ("array[0].adc=power_gated",)
    assert gated.manifest()["policies"] == ["array[0].adc=power_gated"]
    assert gated.learnt == plain.learnt
    assert gated.totals.training_time > plain.totals.training_time

    def leakage(of):
        rows = of.ledger[(of.ledger.tile == "array[0]") & (of.ledger.component == "adc")]
        static = rows[rows.action.str.startswith("static_")]
        return static.energy_j.sum(), static.groupby("action")["count"].sum()

    saved, states = leakage(gated)
    assert saved < leakage(plain)[0]
    assert states["static_off"] > 0
    assert states.sum() == gated.totals.grand_time * 10**15


def test_a_policy_for_no_station_is_refused(lab_parts):
    with pytest.raises(InputError, match=r"no station is called 'adc\[7\]'; there are array"):
        run("madem_braille", "madem_64", policies={"adc[7]": lab_parts.power_gated})


def test_an_unknown_policy_is_refused():
    with pytest.raises(InputError, match=r"expected one of the registered policies .*got 'naps'"):
        run("madem_braille", "madem_64", policies={"*.adc": "naps"})


def test_settings_are_applied_and_misspelt_ones_refused():
    changed = run("madem_braille", "madem_64", settings={"chip.behaviour.adc.bits": "8"})
    assert changed.learnt is not None
    with pytest.raises(InputError, match=r"expected a path that begins with chip\. or workload\."):
        run("madem_braille", "madem_64", settings={"adc.bits": "8"})


def test_a_network_too_large_for_the_chip_says_how_many_arrays_it_needs():
    with pytest.raises(InputError, match=r"the network needs 4 arrays .* chip madem_64 has 2"):
        run("madem_braille:two_layer", "madem_64")


def test_currents_peak_at_a_plausible_height(plain):
    currents = plain.peak_currents
    assert 1e-5 < currents["read_row"] < currents["read_array"] < 0.1
    assert currents["write_row"] > currents["read_row"]


def test_a_run_shows_itself_in_a_notebook(plain):
    html = plain._repr_html_()
    assert html.startswith("<table>")
    assert "madem_64" in html


@pytest.mark.parametrize("chip", ["madem_64", "madem_64:clocked"])
def test_engines_give_the_same_run(chip):
    fast, reference = (
        run("madem_braille", chip, seed=5, engine=engine, events=True)
        for engine in ("fast", "reference")
    )
    assert fast.ledger.equals(reference.ledger)
    assert fast.metrics.equals(reference.metrics)
    assert fast.events.equals(reference.events)
    assert fast.manifest() == reference.manifest()
