from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from archsim import catalog
from archsim.analysis import Interval
from archsim.chip.published import Claim, Published
from archsim.errors import InputError, ModelError
from archsim.report.claims import Finding
from archsim.report.encode import json_text
from archsim.report.page import page_markdown
from archsim.report.tables import formatted
from archsim.report.validate import require_committed
from archsim.report.validate.judgement import judge, published_figures, require_claims
from archsim.report.validate.measures import Measures
from archsim.report.validate.recipe import Measure, Validation, read_validation
from archsim.report.validate.session import Validated
from archsim.report.validate.training import Ready, Trained


def claim(**changes):
    fields = {
        "id": "H1",
        "claim": "It is right nine times out of ten",
        "published": "90 %",
        "quantity": "accuracy",
        "dimension": "number",
        "low": 0.85,
        "high": 0.95,
        "tolerance": "5 points",
        "source": "article",
        "verdict": "hit",
        "quick": "hit",
    }
    return Claim(**{**fields, **changes})


def judged(value, *, quick=False, **changes):
    figures = {"chip": Published(claims=(claim(**changes),))}
    found = {} if value is None else {("chip", "accuracy"): Finding("case", value)}
    (one,) = judge(figures, found, quick=quick)
    return one


def interval(low, nominal, high):
    return Interval(low=low, nominal=nominal, high=high, kind="sampled")


class TestVerdicts:
    @pytest.mark.parametrize(
        ("value", "verdict", "reason"),
        [
            (0.9, "hit", "within what is accepted"),
            (0.85, "hit", "within what is accepted"),
            (0.95, "hit", "within what is accepted"),
            (0.8499999, "miss", "too low by 1.2e-05 %; because"),
            (0.96, "miss", "too high by 1.1 %; because"),
            (interval(0.86, 0.9, 0.94), "hit", "within what is accepted"),
            (interval(0.80, 0.9, 0.94), "hit", "its range goes beyond"),
            (
                interval(0.94, 0.96, 0.97),
                "miss",
                "too high by 1.1 %; its range reaches it; because",
            ),
            (None, "not evaluated", "the validation does not measure it"),
            (float("nan"), "not evaluated", "found nan, which is no finite number"),
            (float("inf"), "not evaluated", "found inf, which is no finite number"),
        ],
    )
    def test_go_by_the_nominal_value_and_say_why(self, value, verdict, reason):
        one = judged(value, verdict="miss", reason="because")
        assert (one.verdict, one.reason) == (verdict, reason)

    def test_what_is_not_evaluated_never_counts_as_met(self):
        one = judged(None, verdict="hit")
        assert one.verdict == "not evaluated"
        with pytest.raises(ModelError, match='committed "hit", found "not evaluated"'):
            require_committed([one])

    def test_as_committed_are_accepted_misses_too(self):
        accepted = [judged(0.1, verdict="miss", reason="too few images"), judged(0.9)]
        assert [one.verdict for one in accepted] == ["miss", "hit"]
        require_committed(accepted)
        with pytest.raises(ModelError, match='committed "miss", found "hit"'):
            require_committed([*accepted, judged(0.9, verdict="miss", reason="too few images")])

    def test_better_than_committed_is_a_change_too(self):
        one = judged(0.9, verdict="miss", reason="too few images")
        text = (
            r"chips/chip/published.yaml: H1: verdict: committed \"miss\", found \"hit\" \(within what "
            r"is accepted\)\na verdict that is meant to change is changed there, with its reason, and "
            r"takes a line under Verdicts in CHANGELOG.md"
        )
        with pytest.raises(ModelError, match=text) as error:
            require_committed([one])
        assert error.value.exit_code == 3

    def test_the_quick_validation_has_verdicts_of_its_own(self):
        one = judged(None, quick=True)
        assert one.committed == "hit"
        assert one.reason == "the quick validation does not measure it"
        with pytest.raises(ModelError, match="H1: quick: committed"):
            require_committed([one], quick=True)

    def test_a_miss_needs_a_reason(self):
        with pytest.raises(ValidationError, match="expected a reason, for a verdict of miss"):
            claim(verdict="miss")

    def test_other_words_are_no_verdict(self):
        with pytest.raises(ValidationError, match="'hit', 'miss' or 'not evaluated'"):
            claim(verdict="nearly")

    def test_claims_are_sorted_by_number(self):
        names = ("H10", "H2", "H2.b", "H1")
        claims = tuple(claim(id=name, quantity=f"q{n}") for n, name in enumerate(names))
        found = judge({"chip": Published(claims=claims)}, {})
        assert [one.claim.id for one in found] == ["H1", "H2", "H2.b", "H10"]


def trained(name, *metrics):
    ready = Ready(name=name, case=None, task=None, machine=None, settings={})
    return Trained(ready=ready, metrics=list(metrics))


@pytest.fixture
def measures():
    return Measures(
        {
            "a": trained("a", {"right": [0.1, 0.5, 0.8]}, {"right": [0.3, 0.7, 1.0]}),
            "b": trained("b", {"right": [0.1, 0.6, 0.7]}, {"right": [0.1, 0.6, 0.7]}),
        }
    )


def measure(**changes):
    fields = {"chip": "chip", "quantity": "q", "take": "metric", "item": "right", "of": {"a": 1}}
    return Measure(**{**fields, **changes})


class TestMeasures:
    def test_a_metric_is_the_mean_of_seeds_between_the_least_and_the_most(self, measures):
        found = measures.finding(measure())
        assert found.of == "a, mean of 2 seeds"
        assert found.value == interval(0.8, 0.9, 1.0)

    @pytest.mark.parametrize(("seeds", "nominal"), [("least", 0.8), ("most", 1.0)])
    def test_or_the_worst_or_the_best_of_them(self, measures, seeds, nominal):
        assert measures.finding(measure(seeds=seeds)).value.nominal == nominal

    def test_differences_are_taken_seed_by_seed(self, measures):
        found = measures.finding(measure(of={"a": 1, "b": -1}))
        assert found.of == "a - b, mean of 2 seeds"
        assert found.value.nominal == pytest.approx(0.2)
        assert (found.value.low, found.value.high) == pytest.approx((0.1, 0.3))

    def test_factors_count(self, measures):
        assert measures.finding(measure(of={"a": 9}, seeds="least")).value.nominal == 9 * 0.8

    def test_the_best_of_several_cases(self, measures):
        found = measures.finding(measure(of={"a": 1, "b": 1}, cases="largest"))
        assert found.of == "the best of a, b, mean of 2 seeds"
        assert found.value.nominal == pytest.approx(0.9)

    def test_the_gap_of_mean_curves_is_the_largest_from_an_epoch_on(self, measures):
        gap = {"take": "course_gap", "of": {"a": 1, "b": -1}}
        assert measures.finding(measure(**gap)).value == pytest.approx(0.2)
        assert measures.finding(measure(**gap, begin=1)).value == pytest.approx(0.2)
        with pytest.raises(InputError, match=r"begin: expected less than 3, .* got 3"):
            measures.finding(measure(**gap, begin=3))

    def test_a_metric_that_was_not_measured(self, measures):
        with pytest.raises(InputError, match=r"a: expected one of the metrics right, got 'wrong'"):
            measures.finding(measure(item="wrong"))

    def test_a_cost_without_a_priced_run(self, measures):
        with pytest.raises(InputError, match="a: expected a priced run, found none"):
            measures.finding(measure(take="training_energy", item=""))

    def test_acts_are_counted_for_each_presentation(self, measures, make_run):
        run = make_run()
        run.learnt = type("Learnt", (), {"steps": 2})
        measures._results["a"].run = run
        found = measures.finding(measure(take="acts", item="adc.convert"))
        assert found.value == 2.0  # 3 in free, 1 in update; 10 in evaluate do not count
        assert measures.finding(measure(take="acts", item="gradient.write")).value == 0.0

    def test_something_has_to_be_taken(self):
        with pytest.raises(
            ValidationError, match="expected what is taken for take metric, got none"
        ):
            measure(item="")
        with pytest.raises(ValidationError, match="expected none for take weights, got 'x'"):
            measure(take="weights", item="x")


class TestRecipe:
    def make(self, **changes):
        fields = {
            "name": "validate",
            "cases": {"a": {"workload": "w", "chip": "c", "seeds": 1}},
            "measures": [measure().model_dump()],
        }
        return Validation.model_validate({**fields, **changes})

    def test_measures_are_of_known_cases(self):
        with pytest.raises(ValidationError, match="expected cases out of a, got b"):
            self.make(measures=[measure(of={"b": 1}).model_dump()])

    def test_only_what_is_measured_can_be_left_out(self):
        with pytest.raises(ValidationError, match="quantities that are measured, got other"):
            self.make(left_out=["other"])

    def test_what_nobody_measures_is_not_trained(self):
        assert list(self.make().used) == ["a"]
        assert not self.make(left_out=["q"]).used

    def test_only_published_quantities_are_measured_and_once(self):
        figures = {"chip": Published(claims=(claim(),))}
        require_claims(figures, [measure(quantity="accuracy")])
        with pytest.raises(InputError, match="measures: q: expected a claim of chip, found none"):
            require_claims(figures, [measure()])
        with pytest.raises(InputError, match="accuracy: expected one measure for chip, got two"):
            require_claims(figures, [measure(quantity="accuracy")] * 2)

    @pytest.mark.parametrize("quick", [False, True])
    def test_that_of_the_catalog_fits_the_published_figures(self, quick):
        recipe, figures = read_validation(quick=quick), published_figures()
        require_claims(figures, recipe.measures)
        kept = {(one.chip, one.quantity) for one in recipe.kept}
        for chip, one in figures.items():
            for each in one.claims:
                committed = each.quick if quick else each.verdict
                assert ((chip, each.quantity) in kept) == (committed != "not evaluated"), each.id

    def test_every_headline_is_among_the_claims(self):
        ids = {
            one.id.partition(".")[0] for each in published_figures().values() for one in each.claims
        }
        assert ids >= {f"H{number}" for number in range(1, 19)}

    def test_the_quick_one_needs_no_mnist(self):
        recipe = read_validation(quick=True)
        for name in recipe.trained:
            case = recipe.cases[name]
            assert not case.workload.startswith("cbram_mnist") or case.workload.endswith(":digits")

    def test_every_published_file_is_judged(self):
        files = {path.parent.name for path in catalog.folder("chips").glob("*/published.yaml")}
        assert set(published_figures()) == files


class TestResult:
    @pytest.fixture
    def result(self):
        return Validated(
            recipe=read_validation(quick=True),
            quick=True,
            judged=[judged(interval(0.8, 0.9, 0.92)), judged(None)],
            results={},
        )

    def test_for_programs(self, result):
        summary = json.loads(json_text(result.summary()))
        assert set(summary) == {"schema", "kind", "counts", "as_committed", "claims"}
        assert (summary["schema"], summary["kind"]) == (1, "quick")
        assert summary["counts"] == {"hit": 1, "miss": 0, "not evaluated": 1}
        assert summary["as_committed"] is False
        assert summary["claims"][0] == {
            "chip": "chip",
            "id": "H1",
            "claim": "It is right nine times out of ten",
            "published": "90 %",
            "quantity": "accuracy",
            "dimension": "number",
            "accepted_low": 0.85,
            "accepted_high": 0.95,
            "tolerance": "5 points",
            "source": "article",
            "of": "case",
            "found": 0.9,
            "found_low": 0.8,
            "found_high": 0.92,
            "range": "sampled",
            "verdict": "hit",
            "committed": "hit",
            "reason": "its range goes beyond",
        }
        assert set(summary["claims"][1]) == set(summary["claims"][0])
        assert summary["claims"][1]["found"] is None

    def test_for_readers(self, result):
        assert formatted(result.short_table())[1] == [
            [
                *("H1", "chip", "It is right nine times out of ten", "0.85 to 0.95"),
                *("0.9 (0.8 to 0.92)", "hit", "its range goes beyond"),
            ],
            [
                *("H1", "chip", "It is right nine times out of ten", "0.85 to 0.95"),
                *("–", "not evaluated (changed)", "the validation does not measure it"),
            ],
        ]
        text = page_markdown(result.page())
        assert "2 claims: 1 hit, 0 miss, 1 not evaluated." in text
        assert "What is not evaluated does not count as met." in text
        assert "| H1 | chip | 90 % | article | 5 points | case | – |" in text
