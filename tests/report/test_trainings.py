"""Trainings side by side: recipes, statistics over seeds, and what the report writes."""

from __future__ import annotations

import pytest

from archsim.errors import InputError, SpecError
from archsim.report.tables import formatted
from archsim.report.trainings import Lesson, Lessons, courses_frame, train_ways
from archsim.report.trainings_page import trainings_page, trainings_summary
from archsim.report.trainings_recipe import TrainingsRecipe, Way, read_trainings

FEW = {"workload.dataset.train_count": "40", "workload.dataset.test_count": "20"}
SHORT = FEW | {"workload.stop.max_epochs": "2"}


def lessons(name, *courses, beside="", cells=0, **metrics):
    way = Way(name=name, workload="w", beside=beside)
    each = [Lesson(seed=n, course=course, metrics=metrics) for n, course in enumerate(courses)]
    return Lessons(way=way, each=each, cells=cells)


def recipe(*ways, **fields):
    return TrainingsRecipe(kind="trainings", name="r", ways=ways, **({"seeds": 1} | fields))


def test_differences_are_taken_seed_by_seed():
    first = lessons("a", (0.5, 0.9), (0.5, 0.7))
    second = lessons("b", (0.6, 0.8), (0.2, 0.64))
    mean, error = second.above(first)
    assert mean == pytest.approx(-0.08)
    assert error == pytest.approx(0.02)


def test_the_widest_gap_of_mean_curves_begins_at_the_second_epoch():
    first = lessons("a", (0.1, 0.5, 0.9), (0.1, 0.7, 0.9))
    second = lessons("b", (0.9, 0.6, 0.8), (0.9, 0.5, 0.98))
    assert second.widest_gap(first) == pytest.approx(0.05)
    assert second.widest_gap(first, first=1) == pytest.approx(0.8)


def test_pulses_of_updates_and_of_verify_are_shared_by_all_devices():
    one = lessons("a", (0.9,), cells=100, device_pulses=500.0, verify_pulses=100.0)
    assert one.pulses_per_cell == 6.0
    assert lessons("b", (0.9,)).pulses_per_cell is None


def test_the_table_says_what_was_compared():
    several = [lessons("a", (0.5, 0.9)), lessons("b", (0.6, 1.0), beside="a")]
    ways = [one.way for one in several]
    table = trainings_page(recipe(*ways), several).sections[0].items[0]
    assert formatted(table)[1][1][:7] == [
        "b",
        "software",
        "1",
        "100.0",
        "1",
        "a",
        "+10.00",
    ]


@pytest.mark.parametrize(
    "name", ["ecram_digits", "ecram_mnist", "ecram_xor", "in_situ_transfer", "near_sensor"]
)
def test_reports_of_the_catalog_name_what_exists(name):
    found = read_trainings(name)
    assert found.name == name
    assert found.seeds >= 3


@pytest.mark.parametrize(
    ("way", "text"),
    [
        ("{name: a, workload: w, settings: {seed: '1'}}", r"begin with workload\., as no chip"),
        ("{name: a, workload: w, settings: {chip.x: '1'}}", r"begin with workload\., as no chip"),
        ("{name: a, workload: w, beside: b}", "expected the name of an earlier way, got 'b'"),
        ("{name: a, workload: w}, {name: a, workload: w}", "way once, got 'a' twice"),
    ],
)
def test_bad_recipe(way, text, tmp_path):
    path = tmp_path / "report.yaml"
    path.write_text(f"name: mine\nkind: trainings\nseeds: 2\nways: [{way}]\n")
    with pytest.raises(SpecError, match=text):
        read_trainings(str(path))


def test_another_kind_of_report_is_refused():
    with pytest.raises(SpecError, match=r"report\.yaml.*kind"):
        read_trainings("madem")


def test_only_layered_workloads_can_be_set_side_by_side():
    one = recipe(Way(name="words", workload="madem_braille"))
    with pytest.raises(InputError, match="words: expected a workload of kind layered, got attract"):
        train_ways(one)


def test_ways_on_cells_in_software_and_by_transfer_stand_side_by_side():
    ways = (
        Way(name="software", workload="ecram_digits", settings=SHORT),
        Way(name="cells", workload="ecram_digits", chip="ecram_2layer", settings=SHORT),
        Way(name="moved", workload="ecram_digits:transfer", chip="ecram_2layer", settings=SHORT),
    )
    told = []
    one = recipe(*ways, priced=True)
    several = train_ways(one, progress=lambda text, share: told.append((text, share)))
    assert told == [("software, seed 0", 0.0), ("cells, seed 0", 1 / 3), ("moved, seed 0", 2 / 3)]
    assert [len(lesson.each[0].course) for lesson in several] == [2, 2, 1]
    assert [lesson.price is None for lesson in several] == [True, False, False]
    assert several[1].price.gradient_words == 0
    assert 0 < several[2].mean("programming_yield") <= 1
    assert trainings_summary(one, several)["ways"]["cells"]["training_energy_j"] > 0
    plain = train_ways(recipe(*ways, seeds=2))
    assert (
        courses_frame(plain)
        .query("seed == 0")
        .equals(courses_frame(several).set_index(courses_frame(plain).query("seed == 0").index))
    )
