from __future__ import annotations

import csv
import json
import shutil

import pytest

QUICK = ("--set", "workload.test.copies=2", "--set", "workload.stop.copies=5")


@pytest.fixture
def copy(out, tmp_path):
    return shutil.copytree(out, tmp_path / "copy")


def change_row(folder, column, action):
    """Add 1 to a number of the first row of an action; return the row."""
    path = folder / "ledger.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(one for one in rows if one["action"] == action and one["phase"] == "free")
    row[column] = str(int(row[column]) + 1)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return row


def test_an_audit_of_a_run_finds_no_difference(archsim, out):
    result = archsim("audit", out)
    assert result.exit_code == 0
    assert result.stdout.startswith("Audit: every difference is 0\n")
    numbers = [line.split()[-1] for line in result.stdout.splitlines() if "agree" in line]
    assert numbers == ["0"] * 6
    assert result.stderr == ""


def test_an_audit_names_the_row_that_was_changed(archsim, copy):
    row = change_row(copy, "count", "convert")
    result = archsim("audit", copy, "-q")
    assert result.exit_code == 3
    assert f"events against ledger: free {row['tile']} adc convert: count" in result.stderr
    assert "ledger against trace: free adc.convert" in result.stderr
    assert "sums against report: energy over components" in result.stderr
    assert "files against manifest: ledger.csv changed" in result.stderr
    assert all(line.startswith("archsim: error: ") for line in result.stderr.splitlines())


def test_an_audit_names_a_time_that_was_changed(archsim, copy):
    row = change_row(copy, "busy_ticks", "convert")
    result = archsim("audit", copy, "-q")
    assert f"free {row['tile']} adc convert: busy ticks" in result.stderr
    assert result.exit_code == 3


def test_a_config_that_was_broken_is_told_with_its_place(archsim, copy):
    path = copy / "config.resolved.yaml"
    path.write_text(path.read_text().replace("rows: 64", "rows: -64"))
    result = archsim("audit", copy)
    assert result.exit_code == 2
    assert "behaviour.rows: expected a number of at least 2, got -64" in result.stderr
    assert "config.resolved.yaml:" in result.stderr


def test_a_run_cannot_be_told_from_itself(archsim, out):
    records = json.loads(archsim("compare", out, out, "--json").stdout)
    assert [one["quantity"] for one in records] == [
        "training energy",
        "training energy",
        "training time",
    ]
    for one in records:
        assert one["verdict"] == "cannot tell apart"
        assert one["ratio"] == one["ratio_low"] == one["ratio_high"] == 1.0
        assert one["first_low"] < one["first"] < one["first_high"]


@pytest.mark.slow
def test_two_seeds_differ_only_with_equal_constants(archsim, out, tmp_path):
    other = tmp_path / "other"
    args = ("run", "madem_braille", "madem_64", "--seed", "1", "-q", "--no-ranges", *QUICK)
    assert archsim(*args, "-o", other).exit_code == 0
    result = archsim("compare", out, other)
    assert result.exit_code == 0
    assert "cannot tell apart; lower if the constants of both are the same" in result.stdout
    assert "nearest word, A [%]" in result.stdout
    assert "Training energy by component, nominal" in result.stdout


def test_a_run_beside_a_gpu(archsim, out):
    records = json.loads(archsim("compare", out, "gpu_a100", "--json").stdout)
    energies = {one["item"]: one for one in records if one["quantity"] == "training energy"}
    assert energies["framework_batch1"]["verdict"] == "higher"
    for one in records:
        assert one["ratio_low"] <= one["ratio"] <= one["ratio_high"]
        apart = one["second_low"] > one["first_high"] or one["second_high"] < one["first_low"]
        assert (one["verdict"] == "cannot tell apart") == (not apart)


def test_a_run_beside_nothing(archsim, out):
    result = archsim("compare", out, "gpu_a200")
    assert result.exit_code == 2
    assert result.stderr == (
        "archsim: error: expected the folder of a run or a chip of kind gpu, got 'gpu_a200'; "
        "there are gpu_a100, gpu_h100\n"
    )


def test_a_run_beside_a_chip_without_a_run(archsim, out):
    result = archsim("compare", out, "madem_64")
    assert result.exit_code == 2
    assert result.stderr == (
        "archsim: error: madem_64: expected a chip of kind gpu, got crossbar\n"
    )
