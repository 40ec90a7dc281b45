from __future__ import annotations

import pytest

from archsim.analysis import Interval
from archsim.chip.published import Claim, Published
from archsim.report.claims import Finding, claims_table, verdict
from archsim.report.tables import formatted


def interval(nominal, low, high):
    return Interval(low=low, nominal=nominal, high=high, kind="sampled")


def claim(**changes):
    fields = {
        "id": "H1",
        "claim": "It takes tens of microseconds",
        "published": "tens of us",
        "quantity": "training_time",
        "dimension": "time",
        "low": "10 us",
        "high": "100 us",
        "tolerance": "the decade",
        "source": "article",
    }
    return Claim(**{**fields, **changes})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2e-5, "hit"),
        (1e-5, "hit"),
        (interval(2e-5, 1.5e-5, 9e-5), "hit"),
        (interval(2e-5, 5e-6, 9e-5), "hit; its range goes beyond"),
        (5e-6, "miss: too low by a factor 2"),
        (4e-4, "miss: too high by a factor 4"),
        (
            interval(2e-4, 9e-5, 3e-4),
            "miss: too high by a factor 2; its range reaches it",
        ),
    ],
)
def test_verdicts(value, text):
    assert verdict(claim(), value) == text


def test_a_miss_by_little_is_given_in_per_cent():
    accuracy = claim(dimension="number", low=0.9, high=1)
    assert verdict(accuracy, 0.88) == "miss: too low by 2.3 %"


def test_claims_without_a_finding_are_listed_too():
    other = claim(id="H5", quantity="scaled", dimension="number", low=10000, high=None)
    published = Published(claims=(claim(), other))
    table = claims_table(published, {"training_time": [Finding("a", 2e-5), Finding("b", 1e-3)]})
    assert formatted(table)[1] == [
        ["H1", "It takes tens of microseconds", "10 us to 100 us", "a", "20 us", "hit"],
        ["H1", "", "", "b", "1 ms", "miss: too high by a factor 10"],
        ["H5", "It takes tens of microseconds", "at least 1e4", "–", "–", "not evaluated here"],
    ]
