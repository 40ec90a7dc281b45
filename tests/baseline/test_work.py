"""Operations, bytes and kernels of a training step."""

from __future__ import annotations

import pytest

from archsim.baseline import Call, training_work
from archsim.errors import InputError
from archsim.trace.ops import Phase


def test_one_layer_with_bare_kernels_is_counted_call_by_call():
    work = training_work([(3, 2)], steps=7, batch=5, driver="bare", word_bytes=4)
    words = 3 * 2 + 5 * (3 + 2)
    assert work.calls == (
        Call(name="forward1", phase=Phase.FORWARD, flops=2 * 5 * 3 * 2, bytes=4 * words),
        Call(name="activation1", phase=Phase.FORWARD, flops=8 * 10, bytes=4 * 2 * 10),
        Call(name="error", phase=Phase.BACKWARD, flops=10, bytes=4 * 3 * 10),
        Call(name="gradient1", phase=Phase.BACKWARD, flops=2 * 5 * 3 * 2, bytes=4 * words),
        Call(name="update1", phase=Phase.UPDATE, flops=2 * 6, bytes=4 * 3 * 6),
    )
    assert (work.kernels, work.flops, work.bytes) == (
        7 * 5,
        7 * (60 + 80 + 10 + 60 + 12),
        7 * 4 * (31 + 20 + 30 + 31 + 18),
    )


@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_kernels_and_calls_grow_with_the_layers_as_documented(layers):
    shapes = [(61, 60)] + [(60, 60)] * (layers - 1)
    bare = training_work(shapes, steps=1, batch=9, driver="bare", word_bytes=4)
    framework = training_work(shapes, steps=1, batch=9, driver="framework", word_bytes=4)
    assert (len(bare.calls), bare.kernels) == (6 * layers - 1, 6 * layers - 1)
    assert (len(framework.calls), framework.kernels) == (8 * layers + 8, 5 * layers + 11)


def test_the_error_goes_back_through_every_layer_but_the_first():
    work = training_work([(4, 3), (3, 2)], steps=1, batch=1, driver="bare", word_bytes=4)
    assert [call.name for call in work.calls] == [
        "forward1",
        "activation1",
        "forward2",
        "activation2",
        "error",
        "backward2",
        "derivative1",
        "gradient2",
        "update2",
        "gradient1",
        "update1",
    ]


def test_half_precision_moves_half_the_bytes_and_does_the_same_operations():
    full, half = (
        training_work([(61, 60)], steps=1, batch=9, driver="framework", word_bytes=size)
        for size in (4, 2)
    )
    assert (half.bytes * 2, half.flops) == (full.bytes, full.flops)


@pytest.mark.parametrize(
    ("shapes", "steps", "batch"), [([], 1, 1), ([(3, 0)], 1, 1), ([(3, 2)], 0, 1), ([(3, 2)], 1, 0)]
)
def test_work_without_size_is_refused(shapes, steps, batch):
    with pytest.raises(InputError, match=r"^training: expected at least one weight matrix, and"):
        training_work(shapes, steps=steps, batch=batch, driver="bare", word_bytes=4)
