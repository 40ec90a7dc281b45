"""Compiled writes of one layer: from activities and errors to pulses."""

from __future__ import annotations

import numpy as np

from archsim.workload._dense.compiled import compiled
from archsim.workload._dense.layout import (
    AMOUNT,
    CELL,
    CHOSEN,
    COLUMNS,
    COUNTING,
    ENTRY,
    FIRST_BLOCK,
    LEFT,
    MOST,
    NEAREST,
    ON_COLUMNS,
    ON_ROWS,
    ROUNDING,
    ROWS,
    RULE_USED,
    SIGN,
    SLOTS,
    TOP,
    TURNS,
    WROTE,
    FloatArray,
    IntArray,
    Machine,
)
from archsim.workload._dense.pulses import count_lines, count_rows, pulse

__all__ = ["largest", "write_counts", "write_lines"]


@compiled
def largest(values: FloatArray) -> float:
    """Return the largest size of some values."""
    result = 0.0
    for value in values:
        result = max(result, abs(value))
    return result


@compiled
def _select(
    m: Machine, values: FloatArray, times: float, over: float, begin: int, chosen: IntArray
) -> int:
    """Select lines by chance, as their signs; return where the drawn numbers end."""
    for i in range(len(values)):
        chosen[i] = 0
        if values[i] != 0.0:
            if m.rule[begin] < abs(values[i]) * times / over:
                chosen[i] = 1 if values[i] > 0.0 else -1
            begin += 1
    return begin


@compiled
def _signs(values: FloatArray) -> int:
    """Return how many of the two signs occur."""
    up, down = 0, 0
    for value in values:
        if value > 0.0:
            up = 1
        elif value < 0.0:
            down = 1
    return up + down


@compiled
def write_lines(m: Machine, step: int, layer: int, rows: FloatArray, columns: FloatArray) -> int:
    """Pulse a layer by a train of outer products; return the random numbers that it took."""
    largest_row, largest_column = largest(rows), largest(columns)
    if largest_row == 0.0 or largest_column == 0.0:
        return 0
    slots = min(max(int(np.ceil(largest_row * largest_column)), 1), m.settings[MOST])
    share = np.sqrt(largest_column / (slots * largest_row))
    on_rows, on_columns = m.selected[ON_ROWS][: len(rows)], m.selected[ON_COLUMNS][: len(columns)]
    begin = m.used[RULE_USED, 0]
    end = begin
    for slot in range(slots):
        end = _select(m, rows, share, 1.0, end, on_rows)
        end = _select(m, columns, 1.0, slots * share, end, on_columns)
        for number in range(m.layers[FIRST_BLOCK, layer], m.layers[FIRST_BLOCK, layer + 1]):
            block = m.blocks[number]
            down = slice(block[TOP], block[TOP] + block[ROWS])
            across = slice(block[LEFT], block[LEFT] + block[COLUMNS])
            if slot == 0:
                pairs = _signs(rows[down]) * _signs(columns[across])
                m.counts[step, number, SLOTS] = slots * pairs
                m.counts[step, number, WROTE] = pairs > 0
            amount = _crossings(m, on_rows[down], on_columns[across])
            if amount:
                if m.settings[COUNTING]:
                    count_lines(m, step, number, on_rows[down], on_columns[across])
                pulse(m, step, number, amount)
    m.used[RULE_USED, 0] = end
    return int(end - begin)


@compiled
def _crossings(m: Machine, on_rows: IntArray, on_columns: IntArray) -> int:
    """Choose the weights of a block where selected lines meet; return how many."""
    amount = 0
    for i in range(len(on_rows)):
        if on_rows[i] == 0:
            continue
        for j in range(len(on_columns)):
            if on_columns[j]:
                m.chosen[CHOSEN, amount] = i * len(on_columns) + j
                m.chosen[SIGN, amount] = on_rows[i] * on_columns[j]
                amount += 1
    return amount


@compiled
def write_counts(m: Machine, step: int, layer: int, rows: FloatArray, columns: FloatArray) -> int:
    """Give each weight of a layer its own number of pulses; return the random numbers drawn."""
    drawn = _fill(m, layer, rows, columns)
    for number in range(m.layers[FIRST_BLOCK, layer], m.layers[FIRST_BLOCK, layer + 1]):
        begin, turn = m.blocks[number, CELL], 0
        while True:
            amount = 0
            for k in range(begin, begin + m.used[AMOUNT, number]):
                if abs(m.chosen[TURNS, k]) > turn:
                    m.chosen[CHOSEN, amount] = m.chosen[ENTRY, k]
                    m.chosen[SIGN, amount] = 1 if m.chosen[TURNS, k] > 0 else -1
                    amount += 1
            if amount == 0:
                break
            m.counts[step, number, WROTE] = 1
            if m.settings[COUNTING]:
                count_rows(m, step, number, amount)
            pulse(m, step, number, amount)
            turn += 1
    return drawn


@compiled
def _fill(m: Machine, layer: int, rows: FloatArray, columns: FloatArray) -> int:
    """List the weights of each block that get pulses, with their numbers; return the draws."""
    blocks, used = m.blocks, m.used[RULE_USED, 0]
    begin = used
    first, last = m.layers[FIRST_BLOCK, layer], m.layers[FIRST_BLOCK, layer + 1]
    for number in range(first, last):
        m.used[AMOUNT, number] = 0
    while first < last:
        beside = first + 1
        while beside < last and blocks[beside, TOP] == blocks[first, TOP]:
            beside += 1
        for i in range(blocks[first, ROWS]):
            value = rows[blocks[first, TOP] + i]
            if value != 0.0:
                for number in range(first, beside):
                    used = _fill_row(m, number, i, value, columns, used)
        first = beside
    m.used[RULE_USED, 0] = used
    return int(used - begin)


@compiled
def _fill_row(
    m: Machine, number: int, row: int, value: float, columns: FloatArray, used: int
) -> int:
    """List the weights of one row of a block; return where the drawn numbers end."""
    block, most = m.blocks[number], float(m.settings[MOST])
    left, width = block[LEFT], block[COLUMNS]
    end = block[CELL] + m.used[AMOUNT, number]
    for j in range(width):
        if columns[left + j] == 0.0:
            continue
        wanted = value * columns[left + j]
        size = min(abs(wanted), most)
        if m.settings[ROUNDING] == NEAREST:
            turns = int(np.rint(size))
        else:
            turns = int(np.floor(size + m.rule[used]))
            used += 1
        if turns:
            m.chosen[ENTRY, end] = row * width + j
            m.chosen[TURNS, end] = turns if wanted > 0.0 else -turns
            end += 1
    m.used[AMOUNT, number] = end - block[CELL]
    return used
