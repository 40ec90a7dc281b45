from __future__ import annotations

import json
import shutil

import pytest

QUICK = ("--set", "workload.test.copies=2", "--set", "workload.stop.copies=5")
RESULTS = [
    "config.resolved.yaml",
    "ledger.csv",
    "manifest.json",
    "metrics.csv",
    "report.md",
    "writes.csv",
]
PLOTS = ["accuracy_by_cost.png", "energy_by_component.png", "energy_by_phase.png"]


def test_a_run_writes_a_folder_and_prints_where_it_went(archsim, tmp_path):
    result = archsim(
        "run", "madem_braille", "madem_64", "-o", tmp_path / "out", "--no-ranges", *QUICK
    )
    assert result.exit_code == 0
    assert result.stderr == ""
    for title in ("What it costs", "Accuracy after training", "Energy and time by phase"):
        assert title in result.stdout
    assert result.stdout.endswith(f"The whole report is {tmp_path / 'out'}/report.md\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [*RESULTS, "run.log"]
    )


def test_the_report_has_absolute_figures_before_ratios_and_all_that_belongs_to_it(out):
    report = (out / "report.md").read_text()
    titles = [line.removeprefix("## ") for line in report.splitlines() if line.startswith("## ")]
    assert titles == [
        "Cost",
        "Accuracy",
        "Joules to accuracy",
        "Where it goes",
        "Peak line currents",
        "Chip",
        "Ranges",
        "Against a GPU",
        "Published claims",
        "What is included",
    ]
    for row in ("bare_batch1", "bare_whole", "framework_batch1", "framework_whole", "amortised"):
        assert report.count(f"| {row} |") == 2, "one row for each GPU"
    for claim in ("H1", "H2", "H3", "H4", "H6.clean", "H6.distorted", "H7.on_chip", "H7.transfer"):
        assert f"| {claim} |" in report
    assert report.index("training (headline)") < report.index("energy over chip's")
    assert "What the chip has and nobody priced" in report


def test_equal_runs_in_other_places_give_equal_bytes(process, tmp_path, out):
    (tmp_path / "elsewhere").mkdir()
    done = process(
        *("run", "madem_braille", "madem_64", "-o", "b", "-q", "--no-ranges", *QUICK),
        cwd=tmp_path / "elsewhere",
        PYTHONHASHSEED="7",
        LC_ALL="C",
        OMP_NUM_THREADS="3",
        COLUMNS="40",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    for name in RESULTS:
        assert (tmp_path / "elsewhere" / "b" / name).read_bytes() == (out / name).read_bytes(), name


def test_json_totals_are_those_of_the_manifest(archsim):
    result = archsim("run", "madem_braille", "madem_64", "--json", *QUICK)
    totals = json.loads(result.stdout)
    assert (totals["chip"], totals["workload"], totals["seed"]) == ("madem_64", "madem_braille", 0)
    assert totals["energy_j"]["training"] == totals["training_energy_j"] > 0
    assert totals["grand_energy_j"] == pytest.approx(sum(totals["energy_j"].values()))
    assert totals["metrics"]["clean_exact"] == 1.0


def test_a_chip_read_from_a_path_is_called_by_its_name(archsim, tmp_path, out):
    chips = out.parents[0] / "chip.yaml"
    chips.write_text("extends: madem_64\nname: mine\nvariants:\n  v: {about: x}\n")
    result = archsim("run", "madem_braille", f"{chips}:v", "--json", *QUICK)
    assert json.loads(result.stdout)["chip"] == "mine:v"


def test_quiet_prints_nothing(archsim):
    result = archsim("run", "madem_braille", "madem_64", "-q", *QUICK)
    assert (result.exit_code, result.output) == (0, "")


def test_a_taken_folder_is_refused_before_anything_else(archsim, tmp_path):
    result = archsim("run", "no_such", "chip", "-o", tmp_path)
    assert result.exit_code == 4
    assert result.stderr == (
        f"archsim: error: {tmp_path}: expected a folder that does not exist yet, found one; "
        "name another, or remove it first\n"
    )


def test_bad_input_leaves_no_folder(archsim, tmp_path):
    result = archsim("run", "madem_braille", "no_such", "-o", tmp_path / "a" / "out")
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_every_fault_has_a_line_of_its_own(archsim):
    result = archsim(
        *("run", "madem_braille", "madem_64", "--set", "chip.behaviour.adc.bits=99"),
        *("--set", "chip.tiles.array.adc.energy=3 s"),
    )
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("archsim: error: --set ") for line in lines)
    assert 'expected an energy such as "4.2 pJ", got "3 s" (a time)' in result.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--set", "bits"), "Invalid value for '--set': expected PATH=VALUE, got 'bits'"),
        (("--set", "bits=3"), "--set bits: expected a path that begins with chip. or workload."),
        (("--seed", "-1"), "Invalid value for '--seed': -1 is not in the range x>=0."),
        (("--events",), "--events and --plots write files; add -o DIR"),
        (("--engine", "fats"), "Invalid value for '--engine': 'fats' is not one of"),
        (("--plugin", "no_such_module"), "plugin no_such_module: cannot be imported"),
        (("--policy", "*.adc=none"), "policies: expected one of the registered policies"),
        (("--policy", "adc"), "Invalid value for '--policy': expected STATION=NAME, got 'adc'"),
    ],
)
def test_bad_options(archsim, arguments, text):
    result = archsim("run", "madem_braille", "madem_64", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"archsim: error: {text}")
    assert "Traceback" not in result.output


def test_a_gpu_is_no_chip_to_run_on(archsim):
    result = archsim("run", "madem_braille", "gpu_a100")
    assert result.exit_code == 2
    assert result.stderr == (
        "archsim: error: chip gpu_a100: expected a chip of kind crossbar or neuron_cores, "
        "got kind gpu; set a run beside a GPU with compare\n"
    )


def test_a_network_too_large_says_how_many_arrays_it_needs(archsim):
    result = archsim("run", "madem_braille:two_layer", "madem_64")
    assert result.exit_code == 2
    assert "the network needs 4 arrays (layer1 needs 2, layer2 needs 2), chip madem_64 has 2" in (
        result.stderr
    )


@pytest.mark.slow
def test_events_and_plots_come_on_request(archsim, tmp_path):
    pytest.importorskip("pyarrow")
    pytest.importorskip("matplotlib")
    result = archsim(
        *("run", "madem_braille", "madem_64", "-o", tmp_path / "out", "-q", "--no-ranges"),
        *("--events", "--plots", *QUICK),
    )
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [*RESULTS, "run.log", "events.parquet", *PLOTS]
    )
    assert (tmp_path / "out" / "energy_by_phase.png").read_bytes().startswith(b"\x89PNG")
    assert archsim("audit", tmp_path / "out", "-q").exit_code == 0


def test_missing_packages_are_named_before_the_simulation(archsim, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    result = archsim("run", "madem_braille", "madem_64", "-o", tmp_path / "out", "--events")
    assert result.exit_code == 2
    assert "install archsim[trace], or leave --events out" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_plugin_beside_the_user_is_found_and_its_policy_used(process, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from archsim.plugins import register\n"
        "def lazy(station):\n"
        "    while True:\n"
        "        arrival = yield station.arrival()\n"
        "        yield station.env.timeout(1_000_000)\n"
        "        while station.busy == station.servers:\n"
        "            yield station.until_freed()\n"
        "        station.start(arrival)\n"
        "register('policy', 'lazy', lazy)\n"
    )
    base = ("run", "madem_braille", "madem_64", "--no-ranges", *QUICK)
    done = process(
        *base, "--json", "--plugin", "mine", "--policy", "control.alu=lazy", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    plain = process(*base, "--json", cwd=tmp_path)
    slow, quick = json.loads(done.stdout), json.loads(plain.stdout)
    assert slow["training_time_s"] > quick["training_time_s"]
    assert slow["training_energy_j"] == quick["training_energy_j"]
    done = process(
        *(*base, "-q", "-o", "out", "--plugin", "mine", "--policy", "control.alu=lazy"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["policies"] == ["control.alu=lazy"]
    assert process("audit", "out", "--plugin", "mine", cwd=tmp_path).returncode == 0
    shutil.rmtree(tmp_path / "out")
