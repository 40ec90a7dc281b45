"""Chip files: every catalog entry reads, builds and writes back; faults name file and field."""

import pytest

from archsim import catalog
from archsim.chip import (
    ANY_CHIP,
    ChipDescription,
    CrossbarDescription,
    build,
    read_chip,
    read_published,
    register_chip,
)
from archsim.chip.checks import Problem
from archsim.chip.published import Claim
from archsim.chip.read import _KINDS
from archsim.errors import InputError, SpecError
from archsim.spec import constants, dump, json_schema, load_yaml

VARIANTS = ("", ":settled", ":clocked", ":reference", ":reference_clocked")
MADEM = [f"{name}{variant}" for name in ("madem_64", "madem_64x4") for variant in VARIANTS]


@pytest.mark.parametrize("reference", MADEM)
def test_every_variant_builds(reference):
    description = read_chip(reference)
    chip = build(description)
    assert len(chip.providers("array")) == (4 if "x4" in reference else 2)
    assert description.behaviour.settling == ("clocked" if "clocked" in reference else "analog")
    assert description.behaviour.weight_form == (
        "reference" if "reference" in reference else "balanced"
    )


def test_settled_is_the_default():
    assert read_chip("madem_64") == read_chip("madem_64:settled")


def test_larger_chip_has_the_same_constants_but_for_the_time_of_a_step():
    small, large = (constants(read_chip(name)) for name in ("madem_64", "madem_64x4"))
    assert [path for path in small if small[path] != large[path]] == ["behaviour.step_period"]


@pytest.mark.parametrize("reference", MADEM)
def test_resolved_file_reads_back(reference, tmp_path):
    description = read_chip(reference)
    (tmp_path / "chip.yaml").write_text(dump(description), encoding="utf-8")
    assert read_chip(str(tmp_path)) == description


def test_every_constant_of_the_catalog_says_how_well_it_is_known():
    graded = ("[V]", "[S]")
    loose = [
        path
        for path, constant in constants(read_chip("madem_64")).items()
        if not constant.source.endswith(graded) and constant.source != "assumption"
    ]
    assert loose == []


def test_catalog_file_fits_its_json_schema():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema(CrossbarDescription)
    path, _ = catalog.find("chips", "madem_64")
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(load_yaml(path).root.plain())) == []


def test_fault_names_file_line_field_and_guess(tmp_path):
    path = tmp_path / "chip.yaml"
    path.write_text(
        "extends: madem_64\ntiles:\n  array:\n    adc:\n      bitts: 8\n", encoding="utf-8"
    )
    with pytest.raises(
        SpecError, match=r'chip\.yaml:5:7: tiles\.array\.adc\.bitts: .*did you mean "bits"'
    ):
        read_chip(str(path))


def test_check_names_file_line_and_field(tmp_path):
    path = tmp_path / "chip.yaml"
    path.write_text('extends: madem_64\nlayout: ["array[0..1]", contrl]\n', encoding="utf-8")
    with pytest.raises(SpecError, match=r"chip\.yaml:2:25: layout\[1\]: expected a class of tiles"):
        read_chip(str(path))


def test_check_names_the_setting():
    with pytest.raises(
        SpecError, match=r"^--set tiles\.array\.adc\.bits=6: tiles\.array\.adc\.bits: expected 8"
    ):
        read_chip("madem_64", settings={"tiles.array.adc.bits": "6"})


def test_unknown_kind_of_chip_is_refused():
    with pytest.raises(
        SpecError, match=r'chip kinds .*crossbar.*, got "crosbar"; did you mean "crossbar"'
    ):
        read_chip("madem_64", settings={"kind": "crosbar"})


def test_unknown_chip_is_refused_with_a_guess():
    with pytest.raises(InputError, match='did you mean "madem_64"'):
        read_chip("madem64")


def test_registered_kind_of_chip_is_read_and_checked(monkeypatch):
    class Brick(ChipDescription):
        weight: int

    light = Problem(("weight",), "expected a weight")
    monkeypatch.setitem(_KINDS._models, "brick", Brick)
    register_chip("brick", Brick, checks=lambda brick: [] if brick.weight else [light])
    assert ANY_CHIP.validate_python({"name": "b", "kind": "brick", "weight": 2}) == Brick(
        name="b", kind="brick", weight=2
    )
    with pytest.raises(ValueError, match="expected a weight"):
        ANY_CHIP.validate_python({"name": "b", "kind": "brick", "weight": 0})


def test_every_claim_of_madem_is_judged_and_a_miss_says_why():
    for name in ("madem_64", "madem_64x4"):
        claims = read_published(name).claims
        assert {claim.verdict for claim in claims} <= {"hit", "miss"}
        assert all(claim.reason for claim in claims if claim.verdict == "miss")


def test_claims_of_madem_by_id():
    assert [claim.id for claim in read_published("madem_64").claims] == [
        "H1",
        "H2",
        "H3",
        "H4",
        "H5",
        "H6.clean",
        "H6.distorted",
        "H7.on_chip",
        "H7.transfer",
    ]


def claim(**fields):
    return Claim(
        **{
            "id": "H1",
            "claim": "fast",
            "published": "tens of us",
            "quantity": "training_time",
            "dimension": "time",
            "low": "10 us",
            "high": "100 us",
            "tolerance": "a decade",
            "source": "test",
        }
        | fields
    )


@pytest.mark.parametrize(
    ("result", "accepted"),
    [(9.9e-6, False), (1e-5, True), (5e-5, True), (1e-4, True), (1.01e-4, False)],
)
def test_claim_accepts_results_within_its_range(result, accepted):
    assert claim().accepts(result) is accepted


def test_claim_with_one_end_accepts_all_beyond():
    assert claim(dimension="number", low=1e4, high=None).accepts(1e9)


def test_claim_with_a_bound_of_another_dimension_is_refused():
    with pytest.raises(ValueError, match=r'expected a time such as ".*", got "10 nJ"'):
        claim(low="10 nJ")


def test_claim_with_a_bare_bound_is_refused():
    with pytest.raises(ValueError, match=r"expected a time such as .*, got 10"):
        claim(low=10.0)


def test_claim_without_a_range_is_refused():
    with pytest.raises(ValueError, match=r"expected low, high or both, found neither"):
        claim(low=None, high=None)


def test_claim_with_crossed_ends_is_refused():
    with pytest.raises(ValueError, match="expected low <= high"):
        claim(low="1 ms")
