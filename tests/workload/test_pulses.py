"""Pulses: which weights are pulsed for a wanted change."""

import numpy as np
import pytest

from archsim.components.substrate import Substrate
from archsim.errors import SpecError
from archsim.trace import OpKind, Phase, Recorder
from archsim.workload.pulses import PulseDescription, Pulser
from archsim.workload.rules import Change

SHAPE = (6, 5)


class Bench:
    """A pulser whose pulses are kept and not applied."""

    def __init__(self, behaviour, **settings):
        self.ops = []
        self.written = []
        recorder = Recorder(lambda segment: self.ops.extend(segment.ops))
        self.substrate = Substrate(behaviour, {"w": SHAPE}, seed=0, recorder=recorder)
        description = PulseDescription(**settings)
        self.pulser = Pulser(description, self.substrate, np.random.default_rng(0))
        self.substrate.pulse = self.pulse
        self.substrate.pulse_cells = self.pulse_cells

    def pulse(self, _, rows, columns):
        self.written.append(np.multiply.outer(rows, columns))
        return 0

    def pulse_cells(self, _, signs):
        self.written.append(signs)
        return 0

    def segment(self):
        return self.substrate.segment(epoch=0, step=0, phase=Phase.UPDATE)

    def apply(self, rows, columns, times=1):
        change = Change("w", np.array(rows, dtype=float), np.array(columns, dtype=float))
        for _ in range(times):
            with self.segment():
                self.pulser.apply([change])
        return np.mean(self.written, axis=0)


ROWS = [1, -1, 1, 0.5, 0, -0.25]
COLUMNS = [0.6, -0.6, 0.1, 0.3, 0]


def test_lines_above_the_threshold_are_pulsed_without_a_draw(ideal):
    bench = Bench(ideal(), threshold=(0.2,), slope=(0.0,))
    signs = bench.apply([1, -1, 1, 1, -1, 0], COLUMNS)
    np.testing.assert_array_equal(signs, np.outer([1, -1, 1, 1, -1, 0], [1, -1, 0, 1, 0]))
    assert bench.ops == []


def test_lines_are_drawn_in_proportion_to_activity_and_difference(ideal):
    bench = Bench(ideal(), threshold=(0.2,), slope=(1.0,), row_share=(0.8,))
    mean = bench.apply(ROWS, COLUMNS, times=4000)
    expected = np.outer(0.8 * np.array(ROWS), [0.6, -0.6, 0, 0.3, 0])
    np.testing.assert_allclose(mean, expected, atol=0.025)
    assert bench.ops[0].counts == (("random.draw", -1, -1, 5 + 3),)


def test_every_write_of_lines_is_an_outer_product(ideal):
    bench = Bench(ideal(), threshold=(0.2,), slope=(1.0,), row_share=(0.8,))
    bench.apply(ROWS, COLUMNS, times=50)
    assert max(np.linalg.matrix_rank(signs) for signs in bench.written) == 1


def test_cells_are_drawn_in_proportion_to_their_wanted_change(ideal):
    bench = Bench(ideal(), select="cells", threshold=(0.02,), slope=(1.5,))
    mean = bench.apply(ROWS, COLUMNS, times=4000)
    wanted = np.outer(ROWS, COLUMNS)
    expected = 1.5 * wanted * (np.abs(wanted) > 0.02)
    np.testing.assert_allclose(mean, expected, atol=0.03)


def test_a_batch_adds_up_before_it_is_written(ideal):
    bench = Bench(ideal(), select="cells", threshold=(1.5,), slope=(0.0,), batch=3)
    change = Change("w", np.ones(6), np.array([1.0, -1.0, 0.5, 0.0, 0.4]))
    with bench.segment():
        bench.pulser.add([change])
    with bench.segment():
        bench.pulser.add([change])
        bench.pulser.flush()
    np.testing.assert_array_equal(bench.written[0], np.outer(np.ones(6), [1, -1, 0, 0, 0]))
    assert [op.kind for op in bench.ops] == [OpKind.DIGITAL, OpKind.DIGITAL]
    assert bench.ops[0].counts == (
        ("alu.operate", -1, -1, 30),
        ("accumulator.add", -1, -1, 30),
    )


def test_a_batch_of_lines_is_refused(workload):
    with pytest.raises(SpecError, match="expected select: cells for a batch of 9, got lines"):
        workload(pulses__batch=9)
