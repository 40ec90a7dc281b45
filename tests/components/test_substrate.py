"""Substrate: what reads return, what writes do, and what both count."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.components.substrate import Coupled, Substrate
from archsim.components.substrate_log import rounded_quotients
from archsim.errors import InputError, SpecError
from archsim.trace import COUNT_SCALE, OpKind, Phase, Recorder

NOISY = {
    "static_spread": 0.1,
    "read_noise": 0.05,
    "response_spread": 0.3,
    "response_noise": 0.3,
    "stuck_low": 0.05,
    "stuck_high": 0.05,
}
FORMS = ("balanced", "reference")


def make(behaviour, shape, *, seed=1, recorder=None):
    return Substrate(behaviour, {"w": shape}, seed=seed, recorder=recorder)


def programmed(behaviour, weights, *, seed=1, recorder=None, verify=False):
    substrate = make(behaviour, weights.shape, seed=seed, recorder=recorder)
    with substrate.segment(epoch=-1, step=0, phase=Phase.INITIALISE):
        substrate.program("w", weights, verify=verify)
    return substrate


def weights_of(shape, *, seed=0):
    return np.random.default_rng(seed).uniform(-0.8, 0.8, shape)


def inputs_of(rows, *, samples=1, seed=3):
    return np.random.default_rng(seed).uniform(-1, 1, (samples, rows))


class Traced:
    """A substrate whose ops are kept."""

    def __init__(self, behaviour, shape, **kwargs):
        self.ops = []
        self.recorder = Recorder(lambda segment: self.ops.extend(segment.ops))
        self.substrate = make(behaviour, shape, recorder=self.recorder, **kwargs)

    def segment(self):
        self.ops.clear()
        return self.substrate.segment(epoch=0, step=1, phase=Phase.UPDATE)

    def counts(self):
        return {(name, plane): count for name, _, plane, count in self.ops[-1].counts}


@pytest.mark.parametrize("form", FORMS)
def test_open_loop_writing_lands_within_the_programming_error(behaviour, form):
    wanted = weights_of((7, 6))
    found = programmed(behaviour(weight_form=form), wanted).weights("w")
    full_scale = 98 if form == "balanced" else 49
    assert np.abs(found - wanted).max() < 6 * 2**0.5 * 1 / full_scale
    assert np.abs(found - wanted).max() > 0


@pytest.mark.parametrize("form", FORMS)
def test_verify_brings_cells_within_the_tolerance_in_spite_of_static_spread(behaviour, form):
    wanted = 0.3 * weights_of((7, 6))
    chip = behaviour(weight_form=form, static_spread=0.1, response_noise=0.3)
    planes, full_scale = (2, 98) if form == "balanced" else (1, 49)
    error = programmed(chip, wanted, verify=True).weights("w") - wanted
    if form == "reference":  # the reference cells keep their spread, one a row
        error -= error.mean(axis=1, keepdims=True)
        planes = 2
    assert np.abs(error).max() <= planes * 4 / full_scale + 1e-6


def test_bursts_reach_the_same_tolerance_with_fewer_check_reads(behaviour):
    wanted = 0.3 * weights_of((7, 6))
    cell = {"pulses_up": 200, "pulses_down": 200, "static_spread": 0.1}
    single = programmed(behaviour(**cell), wanted, verify=True)
    burst = programmed(
        behaviour(**cell, cell__verify_burst="{value: 50, source: test}"), wanted, verify=True
    )
    assert single.tuned.reads == single.tuned.pulses + single.tuned.devices
    assert burst.tuned.reads < single.tuned.reads / 5
    assert burst.tuned.pulses > 5 * burst.tuned.devices
    assert [one.tuned.within for one in (single, burst)] == [84, 84]


@pytest.mark.parametrize("form", FORMS)
def test_a_read_multiplies_by_the_weights(behaviour, form):
    substrate = programmed(behaviour(weight_form=form, adc__bits=16), weights_of((7, 6)))
    x = substrate.driven(inputs_of(7, samples=5))
    expected = 0.1 * x @ substrate.weights("w")
    np.testing.assert_allclose(substrate.read("w", x, gain=0.1), expected, atol=2e-5)


@pytest.mark.parametrize("form", FORMS)
def test_a_transposed_read_multiplies_by_the_same_weights(behaviour, form):
    substrate = programmed(behaviour(weight_form=form, adc__bits=16), weights_of((7, 6)))
    y = substrate.driven(inputs_of(6, samples=5))
    expected = 0.1 * y @ substrate.weights("w").T
    found = substrate.read("w", y, gain=0.1, transposed=True)
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("form", FORMS)
def test_blocks_add_up_to_the_whole_matrix(behaviour, form):
    chip = behaviour(weight_form=form, adc__bits=16)
    substrate = programmed(chip, weights_of((19, 12)))
    assert len(substrate.blocks) == 3 * 2
    x = substrate.driven(inputs_of(19, samples=4))
    whole = x @ substrate.weights("w")
    np.testing.assert_allclose(substrate.read("w", x, gain=0.1), 0.1 * whole, atol=1e-4)
    np.testing.assert_allclose(substrate.sums("w", x), whole, atol=1e-3)
    y = substrate.driven(inputs_of(12, samples=4))
    back = y @ substrate.weights("w").T
    found = substrate.read("w", y, gain=0.1, transposed=True)
    np.testing.assert_allclose(found, 0.1 * back, atol=1e-4)


def test_each_block_row_is_converted_before_the_sum(behaviour):
    substrate = programmed(behaviour(), np.ones((16, 1)) * 0.9)
    x = np.ones((1, 16))
    assert substrate.read("w", x, gain=1.0)[0, 0] == 2.0  # two blocks, each at full scale


def test_two_passes_convert_positive_and_negative_inputs_apart(behaviour):
    weights = np.full((4, 1), 0.9)
    x = np.array([[1.0, 1.0, -1.0, -1.0]])
    once = programmed(behaviour(), weights).read("w", x, gain=0.5)
    twice = programmed(behaviour(input_drive="two_pass"), weights).read("w", x, gain=0.5)
    np.testing.assert_allclose(once, twice, atol=2 / 127)


@pytest.mark.parametrize(("bits", "values"), [(1, [-1.0, 1.0]), (2, [-1.0, 0.0, 1.0])])
def test_converters_report_few_values_with_few_bits(behaviour, bits, values):
    substrate = make(behaviour(adc__bits=bits), (4, 4))
    found = substrate.converted(np.linspace(-3, 3, 101))
    assert sorted(set(found.tolist())) == values


def test_read_noise_has_the_size_that_independent_devices_give(behaviour):
    chip = behaviour(read_noise=0.05, programming_error="1e-3 uS")
    substrate = programmed(chip, np.zeros((4, 1)))
    sums = substrate.sums("w", np.ones((20_000, 4)), evaluate=True)
    expected = 0.05 * (51 / 98) * 8**0.5
    assert sums.std() == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("form", FORMS)
def test_evaluation_and_recording_change_no_learnt_bit(behaviour, form):
    chip = behaviour(weight_form=form, **NOISY)
    found = []
    for recorder, evaluations in ((None, 0), (Recorder(), 0), (None, 3)):
        substrate = programmed(chip, weights_of((7, 6)), recorder=recorder)
        reads = []
        for step in range(20):
            with substrate.segment(epoch=0, step=step, phase=Phase.FREE):
                y = substrate.read("w", inputs_of(7, seed=step), gain=0.3)
                for _ in range(evaluations):
                    substrate.read("w", inputs_of(7), gain=0.3, evaluate=True)
                rows = np.sign(inputs_of(7, seed=step)[0]).astype(np.int8)
                substrate.pulse("w", rows, np.sign(y[0]).astype(np.int8))
            reads.append(y)
        found.append((np.array(reads).tobytes(), substrate.weights("w").tobytes()))
    assert found[0] == found[1] == found[2]


def test_another_seed_gives_other_devices(behaviour):
    chip = behaviour(**NOISY)
    one, two = (programmed(chip, weights_of((7, 6)), seed=seed).weights("w") for seed in (1, 2))
    assert (one != two).mean() > 0.9


def test_blocks_have_streams_of_their_own(behaviour):
    chip = behaviour(static_spread=0.1)
    substrate = Substrate(chip, {"a": (7, 6), "b": (7, 6)}, seed=1)
    with substrate.segment(epoch=-1, step=0, phase=Phase.INITIALISE):
        for name in "ab":
            substrate.program(name, np.zeros((7, 6)))
    assert (substrate.weights("a") != substrate.weights("b")).all()
    alone = Substrate(chip, {"b": (7, 6)}, seed=1)
    alone.program("b", np.zeros((7, 6)))
    np.testing.assert_array_equal(alone.weights("b"), substrate.weights("b"))


def test_stuck_cells_never_move(behaviour):
    substrate = make(behaviour(weight_form="reference", stuck_low=0.5, stuck_high=0.5), (7, 6))
    before = substrate.weights("w")
    np.testing.assert_allclose(np.abs(before), 1.0, atol=1e-5)
    substrate.program("w", weights_of((7, 6)))
    substrate.pulse("w", np.ones(7, dtype=np.int8), -np.ones(6, dtype=np.int8))
    np.testing.assert_array_equal(substrate.weights("w"), before)


def test_crossings_without_cells_are_zero_and_never_written(behaviour):
    traced = Traced(behaviour(density=0.25, **NOISY), (7, 6))
    substrate = traced.substrate
    (piece,) = substrate.pieces("w")
    there = piece.cells.exists
    assert np.count_nonzero(there) == round(0.25 * 42)
    ones = np.ones(7, dtype=np.int8), np.ones(6, dtype=np.int8)
    with traced.segment():
        substrate.program("w", weights_of((7, 6)), verify=True)
        substrate.program("w", weights_of((7, 6)), verify=False)
        assert substrate.pulse("w", *ones) == 2 * 10
    counts = traced.counts()
    assert [counts["array.pulse", plane] for plane in (0, 1)] == [10, 10]
    assert substrate.tuned.devices == 2 * 10
    assert np.all(substrate.weights("w")[~there] == 0.0)
    assert np.all(substrate.pulse_counts("w")[:, ~there] == 0)
    assert [len(one.updates) for one in substrate.cell_writes()] == [10, 10]


def test_only_weights_that_exist_are_told_their_pulses(behaviour):
    traced = Traced(behaviour(density=0.25), (7, 6))
    with traced.segment():
        traced.substrate.pulse_trains("w", np.full((7, 6), 2), most=3)
    bits = 1 + 2  # a sign, and up to three pulses
    assert traced.ops[-1].input_bits == 10 * bits


def test_a_read_counts_existing_cells_only(behaviour):
    traced = Traced(behaviour(density=0.5), (7, 6))
    with traced.segment():
        traced.substrate.read("w", np.ones((1, 7)), gain=1.0)
    bottom = round(0.02 * COUNT_SCALE)  # all devices in state 0: 2 of 100 uS
    assert [traced.counts()["array.cell_read", plane] for plane in (0, 1)] == [21 * bottom] * 2


def test_full_density_draws_nothing(behaviour):
    sparse, dense = (make(behaviour(density=one, **NOISY), (7, 6)) for one in (0.5, 1.0))
    (some,), (every,) = sparse.pieces("w"), dense.pieces("w")
    np.testing.assert_array_equal(some.cells.level, every.cells.level * some.cells.exists)
    assert every.cells.exists.all()


def test_missing_cells_are_refused_where_they_would_be_weights(behaviour):
    expected = r"density: expected 1 with weight_form reference, got 0\.5"
    with pytest.raises(SpecError, match=expected):
        behaviour(density=0.5, weight_form="reference")


def test_pulses_move_both_cells_of_a_pair_and_are_counted(behaviour):
    substrate = programmed(behaviour(), np.zeros((3, 2)))
    before = substrate.weights("w")
    rows, columns = np.array([1, 0, -1], dtype=np.int8), np.array([1, -1], dtype=np.int8)
    assert substrate.pulse("w", rows, columns) == 2 * 4
    moved = substrate.weights("w") - before
    np.testing.assert_array_equal(np.sign(moved), np.outer(rows, columns))
    assert substrate.pulse_counts("w")[:, 0].tolist() == [[3, 3], [3, 3]]  # two of them initial
    assert substrate.pulse_counts("w")[:, 1].tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize(
    ("scheme", "signed", "binary"),
    [("parallel", 4, 2), ("row_serial", 2 * 7, 2 * 7), ("device_serial", 42, 42)],
)
def test_slots_of_an_outer_product(behaviour, scheme, signed, binary):
    columns = np.array([1, -1, 1, -1, 1, -1], dtype=np.int8)
    mixed = np.array([1, -1, 1, -1, 1, -1, 1], dtype=np.int8)
    for rows, slots in ((mixed, signed), (np.abs(mixed), binary)):
        traced = Traced(behaviour(write_scheme=scheme), (7, 6))
        with traced.segment():
            traced.substrate.pulse("w", rows, columns)
        assert (traced.ops[0].kind, traced.ops[0].slots) == (OpKind.WRITE, slots)
        assert traced.counts()["array.pulse", 0] == traced.counts()["array.pulse", 1] == 42


def test_single_signs_cannot_be_written_as_one_outer_product(behaviour):
    traced = Traced(behaviour(), (7, 6))
    signs = np.zeros((7, 6), dtype=np.int8)
    signs[0, 0], signs[1, 1], signs[1, 2] = 1, 1, -1
    with traced.segment():
        assert traced.substrate.pulse_cells("w", signs) == 2 * 3
    assert traced.ops[0].slots == 3


def test_a_read_counts_conductance_times_squared_drive(behaviour):
    traced = Traced(behaviour(weight_form="reference", programming_error="1e-3 uS"), (3, 2))
    with traced.segment():
        traced.substrate.program("w", np.zeros((3, 2)))
        traced.substrate.read("w", np.array([[1.0, 0.0, -1.0]]), gain=0.1)
    counts = traced.counts()
    middle = 0.51 * COUNT_SCALE  # two driven rows of three cells each, the reference included
    assert counts["array.cell_read", 0] == pytest.approx(6 * middle, rel=1e-4)
    assert counts["dac.drive", 0] == 2
    assert counts["adc.convert", -1] == counts["tia.sample", -1] == 2


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=20), st.integers(1, 10**6))
def test_quotients_round_half_to_even(values, divisor):
    found = rounded_quotients(np.array(values), divisor).tolist()
    assert found == [round(Fraction(value, divisor)) for value in values]


@pytest.mark.parametrize("form", FORMS)
def test_counts_of_many_samples_are_those_of_each(behaviour, form):
    wanted, x = weights_of((19, 12)), inputs_of(19, samples=7)
    totals = []
    for parts in ([x], np.split(x, 7)):
        recorder = Recorder()
        substrate = programmed(behaviour(weight_form=form), wanted, recorder=recorder)
        for part in parts:
            with substrate.segment(epoch=0, step=0, phase=Phase.EVALUATE):
                substrate.read("w", part, gain=0.1, evaluate=True)
        counts = dict(recorder.totals.counts)
        counts.pop(("evaluate", "controller.step"))
        totals.append((counts, recorder.totals.peaks))
    assert totals[0] == totals[1]


def test_pulse_counts_take_the_mean_conductance(behaviour):
    traced = Traced(behaviour(), (3, 2))
    substrate = traced.substrate
    levels = []
    with traced.segment():
        for _ in range(2):
            cells = substrate._pieces["w"][0].cells
            levels.append(cells.level.sum(axis=(1, 2)))
            if len(levels) == 1:
                substrate.pulse("w", np.ones(3, dtype=np.int8), np.ones(2, dtype=np.int8))
    for plane in (0, 1):
        mean = (levels[0][plane] + levels[1][plane]) / 2
        assert traced.counts()["array.cell_pulse", plane] == round(mean)


def test_half_selected_cells_share_one_line_with_a_pulsed_one(behaviour):
    traced = Traced(behaviour(weight_form="reference"), (4, 3))
    level = traced.substrate._pieces["w"][0].cells.level[0]
    reference = traced.substrate._pieces["w"][0].cells.reference_column[0]
    row, column = traced.substrate._pieces["w"][0].cells.reference_row[0], level
    signs = np.zeros((4, 3), dtype=np.int8)
    signs[0, 0] = 1
    with traced.segment():
        traced.substrate.pulse_cells("w", signs)
    expected = level[0, 1:].sum() + column[1:, 0].sum() + reference + row
    assert traced.counts()["array.half_select", 0] == expected


def test_peaks_are_the_largest_currents_on_a_line(behaviour):
    chip = behaviour(weight_form="reference", programming_error="1e-3 uS")
    recorder = Recorder()
    substrate = programmed(chip, np.zeros((3, 2)), recorder=recorder)
    with substrate.segment(epoch=0, step=0, phase=Phase.FREE):
        substrate.read("w", np.array([[1.0, -1.0, 0.5]]), gain=0.1)
        substrate.pulse("w", np.array([1, 1, 0], dtype=np.int8), np.array([1, 1], dtype=np.int8))
    middle = 0.51 * COUNT_SCALE
    cells = {"row": (3, 2), "column": (2.5, 2), "array": (7.5, 4)}
    for line, (read, write) in cells.items():
        assert recorder.totals.peaks[f"read_{line}"] == pytest.approx(read * middle, rel=5e-3)
        assert recorder.totals.peaks[f"write_{line}"] == pytest.approx(write * middle, rel=5e-3)


def test_a_settle_is_one_op_on_all_blocks(behaviour):
    ops = []
    recorder = Recorder(lambda segment: ops.extend(segment.ops))
    substrate = Substrate(behaviour(), {"a": (7, 6), "b": (6, 5)}, seed=1, recorder=recorder)
    x, h, y = inputs_of(7), inputs_of(6), inputs_of(5)
    with substrate.segment(epoch=0, step=0, phase=Phase.FREE):
        coupled = [Coupled("a", x, None, (True, False)), Coupled("b", h, y)]
        substrate.settled(coupled, neurons=11)
        substrate.convert("b", y)
    settle, convert = ops
    assert (settle.kind, settle.blocks) == (OpKind.SETTLE, substrate.blocks)
    assert {name for name, _, _, _ in settle.counts} == {
        "array.cell_settle",
        "dac.drive",
        "analog_neuron.settle",
        "controller.step",
    }
    assert (convert.kind, convert.after, convert.output_bits) == (OpKind.CONVERT, (0,), 40)


def test_ops_of_independent_writes_wait_for_the_same(behaviour):
    ops = []
    recorder = Recorder(lambda segment: ops.extend(segment.ops))
    substrate = Substrate(behaviour(), {"a": (7, 6), "b": (6, 5)}, seed=1, recorder=recorder)
    with substrate.segment(epoch=0, step=0, phase=Phase.UPDATE):
        substrate.operate({"random.draw": 3})
        with substrate.together():
            for name, (rows, columns) in substrate.shapes.items():
                ones = np.ones(rows, dtype=np.int8), np.ones(columns, dtype=np.int8)
                substrate.pulse(name, *ones)
        substrate.operate({"alu.operate": 1})
    assert [op.after for op in ops] == [(), (0,), (0,), (1, 2)]


def test_an_empty_matrix_is_refused(behaviour):
    with pytest.raises(InputError, match=r"matrix 'w': expected at least one row and one column"):
        make(behaviour(), (0, 3))
