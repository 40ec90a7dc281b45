"""Examples in the docstrings of components and chips run and give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import archsim.chip
import archsim.components

MODULES = [
    module.name
    for package in (archsim.components, archsim.chip)
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
