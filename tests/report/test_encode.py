from __future__ import annotations

import math

import pandas as pd
import pytest

from archsim.report.encode import config_text, csv_text, json_text


def test_csv_keeps_floats_and_large_integers_exact():
    frame = pd.DataFrame(
        {"count": pd.Series([2**80, -1], dtype=object), "value": [0.1 + 0.2, 1e-300]}
    )
    assert csv_text(frame) == f"count,value\n{2**80},0.30000000000000004\n-1,1e-300\n"


def test_csv_quotes_what_must_be_quoted_and_leaves_missing_values_empty():
    frame = pd.DataFrame({"tile": ['a,"b"', "c"], "value": [math.nan, 1.0]})
    assert csv_text(frame) == 'tile,value\n"a,""b""",\nc,1.0\n'


def test_json_is_sorted():
    assert json_text({"b": 1, "a": {"d": 2, "c": "µ"}}) == (
        '{\n  "a": {\n    "c": "µ",\n    "d": 2\n  },\n  "b": 1\n}\n'
    )


def test_json_refuses_numbers_that_are_none():
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        json_text({"a": math.nan})


def test_configs_are_joined_under_their_names():
    assert config_text({"workload": "b: 1\n", "chip": "a:\n  c: 2\n"}) == (
        "chip:\n  a:\n    c: 2\nworkload:\n  b: 1\n"
    )
