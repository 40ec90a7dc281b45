"""Whatever stands in a file, reading ends in a model or in an error of ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from archsim.errors import SpecError
from archsim.spec import Description, Energy, Number
from archsim.spec.document import parse_yaml
from archsim.spec.read import validate
from archsim.spec.tree import replaced

KEYS = st.sampled_from(["name", "cost", "parts", "value", "low", "source", "note", "ratio", "x"])
SCALARS = st.sampled_from(
    ["1", "-1", "0", "1e999", ".nan", ".inf", "true", "~", "''", "4.2 pJ", "4 MJ", "1 ns", "&a b", "*a",
     "!!int 3", "!x y", "[1", "{", "'", '"', "|\n  x", "- 1", "? x", "assumption", "\\", "%x", "@", "`"]
)  # fmt: skip
FLOW = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | st.lists(st.tuples(KEYS, inner), max_size=4).map(
            lambda parts: f"{{{', '.join(f'{key}: {part}' for key, part in parts)}}}"
        )
    ),
    max_leaves=8,
)
FILES = st.lists(st.tuples(KEYS, FLOW), max_size=5).map(
    lambda fields: "".join(f"{key}: {value}\n" for key, value in fields)
)


class Anything(Description):
    """A description with a field of every form."""

    name: str
    cost: Energy | None = None
    parts: dict[str, Energy] = Field(default_factory=dict)
    ratio: tuple[Number, ...] = ()


def ended(act):
    """Return what an act comes to, or None, and the files in which it found faults."""
    try:
        return act(), set()
    except SpecError as error:
        return None, {fault.file for fault in error.faults}


@given(FILES | st.text(max_size=60))
def test_reading_ends_in_a_model_or_a_spec_error(text):
    def reading():
        document = parse_yaml(text, "x")
        return validate(document.root, Anything, faults=list(document.faults))

    found, files = ended(reading)
    assert isinstance(found, Anything) or files
    assert files <= {"x"}


@given(st.text(max_size=30) | st.from_regex(r"[a-c.\[\]0-3\"' ]{1,12}", fullmatch=True), FLOW)
def test_setting_ends_in_a_tree_or_a_spec_error(path, value):
    root = parse_yaml("a: {b: [1, {c: 2}]}\n'b.c': 1\n", "x").root

    def setting():
        node = parse_yaml(value, "y").root
        return replaced(root, path, node, node.mark)

    changed, files = ended(setting)
    assert files or changed != root
    assert files <= {"y"}
