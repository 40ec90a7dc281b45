"""Spikes one by one cost what they cost together, and take their time in their order."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.chip import build, read_chip
from archsim.engine import ReferenceEngine
from archsim.mapping.lower import Lowering
from archsim.mapping.lower_spikes import spike_segment
from archsim.mapping.place import place
from archsim.runs import run
from archsim.trace import Block, Op, OpKind, OpSeries, Phase, SpikeSegment
from archsim.workload import read_workload

BLOCKS = tuple(Block("weights", 0, column) for column in range(4))


@pytest.fixture
def lowering() -> Lowering:
    chip = build(read_chip("cbram_512k"))
    return Lowering(chip=chip, placement=place(BLOCKS, planes=1, chip=chip), joined=True)


def spikes(arrivals, moments, slots, *, real_time=True):
    """Return a segment in which each output spike reads rows of all arrays, then decides."""
    count = np.array(slots)
    reads = np.stack([count * 1000] * 4, axis=1)
    return SpikeSegment(
        epoch=0,
        step=0,
        phase=Phase.FORWARD,
        arrivals=np.array(arrivals, dtype=np.float64),
        arrival=Op(
            kind=OpKind.DIGITAL, phase=Phase.FORWARD, counts=(("register.write", -1, -1, 1),)
        ),
        moments=np.array(moments, dtype=np.float64),
        series=(
            OpSeries(
                kind=OpKind.READ,
                phase=Phase.FORWARD,
                names=tuple(("array.cell_read", block, 0) for block in range(4)),
                counts=reads,
                slots=count,
                blocks=BLOCKS,
            ),
            OpSeries(
                kind=OpKind.DIGITAL,
                phase=Phase.FORWARD,
                names=(("neuron.operate", -1, -1),),
                counts=np.full((len(moments), 1), 12),
                slots=np.ones(len(moments), dtype=np.int64),
            ),
        ),
        real_time=real_time,
    )


def started(lowering, trace):
    segment = spike_segment(lowering, trace)
    timing = ReferenceEngine(lowering.stations).run(segment)
    names = [lowering.stations[number].name for number in segment.station]
    return [(name, int(tick)) for name, tick in zip(names, timing.start_ticks, strict=True)], timing


ARRAYS = "array[0].array+array[1].array+array[2].array+array[3].array"
CLOCK = 833_300


def test_output_spike_waits_for_input_spikes_before_it(lowering):
    log, timing = started(lowering, spikes([1e-9, 1e-9, 5e-6], [2e-9], [3]))
    assert log == [
        ("control.register", 1_000_000),
        ("control.register", 1_000_000 + CLOCK),
        (ARRAYS, 1_000_000 + 2 * CLOCK),
        ("control.neuron", 1_000_000 + 2 * CLOCK + 150_000_000),
        ("control.register", 5_000_000_000),
    ]
    assert timing.end_tick == 5_000_000_000 + CLOCK


def test_output_spike_waits_for_the_one_before(lowering):
    log, _ = started(lowering, spikes([], [0.0, 1e-9], [2, 1]))
    arrays = [tick for name, tick in log if name == ARRAYS]
    assert arrays == [0, 100_000_000 + 12 * CLOCK]


def test_as_fast_as_possible_input_spikes_wait_for_the_output_spike_before(lowering):
    log, timing = started(lowering, spikes([1e-3, 3e-3], [2e-3], [1], real_time=False))
    assert log == [
        ("control.register", 0),
        (ARRAYS, CLOCK),
        ("control.neuron", CLOCK + 50_000_000),
        ("control.register", 13 * CLOCK + 50_000_000),
    ]
    assert timing.end_tick == 14 * CLOCK + 50_000_000


def test_nothing_at_all_is_a_segment_too(lowering):
    segment = spike_segment(lowering, spikes([], [], np.zeros(0, dtype=np.int64)))
    assert segment.task_count == 0


SMALL = {
    "epochs": "1",
    "dataset.train_count": "12",
    "dataset.test_count": "5",
    "readout.assign_count": "5",
    "readout.probes": "0",
}


def test_every_spike_apart_costs_what_all_cost_together():
    pytest.importorskip("sklearn")
    runs = {
        detail: run(
            read_workload("cbram_mnist:digits", settings=SMALL | {"storage.detail": detail}),
            "cbram_512k",
        )
        for detail in ("presentations", "spikes")
    }
    whole, apart = (runs[name].totals for name in ("presentations", "spikes"))
    assert apart.energy["training"] == whole.energy["training"]
    assert apart.training_time == pytest.approx(whole.training_time, rel=0.01)
    assert runs["spikes"].trace.counts == runs["presentations"].trace.counts
    assert runs["spikes"].book.visits > 12 * 50


def test_real_time_of_every_spike_lasts_its_windows():
    pytest.importorskip("sklearn")
    settings = SMALL | {"storage.detail": "spikes", "pacing": "real_time"}
    result = run(read_workload("cbram_mnist:digits", settings=settings), "cbram_512k")
    assert result.totals.training_time == pytest.approx(12 * 0.04, rel=1e-12)
