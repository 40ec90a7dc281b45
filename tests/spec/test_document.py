"""YAML text to plain values, and values back to text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from archsim.spec import load_yaml
from archsim.spec.compose import scalar
from archsim.spec.document import parse_yaml
from archsim.spec.dump import dump_plain

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), PLAIN, min_size=1, max_size=4))
def test_written_values_read_back_equal(values):
    text = dump_plain(values)
    assert parse_yaml(text, "x").root.plain() == values
    assert parse_yaml(text, "x").faults == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-12", -12), ("007", 7), ("1e-12", 1e-12), ("1.5", 1.5), (".5", 0.5), ("5.", 5.0),
        ("1E3", 1000.0), ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        (".inf", math.inf), ("-.inf", -math.inf), ("yes", "yes"), ("on", "on"), ("12:30", "12:30"),
        ("1_000", "1_000"), ("0x10", "0x10"), ("2024-01-01", "2024-01-01"), ("nan", "nan"),
        ("1.83 fJ", "1.83 fJ"), ("9" * 50, "9" * 50),
    ],
)  # fmt: skip
def test_plain_scalars_follow_yaml_1_2(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_every_value_keeps_its_place(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a:\n  b: [1, 2]\n  c: x\n")
    root = load_yaml(path).root
    inner = root.content["a"]
    numbers = inner.content["b"].content
    assert (inner.key.line, inner.key.column) == (1, 1)
    assert [(node.mark.line, node.mark.column) for node in numbers] == [(2, 7), (2, 10)]
    assert inner.content["c"].mark.line == 3


def test_a_file_that_changed_is_read_anew(tmp_path):
    path = tmp_path / "a.yaml"
    for text, place in (("a: 1\n", (1, 4)), ("a: 2\n", (1, 4)), ("\na: 2\n", (2, 4))):
        path.write_text(text)
        node = load_yaml(path).root.content["a"]
        assert node.content == int(text.split()[-1])
        assert (node.mark.line, node.mark.column) == place


def test_what_a_reader_does_with_plain_values_reaches_no_other_reader(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: [1, {b: 2}]\n")
    load_yaml(path).plain()["a"][1].clear()
    assert load_yaml(path).plain() == {"a": [1, {"b": 2}]}


def test_a_byte_order_mark_is_no_key(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\n")
    assert load_yaml(path).plain() == {"name": "x"}


def test_values_are_those_of_a_full_yaml_reader(tmp_path):
    text = "a: {b: [1, 2.5, x, 'y z', \"q\\n\"], c: ~}\nd: |\n  two\n  lines\ne: >-\n  folded\n  text\nf: true\n"
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert load_yaml(path).plain() == YAML(typ="safe", pure=True).load(text)
