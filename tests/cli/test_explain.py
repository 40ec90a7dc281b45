from __future__ import annotations

import json

import pytest

QUICK = ("--set", "workload.test.copies=2", "--set", "workload.stop.copies=5")


def test_why_tells_where_the_time_of_a_stored_run_went(archsim, out, tmp_path):
    folder = tmp_path / "why"
    result = archsim("why", out, "--faster", "50", "--component", "array.adc", "-o", folder)
    assert result.exit_code == 0, result.output
    assert "array       works" in result.stdout
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["flow.csv", "handovers.csv", "path.csv", "report.md", "speedup.csv"]
    header = (folder / "path.csv").read_text().splitlines()[0]
    assert header == "phase,tile,component,kind,times,path_ticks"


def test_why_takes_a_workload_and_a_chip(archsim, out):
    result = archsim("why", "madem_braille", "madem_64", "--faster", "0", "--json", *QUICK)
    records = json.loads(result.stdout)
    assert sorted(records) == ["flow", "handovers", "path"]
    stored = json.loads(archsim("why", out, "--faster", "0", "--json").stdout)
    assert stored == records


def test_why_refuses_a_part_that_takes_no_time(archsim):
    result = archsim("why", "madem_braille", "madem_64", "--component", "array.tia", *QUICK)
    assert result.exit_code == 2
    assert "expected a component that takes time, one of array.array" in result.stderr


def test_settings_of_a_stored_run_are_fixed(archsim, out):
    result = archsim("why", out, *QUICK)
    assert result.exit_code == 2
    assert "--set: expected a workload and a chip, got the folder of a run" in result.stderr


def test_diff_of_a_run_and_itself_is_nothing(archsim, out):
    result = archsim("diff", out, out, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["energy"], found["time"]) == ([], [])


def test_diff_without_paths_tells_times_by_phase(archsim, out, tmp_path):
    other = tmp_path / "other"
    args = ("-q", "--no-ranges", "--seed", "3", *QUICK)
    assert archsim("run", "madem_braille", "madem_64", "-o", other, *args).exit_code == 0
    found = json.loads(archsim("diff", out, other, "--no-path", "--json").stdout)
    assert {row["component"] for row in found["time"]} == {""}
    assert sum(row["difference_ticks"] for row in found["time"]) == found["time_delta_ticks"]
    assert sum(row["energy_exact"] for row in found["energy"]) == found["energy_delta_exact"]


def test_diff_needs_two_subjects(archsim, out):
    result = archsim("diff", out)
    assert result.exit_code == 2
    assert "expected 2 folders of runs, or a workload and a chip for each, got 1" in result.stderr


def test_wear_tells_writes_and_life_of_a_stored_run(archsim, out):
    result = archsim("wear", out, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [one["tile"] for one in found["arrays"]] == ["array[0]", "array[1]", ""]
    life = found["life"]
    worst = found["arrays"][-1]["first"]
    assert life["life_s"] == life["endurance"] * found["training_time_s"] / worst
    assert {"madem_64", "ecram_2layer", "cbram_512k:pcm"} <= found["technologies"].keys()


def test_wear_of_a_run_that_wrote_nothing_says_so(archsim, tmp_path):
    done = archsim("run", "synthetic_layers", "mesh_256", "--no-ranges", "-q", "-o", tmp_path / "s")
    assert done.exit_code == 0, done.output
    result = archsim("wear", tmp_path / "s")
    assert result.exit_code == 0
    assert "No write of any cell is known of this run, so nothing wears." in result.stdout
    assert "endurance" not in result.stdout


def test_run_may_simulate_a_sample_only(archsim):
    result = archsim("run", "madem_braille", "madem_64", "--sample", "0.2", "--json", *QUICK)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["simulated"] < found["segments"]
    assert found["energy_j"]["training"]["low"] < found["energy_j"]["training"]["value"]


def test_a_sample_has_no_folder(archsim, tmp_path):
    args = ("run", "madem_braille", "madem_64", "--sample", "0.2", "-o", tmp_path / "x")
    result = archsim(*args)
    assert result.exit_code == 2
    assert "--sample estimates totals; it goes with neither -o nor --policy" in result.stderr


def test_curves_of_the_scaling_report_need_a_folder(archsim):
    result = archsim("scale", "--plots")
    assert result.exit_code == 2
    assert "--plots writes files; add -o DIR" in result.stderr


@pytest.mark.slow
def test_the_scaling_report_is_a_folder_of_tables(archsim, tmp_path):
    result = archsim("scale", "--tiles", "16", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "four orders of magnitude hold at no size" in result.stdout
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["gpu_ratio.csv", "report.md", "seam.csv", "tiles.csv"]


def test_why_explains_cores_of_neurons_as_well(archsim):
    said = archsim("why", "lif_random:small", "loihi")
    assert said.exit_code == 0, said.output
    assert "core.synapses" in said.stdout
    assert "Every tick of the time belongs to one row; the sum is exact." in said.stdout
