from __future__ import annotations

import pandas as pd
import pytest

from archsim.errors import InputError
from archsim.report.encode import csv_text
from archsim.study import Workers, sweep
from archsim.study.search import front, optimise

pytest.importorskip("optuna")

SPACE = """
seeds: 2
sweep:
  - {name: converters, field: chip.tiles.array.adc.count, values: [1, 4, 16]}
  - {name: energy, field: chip.tiles.array.adc.energy, values: [1 pJ, 2 pJ]}
  - {name: rate, field: chip.tiles.array.adc.rate, values: [0.5 GHz, 1 GHz]}
search:
  minimise: [training_energy_j, training_time_s, area_m2]
  maximise: [test_near_0.2]
"""


def brute_force(frame):
    """Return the designs that no other one beats, found one pair at a time."""
    names = ["converters", "energy", "rate"]
    goals = ["training_energy_j", "training_time_s", "area_m2", "test_near_0.2"]
    mean = frame.groupby(names)[goals].mean()
    mean["test_near_0.2"] *= -1
    kept = []
    for one in mean.index:
        better = [
            (mean.loc[other] <= mean.loc[one]).all() and (mean.loc[other] < mean.loc[one]).any()
            for other in mean.index
        ]
        if not any(better):
            kept.append(one)
    return sorted(kept)


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "random"])
def test_on_a_small_space_the_front_is_that_of_brute_force(study, tmp_path, sampler):
    described = study(f"{SPACE}  sampler: {sampler}\n  points: 12\n")
    whole = sweep(described, tmp_path / "out").frame
    found = optimise(described, tmp_path / "out")
    assert sorted(
        zip(*(found.front[n] for n in ("converters", "energy", "rate")), strict=True)
    ) == (brute_force(whole))
    assert csv_text(found.front) == csv_text(front(whole, described, described.search))
    assert found.outcome.run == 0


@pytest.mark.slow
def test_a_search_is_the_same_for_any_workers_and_goes_on_where_it_was(study, tmp_path):
    described = study(f"{SPACE}  points: 7\n  batch: 3\n")
    alone = optimise(described, tmp_path / "alone")
    shared = optimise(described, tmp_path / "shared", workers=Workers(count=2))
    again = optimise(described, tmp_path / "alone")
    assert (alone.outcome.run, again.outcome.run) == (14, 0)
    for other in (shared, again):
        assert csv_text(other.front) == csv_text(alone.front)
        assert csv_text(other.outcome.frame) == csv_text(alone.outcome.frame)


def test_the_front_leaves_out_what_another_design_beats_and_what_failed(study):
    described = study(
        """
sweep: [{name: size, field: chip.behaviour.rows, values: [1, 2, 3, 4]}]
search: {minimise: [training_energy_j], maximise: [met], points: 1}
"""
    )
    frame = pd.DataFrame(
        {
            "case": ["a"] * 5,
            "size": [1, 2, 3, 4, 5],
            "status": ["done"] * 4 + ["failed"],
            "training_energy_j": [3.0, 1.0, 2.0, 2.0, 0.0],
            "met": [1.0, 0.0, 1.0, 0.5, 1.0],
        }
    )
    found = front(frame, described, described.search)
    assert list(zip(found["size"], found["met"], strict=True)) == [(2, 0.0), (3, 1.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "study quick: expected a section search, which says what is good"),
        (
            "search: {minimise: [joules], points: 1}",
            r"search.minimise\[0\]: expected a column that some point will have, got joules",
        ),
    ],
)
def test_a_search_for_nothing_known_is_refused(study, tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        optimise(study(text), tmp_path / "out")
