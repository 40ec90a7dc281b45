from __future__ import annotations

import pytest

from archsim.errors import InputError
from archsim.report.files import write_run
from archsim.report.folder import claim
from archsim.report.stored import read_run


@pytest.fixture
def out(tmp_path, run):
    with claim(tmp_path / "out") as place:
        write_run(place, run, report="# R\n", log={})
        place.commit()
    return tmp_path / "out"


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_no_folder(tmp_path):
    with pytest.raises(InputError, match="none: expected the folder of a run, found no such"):
        read_run(tmp_path / "none")


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(InputError, match=r"manifest.json: cannot be read: No such file .*; is it"):
        read_run(tmp_path)


def test_a_folder_of_several_runs_names_them(tmp_path):
    for name, text in ((".", '{"cases": ["a", "b"]}'), ("a", "{}"), ("b", "{}")):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"several runs, name one: \S+/a, \S+/b$"):
        read_run(tmp_path)


def test_a_manifest_that_is_no_json(out):
    (out / "manifest.json").write_text("{")
    with pytest.raises(InputError, match=r"manifest.json: expected JSON, Expecting property name"):
        read_run(out)


def test_a_manifest_without_fields(out):
    (out / "manifest.json").write_text('{"chip": "a", "seed": 1, "totals": {}}')
    with pytest.raises(InputError, match="expected the fields workload, result_schema, found none"):
        read_run(out)


def test_results_of_another_schema(out):
    change(out / "manifest.json", '"result_schema": 1', '"result_schema": 99')
    with pytest.raises(InputError, match="result_schema: expected 1, found 99; use the version"):
        read_run(out)


def test_a_ledger_without_a_column(out):
    change(out / "ledger.csv", "price_yj,", "")
    with pytest.raises(InputError, match=r"ledger.csv:1: expected the columns run, epoch, .*found"):
        read_run(out)


def test_a_ledger_row_that_is_short(out):
    change(out / "ledger.csv", "adc,convert,", "adc,")
    with pytest.raises(InputError, match=r"ledger.csv:2: expected 12 values, found 11"):
        read_run(out)


def test_a_count_that_is_no_whole_number(out):
    change(out / "ledger.csv", "free,3,", "free,3.5,")
    with pytest.raises(
        InputError, match=r'ledger.csv:2: count: expected a whole number, found "3.5"'
    ):
        read_run(out)
