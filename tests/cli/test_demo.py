from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def demo(archsim, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "out"
    result = archsim("demo", "-o", folder)
    assert result.exit_code == 0, result.output
    return folder, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "cases", "kind"),
    [
        ("ecram", ["progressive", "stored_gradients", "four_layers"], "test examples"),
        ("cbram", ["unpruned", "soft_75", "removed_40"], "test images, hard vote"),
    ],
)
def test_other_systems_are_shown_side_by_side(archsim, tmp_path, system, cases, kind):
    folder = tmp_path / "out"
    assert archsim("demo", system, "-q", "-o", folder).exit_code == 0
    report = (folder / "report.md").read_text()
    for text in ("Side by side", f"Energy and time to reach an accuracy: {kind}", *cases):
        assert text in report, text
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["cases"] == sorted(cases)
    for case in cases:
        assert archsim("audit", folder / case, "-q").exit_code == 0, case


def test_data_are_for_the_system_that_takes_them(archsim, tmp_path):
    result = archsim("demo", "ecram", "--data", tmp_path)
    assert result.exit_code == 2
    assert "--data is for cbram; ecram brings its own data" in result.stderr


def test_a_demo_without_its_data_leaves_nothing(archsim, tmp_path):
    (tmp_path / "empty").mkdir()
    result = archsim("demo", "cbram", "--data", tmp_path / "empty", "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "expected the file train-images-idx3-ubyte[.gz], not found in" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_demo_reports_all_that_was_promised(demo):
    folder, printed = demo
    report = (folder / "report.md").read_text()
    for text in (
        "one_layer: madem_braille on madem_64, seed 0",
        "two_layers: madem_braille:two_layer on madem_64x4, seed 0",
        "two_layers_on_two_arrays: madem_braille:two_layer on madem_64:reference, seed 0",
        "Accuracy over seeds, mean ± standard deviation",
        "ceiling of the ideal decoder [%]",
        "Energy and busy time by component",
        "Energy and time by phase",
        "Peak line currents",
        "What dominates the range of the training energy",
        "framework_whole",
        "amortised",
        "Tolerance of static device spread",
        "What the chip has and nobody priced",
    ):
        assert text in report, text
    for claim in ("H1", "H2", "H3", "H4", "H6.clean", "H6.distorted", "H7.on_chip", "H7.transfer"):
        verdicts = [
            line.split(" | ")[-1] for line in report.splitlines() if line.startswith(f"| {claim} |")
        ]
        assert verdicts, claim
        assert all(one.startswith(("hit", "miss")) for one in verdicts), claim
    assert "10 of 10 seeds" in report
    assert printed.endswith(f"The same report is {folder}/report.md\n")


@pytest.mark.slow
def test_every_run_of_the_demo_can_be_audited(demo, archsim):
    folder, _ = demo
    manifest = json.loads((folder / "manifest.json").read_text())
    for case in manifest["cases"]:
        assert archsim("audit", folder / case, "-q").exit_code == 0, case


@pytest.mark.slow
def test_the_demo_writes_tables_for_programs(demo):
    folder, _ = demo
    rows = (folder / "accuracy.csv").read_text().splitlines()
    assert rows[0] == "case,seed,epochs,flips,near,exact,ceiling"
    assert len(rows) == 1 + 4 * (10 + 10 + 3)
    assert (folder / "gpu.csv").read_text().startswith("case,gpu,row,steps,nets,energy_j,")
    assert (folder / "tolerance.csv").read_text().startswith("case,setting,setting_value,training,")
