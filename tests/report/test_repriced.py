from __future__ import annotations

import numpy as np
import pytest

import archsim
from archsim.errors import InputError
from archsim.report.folder import claim
from archsim.report.repriced import reprice_folder, reprice_grid
from archsim.report.session import Request, run_and_write

QUICK = {"workload.test.copies": "2", "workload.stop.copies": "2", "workload.stop.max_epochs": "2"}
WORKLOAD, CHIP = "madem_braille", "madem_64"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of a finished run."""
    path = tmp_path_factory.mktemp("runs") / "out"
    with claim(path) as claimed:
        run_and_write(
            Request(workload=WORKLOAD, chip=CHIP, settings=QUICK, ranges=False), folder=claimed
        )
    return path


@pytest.mark.parametrize(
    "settings",
    [
        {"tiles.array.adc.energy": "0.5 pJ"},
        {"tiles.array.array.write_voltage": "1 V", "chip.tiles.control.alu.energy": "3 pJ"},
        {"tiles.array.adc.leakage.idle": "5 uW"},
        {"network.link.energy": "1 pJ/bit"},
    ],
)
def test_a_repriced_run_costs_to_the_last_yoctojoule_what_a_new_one_would(folder, settings):
    before, after = reprice_folder(folder, settings)
    full = {f"chip.{path.removeprefix('chip.')}": text for path, text in settings.items()}
    fresh = archsim.run(WORKLOAD, CHIP, settings=QUICK | full)
    assert after.totals == fresh.totals
    assert after.totals != before.totals


def test_a_role_alone_means_that_part_of_all_tiles(folder):
    short = reprice_folder(folder, {"tiles.adc.energy": "0.5pJ"})[1]
    full = reprice_folder(folder, {"tiles.array.adc.energy": "0.5 pJ"})[1]
    assert short.totals == full.totals


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "tiles.array.adc.rate",
            "1 GHz",
            "--set tiles.array.adc.rate: needs a run, not only prices",
        ),
        ("tiles.array.adc.count", "2", "needs a run"),
        ("behaviour.adc.bits", "4", "--set behaviour.adc.bits: needs training, not only prices"),
        ("workload.rate", "1", "--set workload.rate: needs training"),
        ("tiles.array.adc.enrgy", "1 pJ", 'got "enrgy"; did you mean "energy"'),
        ("tiles.array.adc.energy", "1 ns", 'expected an energy such as "4.2 pJ", got "1 ns"'),
    ],
)
def test_what_is_no_price_is_refused_with_what_it_needs(folder, path, value, message):
    with pytest.raises(InputError, match=message):
        reprice_folder(folder, {path: value})


def test_many_prices_at_once_agree_with_each_alone(folder):
    frame = reprice_grid(
        folder,
        {
            "tiles.adc.energy": "0.1 pJ..10 pJ:5",
            "tiles.array.array.write_voltage": "1 V, 2 V",
            "tiles.array.array.read_voltage": "0.1 V, 0.3 V",
            "network.link.energy": "0.1 pJ/bit, 1 pJ/bit",
        },
    )
    assert len(frame) == 40
    for number in (0, 13, 39):
        row = frame.iloc[number]
        settings = {str(name): str(row[name]) for name in frame.columns[:4]}
        totals = reprice_folder(folder, settings)[1].totals
        assert np.isclose(row["total_energy_j"], float(totals.grand_energy), rtol=1e-12, atol=0)
        assert np.isclose(row["training_energy_j"], totals.training_energy, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("tiles.adc.energy", "1 pJ,", "expected FROM..TO:COUNT, or values with commas"),
        ("tiles.adc.energy", "1 pJ..2 nJ:3", "expected a range with one unit"),
        ("tiles.adc.rate", "1 GHz", "needs a run"),
        ("tiles.adc.energy", "1 pJ..2 pJ:90000000", "expected"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(folder, path, text, message):
    with pytest.raises(InputError, match=message):
        reprice_grid(folder, {path: text})
