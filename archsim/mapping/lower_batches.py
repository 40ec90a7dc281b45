"""Lowering of batches: all ops of a segment at once, and all packets, as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.chip.chip import Chip
from archsim.errors import InputError
from archsim.mapping.accounts import DETAIL_LIMIT, Accounts
from archsim.mapping.lower import FRONT_END, PACE, Lowering
from archsim.mapping.lower_messages import Ways, ways
from archsim.mapping.program import IntArray, Segment
from archsim.mapping.rows import Rows, Sides, csr
from archsim.mapping.ticks import ticks
from archsim.trace import BatchSegment, OpBatch, OpKind

__all__ = ["batch_segment"]

BoolArray = NDArray[np.bool_]
_Places = slice | NDArray[np.intp]


class _Act(NamedTuple):
    """One column of counts, with where each falls."""

    role: str
    action: str
    tiles: IntArray
    counts: IntArray
    interval: IntArray
    """[fs]"""
    latency: IntArray
    """[fs]"""
    servers: IntArray
    account: IntArray


class _Ops(NamedTuple):
    """The visits of ops, and where each op begins and ends."""

    rows: list[Rows]
    sides: list[Sides]
    visits: IntArray
    begin: IntArray
    end: IntArray


def batch_segment(lowering: Lowering, trace: BatchSegment) -> Segment:
    """Return the program segment of batches.

    Parameters
    ----------
    lowering : Lowering
        Chip, placement and accounts.
    trace : BatchSegment
        What is done.

    Raises
    ------
    InputError
        If an op needs a component that the chip lacks, or a packet is longer than a buffer.

    Notes
    -----
    Tasks are numbered batch by batch; before the ops of a batch come the packets that the first of
    them waits for.
    """
    tasks, rows, sides = _tasks(lowering, trace)
    return Segment(
        epoch=trace.epoch,
        step=trace.step,
        phase=trace.phase.value,
        gap_ticks=0,
        repeat=trace.repeat,
        labels=(),
        **tasks,
        **csr(rows, sides, tasks["visit_offsets"]),
    )


def _tasks(
    lowering: Lowering, trace: BatchSegment
) -> tuple[dict[str, IntArray], list[Rows], list[Sides]]:
    """Return the arrays of tasks, with all visits and further counts in any order."""
    accounts = _accounts(lowering, trace.phase.value)
    ops = _lowered(lowering, trace, accounts)
    sizes = [len(batch) for batch in trace.batches]
    batch = np.repeat(np.arange(len(sizes)), sizes)
    source = int(np.argmax(lowering.chip.has_role("controller")))
    paths = ways(lowering, trace.messages, batch, ops.begin, ops.end, source)
    group = np.concatenate((2 * paths.batch, 2 * batch + 1))
    order = np.argsort(group, kind="stable")
    count = len(order)
    task = np.empty_like(order)
    task[order] = np.arange(count)
    packet, op = task[: len(paths.batch)], task[len(paths.batch) :]
    fork_of, flits = np.full(count, -1, dtype=np.int64), np.ones(count, dtype=np.int64)
    fork_of[packet], flits[packet] = paths.forks(packet), paths.flits
    visits = np.concatenate((paths.visits, ops.visits))[order]
    arrays = _dependencies(paths, packet, op, count) | {
        "release_ticks": np.zeros(count, dtype=np.int64),
        "flits": flits,
        "fork_of": fork_of,
        "visit_offsets": np.concatenate(([0], np.cumsum(visits))),
    }
    rows, sides = paths.rows(lowering, accounts, packet, trace.repeat)
    rows += [one._replace(task=op[one.task]) for one in ops.rows]
    sides += [one._replace(task=op[one.task]) for one in ops.sides]
    return arrays, rows, sides


def _accounts(lowering: Lowering, phase: str) -> Accounts:
    """Return where a phase is booked: tile by tile, or on very many tiles in series."""
    many = len(lowering.chip.tiles) > DETAIL_LIMIT
    return Accounts(
        lowering.accounts,
        lowering.chip,
        lowering.link_names,
        phase,
        series=many and not lowering.each_tile,
    )


def _dependencies(paths: Ways, packet: IntArray, op: IntArray, count: int) -> dict[str, IntArray]:
    """Return what every task waits for, without repeats."""
    owners, waits = paths.dependencies(packet, op)
    keys = np.sort(owners * count + waits)
    keys = keys[np.diff(keys, prepend=-1) > 0]
    owner, wait = np.divmod(keys, count)
    number = np.bincount(owner, minlength=count)
    return {
        "dependency_offsets": np.concatenate(([0], np.cumsum(number))),
        "dependencies": wait,
    }


def _lowered(lowering: Lowering, trace: BatchSegment, accounts: Accounts) -> _Ops:
    """Return the visits of all ops."""
    rows: list[Rows] = []
    sides: list[Sides] = []
    columns = []
    first = 0
    for batch in trace.batches:
        columns.append(_batch(lowering, batch, first, trace.repeat, accounts, rows, sides))
        first += len(batch)
    if not columns:
        none = np.zeros(0, dtype=np.int64)
        return _Ops(rows, sides, none, none, none)
    visits, begin, end = (np.concatenate(column) for column in zip(*columns, strict=True))
    return _Ops(rows, sides, visits, begin, end)


def _batch(
    lowering: Lowering,
    batch: OpBatch,
    first: int,
    repeat: int,
    accounts: Accounts,
    rows: list[Rows],
    sides: list[Sides],
) -> tuple[IntArray, IntArray, IntArray]:
    """Add the visits of a batch; return how many each op has, where it begins and where it ends."""
    acts = _acts(lowering, batch, accounts)
    ops = first + np.arange(len(batch))
    made = np.zeros(len(batch), dtype=np.int64)
    begin, end = np.full(len(batch), -1), np.full(len(batch), -1)

    def visit(at: _Places, act: _Act, station: IntArray, held: IntArray, done: IntArray) -> None:
        place = made[at].copy()
        rows.append(Rows(ops[at], place, station, held, done, act.account[at], act.counts[at]))
        begin[at] = np.where(begin[at] < 0, act.tiles[at], begin[at])
        end[at] = act.tiles[at]
        made[at] += 1

    front = [act for act in acts if act.role in FRONT_END]
    if front:
        main = next((act for act in front if act.role == "array"), front[0])
        length = _pace(lowering.chip, batch.kind, main) * batch.slots
        visit(slice(None), main, lowering.fabric.front(main.tiles), length, length)
        sides += [Sides(ops, act.account, act.counts) for act in front if act is not main]
    rest = [act for act in acts if act.role not in FRONT_END]
    for act in rest:
        each = act.counts // repeat
        held = -(-each // act.servers) * act.interval
        done = np.maximum(held - act.interval + act.latency, 1)
        timed = (act.latency > 0) & (act.counts > 0)
        if timed.any():
            at = _places(timed)
            station = lowering.fabric.part(act.tiles[at], act.role)
            visit(at, act, station, held[at], done[at])
        if not timed.all():
            at = _places(~timed)
            sides.append(Sides(ops[at], act.account[at], act.counts[at]))
    idle = made == 0
    if idle.any():
        at = _places(idle)
        act = rest[0]._replace(account=np.full(len(batch), -1))
        station = lowering.fabric.part(act.tiles[at], act.role)
        visit(at, act, station, np.zeros_like(station), np.ones_like(station))
    return made, begin, end


def _places(which: BoolArray) -> _Places:
    """Return the places that are true, all of them as a slice, which copies nothing."""
    return slice(None) if which.all() else np.flatnonzero(which)


def _pace(chip: Chip, kind: OpKind, act: _Act) -> IntArray:
    """Return the ticks of one slot of the array, or of what stands for it."""
    wanted = PACE.get(kind, "")
    paces = [
        max(ticks(part.actions.get(wanted, part.actions[act.action]).latency), 1)
        if (part := table.get(act.role)) and act.action in part.actions
        else 1
        for table in chip.tables.values()
    ]
    return np.array(paces)[chip.class_of_tile[act.tiles]]


def _acts(lowering: Lowering, batch: OpBatch, accounts: Accounts) -> list[_Act]:
    """Return the counts of a batch with the components that they fall on.

    Raises
    ------
    InputError
        If the chip lacks one.
    """
    chip, numbers = lowering.chip, lowering.placement.numbers
    acts = []
    for place, (name, plane) in enumerate(batch.names):
        role, _, action = name.partition(".")
        tiles = numbers[batch.blocks, max(plane, 0)]
        holds = chip.has_role(role)
        if not holds[tiles].all():
            if not holds.any():
                message = (
                    f"chip {chip.name}: no tile has a component {role!r}, which the workload needs"
                )
                raise InputError(message)
            tiles = np.where(holds[tiles], tiles, np.argmax(holds))
        values = []
        classes = chip.class_of_tile[tiles]
        for number, (group, table) in enumerate(chip.tables.items()):
            found = table[role].actions.get(action) if role in table else None
            if found is None and (classes == number).any():
                message = (
                    f"chip {chip.name}: {group}.{role} cannot {action}, which the workload needs"
                )
                raise InputError(message)
            values.append(
                (ticks(found.interval), ticks(found.latency), table[role].servers)
                if found
                else (0, 0, 1)
            )
        interval, latency, servers = np.array(values, dtype=np.int64)[classes].T
        account = accounts.of_nodes(tiles, role, action)
        counts = batch.counts[:, place]
        acts.append(_Act(role, action, tiles, counts, interval, latency, servers, account))
    return acts
