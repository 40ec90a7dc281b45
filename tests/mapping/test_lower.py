"""Ops become visits on the right stations, with the right times and counts."""

from __future__ import annotations

import pytest

from archsim.chip.build import build
from archsim.chip.read import read_chip
from archsim.engine import ReferenceEngine
from archsim.errors import InputError
from archsim.mapping.lower import Lowering, ticks
from archsim.mapping.place import place
from archsim.trace import Block, OpKind, Phase, Recorder

W = Block("w", 0, 0)
V = Block("v", 0, 0)


@pytest.fixture(scope="module")
def chip():
    return build(read_chip("madem_64"))


def lowered(chip, record, *, blocks=(W,), planes=2, joined=True):
    segments = []
    recorder = Recorder(segments.append)
    with recorder.segment(epoch=0, step=0, phase=Phase.FREE):
        record(recorder)
    placement = place(blocks, planes=planes, chip=chip)
    lowering = Lowering(chip=chip, placement=placement, joined=joined)
    return lowering, lowering.segment(segments[0])


def visits(lowering, segment):
    return [
        (lowering.stations[station].name, occupancy, latency)
        for station, occupancy, latency in zip(
            segment.station.tolist(),
            segment.occupancy_ticks.tolist(),
            segment.latency_ticks.tolist(),
            strict=True,
        )
    ]


def test_ticks_are_rounded_once_to_the_nearest_femtosecond():
    assert ticks(1 / 1.28e9) == 781_250
    assert ticks(0.8333e-9) == 833_300
    assert ticks(1.4e-15) == 1


def test_a_read_is_array_then_conversions_one_after_another(chip):
    def record(recorder):
        counts = {
            ("array.cell_read", 0, 0): 7,
            ("array.cell_read", 0, 1): 9,
            ("dac.drive", 0, 0): 61,
            ("adc.convert", 0, -1): 60,
        }
        recorder.op(OpKind.READ, blocks=(W,), counts=counts, slots=2)

    lowering, segment = lowered(chip, record)
    assert visits(lowering, segment) == [
        ("array[0].array+array[1].array", 200_000_000, 200_000_000),
        ("array[0].adc", 60 * 781_250, 60 * 781_250),
    ]
    booked = {
        (account.tile, account.component, account.action): count
        for numbers, counts in (
            (segment.account, segment.count),
            (segment.side_account, segment.side_count),
        )
        for account, count in zip(
            map(lowering.accounts.__getitem__, numbers.tolist()), counts.tolist(), strict=True
        )
    }
    assert booked == {
        ("array[0]", "array", "cell_read"): 7,
        ("array[1]", "array", "cell_read"): 9,
        ("array[0]", "dac", "drive"): 61,
        ("array[0]", "adc", "convert"): 60,
    }


def test_inputs_go_to_both_arrays_of_a_pair_and_results_back_to_the_control_tile(chip):
    def record(recorder):
        counts = {("array.cell_read", 0, 0): 1, ("adc.convert", 0, -1): 4}
        recorder.op(OpKind.READ, blocks=(W,), counts=counts, input_bits=300, output_bits=32)
        recorder.op(OpKind.DIGITAL, counts={("alu.operate", -1, -1): 4})

    lowering, segment = lowered(chip, record)
    names = [name for name, _, _ in visits(lowering, segment)]
    assert names == [
        "control->array[0]",
        "control->array[1]",
        "array[0].array+array[1].array",
        "array[0].adc",
        "array[0]->control",
        "control.alu",
    ]
    # 300 bits are two flits of 256; the packet is there one cycle of flight and one of tail later.
    cycle = 833_300
    assert visits(lowering, segment)[0][1:] == (2 * cycle, 2 * cycle)
    timing = ReferenceEngine(lowering.stations).run(segment)
    read, convert, alu = 100_000_000, 4 * 781_250, 4 * cycle
    assert timing.end_tick == 2 * cycle + read + convert + cycle + alu


def test_blocks_that_settle_together_are_one_station_and_clocked_ones_are_apart(chip):
    def record(recorder):
        for block in (W, V):
            recorder.op(
                OpKind.READ, blocks=(block,), counts={("array.cell_read", 0, 0): 1}, after=()
            )

    for joined, end in ((True, 200_000_000), (False, 100_000_000)):
        lowering, segment = lowered(chip, record, blocks=(W, V), planes=1, joined=joined)
        assert ReferenceEngine(lowering.stations).run(segment).end_tick == end


def test_a_network_that_needs_more_arrays_than_there_are_says_both_numbers(chip):
    message = r"needs 4 arrays \(w needs 2, v needs 2\), chip madem_64 has 2; take a chip"
    with pytest.raises(InputError, match=message):
        place((W, V), planes=2, chip=chip)


def test_an_act_that_no_component_can_do_is_refused(chip):
    def record(recorder):
        recorder.op(OpKind.DIGITAL, counts={("fft.operate", -1, -1): 1})

    with pytest.raises(InputError, match="chip madem_64: no tile has a component 'fft'"):
        lowered(chip, record)


def test_an_action_that_a_component_lacks_is_refused(chip):
    def record(recorder):
        recorder.op(OpKind.DIGITAL, counts={("alu.multiply", -1, -1): 1})

    with pytest.raises(InputError, match=r"control\.alu cannot multiply, which the workload needs"):
        lowered(chip, record)
