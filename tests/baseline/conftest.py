"""A GPU of round numbers, whose arithmetic can be done by hand."""

from __future__ import annotations

import pytest

from archsim.baseline import GpuDescription


def constant(value, low=None, high=None):
    ends = {} if low is None else {"low": low, "high": high}
    return {"value": value, "source": "made up", **ends}


TABLE = {
    "name": "round",
    "kind": "gpu",
    "precision": "fp32",
    "compute": {
        "peak": constant("10 Tflop/s"),
        "efficiency": constant(0.1),
        "flop_energy": constant("10 pJ"),
    },
    "memory": {
        "bandwidth": constant("1 TB/s"),
        "efficiency": constant(0.5),
        "byte_energy": constant("20 pJ/B"),
    },
    "launch": {"time": constant("4 us")},
    "host": {"call_time": constant("10 us")},
    "board": {
        "idle": constant("80 W"),
        "busy": constant("200 W"),
        "limit": constant("400 W"),
    },
}


@pytest.fixture
def gpu():
    return GpuDescription.model_validate(TABLE)


@pytest.fixture
def gpu_by_act():
    return GpuDescription.model_validate({**TABLE, "power": "act"})
