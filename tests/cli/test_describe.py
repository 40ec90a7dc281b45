from __future__ import annotations

import json

import pytest

from archsim import catalog
from archsim.spec import load_yaml


def test_list_shows_names_variants_and_a_line_about_each(archsim):
    result = archsim("list", "chips")
    assert result.exit_code == 0
    (line,) = (one for one in result.stdout.splitlines() if one.split()[:1] == ["madem_64"])
    assert "settled, clocked, reference, reference_clocked" in line
    assert "Two 64x64 TaOx memristor arrays" in line


def test_list_keeps_lines_short(archsim):
    lines = archsim("list").stdout.splitlines()
    assert max(len(line) for line in lines if "─" not in line) < 180
    (line,) = (one for one in lines if one.split()[:1] == ["cbram_mnist"])
    assert "soft_25, soft_50, soft_75, soft_75_late, own_25 and 20 more" in line
    assert line.endswith(" …")


def test_list_as_json_holds_all_catalogs(archsim):
    listing = json.loads(archsim("list", "--json").stdout)
    assert sorted(listing) == ["chips", "reports", "workloads"]
    assert {"madem", "validate"} <= {entry["name"] for entry in listing["reports"]}
    (entry,) = (one for one in listing["workloads"] if one["name"] == "madem_braille")
    assert "two_layer" in entry["variants"]


def test_show_gives_prices_ranges_sources_and_what_nobody_priced(archsim):
    shown = archsim("show", "madem_64").stdout
    assert shown.startswith("madem_64  crossbar chip: Two 64x64 TaOx")
    for text in (
        "behaviour  [behaviour: training feels it]",
        "array  2 tiles  [cost: training does not feel it]",
        "▸ cell_read  400 fJ per full-scale cell, takes 100 ns",
        "▸ convert  1.41 pJ",
        "energy  1.41 pJ (161 fJ to 1.67 pJ)  Shafiee et al., ISCA 2016 (ISAAC), Table I",
        "▸ operate  217 fJ",
        "unpriced  [what it has and nobody priced]",
        "array.tia  no energy of a trans-impedance amplifier",
        "variants  settled, clocked",
        "200 uW when idle",
    ):
        assert text in shown


def test_show_adds_notes_and_settings_on_request(archsim):
    shown = archsim(
        *("show", "madem_64", "--notes", "--set", "chip.tiles.array.adc.energy=2 pJ")
    ).stdout
    assert "energy  2 pJ  set by user" in shown
    assert "2 mW each, of which 1.8 mW dynamic" not in shown, "the note went with the old value"
    assert "default; 0-0.45 V allowed" in shown


def test_show_of_a_workload_and_of_a_gpu(archsim):
    assert "words  turing, lovelace" in archsim("show", "madem_braille").stdout
    shown = archsim("show", "gpu_a100").stdout
    assert shown.startswith("gpu_a100  gpu chip: NVIDIA A100")
    assert "peak  19.5 Tflop/s" in shown


def test_check_says_that_all_is_well(archsim):
    result = archsim("check", "madem_64", "madem_braille")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "chip madem_64: no faults; 9 parts or acts unpriced",
        "workload madem_braille: no faults; weights layer1 61×60",
        "the workload fits: it takes 2 arrays of the chip",
    ]


def test_check_names_all_faults_of_both_files(archsim, tmp_path):
    chip, workload = tmp_path / "chip.yaml", tmp_path / "task.yaml"
    chip.write_text("extends: madem_64\nbehaviour:\n  rows: 1\n  columns: 64.5\n")
    workload.write_text("extends: madem_braille\ntask: recall\n")
    result = archsim("check", chip, workload)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"archsim: error: {chip}:3:9: behaviour.rows: expected a number of at least 2, got 1",
        f"archsim: error: {chip}:4:12: behaviour.columns: expected a whole number, got 64.5",
        f'archsim: error: {workload}:2:7: task: expected one of reconstruct, classify, got "recall"',
    ]


def test_check_says_which_fields_need_what(archsim):
    lines = archsim("check", "madem_64", "madem_braille", "--fields").stdout.splitlines()
    needs = {
        line.split()[0]: line for line in lines if line.strip().startswith(("chip.", "workload."))
    }
    for path, part, need in (
        ("chip.behaviour.adc.bits", "behaviour", "new training"),
        ("chip.tiles.array.adc.energy", "cost", "new prices"),
        ("chip.tiles.array.array.write_voltage", "cost", "new prices"),
        ("chip.tiles.array.array.read_time", "cost", "a new run"),
        ("chip.network.link.cycle", "cost", "a new run"),
        ("chip.tiles.array.dac.count", "cost", "a new run"),
        ("chip.about", "text", "nothing"),
        ("workload.stop.near", "workload", "new training"),
    ):
        assert needs[path].rstrip().endswith(need), path
        assert f" {part} " in needs[path], path


def test_two_chips_are_not_checked_together(archsim):
    result = archsim("check", "madem_64", "madem_64x4")
    assert result.exit_code == 2
    assert result.stderr == (
        "archsim: error: expected one chip and one workload, got two descriptions of a chip\n"
    )


@pytest.mark.parametrize("command", ["check", "show"])
def test_an_unknown_name(archsim, command):
    result = archsim(command, "madem_46")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "archsim: error: expected a chip, a workload or the path of a file, got 'madem_46'; there are"
    )


def test_an_unknown_variant(archsim):
    result = archsim("show", "madem_64:clokced")
    assert result.exit_code == 2
    assert 'did you mean "clocked"?' in result.stderr


@pytest.mark.parametrize("part", ["chip", "workload"])
def test_schemas_accept_what_is_shipped(archsim, part):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(archsim("schema", part).stdout)
    validator = jsonschema.Draft202012Validator(schema)
    kind = f"{part}s"
    for name in catalog.entries(kind):
        path, _ = catalog.find(kind, name)
        assert validator.is_valid(load_yaml(path).plain()), name
