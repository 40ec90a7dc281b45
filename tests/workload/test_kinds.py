"""Kinds of workload: told by one field, each with its own description and trainer."""

from typing import Literal

import pytest

from archsim.components.substrate import Substrate
from archsim.errors import InputError, SpecError
from archsim.spec import Description
from archsim.workload import (
    ANY_WORKLOAD,
    AttractorDescription,
    TrainingResult,
    WorkloadDescription,
    as_attractor,
    read_workload,
    register_workload,
    train,
)


class Nothing(Description):
    pass


class Idle(WorkloadDescription):
    kind: Literal["idle"]
    dataset: Nothing
    pacing: Literal["never"] = "never"

    @property
    def shapes(self):
        return {"layer1": (2, 2)}


def trained(workload, substrate, *, seed, on_metric=None, progress=None):
    return TrainingResult(
        met=True, epochs=0, steps=seed, pulses=0, reads=0, most_pulses=0, inputs={}
    )


@pytest.fixture(scope="module")
def idle():
    register_workload("idle", Idle, trained)
    return ANY_WORKLOAD.validate_python({"kind": "idle", "name": "nap", "dataset": {}})


def test_kind_chooses_the_description(workload):
    assert isinstance(workload(), AttractorDescription)


def test_kind_chooses_what_trains(idle, chip):
    substrate = Substrate(chip("madem_64"), idle.shapes, seed=0)
    assert train(idle, substrate, seed=7).steps == 7


def test_registering_the_same_again_does_nothing(idle, chip):
    register_workload("idle", Idle, trained)
    assert ANY_WORKLOAD.validate_python({"kind": "idle", "name": "nap", "dataset": {}}) == idle
    substrate = Substrate(chip("madem_64"), idle.shapes, seed=0)
    assert train(idle, substrate, seed=7).steps == 7


def test_another_trainer_for_a_kind_is_refused(idle):
    with pytest.raises(InputError, match='workload kind "idle": another trainer is registered'):
        register_workload("idle", Idle, train)


def test_unknown_kind_is_refused_at_its_line(tmp_path):
    file = tmp_path / "workload.yaml"
    file.write_text("name: x\nkind: atractor\n")
    with pytest.raises(
        SpecError,
        match=r'workload.yaml:2:7: kind: expected one of the workload kinds .*got "atractor"; did',
    ):
        read_workload(str(file))


def test_missing_kind_is_refused(tmp_path):
    file = tmp_path / "workload.yaml"
    file.write_text("name: x\n")
    with pytest.raises(SpecError, match=r"expected one of the workload kinds .*found none"):
        read_workload(str(file))


def test_a_workload_of_another_kind_is_no_attractor(idle):
    with pytest.raises(InputError, match="workload nap: expected kind attractor, got idle"):
        as_attractor(idle)
