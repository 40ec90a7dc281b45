"""The compiled loop over examples: forward, errors, writes."""

from __future__ import annotations

import math

import numpy as np

from archsim.workload._dense.compiled import compiled
from archsim.workload._dense.layout import (
    ACTIVATION,
    ACTIVITY,
    ALL_COLUMNS,
    ALL_ROWS,
    BACK,
    CODE_STEP,
    COINCIDENCE,
    DRIVE,
    ERROR_GAIN,
    FIRST_BLOCK,
    LINES,
    PROGRESSIVE,
    RATE,
    RESULT,
    ROUNDING,
    RULE,
    RULE_MOST,
    RULE_USED,
    SQUARED,
    TABLE,
    TANH,
    WANTED,
    WRITE_BEGIN,
    WRITE_MOST,
    WRITE_USED,
    ZERO,
    FloatArray,
    IntArray,
    Machine,
)
from archsim.workload._dense.reads import read_backward, read_forward
from archsim.workload._dense.writes import largest, write_counts, write_lines

__all__ = ["train"]


@compiled
def train(m: Machine, inputs: IntArray, labels: IntArray, targets: FloatArray) -> tuple[int, int]:
    """Present examples one by one until they, or the random numbers, run out.

    Parameters
    ----------
    m : Machine
        Cells, constants, random numbers and scratch memory; changed in place.
    inputs : ndarray of int64, shape (steps, inputs)
        DAC codes of the examples.
    labels : ndarray of int64, shape (steps,)
        Their classes.
    targets : ndarray, shape (classes, outputs)
        Wanted outputs of each class.

    Returns
    -------
    int
        Examples presented.
    int
        Examples answered right before they were learnt.
    """
    layers, right = m.scales.shape[1], 0
    end = 0
    for layer in range(layers):
        end += m.layers[ALL_COLUMNS, layer]
    for step in range(len(labels)):
        if not _has_room(m):
            return step, right
        for i in range(inputs.shape[1]):
            m.codes[i] = inputs[step, i]
        m.codes[inputs.shape[1]] = m.law[DRIVE]
        _forward(m, step)
        right += _output_errors(m, targets, labels[step], end)
        for late in range(2):
            begin = end
            for layer in range(layers - 1, -1, -1):
                begin -= m.layers[ALL_COLUMNS, layer]
                if late or m.settings[RULE] == PROGRESSIVE:
                    _update(m, step, layer, begin)
                if layer and not late:
                    _send_back(m, step, layer, begin)
            if m.settings[RULE] == PROGRESSIVE:
                break
    return len(labels), right


@compiled
def _has_room(m: Machine) -> bool:
    """Return whether the random numbers last for one more step, whatever it takes."""
    used = m.used
    if len(m.rule) - used[RULE_USED, 0] < m.settings[RULE_MOST]:
        return False
    for block in range(len(m.blocks)):
        size = used[WRITE_BEGIN, block + 1] - used[WRITE_BEGIN, block]
        if size - used[WRITE_USED, block] < used[WRITE_MOST, block]:
            return False
    return True


@compiled
def _forward(m: Machine, step: int) -> None:
    """Fill the codes of all layers, and the outputs behind them."""
    layers = m.scales.shape[1]
    for layer in range(layers):
        begin, after, columns = (
            m.layers[LINES, layer],
            m.layers[LINES, layer + 1],
            m.layers[ALL_COLUMNS, layer],
        )
        drive, sums = m.codes[begin:after], m.codes[after : after + columns]
        for j in range(columns):
            sums[j] = 0.0
        for number in range(m.layers[FIRST_BLOCK, layer], m.layers[FIRST_BLOCK, layer + 1]):
            read_forward(m, step, number, drive, sums)
        for j in range(columns):
            place = int(sums[j]) + m.layers[ZERO, layer]
            if layer + 1 < layers:
                sums[j] = m.hidden[m.layers[TABLE, layer] + place]
            else:
                sums[j] = m.outputs[place]
        if layer + 1 < layers:
            m.codes[after + columns] = m.law[DRIVE]


@compiled
def _output_errors(m: Machine, targets: FloatArray, label: int, end: int) -> int:
    """Fill the errors of the outputs; return 1 if the example is answered right."""
    layers = m.scales.shape[1]
    outputs = m.codes[m.layers[LINES, layers] : m.layers[LINES, layers + 1]]
    begin, best = end - len(outputs), 0
    for j in range(len(outputs)):
        if outputs[j] > outputs[best]:
            best = j
        error = targets[label, j] - outputs[j]
        if m.settings[SQUARED]:
            error = error * (outputs[j] * (1.0 - outputs[j]))
        m.errors[begin + j] = error
    if len(outputs) == 1:
        return int((outputs[0] > 0.5) == (label == 1))
    return int(best == label)


@compiled
def _send_back(m: Machine, step: int, layer: int, begin: int) -> None:
    """Fill the errors below a layer; those behind it begin at `begin`."""
    columns, below = m.layers[ALL_COLUMNS, layer], m.layers[ALL_ROWS, layer] - 1
    errors = m.errors[begin : begin + columns]
    factor = math.ldexp(1.0, math.frexp(largest(errors))[1])
    drive, sums = m.sums[BACK][:columns], m.sums[RESULT][: below + 1]
    for j in range(columns):
        drive[j] = np.rint(min(max(errors[j] / factor, -1.0), 1.0) * m.law[DRIVE])
    for i in range(below + 1):
        sums[i] = 0.0
    for number in range(m.layers[FIRST_BLOCK, layer], m.layers[FIRST_BLOCK, layer + 1]):
        read_backward(m, step, number, drive, sums)
    unit = m.law[CODE_STEP] / m.law[ERROR_GAIN] * factor
    for i in range(below):
        value = m.codes[m.layers[LINES, layer] + i] / m.law[DRIVE]
        if m.settings[ACTIVATION] == TANH:
            slope = 1.0 - value * value
        else:
            slope = 1.0 if 0.0 < value < 1.0 else 0.0
        m.errors[begin - below + i] = sums[i] * unit * slope


@compiled
def _update(m: Machine, step: int, layer: int, begin: int) -> None:
    """Write one layer."""
    rows, columns = m.layers[ALL_ROWS, layer], m.layers[ALL_COLUMNS, layer]
    activities, wanted = m.sums[ACTIVITY][:rows], m.sums[WANTED][:columns]
    for i in range(rows):
        activities[i] = m.codes[m.layers[LINES, layer] + i] / m.law[DRIVE]
    for j in range(columns):
        wanted[j] = m.errors[begin + j] * m.scales[RATE, layer]
    if m.settings[ROUNDING] == COINCIDENCE:
        m.draws[step, layer] = write_lines(m, step, layer, activities, wanted)
    else:
        m.draws[step, layer] = write_counts(m, step, layer, activities, wanted)
