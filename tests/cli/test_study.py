from __future__ import annotations

import json
import resource

import pytest

STUDY = """
kind: study
name: small
chips: [madem_64]
workloads: [madem_braille]
settings: {workload.test.copies: 2, workload.stop.copies: 2, workload.stop.max_epochs: 1}
sweep: [{name: energy, field: chip.tiles.array.adc.energy, values: [1 pJ, 2 pJ]}]
tables: [{name: means, by: [energy], show: [training_energy_j, adc_energy_j]}]
search: {minimise: [training_energy_j], points: 2}
"""


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "report.yaml"
    path.write_text(STUDY)
    return path


def test_a_sweep_leaves_one_table_its_means_and_a_page(archsim, study, tmp_path):
    out = tmp_path / "out"
    result = archsim("sweep", study, "-o", out, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert "2 points, 2 done, 0 failed." in result.output
    assert f"The whole table is {out}/table.csv" in result.output
    names = {path.name for path in out.iterdir() if path.is_file()}
    assert names >= {"table.csv", "table.parquet", "means.csv", "report.md"}
    lines = (out / "means.csv").read_text().splitlines()
    assert lines[0].split(",") == [
        "energy", "points", "training_energy_j", "training_energy_j_sd", "training_energy_j_ci",
        "adc_energy_j", "adc_energy_j_sd", "adc_energy_j_ci",
    ]  # fmt: skip
    assert float(lines[2].split(",")[5]) == pytest.approx(2 * float(lines[1].split(",")[5]))


def test_failed_points_are_told_even_to_the_quiet(archsim, study, tmp_path):
    study.write_text(
        STUDY.replace(
            "sweep: [", "sweep: [{name: rows, field: chip.behaviour.rows, values: [64, 32]}, "
        )
    )
    result = archsim("sweep", study, "-o", tmp_path / "out", "--workers", 1, "-q")
    assert result.exit_code == 0, result.output
    assert result.stderr == (
        f"archsim: 2 of 4 points failed; the column error of {tmp_path}/out/table.csv tells why\n"
    )


def test_a_sweep_in_json_is_the_table(archsim, study, tmp_path):
    result = archsim("sweep", study, "-o", tmp_path / "out", "--workers", 1, "--json")
    rows = json.loads(result.stdout)
    assert [(row["point"], row["energy"], row["status"]) for row in rows] == [
        (0, "1 pJ", "done"),
        (1, "2 pJ", "done"),
    ]


def test_optimize_leaves_the_front(archsim, study, tmp_path):
    out = tmp_path / "out"
    result = archsim("optimize", study, "-o", out, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert "1 of 2 designs looked at are beaten by no other one." in result.output
    assert (
        (out / "front.csv").read_text().splitlines()[1].startswith("madem_braille on madem_64,1 pJ")
    )


def test_a_field_that_does_not_exist_is_bad_input(archsim, study, tmp_path):
    study.write_text(STUDY.replace("adc.energy", "adc.enrgy"))
    result = archsim("sweep", study, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert 'got "enrgy"; did you mean "energy"? (point 1)' in result.output
    assert not (tmp_path / "out").exists()


@pytest.fixture
def small_files():
    """No file that this process writes may pass 3000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_with_4_and_says_how_to_go_on(archsim, study, tmp_path, small_files):
    out = tmp_path / "out"
    done = archsim("sweep", study, "-o", out, "--workers", 1)
    assert done.exit_code == 4, done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert f"finished points are kept in {out}; give the same command to go on" in done.stderr


def test_reprice_says_what_a_run_would_have_cost(archsim, out, tmp_path):
    result = archsim("reprice", out, "--set", "tiles.adc.energy=0.5pJ")
    assert result.exit_code == 0, result.output
    assert "priced anew (exact)" in result.output
    file = tmp_path / "grid.csv"
    result = archsim("reprice", out, "--vary", "tiles.adc.energy=0.1pJ..10pJ:3", "--csv", file)
    assert result.exit_code == 0, result.output
    assert [line.split(",")[0] for line in file.read_text().splitlines()] == [
        "tiles.adc.energy", "0.1 pJ", "1 pJ", "10 pJ",
    ]  # fmt: skip


def test_reprice_refuses_what_is_no_price(archsim, out):
    result = archsim("reprice", out, "--set", "tiles.adc.rate=1GHz")
    assert result.exit_code == 2
    assert "needs a run, not only prices" in result.output
    assert archsim("reprice", out).exit_code == 2
