from __future__ import annotations

import pytest

from archsim.chip import read_published
from archsim.errors import InputError
from archsim.report.encode import csv_text, json_text
from archsim.report.figures import figures
from archsim.report.gpu import (
    catalog_gpus,
    gpu_boundary,
    gpu_findings,
    gpu_frame,
    gpu_records,
    gpu_rows,
    gpu_section,
    read_gpu,
)
from archsim.report.tables import formatted
from archsim.runs import run as simulate

MEASURED = """
measured:
  - name: measured_framework_whole
    workload: madem_braille
    row: framework_whole
    steps: 3
    batch: 9
    met: true
    energy: {value: 50 mJ, low: 40 mJ, high: 60 mJ, source: "energy counter"}
    time: {value: 0.5 ms, low: 0.4 ms, high: 0.6 ms, source: "clock"}
    idle: {value: 80 W, source: "the same sitting"}
    device: "a card"
    versions: "none"
    date: "2026-01-01"
    trainings: 100
    trials: 5
"""


@pytest.fixture(scope="module")
def run():
    settings = {"workload.test.copies": "2", "workload.stop.copies": "5"}
    return simulate("madem_braille", "madem_64", settings=settings)


@pytest.fixture(scope="module")
def own(run):
    return figures(run, sample_time=False)


@pytest.fixture(scope="module")
def rows(run, own):
    return gpu_rows(own, run.task, ["gpu_a100"])


def test_the_catalog_has_the_gpus_of_the_report():
    assert {"gpu_a100", "gpu_h100"} <= set(catalog_gpus())


def test_every_ratio_is_that_of_the_absolute_figures(own, rows):
    assert [row.row for row in rows] == [
        "bare_batch1",
        "bare_whole",
        "framework_batch1",
        "framework_whole",
        "amortised",
    ]
    for row in rows:
        ratio = row.energy.nominal / own.full_energy.nominal
        assert row.energy_ratio.nominal == pytest.approx(ratio, rel=1e-12)
        assert row.energy_ratio.low < ratio < row.energy_ratio.high
        assert row.time_ratio.nominal == pytest.approx(row.time.nominal / own.time.nominal)


def test_the_section_has_absolute_figures_before_ratios(own, rows):
    published = read_published("madem_64")
    section = gpu_section({own.of: own}, rows, published)
    chips, table = section.items[:2]
    assert [column.name for column in table.columns] == [
        *("GPU", "row", "steps", "energy", "time", "energy over chip's", "time over chip's"),
        *("H3", "H4"),
    ]
    assert formatted(chips)[1][0][0] == "madem_braille on madem_64"
    marks = {cell for row in formatted(table)[1] for cell in row[-2:]}
    assert marks <= {"hit", "hit*", "miss", "miss*"}


def test_findings_name_the_rows_that_hit(rows):
    published = read_published("madem_64")
    claims = {claim.quantity: claim for claim in published.claims}
    found = gpu_findings(rows, published)
    for quantity, name in (("gpu_time_ratio", "time_ratio"), ("gpu_energy_ratio", "energy_ratio")):
        hits = [
            f"{row.row} on {row.gpu}"
            for row in rows
            if claims[quantity].accepts(getattr(row, name).nominal)
        ]
        (finding,) = found[quantity]
        assert finding.said == (
            f"hit in {len(hits)} of 5 rows: {', '.join(hits)}" if hits else "miss in all 5 rows"
        )


def test_both_sides_of_the_boundary_are_named(rows):
    included, excluded = gpu_boundary(rows)
    assert included.startswith("Included on the GPU: the whole card")
    assert excluded.startswith("Left out on the GPU: host processor")


def test_a_measurement_beside_a_gpu_is_a_row_too(run, own, tmp_path):
    (tmp_path / "chip.yaml").write_text("extends: gpu_a100\nname: mine\n")
    (tmp_path / "measured.yaml").write_text(MEASURED)
    rows = gpu_rows(own, run.task, [str(tmp_path)])
    assert [row.row for row in rows][-1] == "measured_framework_whole"
    assert (rows[-1].steps, rows[-1].energy.low, rows[-1].energy.high) == (
        3,
        pytest.approx(0.04, rel=0.01),
        pytest.approx(0.06, rel=0.01),
    )
    assert (
        csv_text(gpu_frame(rows))
        .splitlines()[-1]
        .startswith(f"{own.of},mine,measured_framework_whole,3,1,")
    )
    assert "NaN" not in json_text(gpu_records(rows))


def test_a_crossbar_is_no_gpu():
    with pytest.raises(InputError, match="madem_64: expected a chip of kind gpu, got crossbar"):
        read_gpu("madem_64")
