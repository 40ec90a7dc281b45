"""The roofline against arithmetic done by hand, and its ledger against itself."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from archsim.baseline import ROWS, Call, TrainingWork, evaluate, gpu_baselines, price_training
from archsim.baseline.roofline import book, nets_without_launch_bound, prices
from archsim.chip import read_chip
from archsim.errors import InputError
from archsim.frames import ledger_frame
from archsim.spec import with_values
from archsim.trace.ops import Phase
from archsim.workload import BackpropResult


def work(*calls, driver="bare", steps=3):
    return TrainingWork(driver=driver, steps=steps, batch=9, calls=calls)


def call(phase=Phase.FORWARD, *, kernels=1, flops=0, moved=0):
    return Call(name="call", phase=phase, kernels=kernels, flops=flops, bytes=moved)


# the GPU of conftest does 1 Tflop/s and 0.5 TB/s, and launches in 4 us
LAUNCH_BOUND = call(flops=10**6, moved=10**6)  # 1 us and 2 us against 4 us
COMPUTE_BOUND = call(Phase.BACKWARD, flops=10**7, moved=10**6)  # 10 us
MEMORY_BOUND = call(Phase.UPDATE, flops=10**6, moved=10**7)  # 20 us


@pytest.mark.parametrize(
    ("one", "micro_seconds"), [(LAUNCH_BOUND, 4), (COMPUTE_BOUND, 10), (MEMORY_BOUND, 20)]
)
def test_a_kernel_takes_the_longest_of_launch_operations_and_bytes(gpu, one, micro_seconds):
    assert price_training(gpu, work(one), name="row").training_time == Fraction(
        3 * micro_seconds, 10**6
    )


def test_power_by_state_is_busy_under_the_roofline_and_idle_above_it(gpu):
    baseline = price_training(gpu, work(LAUNCH_BOUND, COMPUTE_BOUND, MEMORY_BOUND), name="row")
    # of 3 x 34 us, 3 x (2 + 10 + 20) us are busy and 3 x 2 us idle
    assert baseline.training_time == Fraction(102, 10**6)
    assert baseline.training_energy == Fraction(96 * 200 + 6 * 80, 10**6)


def test_power_by_act_charges_operations_and_bytes_and_no_state(gpu_by_act):
    baseline = price_training(
        gpu_by_act, work(LAUNCH_BOUND, COMPUTE_BOUND, MEMORY_BOUND), name="row"
    )
    operations, moved = 3 * 12 * 10**6, 3 * 12 * 10**6
    assert baseline.training_energy == Fraction(operations * 10 + moved * 20, 10**12)
    assert list(baseline.book.states(baseline.prices)) == []


def test_energy_is_charged_by_state_or_by_act_but_never_by_both(gpu, gpu_by_act):
    by_state, by_act = prices(gpu), prices(gpu_by_act)
    assert {price for price, _ in by_state.actions.values()} == {0}
    assert list(by_state.leakage_aw) == [("gpu", "board", "idle"), ("gpu", "board", "busy")]
    assert {key[2] for key, price in by_act.actions.items() if price.price_yj} == {"flop", "byte"}
    assert by_act.leakage_aw == {}


def test_a_framework_call_binds_and_calls_without_kernels_cost_its_time(gpu):
    chosen = work(LAUNCH_BOUND, call(kernels=0), call(kernels=6), driver="framework")
    baseline = price_training(gpu, chosen, name="row")
    # 10 us for the first, 10 us for the one without kernels, 6 launches of 4 us for the last
    assert baseline.training_time == Fraction(3 * (10 + 10 + 24), 10**6)


def test_the_ledger_counts_what_the_network_asks_for(gpu):
    chosen = work(LAUNCH_BOUND, COMPUTE_BOUND, call(kernels=0), driver="framework")
    frame = ledger_frame(book(gpu, chosen), prices(gpu))
    counts = frame[~frame.action.str.startswith("static_")].groupby(["component", "action"])
    assert counts["count"].sum().to_dict() == {
        ("compute", "flop"): 3 * 11 * 10**6,
        ("host", "framework_call"): 9,
        ("launch", "kernel"): 6,
        ("memory", "byte"): 3 * 2 * 10**6,
    }


def test_sums_over_the_ledger_frame_are_the_totals(gpu):
    baseline = price_training(gpu, work(LAUNCH_BOUND, COMPUTE_BOUND, MEMORY_BOUND), name="row")
    frame = ledger_frame(baseline.book, baseline.prices)
    energy = sum(
        Fraction(int(count) * int(price), int(scale) * 10**24)
        for count, price, scale in zip(
            frame["count"], frame["price_yj"], frame["count_scale"], strict=True
        )
    )
    ticks = sum(int(n) for n in frame[frame.action.str.startswith("static_")]["count"])
    assert energy == baseline.training_energy
    assert Fraction(ticks, 10**15) == baseline.training_time


@pytest.mark.parametrize("row", list(ROWS))
def test_booked_and_evaluated_cost_agree_for_every_row(row, learnt):
    for reference in ("gpu_a100", "gpu_h100", "gpu_a100:by_act"):
        baseline = gpu_baselines(read_chip(reference), learnt, rows=[row])[row]
        cost = evaluate(baseline.gpu, baseline.work, nets=baseline.nets)
        assert float(cost.time) == pytest.approx(float(baseline.training_time), rel=1e-7)
        assert float(cost.energy) == pytest.approx(float(baseline.training_energy), rel=1e-7)


def test_no_part_is_busy_for_longer_than_the_training_lasts(learnt):
    for baseline in gpu_baselines(read_chip("gpu_a100"), learnt).values():
        assert max(baseline.book.busy_ticks) <= baseline.book.duration_ticks()


def test_draws_move_the_cost_as_the_constants_would(gpu):
    chosen = work(LAUNCH_BOUND, COMPUTE_BOUND, MEMORY_BOUND)
    draws = {
        "launch.time": np.array([1e-6, 30e-6]),
        "board.idle": np.array([50.0, 90.0]),
        "compute.efficiency": np.array([0.2, 0.05]),
    }
    drawn = evaluate(gpu, chosen, values=draws)
    for number in (0, 1):
        other = with_values(gpu, {path: float(array[number]) for path, array in draws.items()})
        one = evaluate(other, chosen)
        assert float(drawn.time[number]) == float(one.time)
        assert float(drawn.energy[number]) == float(one.energy)


def test_draws_beyond_what_can_be_are_taken_at_the_limit(gpu):
    chosen = work(COMPUTE_BOUND)
    far = {"compute.efficiency": np.array([3.0]), "board.busy": np.array([900.0])}
    at_the_limit = with_values(gpu, {"compute.efficiency": 1.0, "board.busy": 400.0})
    assert evaluate(gpu, chosen, values=far).energy[0] == evaluate(at_the_limit, chosen).energy


def test_a_path_that_is_no_constant_is_refused(gpu):
    with pytest.raises(InputError, match=r"^round: expected paths of constants, got board\.peak$"):
        evaluate(gpu, work(LAUNCH_BOUND), values={"board.peak": np.ones(1)})


class TestManyNetworksAtOnce:
    def test_as_many_as_leave_no_kernel_bound_by_its_launch(self, gpu):
        # 4 us / 2 us = 2 of the one, 4 us / 0.03 us = 133.3 of the other
        chosen = work(LAUNCH_BOUND, call(flops=30_000, moved=10_000))
        nets = nets_without_launch_bound(gpu, chosen)
        assert nets == 256
        by_roof = 3 * (2e-6 + 0.03e-6)
        assert float(evaluate(gpu, chosen, nets=nets).time) == pytest.approx(by_roof)
        assert float(evaluate(gpu, chosen, nets=100 * nets).time) == pytest.approx(by_roof)
        assert float(evaluate(gpu, chosen, nets=nets // 2).time) > by_roof

    def test_one_network_is_enough_where_no_launch_binds(self, gpu):
        assert nets_without_launch_bound(gpu, work(MEMORY_BOUND)) == 1

    def test_counts_are_of_one_network_and_launches_are_shared(self, gpu):
        baseline = price_training(gpu, work(LAUNCH_BOUND), name="row", nets=4)
        rows = {
            account.action: Fraction(tally.count, baseline.prices.actions[account[1:]].count_scale)
            for _, account, tally in baseline.book.actions()
        }
        assert rows == {"flop": 3 * 10**6, "byte": 3 * 10**6, "kernel": Fraction(3, 4)}

    def test_a_network_costs_never_more_than_alone(self, learnt):
        rows = gpu_baselines(read_chip("gpu_a100"), learnt)
        alone, shared = rows["bare_whole"], rows["amortised"]
        assert shared.nets > 1
        assert shared.training_energy < alone.training_energy
        assert shared.training_time < alone.training_time

    def test_a_framework_never_ends_to_bind(self, gpu):
        with pytest.raises(InputError, match="expected bare kernels, got work driven by a framew"):
            nets_without_launch_bound(gpu, work(LAUNCH_BOUND, driver="framework"))

    def test_fewer_than_one_network_is_refused(self, gpu):
        with pytest.raises(InputError, match="row: expected at least 1 network at once, got 0"):
            price_training(gpu, work(LAUNCH_BOUND), name="row", nets=0)


@pytest.fixture
def learnt():
    """One layer of 61 x 60 weights, learnt in 27 single or 3 whole steps."""
    return {
        batch: BackpropResult(
            batch=batch, steps=steps, epochs=3, met=True, shapes=((61, 60),), weights=()
        )
        for batch, steps in ((1, 27), (9, 3))
    }


def test_the_four_rows_follow_from_steps_and_calls(learnt):
    gpu = read_chip("gpu_a100")
    rows = gpu_baselines(gpu, learnt)
    launch, call_time = gpu.launch.time.value, gpu.host.call_time.value
    step = 15 * call_time + 6 * launch  # the loss alone launches six kernels in one call
    expected = {
        "bare_batch1": 27 * 5 * launch,
        "bare_whole": 3 * 5 * launch,
        "framework_batch1": 27 * step,
        "framework_whole": 3 * step,
    }
    assert {name: float(rows[name].training_time) for name in expected} == pytest.approx(expected)
    idle = {name: gpu.board.idle.value * time for name, time in expected.items()}
    energies = {name: float(rows[name].training_energy) for name in expected}
    assert energies == pytest.approx(idle, rel=0.05)  # bound by launches: hardly ever busy
