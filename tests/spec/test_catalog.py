"""References to their files."""

from __future__ import annotations

import pytest

from archsim import catalog
from archsim.errors import InputError


@pytest.fixture
def chips(tmp_path, monkeypatch):
    for name in ("mesh", "ring_4"):
        (tmp_path / "chips" / name).mkdir(parents=True)
        (tmp_path / "chips" / name / "chip.yaml").write_text("name: x\n")
    (tmp_path / "chips" / "notes").mkdir()
    monkeypatch.setattr(catalog, "folder", lambda kind: tmp_path / kind)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "chips"


def test_entries_are_the_folders_that_hold_the_file(chips):
    assert catalog.entries("chips") == ["mesh", "ring_4"]
    assert catalog.entries("workloads") == []


@pytest.mark.parametrize(
    ("reference", "variant"), [("mesh", ""), ("mesh:fast", "fast"), ("ring_4:a-b_2", "a-b_2")]
)
def test_a_name_finds_its_entry_and_variant(chips, reference, variant):
    name = reference.partition(":")[0]
    assert catalog.find("chips", reference) == (chips / name / "chip.yaml", variant)


@pytest.mark.parametrize("place", ["chips/mesh", "chips/mesh/chip.yaml", "./chips/mesh"])
def test_a_path_finds_a_folder_or_file(chips, place):
    path, variant = catalog.find("chips", f"{place}:fast")
    assert (path.resolve(), variant) == (chips / "mesh" / "chip.yaml", "fast")


def test_an_absolute_path_is_a_reference(chips):
    assert catalog.find("chips", str(chips / "mesh")) == (chips / "mesh" / "chip.yaml", "")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("mehs", r"^expected one of the chips \(mesh, ring_4\) or a path, got 'mehs'; did you mean \"mesh\"\?$"),
        ("mesh/../../x", r"^expected one of the chips \(mesh, ring_4\) or a path, got 'mesh/../../x'$"),
        ("", r"^expected a name or path of one of the chips, got ''$"),
        ("a\0b", r"^expected a name or path of one of the chips, got 'a\\x00b'$"),
        ("x" * 5000, r"^expected one of the chips \(mesh, ring_4\) or a path, got 'x+'$"),
        ("chips", r"^expected one of the chips \(mesh, ring_4\) or a path, got 'chips'$"),
    ],
)  # fmt: skip
def test_an_unknown_reference_is_refused(chips, reference, message):
    with pytest.raises(InputError, match=message):
        catalog.find("chips", reference)


def test_messages_name_catalog_files_from_the_catalog_down(chips, tmp_path):
    assert catalog.display(chips / "mesh" / "chip.yaml") == "chips/mesh/chip.yaml"
    assert catalog.display(tmp_path / "own.yaml") == str(tmp_path / "own.yaml")
