"""What reads finished runs, where there is none: bad input, named by its path."""

from __future__ import annotations

import pytest

VERBS = {
    "audit": (),
    "compare": ("gpu_a100",),
    "diff": ("other",),
    "reprice": ("--set", "tiles.array.adc.energy=1 pJ"),
    "wear": (),
    "why": (),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_that_is_not_there_is_bad_input(archsim, tmp_path, verb):
    result = archsim(verb, tmp_path / "none", *VERBS[verb])
    assert result.exit_code == 2
    assert result.stderr == (
        f"archsim: error: {tmp_path / 'none'}: expected the folder of a run, found no such folder\n"
    )


@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_of_something_else_is_bad_input(archsim, tmp_path, verb):
    result = archsim(verb, tmp_path, *VERBS[verb])
    assert result.exit_code == 2
    assert result.stderr == (
        f"archsim: error: {tmp_path / 'manifest.json'}: cannot be read: No such file or directory; "
        "is it the folder of a run?\n"
    )


def test_a_list_of_no_catalog_is_bad_input(archsim, tmp_path):
    result = archsim("list", tmp_path)
    assert result.exit_code == 2
    assert "is not one of 'chips', 'workloads', 'reports'" in result.stderr
