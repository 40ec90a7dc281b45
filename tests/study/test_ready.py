"""Studies of the catalog: accepted results are computed again, a row of each."""

from __future__ import annotations

import pandas as pd
import pytest

from archsim import catalog
from archsim.report.studied import means
from archsim.study import Workers, read_study
from archsim.study.plan import plan
from archsim.study.points import points_of
from archsim.study.store import Store
from archsim.study.sweep import run_plan, table

READY = (
    "adc_sharing",
    "array_size",
    "technology_swap",
    "network_width",
    "learning_rules",
    "sparse_3d",
)
ROWS = [
    pytest.param("adc_sharing", "by_bits", 0),
    pytest.param("array_size", "cost", 2),
    pytest.param("technology_swap", "memories", 1, marks=pytest.mark.slow),
    pytest.param("network_width", "width", 0, marks=pytest.mark.slow),
    pytest.param("learning_rules", "matrix", 3, marks=pytest.mark.slow),
    pytest.param("learning_rules", "matrix", 6, marks=pytest.mark.slow),
    pytest.param("sparse_3d", "matrix", 1, marks=pytest.mark.slow),
]


def frozen(name, one):
    return pd.read_csv(
        catalog.folder("reports") / name / "frozen" / f"{one}.csv", dtype={"limit": str}
    )


def column(study, point, name):
    known = {"case": point.case.name, "chip": point.case.chip, "seed": point.seed}
    labels = [axis.label for axis in study.flat_axes]
    return (known | dict(zip(labels, point.values, strict=True)))[name]


@pytest.mark.parametrize(("name", "wanted", "number"), ROWS)
def test_a_row_of_the_accepted_results_comes_out_again(tmp_path, name, wanted, number):
    study = read_study(name)
    (shape,) = (one for one in study.tables if one.name == wanted)
    row = frozen(name, wanted).to_dict("records")[number]
    whole = plan(study)
    planned = whole.part(
        [
            place
            for place, point in enumerate(whole.points)
            if all(str(column(study, point, by)) == str(row[by]) for by in shape.by)
        ]
    )
    assert len(planned.points) == row["points"]
    store = Store.at(tmp_path)
    run_plan(planned, store, workers=Workers())
    (found,) = means(table(planned, store), shape).to_dict("records")
    for shown in shape.show:
        if pd.notna(row[shown]):
            assert found[shown] == pytest.approx(row[shown], rel=1e-9), shown


@pytest.mark.parametrize("name", READY)
def test_every_ready_study_has_accepted_tables_and_says_what_they_mean(name):
    study = read_study(name)
    assert points_of(study)
    for one in study.tables:
        assert set(one.by) <= set(frozen(name, one.name).columns)
    text = (catalog.folder("reports") / name / "README.md").read_text(encoding="utf-8")
    assert "hit" in text.lower() or "miss" in text.lower() or "no claim" in text.lower()
