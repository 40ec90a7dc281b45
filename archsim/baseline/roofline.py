"""Roofline: time and energy of a training on a GPU, booked in the ledger that chips use."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.baseline.description import GpuDescription
from archsim.baseline.work import Call, TrainingWork
from archsim.errors import InputError
from archsim.ledger import Ledger, Price, Prices
from archsim.mapping.program import (
    AccountTable,
    Segment,
    SegmentBuilder,
    Station,
    StationTable,
    Visit,
)
from archsim.spec import constants
from archsim.trace.ops import Phase

__all__ = ["TILE", "Cost", "book", "evaluate", "nets_without_launch_bound", "prices"]

TILE = "gpu"
"""Name of the one tile of a GPU."""

FloatArray = NDArray[np.float64]
Values = Mapping[str, FloatArray]
"""Path of a constant, as `archsim.spec.constants` gives it → value in SI."""

_PARTS = ("compute", "memory", "launch", "host", "board", "link")
_COMPUTE, _MEMORY, _LAUNCH, _HOST, _BOARD, _LINK = range(len(_PARTS))
_ACTIONS = {
    _COMPUTE: "flop",
    _MEMORY: "byte",
    _LAUNCH: "kernel",
    _HOST: "framework_call",
    _LINK: "byte",
}
_STATIONS = StationTable(
    stations=tuple(Station(name=f"{TILE}.{part}", tile=TILE, component=part) for part in _PARTS)
)
_FEMTO = 10**15
_ATTO = 10**18
_YOCTO = 10**24


class Cost(NamedTuple):
    """What training one network costs; arrays where constants were drawn."""

    time: FloatArray
    """[s]"""
    energy: FloatArray
    """[J]"""


class _Times(NamedTuple):
    """Times [s] of one call, for all networks that are trained at once."""

    launch: FloatArray
    """Its kernels one after another, empty."""
    host: FloatArray
    """The framework; 0 for bare kernels."""
    compute: FloatArray
    memory: FloatArray
    link: FloatArray
    """A message, for each network over a link of its own, one after another."""

    @property
    def busy(self) -> FloatArray:
        """How long [s] the card computes or moves data."""
        return np.maximum(self.compute, self.memory)

    @property
    def card(self) -> FloatArray:
        """How long [s] the card is taken."""
        return np.maximum(np.maximum(self.launch, self.host), self.busy)

    @property
    def total(self) -> FloatArray:
        """How long [s] the call takes."""
        return self.card + self.link


def evaluate(
    gpu: GpuDescription, work: TrainingWork, *, nets: int = 1, values: Values | None = None
) -> Cost:
    """Return time and energy of training one network, for any number of draws at once.

    Parameters
    ----------
    gpu : GpuDescription
        Constants, at their nominal values where `values` says nothing else.
    work : TrainingWork
        What is done.
    nets : int
        Networks trained at once, their kernels batched; the cost is that of one of them.
    values : mapping of str to ndarray, optional
        Path → drawn values, all of one shape. Efficiencies above 1 count as 1, powers above the
        limit of the card as the limit.

    Returns
    -------
    Cost
        Unrounded; `book` rounds each call to a femtosecond.

    Notes
    -----
    A call takes max(k t_launch, t_call, F / (e_c P), B / (e_m W)) with k kernels, F operations, B
    bytes, peak rate P, bandwidth W and efficiencies e: the roofline model ([1]_, eq. 1) with the
    launch as a third roof. Calls do not overlap. By state, energy = P_idle (T − T_busy) + P_busy
    T_busy, where T_busy is the time below the roofline alone; by act, energy = F e_flop + B e_byte.
    A message of S bytes over the link takes t_delay + S / W_link more and S e_link of energy. It
    does not take the card, which may serve others and is not charged for waiting; nor do networks
    that are trained at once share a link.
    The draw of the host processor is left out.

    References
    ----------
    .. [1] S. Williams, A. Waterman, D. Patterson, "Roofline: an insightful visual performance
       model for multicore architectures", CACM 52(4), 2009, doi:10.1145/1498765.1498785.
    """
    chosen = _chosen(gpu, values)
    time = card = busy = np.zeros(())
    for call in work.calls:
        times = _times(chosen, call, work, nets)
        time = time + times.total
        card = card + times.card
        busy = busy + times.busy
    time, card, busy = (work.steps * part / nets for part in (time, card, busy))
    sent = work.sent * chosen["link.byte_energy"] if work.sent else np.zeros(())
    if gpu.power == "act":
        energy = (
            work.flops * chosen["compute.flop_energy"]
            + work.bytes * chosen["memory.byte_energy"]
            + sent
        )
        return Cost(time, np.broadcast_to(energy, time.shape))
    limit = chosen["board.limit"]
    idle = np.minimum(chosen["board.idle"], limit)
    energy = idle * (card - busy) + np.minimum(chosen["board.busy"], limit) * busy + sent
    return Cost(time, energy)


def nets_without_launch_bound(gpu: GpuDescription, work: TrainingWork) -> int:
    """Return how many networks, trained at once, leave no kernel bound by its launch.

    Parameters
    ----------
    gpu : GpuDescription
        Constants, taken at their nominal values.
    work : TrainingWork
        Bare kernels; a framework's own calls never end to bind.

    Returns
    -------
    int
        The smallest number, rounded up to a power of two. Beyond it the cost of each network no
        longer falls. The data of one kernel is then about launch time × bandwidth, megabytes, so
        the memory of the card sets no limit.

    Raises
    ------
    InputError
        If the work is driven by a framework.
    """
    if work.driver != "bare":
        message = f"networks at once: expected bare kernels, got work driven by a {work.driver}"
        raise InputError(message)
    chosen = _chosen(gpu, None)
    times = [_times(chosen, call, work, 1) for call in work.calls]
    needed = max(math.ceil(float(one.launch / one.busy)) for one in times if one.busy.any())
    return 1 << max(needed - 1, 0).bit_length()


def book(gpu: GpuDescription, work: TrainingWork, *, nets: int = 1) -> Ledger:
    """Return the ledger of training one network.

    Parameters
    ----------
    gpu : GpuDescription
        Constants, taken at their nominal values.
    work : TrainingWork
        What is done.
    nets : int
        Networks trained at once; times are divided by it, and kernels counted in 1/nets.

    Returns
    -------
    Ledger
        One segment a phase, epoch −1. All steps of a call stand as one visit at each part that it
        uses; where power is charged by state the part ``board`` is ``busy`` or ``idle``.
    """
    accounts = AccountTable()
    ledger = Ledger(accounts=accounts, stations=_STATIONS)
    chosen = _chosen(gpu, None)
    for phase in dict.fromkeys(call.phase for call in work.calls):
        calls = [call for call in work.calls if call.phase == phase]
        timed = [(call, _times(chosen, call, work, nets)) for call in calls]
        total = sum(_ticks(times.total, work, nets) for _, times in timed)
        card = sum(_ticks(times.card, work, nets) for _, times in timed)
        busy = sum(_ticks(times.busy, work, nets) for _, times in timed)
        segment = _segment(phase, timed, accounts, work, nets)
        zeros = np.zeros(segment.visit_count, dtype=np.int64)
        states = {(_BOARD, "idle"): card - busy, (_BOARD, "busy"): busy}
        ledger.add(
            segment,
            arrival_ticks=zeros,
            start_ticks=zeros,
            end_tick=total,
            state_ticks=states if gpu.power == "state" else None,
        )
    return ledger


def prices(gpu: GpuDescription, *, nets: int = 1) -> Prices:
    """Return the prices of a GPU's ledger: of acts or of power states, never of both.

    Parameters
    ----------
    gpu : GpuDescription
        Constants.
    nets : int
        Networks trained at once: kernels are counted in 1/nets.
    """
    by_act = gpu.power == "act"
    flop = round(Fraction(gpu.compute.flop_energy.value) * _YOCTO) if by_act else 0
    byte = round(Fraction(gpu.memory.byte_energy.value) * _YOCTO) if by_act else 0
    priced = {_COMPUTE: Price(flop, 1), _MEMORY: Price(byte, 1), _LAUNCH: Price(0, nets)}
    priced[_HOST] = Price(0, nets)
    if gpu.link is not None:
        priced[_LINK] = Price(round(Fraction(gpu.link.byte_energy.value) * _YOCTO), 1)
    states = {"idle": gpu.board.idle, "busy": gpu.board.busy}
    leakage = {
        (TILE, _PARTS[_BOARD], state): round(Fraction(power.value) * _ATTO)
        for state, power in states.items()
        if not by_act
    }
    actions = {(TILE, _PARTS[part], _ACTIONS[part]): price for part, price in priced.items()}
    return Prices(actions=actions, leakage_aw=leakage)


def _chosen(gpu: GpuDescription, values: Values | None) -> dict[str, FloatArray]:
    """Return every constant by its path, drawn or nominal."""
    given = values or {}
    known = constants(gpu)
    unknown = [path for path in given if path not in known]
    if unknown:
        raise InputError(f"{gpu.name}: expected paths of constants, got {', '.join(unknown)}")
    return {
        path: np.asarray(given.get(path, constant.value), dtype=np.float64)
        for path, constant in known.items()
    }


def _times(chosen: Values, call: Call, work: TrainingWork, nets: int) -> _Times:
    """Return the times of one call for `nets` networks at once."""
    flop_rate = chosen["compute.peak"] * np.minimum(chosen["compute.efficiency"], 1.0)
    byte_rate = chosen["memory.bandwidth"] * np.minimum(chosen["memory.efficiency"], 1.0)
    framework = 1.0 if work.driver == "framework" else 0.0
    return _Times(
        launch=call.kernels * chosen["launch.time"],
        host=framework * chosen["host.call_time"],
        compute=nets * call.flops / flop_rate,
        memory=nets * call.bytes / byte_rate,
        link=_message(chosen, call, nets),
    )


def _message(chosen: Values, call: Call, nets: int) -> FloatArray:
    """Return the time [s] of a call's messages of `nets` networks over the link."""
    if not call.sent:
        return np.zeros(())
    return nets * (chosen["link.delay"] + call.sent / chosen["link.bandwidth"])


def _ticks(time: FloatArray, work: TrainingWork, nets: int) -> int:
    """Return one network's share [fs] of all steps of a call, rounded once for a step."""
    return work.steps * round(float(time) / nets * _FEMTO)


def _segment(
    phase: Phase,
    timed: Iterable[tuple[Call, _Times]],
    accounts: AccountTable,
    work: TrainingWork,
    nets: int,
) -> Segment:
    """Return the calls of one phase, each as a task with one visit to every part it uses."""
    builder = SegmentBuilder(epoch=-1, phase=phase.value)
    for call, times in timed:
        uses = [
            (_COMPUTE, call.flops, times.compute),
            (_MEMORY, call.bytes, times.memory),
            (_LAUNCH, call.kernels, times.launch),
            (_HOST, int(work.driver == "framework"), times.host),
            (_LINK, call.sent, times.link),
        ]
        visits = []
        for part, count, time in uses:
            if count:
                ticks = _ticks(time, work, nets)
                account = accounts.number(phase.value, TILE, _PARTS[part], _ACTIONS[part])
                visits.append(Visit(part, ticks, max(ticks, 1), account, count * work.steps))
        builder.task(visits, label=call.name)
    return builder.build()
