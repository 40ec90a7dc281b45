"""Unknown fields are answered with the fields of the very model that refused them."""

from __future__ import annotations

from typing import Self

import pytest
from pydantic import model_validator

from archsim.errors import SpecError
from archsim.spec import Description, read


class Part(Description):
    columns: int
    """Columns."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        return self


class Whole(Description):
    part: Part
    """Part."""


def test_a_model_with_a_validator_names_its_own_fields(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("part:\n  colums: 3\n")
    message = r'x.yaml:2:3: part.colums: expected one of the fields columns, got "colums"; did you'
    with pytest.raises(SpecError, match=message):
        read(path, Whole)
