"""What learning by backpropagation asks of a GPU: calls, kernels, operations and bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from archsim.errors import InputError
from archsim.trace.ops import Phase
from archsim.workload.backprop import BackpropResult

__all__ = ["Call", "Driver", "TrainingWork", "stream_work", "training_work", "work_of"]

Driver = Literal["bare", "framework"]
"""Who launches the kernels: a plain program, or an eager framework such as PyTorch."""

Shapes = Sequence[tuple[int, int]]

_TANH_FLOPS = 8
"""Operations that a hyperbolic tangent, a logistic function or a logarithm is taken as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One thing that the host asks for."""

    name: str
    phase: Phase
    kernels: int = 1
    """Kernels that it launches; 0 for a call that only costs the host time."""
    flops: int = 0
    """Operations of them all; a multiply-add is two. [flop]"""
    bytes: int = 0
    """Bytes they read and write. [byte]"""
    sent: int = 0
    """Bytes of a message over the link. [byte]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingWork:
    """A whole training: the same calls, step after step."""

    driver: Driver
    steps: int
    """Weight updates until the task is learnt."""
    batch: int
    """Samples of one step."""
    calls: tuple[Call, ...]
    """Calls of one step, in order."""
    met: bool = True
    """Whether the task was learnt to its criterion in these steps."""

    @property
    def flops(self) -> int:
        """Operations [flop] of the whole training."""
        return self.steps * sum(call.flops for call in self.calls)

    @property
    def bytes(self) -> int:
        """Traffic [byte] of the whole training."""
        return self.steps * sum(call.bytes for call in self.calls)

    @property
    def sent(self) -> int:
        """Bytes [byte] that go over the link in the whole training."""
        return self.steps * sum(call.sent for call in self.calls)

    @property
    def kernels(self) -> int:
        """Kernels of the whole training."""
        return self.steps * sum(call.kernels for call in self.calls)


def work_of(result: BackpropResult, *, driver: Driver, word_bytes: int) -> TrainingWork:
    """Return the work of a training that was done in software.

    Parameters
    ----------
    result : BackpropResult
        Its steps, batch and network.
    driver : {"bare", "framework"}
        Plain kernels, or an eager framework.
    word_bytes : int
        Bytes of a weight or activation. [byte]
    """
    work = training_work(
        result.shapes, steps=result.steps, batch=result.batch, driver=driver, word_bytes=word_bytes
    )
    return replace(work, met=result.met)


def training_work(
    shapes: Shapes, *, steps: int, batch: int, driver: Driver, word_bytes: int
) -> TrainingWork:
    """Return the work of training a layered network of tanh units.

    Parameters
    ----------
    shapes : sequence of (int, int)
        (rows, columns) of the weight matrices from the input on, the bias row included.
    steps : int
        Weight updates until the task is learnt.
    batch : int
        Samples of one step.
    driver : {"bare", "framework"}
        Plain kernels, or an eager framework.
    word_bytes : int
        Bytes of a weight or activation. [byte]

    Returns
    -------
    TrainingWork
        The calls of one step and how often it is done.

    Raises
    ------
    InputError
        If there is no matrix, or a size, `steps` or `batch` is below 1.

    Notes
    -----
    Bare: one kernel for each product, activation and update of

        a_l = tanh(a_(l−1) W_l),  δ_L = t − a_L,  δ_(l−1) = δ_l W_lᵀ (1 − a_(l−1)²),
        W_l += η a_(l−1)ᵀ δ_l

    ([1]_), nothing fused: 6 L − 1 for L layers; a product that adds to W_l at once would spare one
    of five. Framework: 8 L + 8 calls with 5 L + 11 kernels.

    A product of (n, r) and (r, c) takes 2 n r c operations, a hyperbolic tangent 8. Every operand
    is counted as moved once a kernel; caches may spare a part. Left out on both: loading data,
    drawing the first weights, testing whether the task is learnt.

    References
    ----------
    .. [1] D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by
       back-propagating errors", Nature 323 (1986) 533, doi:10.1038/323533a0.

    Examples
    --------
    >>> work = training_work([(61, 60)], steps=3, batch=9, driver="bare", word_bytes=4)
    >>> [call.name for call in work.calls]
    ['forward1', 'activation1', 'error', 'gradient1', 'update1']
    >>> work.kernels, work.flops
    (15, 431820)
    """
    _check(shapes, steps, batch)
    make = _bare if driver == "bare" else _framework
    calls = tuple(replace(call, bytes=call.bytes * word_bytes) for call in make(shapes, batch))
    return TrainingWork(driver=driver, steps=steps, batch=batch, calls=calls)


def _check(shapes: Shapes, steps: int, batch: int) -> None:
    """Refuse a training of nothing."""
    sizes = [size for shape in shapes for size in shape]
    if not sizes or min(*sizes, steps, batch) < 1:
        message = (
            "training: expected at least one weight matrix, and sizes, steps and batch of at "
            f"least 1, got matrices {list(shapes)}, {steps} steps, batch {batch}"
        )
        raise InputError(message)


def stream_work(
    shapes: Shapes, *, samples: int, sample_bytes: int, learn: bool, word_bytes: int
) -> TrainingWork:
    """Return the work of answering samples that come one by one from a sensor elsewhere.

    Parameters
    ----------
    shapes : sequence of (int, int)
        As `training_work`.
    samples : int
        How many come.
    sample_bytes : int
        Size of one. [byte]
    learn : bool
        Learn from each; else the forward kernels alone.
    word_bytes : int
        Bytes of a weight or activation. [byte]

    Returns
    -------
    TrainingWork
        Bare kernels, between a message with the sample and one of a byte with its class.

    Raises
    ------
    InputError
        As `training_work`.
    """
    work = training_work(shapes, steps=samples, batch=1, driver="bare", word_bytes=word_bytes)
    kernels = (call for call in work.calls if learn or call.phase is Phase.FORWARD)
    receive = Call(name="receive", phase=Phase.IO, kernels=0, sent=sample_bytes)
    answer = Call(name="answer", phase=Phase.IO, kernels=0, sent=1)
    return replace(work, calls=(receive, *kernels, answer))


def _product(name: str, phase: Phase, batch: int, shape: tuple[int, int]) -> Call:
    """Return a product with a weight matrix, or one that gives its gradient; bytes in words."""
    rows, columns = shape
    words = rows * columns + batch * (rows + columns)
    flops = 2 * batch * rows * columns
    return Call(name=name, phase=phase, flops=flops, bytes=words)


def _elementwise(name: str, phase: Phase, size: int, *, flops: int, words: int) -> Call:
    """Return a kernel that does `flops` and moves `words` for each element; bytes in words."""
    return Call(name=name, phase=phase, flops=flops * size, bytes=words * size)


def _host(name: str, phase: Phase) -> Call:
    """Return a call that launches nothing."""
    return Call(name=name, phase=phase, kernels=0)


def _bare(shapes: Shapes, batch: int) -> Iterator[Call]:
    """Give the kernels of one step; bytes in words."""
    for layer, shape in enumerate(shapes, start=1):
        out = batch * shape[1]
        yield _product(f"forward{layer}", Phase.FORWARD, batch, shape)
        name = f"activation{layer}"
        yield _elementwise(name, Phase.FORWARD, out, flops=_TANH_FLOPS, words=2)
    yield _elementwise("error", Phase.BACKWARD, batch * shapes[-1][1], flops=1, words=3)
    for layer, shape in reversed(list(enumerate(shapes, start=1))):
        if layer > 1:
            below = batch * shape[0]
            yield _product(f"backward{layer}", Phase.BACKWARD, batch, shape)
            name = f"derivative{layer - 1}"
            yield _elementwise(name, Phase.BACKWARD, below, flops=3, words=3)
        yield _product(f"gradient{layer}", Phase.BACKWARD, batch, shape)
        weights = shape[0] * shape[1]
        yield _elementwise(f"update{layer}", Phase.UPDATE, weights, flops=2, words=3)


def _framework(shapes: Shapes, batch: int) -> Iterator[Call]:
    """Give the calls of one step of an eager framework; bytes in words.

    The outermost operators that the profiler of PyTorch 2.15 lists for one step of this network
    with tanh, logistic loss (binary_cross_entropy_with_logits of 2 z) and SGD fused over the
    layers, and the entries of zero_grad, backward and step; six kernels belong to the loss, one to
    each of the operators that it is made of.
    """
    last = len(shapes)
    size = batch * shapes[-1][1]
    yield _host("zero_grad", Phase.UPDATE)
    for layer, shape in enumerate(shapes, start=1):
        yield _product(f"matmul{layer}", Phase.FORWARD, batch, shape)
        if layer < last:
            out = batch * shape[1]
            yield _elementwise(f"tanh{layer}", Phase.FORWARD, out, flops=_TANH_FLOPS, words=2)
    yield _elementwise("mul", Phase.FORWARD, size, flops=1, words=2)
    # log_sigmoid (2 words moved a word read), fill, sub, mul, sub, mean
    loss = _elementwise("loss", Phase.FORWARD, size, flops=_TANH_FLOPS + 4, words=13)
    yield replace(loss, kernels=6)
    yield _host("backward", Phase.BACKWARD)
    yield _elementwise("ones_like", Phase.BACKWARD, 1, flops=0, words=1)
    yield _elementwise("sigmoid", Phase.BACKWARD, size, flops=_TANH_FLOPS, words=2)
    yield _elementwise("sub", Phase.BACKWARD, size, flops=1, words=3)
    yield _elementwise("mul_loss", Phase.BACKWARD, size, flops=1, words=2)
    yield _elementwise("div", Phase.BACKWARD, size, flops=1, words=2)
    yield _elementwise("mul_backward", Phase.BACKWARD, size, flops=1, words=2)
    for layer in range(last, 0, -1):
        shape = shapes[layer - 1]
        if layer > 1:
            yield _host(f"transpose_weight{layer}", Phase.BACKWARD)
            yield _product(f"backward{layer}", Phase.BACKWARD, batch, shape)
        yield _host(f"transpose_input{layer}", Phase.BACKWARD)
        yield _product(f"gradient{layer}", Phase.BACKWARD, batch, shape)
        yield _host(f"detach{layer}", Phase.BACKWARD)
        if layer > 1:
            below = batch * shape[0]
            name = f"tanh_backward{layer - 1}"
            yield _elementwise(name, Phase.BACKWARD, below, flops=3, words=3)
    yield _host("step", Phase.UPDATE)
    weights = sum(rows * columns for rows, columns in shapes)
    yield _elementwise("add", Phase.UPDATE, weights, flops=2, words=3)
