"""Chips and workloads for training: ideal ones to compute by hand, and those of the catalog."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archsim.chip import CrossbarDescription, read_chip
from archsim.components.behaviour import Behaviour
from archsim.components.substrate import Substrate
from archsim.trace import Recorder
from archsim.workload import TrainingResult, WorkloadDescription, read_workload, train

Make = Callable[..., Behaviour]
Learn = Callable[..., TrainingResult]


def behaviour_of(chip: str, **settings: object) -> Behaviour:
    """Return the behaviour of a chip of the catalog, with some of its fields changed."""
    texts = {f"behaviour.{name.replace('__', '.')}": str(v) for name, v in settings.items()}
    description = read_chip(chip, settings=texts)
    assert isinstance(description, CrossbarDescription)
    return description.behaviour


@pytest.fixture
def chip() -> Make:
    """Return `behaviour_of`."""
    return behaviour_of


@pytest.fixture
def ideal() -> Make:
    """Return a function that gives ideal cells and fine converters to a chip of the catalog."""

    def make(name: str = "madem_64", **settings: object) -> Behaviour:
        behaviour = behaviour_of(name, **settings)
        fine = {
            "cell": behaviour.cell.ideal(),
            "adc": behaviour.adc.model_copy(update={"bits": 16}),
            "dac": behaviour.dac.model_copy(update={"bits": 10}),
        }
        return behaviour.model_copy(update=fine)

    return make


@pytest.fixture
def workload() -> Callable[..., WorkloadDescription]:
    """Return a function that reads a variant of madem_braille, with some fields changed."""

    def make(variant: str = "", **settings: object) -> WorkloadDescription:
        texts = {name.replace("__", "."): str(value) for name, value in settings.items()}
        return read_workload(f"madem_braille:{variant}".rstrip(":"), settings=texts)

    return make


@pytest.fixture
def learn() -> Learn:
    """Return a function that trains a workload on a behaviour."""

    def make(
        task: WorkloadDescription,
        behaviour: Behaviour,
        seed: int = 0,
        recorder: Recorder | None = None,
    ) -> TrainingResult:
        substrate = Substrate(behaviour, task.shapes, seed=seed, recorder=recorder)
        return train(task, substrate, seed=seed)

    return make
