"""What the kernels of the spiking network work on: plain tuples of numbers and arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ATTEMPTS",
    "CHANGES",
    "COUNTS",
    "DECISIONS",
    "INPUT_SPIKES",
    "PRUNED_READS",
    "ROWS_READ",
    "TURNS",
    "BlockCount",
    "Layout",
    "Log",
    "Model",
    "Network",
    "Rule",
    "State",
    "Tally",
]

INPUT_SPIKES, DECISIONS, ROWS_READ, TURNS, ATTEMPTS, CHANGES, PRUNED_READS = range(7)
"""Columns of the counts of a presentation: input spikes; output spikes; rows whose input was recent
at an output spike, summed over those; inputs that became recent or ceased to be; weights that were
not frozen at an output spike; those of them whose stored code changed; pruned weights in the rows
read."""
COUNTS = 7


class BlockCount(NamedTuple):
    """Columns of the counts of a presentation on one block."""

    lines: int = 0
    """Word lines driven to read recent rows at output spikes."""
    words: int = 1
    """Weights so read."""
    ones: int = 2
    """Cells in the on state among them."""
    turn_lines: int = 3
    """Word lines driven to read a row when its input becomes recent or ceases to be."""
    turn_words: int = 4
    """Weights so read."""
    turn_ones: int = 5
    """Cells in the on state among them."""
    attempts: int = 6
    """Weights read to be updated."""
    attempt_ones: int = 7
    """Cells in the on state among them."""
    set_words: int = 8
    """Weights with a cell to switch on."""
    reset_words: int = 9
    """Weights with a cell to switch off."""
    sets: int = 10
    """Cells switched on."""
    resets: int = 11
    """Cells switched off."""


class Model(NamedTuple):
    """Settings of a kernel, as plain numbers."""

    rate: float
    """Spikes in a millisecond of an input at full scale."""
    scale: float
    """Code of a full-scale pixel."""
    duration: float
    """How long an image is shown. [ms]"""
    window: int
    """How long an input counts as recent. [ms]"""
    chance: float
    """Probability of an output spike at the end of a millisecond."""
    gain: float
    """Factor of the weighted sum in the potential."""
    bias_gain: float
    """Factor of the bias in the potential."""
    sharp: bool
    """Whether the highest potential wins; else the winner is drawn from softmax."""
    nearest: bool
    """Whether weights are rounded to the nearest code; else stochastically."""
    exponent: float
    """Decay of the learning rate with the neuron's spikes."""
    rate_floor: float
    """Lowest learning rate, at the begin of training."""
    rate_floor_end: float
    """Lowest learning rate, at its end."""
    homeostasis: float
    """What a spike takes off its neuron's bias, at the begin of training."""
    homeostasis_end: float
    """What it takes off at its end."""
    depression: float
    """Codes by which a rate of one depresses."""
    total: int
    """Presentations of the whole training."""
    top: int
    """n: the highest code."""
    counted: bool
    """Whether reads and switched cells are counted."""


class Layout(NamedTuple):
    """Where weights stand, as arrays."""

    lines: NDArray[np.int32]
    """Word lines that hold a row on a block, shape (inputs, blocks)."""
    words: NDArray[np.int32]
    """Weights of the row there, shape (inputs, blocks)."""
    row_block: NDArray[np.int32]
    """Block of an input's weights, where that depends on the input; else 0; shape (inputs,)."""
    column_block: NDArray[np.int32]
    """Block of a neuron's weights, where that depends on the neuron; else 0; shape (neurons,)."""
    pruned: NDArray[np.int32]
    """Pruned weights of each row, shape (inputs,)."""


class State(NamedTuple):
    """What training changes, as arrays; kernels write to it."""

    weights: NDArray[np.int16]
    """n w, shape (inputs, neurons)."""
    frozen: NDArray[np.bool_]
    """Weights that are never updated again, shape (inputs, neurons)."""
    stuck: NDArray[np.uint8]
    """Code bits that can be on, and those that always are, shape (2, inputs, neurons)."""
    bias: NDArray[np.float64]
    """Shape (neurons,)."""
    fired: NDArray[np.int64]
    """Output spikes so far, shape (neurons,)."""
    ones: NDArray[np.int32]
    """Cells in the on state of each row on each block, shape (inputs, blocks)."""
    writes: NDArray[np.int32]
    """How often each weight's stored code was changed, shape (inputs, neurons)."""


class Rule(NamedTuple):
    """Tables of the learning rule."""

    gains: NDArray[np.float64]
    """Codes by which a rate of one potentiates a weight of each code, shape (codes,)."""
    ones: NDArray[np.uint8]
    """Bits that are on in each code, shape (codes,)."""


class Network(NamedTuple):
    """A spiking network that learns."""

    model: Model
    """Settings."""
    rule: Rule
    """Tables."""
    state: State
    """What training changes."""
    layout: Layout
    """Where weights stand; for counts only."""


class Log(NamedTuple):
    """When spikes came and what each output spike did, as arrays; kernels fill it."""

    times: NDArray[np.float64]
    """Input spikes, from the begin of the first image, unsorted within an image; empty where
    nothing is logged. [ms]"""
    fires: NDArray[np.float64]
    """Output spikes, from the same begin, in turn. [ms]"""
    counts: NDArray[np.int64]
    """What each output spike did, shape (output spikes, COUNTS)."""
    blocks: NDArray[np.int64]
    """What each did on each block, shape (output spikes, blocks, columns of BlockCount)."""


class Tally(NamedTuple):
    """What presentations did, as arrays; kernels add to it.

    What a log holds of output spikes is not added again.
    """

    counts: NDArray[np.int64]
    """Shape (presentations, COUNTS)."""
    blocks: NDArray[np.int64]
    """What was done on each block, shape (presentations, blocks, columns of BlockCount)."""
