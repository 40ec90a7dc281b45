"""Files, what they extend, variants and settings, to models."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import pytest
from pydantic import Field, TypeAdapter, model_validator

from archsim import catalog
from archsim.errors import SpecError
from archsim.spec import (
    Constant,
    Description,
    Energy,
    Number,
    Power,
    constants,
    dump,
    misfit,
    read,
    variants,
)
from archsim.units import si


class Part(Description):
    """A part of a machine."""

    energy: Energy
    leakage: Power | None = None


class Machine(Description):
    """A machine."""

    name: str
    parts: dict[str, Part] = Field(default_factory=dict)
    sizes: tuple[int, ...] = ()
    ratio: Number | None = None
    mode: Literal["analog", "clocked"] = "analog"


BASE = """\
name: base
parts:
  "array[0..1]":
    energy: {value: 1.83 fJ, low: 1.2 fJ, high: 2.6 fJ, source: "Shafiee 2016, Table I"}
    leakage: {value: 0 W, source: data sheet}
  control:
    energy: {value: 2 pJ, source: assumption, note: "half of the adder's"}
sizes: [1, 2]
variants:
  clocked:
    mode: clocked
    parts.array[0..1].energy.value: 2 fJ
    sizes[1]: 5
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def fail(path, **options):
    with pytest.raises(SpecError) as caught:
        read(path, Machine, **options)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_a_constant_is_si_with_range_and_source(folder):
    machine = read(folder / "base.yaml", Machine)
    assert machine.parts["array[0..1]"].energy == Constant(
        value=1.83e-15,
        low=1.2e-15,
        high=2.6e-15,
        source="Shafiee 2016, Table I",
        dimension="energy",
    )


def test_a_model_is_frozen(folder):
    machine = read(folder / "base.yaml", Machine)
    with pytest.raises(ValueError, match="frozen"):
        machine.name = "other"


def test_a_variant_replaces_values_at_dotted_paths(folder):
    machine = read(folder / "base.yaml", Machine, variant="clocked")
    energy = machine.parts["array[0..1]"].energy
    assert (machine.mode, machine.sizes, energy.value) == ("clocked", (1, 5), 2e-15)
    assert energy.source == "Shafiee 2016, Table I"


def test_an_unknown_variant_is_refused_with_a_guess(folder):
    message = fail(folder / "base.yaml", variant="clockd")
    assert message == (
        'base.yaml: variants: expected one of the variants (clocked), got "clockd"; '
        'did you mean "clocked"?'
    )


def test_a_fault_in_a_variant_has_the_place_of_the_variant(folder):
    text = BASE.replace("mode: clocked", "mode: clokced")
    (folder / "base.yaml").write_text(text)
    message = fail(folder / "base.yaml", variant="clocked")
    assert message.startswith("base.yaml:11:11: mode: expected one of analog, clocked")


def test_a_child_merges_mappings_and_replaces_all_else(folder):
    (folder / "child.yaml").write_text(
        "extends: base.yaml\nname: child\n"
        "parts: {control: {energy: {value: 3 pJ, source: s, note: n}}}\n"
    )
    machine = read(folder / "child.yaml", Machine, variant="clocked")
    assert (machine.name, machine.mode) == ("child", "clocked")
    assert set(machine.parts) == {"array[0..1]", "control"}
    assert machine.parts["control"].energy.value == 3e-12


def test_a_list_is_replaced_whole_by_a_child(folder):
    (folder / "child.yaml").write_text("extends: base.yaml\nsizes: [7]\n")
    assert read(folder / "child.yaml", Machine).sizes == (7,)


def test_a_child_may_extend_a_variant(folder):
    (folder / "child.yaml").write_text("extends: base.yaml:clocked\n")
    assert read(folder / "child.yaml", Machine).mode == "clocked"


def test_a_fault_in_a_base_has_the_place_in_the_base(folder):
    (folder / "base.yaml").write_text(BASE.replace("1.83 fJ", "1.83 fs"))
    (folder / "child.yaml").write_text("extends: base.yaml\nmode: analogue\n")
    places = [line.split(": ")[0] for line in fail(folder / "child.yaml").splitlines()]
    assert places == ["base.yaml:4:21", "child.yaml:2:7"]


def test_variants_are_inherited(folder):
    (folder / "child.yaml").write_text("extends: base.yaml\nvariants: {small: {sizes: [1]}}\n")
    assert variants(folder / "child.yaml") == ("clocked", "small")


def test_a_cycle_of_files_is_named(folder):
    (folder / "a.yaml").write_text("extends: b.yaml\nname: a\n")
    (folder / "b.yaml").write_text("extends: a.yaml\n")
    message = fail(folder / "a.yaml")
    assert message == (
        "b.yaml:1:10: extends: expected a chain of files that ends, "
        "got the cycle a.yaml -> b.yaml -> a.yaml"
    )


def test_a_file_extends_a_catalog_entry(folder, monkeypatch):
    entry = folder / "catalog" / "chips" / "known"
    entry.mkdir(parents=True)
    (entry / "chip.yaml").write_text(BASE)
    monkeypatch.setattr(catalog, "folder", lambda kind: folder / "catalog" / kind)
    mine = folder / "mine" / "chip.yaml"
    mine.parent.mkdir()
    mine.write_text("extends: known:clocked\nname: mine\n")
    machine = read(mine, Machine)
    assert (machine.name, machine.mode) == ("mine", "clocked")


def test_settings_replace_values_last(folder):
    settings = {"mode": "clocked", "sizes": "[3, 4]", "ratio": "{value: 2, source: me}"}
    machine = read(folder / "base.yaml", Machine, settings=settings)
    assert (machine.mode, machine.sizes) == ("clocked", (3, 4))
    assert machine.ratio == Constant(value=2.0, source="me")


def test_a_constant_set_by_its_value_alone_is_set_by_the_user(folder):
    settings = {"parts.array[0..1].energy": "0.5 fJ", "ratio": "3"}
    machine = read(folder / "base.yaml", Machine, settings=settings)
    assert machine.parts["array[0..1]"].energy == Constant(
        value=0.5e-15, source="set by user", dimension="energy"
    )
    assert machine.ratio == Constant(value=3.0, source="set by user")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (("mode", "x"), '--set mode=x: mode: expected one of analog, clocked, got "x"'),
        (("moed", "x"), '--set moed=x: moed: expected one of the fields name, parts, sizes, ratio, mode, got "moed"; did you mean "mode"?'),
        (("ratio", "3 ns"), '--set ratio=3 ns: ratio.value: expected a bare number such as 0.5, got "3 ns"'),
        (("name.x", "3"), '--set name.x=3: name: expected a mapping or list to set x in, got "base"'),
        (("sizes[2]", "3"), '--set sizes[2]=3: sizes: expected an index from [0] to [1], got "[2]"'),
        (("sizes", "[3"), "--set sizes=[3: expected YAML, but expected ',' or ']', but got '<stream end>'"),
        (("", "3"), "--set =3: expected a dotted field path, got nothing"),
        (("parts..x", "3"), '--set parts..x=3: parts: expected a dotted field path, got ".x"'),
        (("parts.control.energy.value", "2 ps"), '--set parts.control.energy.value=2 ps: parts.control.energy.value: expected an energy such as "4.2 pJ", got "2 ps" (a time)'),
        (("name", "*x"), "--set name=*x: expected a plain value, got the alias *x (aliases are refused: write it out)"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_named(folder, setting, message):
    assert fail(folder / "base.yaml", settings=dict([setting])) == message


def test_a_written_model_reads_back_equal(folder):
    machine = read(folder / "base.yaml", Machine, settings={"ratio": "0.1"})
    (folder / "again.yaml").write_text(dump(machine))
    assert read(folder / "again.yaml", Machine) == machine
    assert dump(read(folder / "again.yaml", Machine)) == dump(machine)


def test_a_validator_can_place_its_fault_at_a_field(folder):
    class Square(Machine):
        @model_validator(mode="after")
        def _is_square(self):
            if len(set(self.sizes)) > 1:
                raise misfit(("sizes", 1), f"expected {self.sizes[0]}, got {self.sizes[1]}")
            return self

    with pytest.raises(SpecError, match=r"base.yaml:8:12: sizes\[1\]: expected 1, got 2$"):
        read(folder / "base.yaml", Square)


def test_a_union_of_descriptions_is_read_by_an_adapter(folder):
    class Gpu(Description):
        kind: Literal["gpu"]

    class Crossbar(Description):
        kind: Literal["crossbar"]

    (folder / "chip.yaml").write_text("kind: gpu\n")
    union = TypeAdapter[Gpu | Crossbar](Annotated[Gpu | Crossbar, Field(discriminator="kind")])
    assert read(folder / "chip.yaml", union) == Gpu(kind="gpu")


@pytest.mark.slow
def test_a_hundred_constants_are_read_in_a_third_of_a_second(folder):
    parts = "".join(
        f'  part{number}:\n    energy: {{value: {number + 1} pJ, low: 0.5 pJ, high: 900 pJ, source: "a paper"}}\n'
        for number in range(100)
    )
    (folder / "big.yaml").write_text(f"name: big\nparts:\n{parts}")
    si("1 pJ", "energy")  # loads pint
    start = time.process_time()
    machine = read(folder / "big.yaml", Machine)
    assert time.process_time() - start < 0.3
    assert len(constants(machine)) == 100
