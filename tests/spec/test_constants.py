"""Constants of a model, other values for them, JSON Schema."""

from __future__ import annotations

import functools

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from archsim.errors import InputError
from archsim.spec import (
    Area,
    Constant,
    Description,
    Energy,
    Number,
    constants,
    dump,
    json_schema,
    read,
    with_values,
)
from archsim.spec.document import parse_yaml

J = functools.partial(Constant, source="s", dimension="energy")


class Leaf(Description):
    """A part with constants."""

    energy: Energy
    """Energy of one act. [J]"""
    area: Area | None = None
    ratios: tuple[Number, ...] = ()


class Tree(Description):
    """Parts in every kind of container."""

    name: str
    first: Leaf
    rest: dict[str, Leaf] = Field(default_factory=dict)
    pairs: tuple[Leaf, ...] = ()

    @functools.cached_property
    def total(self) -> float:
        """Energy of everything."""
        return self.first.energy.value + sum(leaf.energy.value for leaf in self.pairs)


def tree() -> Tree:
    leaf = Leaf(energy=J(value=1e-12), ratios=[Constant(value=0.5, source="s")])
    return Tree(name="t", first=leaf, rest={"a[0..1]": leaf}, pairs=(leaf,))


def test_constants_are_named_by_their_field_path():
    assert list(constants(tree())) == [
        "first.energy",
        "first.ratios[0]",
        "rest.a[0..1].energy",
        "rest.a[0..1].ratios[0]",
        "pairs[0].energy",
        "pairs[0].ratios[0]",
    ]


def test_other_values_change_nothing_else():
    old = tree()
    assert old.total == 2e-12
    new = with_values(old, {"pairs[0].energy": 5e-12, "rest.a[0..1].ratios[0]": 0.25})
    changed = {
        path: (constant.value, constants(new)[path].value)
        for path, constant in constants(old).items()
        if constants(new)[path] != constant
    }
    assert changed == {"pairs[0].energy": (1e-12, 5e-12), "rest.a[0..1].ratios[0]": (0.5, 0.25)}
    assert constants(new)["pairs[0].energy"].source == "s"
    assert new.total == 1e-12 + 5e-12
    assert type(new) is Tree
    assert old == tree()


def test_the_same_values_give_an_equal_model():
    values = {path: constant.value for path, constant in constants(tree()).items()}
    assert with_values(tree(), values) == tree()


def test_values_of_unknown_constants_are_refused():
    with pytest.raises(InputError, match=r"^expected paths of constants, got first\.enrgy$"):
        with_values(tree(), {"first.enrgy": 1.0})


@given(st.floats(1e-21, 1e3), st.floats(1e-18, 1e-3), st.floats(0, 1e300))
def test_a_written_model_has_the_same_bits(energy, area, ratio):
    leaf = Leaf(
        energy=J(value=energy, low=energy / 2, high=energy * 2, note='a: "b" # c'),
        area=Constant(value=area, source="s", dimension="area"),
        ratios=(Constant(value=ratio, source="s"),),
    )
    plain = parse_yaml(dump(leaf), "x").root.plain()
    assert Leaf.model_validate(plain) == leaf


def test_a_constant_of_another_dimension_is_refused_in_python_too():
    with pytest.raises(ValueError, match=r"expected a constant such as .*, got one of area"):
        Leaf(energy=Constant(value=1.0, source="s", dimension="area"))


def test_a_constant_shows_its_value_in_engineering_units():
    assert J(value=1.83e-15).text == "1.83 fJ"
    assert Constant(value=3.0, source="s").text == "3"


GOOD = "first: {energy: {value: 1 pJ, source: s}}\nname: n\n"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (GOOD, True),
        ("extends: other\nname: n\n", True),
        (GOOD + "variants: {big: {first.energy.value: 2 pJ}}\n", True),
        ("name: n\n", False),
        (GOOD + "nmae: n\n", False),
        (GOOD.replace("1 pJ", "3"), False),
        (GOOD.replace(", source: s", ""), False),
    ],
)
def test_json_schema_accepts_what_read_accepts(text, fits):
    validator = jsonschema.Draft202012Validator(json_schema(Tree))
    assert validator.is_valid(parse_yaml(text, "x").root.plain()) is fits


def test_json_schema_carries_the_docstrings_of_fields():
    leaf = json_schema(Tree)["$defs"]["Leaf"]["properties"]
    assert leaf["energy"]["description"] == "Energy of one act. [J]"


def test_what_a_schema_says_of_a_file_is_what_read_says(tmp_path):
    (tmp_path / "t.yaml").write_text(GOOD)
    assert read(tmp_path / "t.yaml", Tree).first.energy == J(value=1e-12)
