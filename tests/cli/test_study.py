from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


def test_a_study_that_asks_for_no_table_shows_its_designs(archsim, study, tmp_path):
    study.write_text("\n".join(line for line in STUDY.splitlines() if "tables" not in line))
    shown = archsim("sweep", study, "-o", tmp_path / "out", "--workers", 1).stdout
    assert "small: designs" in shown
    rows = [line.split()[:2] for line in shown.splitlines() if "pJ" in line]
    assert rows == [["1", "pJ"], ["2", "pJ"]]
    assert not (tmp_path / "out" / "designs.csv").exists()


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
    assert f"error: {study}:7:31: sweep[0].field: axis energy, chip.tiles" in result.output
    assert 'got "enrgy"; did you mean "energy"? (points 0, 1)' in result.output
    assert not (tmp_path / "out").exists()


OTHER_THINGS = [
    ("madem_64", "madem_64: expected a report of kind study, got a chip, which archsim show reads"),
    (
        "lif_random",
        "lif_random: expected a report of kind study, got a workload, which archsim show",
    ),
    ("near_sensor", "got one of kind trainings, which archsim train reads"),
    ("demo_cbram", "got one that archsim demo or archsim validate reads"),
    ("chips/loihi/chip.yaml", "chips/loihi/chip.yaml: expected a report of kind study, got a chip"),
    (
        "chips/loihi",
        "chips/loihi: expected a report of kind study, got a chip, which archsim show",
    ),
    ("workloads/lif_random/workload.yaml", "got a workload, which archsim show reads"),
    ("tests", "tests: expected a report of kind study, got a folder without report.yaml"),
]


@pytest.mark.parametrize("verb", ["sweep", "optimize"])
@pytest.mark.parametrize(("given", "message"), OTHER_THINGS)
def test_what_is_no_study_is_told_what_it_is(archsim, monkeypatch, verb, given, message):
    monkeypatch.chdir(ROOT)
    result = archsim(verb, given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_folders_of_results_are_told_from_studies(archsim, study, out, tmp_path):
    assert archsim("sweep", study, "-o", tmp_path / "done", "--workers", 1).exit_code == 0
    told = archsim("sweep", tmp_path / "done").stderr
    assert "got the results of a study; give the study itself, and this folder as -o" in told
    assert "got the folder of a run, which archsim why, reprice" in archsim("sweep", out).stderr


def test_check_of_a_study_says_what_it_would_run(archsim, study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = archsim("check", study)
    assert result.stdout == "study small: no faults; 2 points, 1 case, 1 seed, 1 training\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.yaml"]


def test_check_of_a_study_names_its_faults(archsim, study):
    study.write_text(STUDY.replace("2 pJ", "2 ns").replace("adc_energy_j", "adc_enrgy_j"))
    result = archsim("check", study)
    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert "sweep[0].values[1]: axis energy = 2 ns, chip.tiles.array.adc.energy: expected" in first
    assert "tables[0].show[1]: expected a column that some point will have" in second
    assert archsim("check", study, "--fields").exit_code == 2


@pytest.mark.parametrize(
    "name", ["adc_sharing", "array_size", "network_width", "technology_swap", "near_sensor"]
)
def test_reports_of_the_catalog_have_no_faults(archsim, name):
    result = archsim("check", name)
    assert ": no faults; " in result.stdout, result.output


def test_check_of_trainings_names_faults_of_all_ways(archsim, tmp_path):
    path = tmp_path / "report.yaml"
    path.write_text(
        """
kind: trainings
name: bad
seeds: 1
ways:
  - {name: one, workload: ecram_digits, settings: {workload.rat: "1"}}
  - {name: two, workload: madem_braille}
"""
    )
    first, second = archsim("check", path).stderr.splitlines()
    assert 'got "rat"; did you mean "rate"?' in first
    assert "two: expected a workload of kind layered, got attractor" in second


def undescribed(schema):
    """Return the fields of a schema that nothing is said of."""
    if isinstance(schema, list):
        return [name for one in schema for name in undescribed(one)]
    if not isinstance(schema, dict):
        return []
    fields = schema.get("properties", {})
    own = [name for name, field in fields.items() if "description" not in field]
    return own + [name for value in schema.values() for name in undescribed(value)]


def test_the_schema_of_reports_describes_every_field(archsim):
    schema = json.loads(archsim("schema", "report").stdout)
    assert undescribed(schema) == []
    assert {"StudyDescription", "TrainingsRecipe", "Axis"} <= schema["$defs"].keys()
    assert {"from", "to", "count", "values"} <= schema["$defs"]["Axis"]["properties"].keys()


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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grid.csv"]
    assert [line.split(",")[0] for line in file.read_text().splitlines()] == [
        "tiles.adc.energy", "0.1 pJ", "1 pJ", "10 pJ",
    ]  # fmt: skip


def test_reprice_refuses_what_is_no_price(archsim, out):
    result = archsim("reprice", out, "--set", "tiles.adc.rate=1GHz")
    assert result.exit_code == 2
    assert "needs a run, not only prices" in result.output
    assert archsim("reprice", out).exit_code == 2
