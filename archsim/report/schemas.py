"""Schemas: what editors need to know of each kind of file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import TypeAdapter

from archsim.chip import ANY_CHIP
from archsim.report.trainings_recipe import TrainingsRecipe
from archsim.spec import json_schema
from archsim.study import StudyDescription
from archsim.workload import ANY_WORKLOAD

__all__ = ["schema_of"]

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "chip": ANY_CHIP,
    "workload": ANY_WORKLOAD,
    "report": TypeAdapter(StudyDescription | TrainingsRecipe),
}


def schema_of(part: Literal["chip", "workload", "report"]) -> dict[str, Any]:
    """Return the JSON Schema of chip, workload or report files.

    Reports are those that users write: studies and trainings.
    """
    return json_schema(_ADAPTERS[part])
