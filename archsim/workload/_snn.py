"""Compiled kernels of the spiking network: draw trains, pick winners, learn, count.

Everything that is learnt is whole: a weight w in [−1, 1] stands as n w, with n = 2^bits − 1 the
highest code; that is odd where a code is stored, and anything whole where a weight was pruned. So
sums over recent inputs are exact in any order. Random numbers come from counters (SplitMix64
[1]_), named by stream, presentation and, for rounding, by output spike and input; so no draw
depends on which others were made.

References
----------
.. [1] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
   OOPSLA 2014, doi:10.1145/2660193.2660195.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import compiler
from archsim.workload.spiking_state import Layout, Log, Model, Network, State, Tally

__all__ = ["learn", "show"]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 2.0**-53
_SPIKE_BITS = 20
"""Output spikes of a presentation are numbered in so many bits of a rounding counter."""
_NEGLECTED = 30.0
"""Neurons whose potential lies so far below the highest cannot win: e⁻³⁰ is 10⁻¹³."""
_LINES, _WORDS, _ONES, _TURN_LINES, _TURN_WORDS, _TURN_ONES = range(6)
_TRIES, _TRIED_ONES, _SET_WORDS, _RESET_WORDS, _SETS, _RESETS = range(6, 12)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8] | NDArray[np.float32]


_SOURCES = ("_snn.py", "spiking_state.py")
_compiled = compiler(Path(__file__).with_name(name) for name in _SOURCES)


@_compiled
def _mixed(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _30)) * _MIX_1
    value = (value ^ (value >> _27)) * _MIX_2
    return value ^ (value >> _31)


@_compiled
def _stream(key: np.uint64, number: int) -> np.uint64:
    """Return where the counter of draws `number` of a stream begins."""
    return _mixed(key + _mixed(np.uint64(number) + _GAMMA))


@_compiled
def _uniform(begin: np.uint64, number: int) -> float:
    """Return draw `number` of a counter, in [0, 1)."""
    return (_mixed(begin + np.uint64(number + 1) * _GAMMA) >> _11) * _UNIT


@_compiled
def _decide(model: Model, begin: np.uint64, times: Integers) -> int:
    """Write the milliseconds at whose end an output neuron fires; return how many."""
    count = 0
    for step in range(model.window, int(model.duration) + 1):
        if _uniform(begin, step) < model.chance:
            times[count] = step
            count += 1
    return count


class _Trains(NamedTuple):
    """What input trains amount to, as arrays; kernels write to it."""

    times: Integers
    """Times of output spikes. [ms]"""
    recent: NDArray[np.int32]
    """Inputs recent at each, ascending, shape (steps, inputs)."""
    found: Integers
    """How many they are."""
    turns: Integers
    """How often each input became recent or ceased to be, shape (inputs,)."""


@_compiled
def _trains(steps: int, inputs: int) -> _Trains:
    return _Trains(
        np.empty(steps, np.int64),
        np.empty((steps, inputs), np.int32),
        np.empty(steps, np.int64),
        np.zeros(inputs, np.int64),
    )


@_compiled
def _draw(
    pixels: Pixels,
    model: Model,
    begin: np.uint64,
    decisions: int,
    trains: _Trains,
    kept: Floats,
) -> int:
    """Draw Poisson trains and list who is recent at each output spike; return the input spikes.

    Input i is recent at time t if it spiked in [t − window, t). Times of spikes are kept as far as
    there is room for them.
    """
    times, recent, found, turns = trains
    spikes = draws = 0
    found[:decisions] = 0
    turns[:] = 0
    for pixel in range(len(pixels)):
        if pixels[pixel] == 0:
            continue
        mean = model.scale / (model.rate * pixels[pixel])
        time = until = 0.0
        low = 0
        while True:
            time -= math.log(1.0 - _uniform(begin, draws)) * mean
            draws += 1
            if time >= model.duration:
                break
            if spikes < len(kept):
                kept[spikes] = time
            spikes += 1
            if time > until or until == 0.0:
                turns[pixel] += 2
            until = time + model.window
            while low < decisions and times[low] <= time:
                low += 1
            while low < decisions and times[low] <= until:
                recent[low, found[low]] = pixel
                found[low] += 1
                low += 1
        if until > model.duration:
            turns[pixel] -= 1
    return spikes


@_compiled
def _winner(
    model: Model, sums: NDArray[np.int32], bias: Floats, potential: Floats, draw: float
) -> int:
    """Return the neuron that fires: the one of highest potential, or one drawn from softmax."""
    top = -math.inf
    best = 0
    for neuron in range(len(bias)):
        value = model.gain * (sums[neuron] / model.top) + model.bias_gain * bias[neuron]
        potential[neuron] = value
        if value > top:
            top = value
            best = neuron
    if model.sharp:
        return best
    total = 0.0
    for neuron in range(len(bias)):
        below = potential[neuron] - top
        potential[neuron] = math.exp(below) if below > -_NEGLECTED else 0.0
        total += potential[neuron]
    left = draw * total
    for neuron in range(len(bias)):
        left -= potential[neuron]
        if left < 0.0:
            return neuron
    return best


class _Updates(NamedTuple):
    """What updating some weights on one block came to."""

    attempts: int
    attempt_ones: int
    set_words: int
    reset_words: int
    sets: int
    resets: int


@_compiled
def _book(blocks: Integers, block: int, done: _Updates) -> None:
    """Add what was counted on one block."""
    blocks[block, _TRIES] += done.attempts
    blocks[block, _TRIED_ONES] += done.attempt_ones
    blocks[block, _SET_WORDS] += done.set_words
    blocks[block, _RESET_WORDS] += done.reset_words
    blocks[block, _SETS] += done.sets
    blocks[block, _RESETS] += done.resets


@_compiled
def _update(
    network: Network,
    flags: NDArray[np.bool_],
    winner: int,
    rate: float,
    begin: np.uint64,
    count: Integers,
    blocks: Integers,
) -> None:
    """Change the winner's weights: potentiate recent inputs, depress the others.

    Counts are kept in registers as long as inputs lie on the same block.
    """
    model, rule, state, layout = network
    down = rate * model.depression
    attempts = changes = 0
    block = int(layout.column_block[winner] + layout.row_block[0])
    tries = ones = set_words = reset_words = sets = resets = 0
    for pixel in range(len(flags)):
        if state.frozen[pixel, winner]:
            continue
        code = (int(state.weights[pixel, winner]) + model.top) >> 1
        attempts += 1
        if model.counted:
            here = int(layout.column_block[winner] + layout.row_block[pixel])
            if here != block:
                done = _Updates(tries, ones, set_words, reset_words, sets, resets)
                _book(blocks, block, done)
                tries = ones = set_words = reset_words = sets = resets = 0
                block = here
            tries += 1
            ones += int(rule.ones[code])
        if code == 0 and not flags[pixel]:
            continue
        change = rate * rule.gains[code] if flags[pixel] else -down
        part = 0.5 if model.nearest else _uniform(begin, pixel)
        new = min(max(math.floor(code + change + part), 0), model.top)
        new = (new & int(state.stuck[0, pixel, winner])) | int(state.stuck[1, pixel, winner])
        if new == code:
            continue
        state.weights[pixel, winner] = 2 * new - model.top
        changes += 1
        state.writes[pixel, winner] += 1
        if not model.counted:
            continue
        on, off = int(rule.ones[new & ~code]), int(rule.ones[code & ~new])
        state.ones[pixel, block] += on - off
        set_words += on > 0
        reset_words += off > 0
        sets += on
        resets += off
    _book(blocks, block, _Updates(tries, ones, set_words, reset_words, sets, resets))
    count[4] += attempts
    count[5] += changes


@_compiled
def _read(
    state: State,
    layout: Layout,
    rows: NDArray[np.int32],
    times: Integers,
    blocks: Integers,
    first: int,
) -> None:
    """Count the reading of rows, each so many times, from column `first` on."""
    for block in range(layout.lines.shape[1]):
        lines = words = ones = 0
        for place in range(len(rows)):
            row, factor = rows[place], times[place]
            lines += factor * layout.lines[row, block]
            words += factor * layout.words[row, block]
            ones += factor * state.ones[row, block]
        blocks[block, first] += lines
        blocks[block, first + 1] += words
        blocks[block, first + 2] += ones


@_compiled
def _add(sums: NDArray[np.int32], weights: NDArray[np.int16], sign: int) -> None:
    """Add a row of weights to the sums, or take it off."""
    for neuron in range(len(sums)):
        sums[neuron] += sign * weights[neuron]


@_compiled
def _sum_rows(sums: NDArray[np.int32], weights: NDArray[np.int16], rows: NDArray[np.int32]) -> None:
    """Sum rows of weights, four at a time so that the sums are fetched seldom."""
    sums[:] = 0
    whole = len(rows) & ~3
    for place in range(0, whole, 4):
        first, second = weights[rows[place]], weights[rows[place + 1]]
        third, fourth = weights[rows[place + 2]], weights[rows[place + 3]]
        for neuron in range(len(sums)):
            sums[neuron] += first[neuron] + second[neuron] + third[neuron] + fourth[neuron]
    for place in range(whole, len(rows)):
        _add(sums, weights[rows[place]], 1)


@_compiled
def learn(
    images: Pixels,
    order: Integers,
    first: int,
    keys: NDArray[np.uint64],
    network: Network,
    tally: Tally,
    log: Log,
) -> None:
    """Present images one after another, with learning.

    Parameters
    ----------
    images : ndarray, shape (images, inputs)
        Pixels as stored.
    order : ndarray of int64
        Which images, in turn.
    first : int
        Number of the first presentation within the whole training.
    keys : ndarray of uint64, shape (3,)
        Streams of input spikes, of output spikes and of rounding.
    network : Network
        Its state is changed.
    tally : Tally
        What was done is added here, one row a presentation.
    log : Log
        Gets what each spike did, where its arrays are not empty.
    """
    model, _, state, layout = network
    inputs, neurons = state.weights.shape
    steps = int(model.duration) + 1
    trains = _trains(steps, inputs)
    every, once = np.arange(inputs).astype(np.int32), np.ones(inputs, np.int64)
    flags = np.zeros(inputs, np.bool_)
    sums = np.empty(neurons, np.int32)
    potential = np.empty(neurons, np.float64)
    spikes = fires = 0
    for turn in range(len(order)):
        number = first + turn
        since = turn * model.duration
        share = number / model.total
        floor = model.rate_floor + (model.rate_floor_end - model.rate_floor) * share
        step = model.homeostasis + (model.homeostasis_end - model.homeostasis) * share
        count, blocks = tally.counts[turn], tally.blocks[turn]
        fire = _stream(keys[1], number)
        decisions = _decide(model, fire, trains.times)
        begin = _stream(keys[0], number)
        kept = log.times[spikes:]
        drawn = _draw(images[order[turn]], model, begin, decisions, trains, kept)
        kept[:drawn] += since
        spikes += drawn
        count[0] += drawn
        count[3] += trains.turns.sum()
        if model.counted:
            _read(state, layout, every, trains.turns, blocks, _TURN_LINES)
        for decision in range(decisions):
            if len(log.times):
                log.fires[fires] = since + trains.times[decision]
                count, blocks = log.counts[fires], log.blocks[fires]
                fires += 1
            rows = trains.recent[decision, : trains.found[decision]]
            count[1] += 1
            count[2] += len(rows)
            pruned = 0
            for row in rows:
                flags[row] = True
                pruned += layout.pruned[row]
            count[6] += pruned
            if model.counted:
                _read(state, layout, rows, once, blocks, _LINES)
            _sum_rows(sums, state.weights, rows)
            winner = _winner(model, sums, state.bias, potential, _uniform(fire, steps + decision))
            rate = max(floor, (1.0 + state.fired[winner]) ** -model.exponent)
            begin = _stream(keys[2], (number << _SPIKE_BITS) + decision)
            _update(network, flags, winner, rate, begin, count, blocks)
            state.bias[winner] -= step
            state.fired[winner] += 1
            for row in rows:
                flags[row] = False


@_compiled
def show(
    images: Pixels,
    order: Integers,
    keys: NDArray[np.uint64],
    model: Model,
    weights: NDArray[np.int16],
    bias: Floats,
    winners: NDArray[np.int16],
    reads: Integers,
) -> int:
    """Present images without learning and return the input spikes.

    Parameters
    ----------
    images, order, keys, model
        As for `learn`; a presentation is numbered by its image.
    weights : ndarray of int16, shape (inputs, neurons)
        As in State.
    bias : ndarray of float64, shape (neurons,)
        Bias of each neuron.
    winners : ndarray of int16, shape (images, steps)
        Gets the neurons that fired, in turn, and −1 behind them.
    reads : ndarray of int64, shape (2, inputs)
        How often each row was recent at an output spike, and how often it became recent or ceased
        to be, is added here.

    Notes
    -----
    Sums are kept up to date from one output spike to the next; they are whole, so this is exact.
    """
    inputs, neurons = weights.shape
    steps = int(model.duration) + 1
    trains = _trains(steps, inputs)
    stamp = np.empty(inputs, np.int64)
    sums = np.empty(neurons, np.int32)
    potential = np.empty(neurons, np.float64)
    nothing = np.empty(0)
    spikes = 0
    winners[:] = -1
    for turn in range(len(order)):
        number = order[turn]
        fire = _stream(keys[1], number)
        decisions = _decide(model, fire, trains.times)
        begin = _stream(keys[0], number)
        spikes += _draw(images[number], model, begin, decisions, trains, nothing)
        reads[1] += trains.turns
        sums[:] = 0
        stamp[:] = -1
        for decision in range(decisions):
            for row in trains.recent[decision, : trains.found[decision]]:
                reads[0, row] += 1
                if stamp[row] < 0:
                    _add(sums, weights[row], 1)
                stamp[row] = decision
            if decision:
                for row in trains.recent[decision - 1, : trains.found[decision - 1]]:
                    if stamp[row] != decision:
                        _add(sums, weights[row], -1)
                        stamp[row] = -1
            draw = _uniform(fire, steps + decision)
            winners[turn, decision] = _winner(model, sums, bias, potential, draw)
    return spikes
