"""Gains of a spiking training: arithmetic on its counts, each gain by itself."""

from __future__ import annotations

import pytest

from archsim.analysis import energy
from archsim.analysis.gains import (
    algorithm_gain,
    clocked,
    device_gain,
    programming,
    repriced,
    sparsity,
    total_gain,
)
from archsim.chip import read_chip
from archsim.errors import InputError
from archsim.report.gains import gains_section, memories, pruning_section
from archsim.report.page import Page, page_markdown
from archsim.runs import run

pytest.importorskip("sklearn")

SMALL = {
    "workload.epochs": "1",
    "workload.dataset.train_count": "300",
    "workload.dataset.test_count": "50",
    "workload.readout.assign_count": "100",
    "workload.readout.probes": "0",
}
THREE_QUARTERS = {
    "workload.pruning": "{method: soft, fraction: 0.75, timing: during, key: quiet, value: -1, stages: [{at: 0.2, share: 1}]}"
}


def trained(chip="cbram_512k", **settings):
    return run("cbram_mnist:digits", chip, settings=SMALL | settings)


@pytest.fixture(scope="module")
def whole():
    return trained()


@pytest.fixture(scope="module")
def pruned():
    return trained(**THREE_QUARTERS)


@pytest.mark.slow
def test_another_price_set_costs_what_a_run_on_that_chip_costs(whole):
    for name in ("rram", "pcm", "sram"):
        chip = read_chip(f"cbram_512k:{name}")
        assert (
            repriced(whole, chip).totals.energy["training"]
            == (trained(chip=f"cbram_512k:{name}").totals.energy["training"])
        )


def test_programming_is_the_switched_cells_at_their_price(whole):
    switched = sum(
        tally.count
        for _, account, tally in whole.book.actions()
        if account.action in {"set", "reset"} and account.phase == "update"
    )
    assert switched == whole.learnt.activity.sets + whole.learnt.activity.resets
    assert programming(whole).nominal == pytest.approx(switched * 0.15e-12, rel=1e-12)


def test_the_gain_of_the_device_is_that_of_a_pulse(whole):
    activity = whole.learnt.activity
    phase_change = 10.1 * activity.sets + 7.2 * activity.resets
    metal = 0.15 * (activity.sets + activity.resets)
    found = device_gain(whole, read_chip("cbram_512k:pcm"))
    assert found.nominal == pytest.approx(phase_change / metal, rel=1e-9)
    assert found.low < found.nominal < found.high


def test_sparsity_is_rows_and_moments_that_are_not_read(whole):
    activity = whole.learnt.activity
    found = sparsity(whole)
    assert found.rows == 48 * activity.output_spikes / activity.rows_read
    assert found.moments == 31 * activity.presentations / activity.output_spikes
    assert found.reads == 31 * 48 * activity.presentations / activity.rows_read


def test_a_clocked_machine_pays_for_every_row_in_each_millisecond(whole):
    reads = energy(whole, keep=lambda one: one.phase == "forward").nominal
    rest = energy(whole).nominal - reads
    neurons = energy(whole, keep=lambda one: one.component == "neuron").nominal
    timers = energy(whole, keep=lambda one: one.component == "register").nominal
    found = sparsity(whole)
    rows = reads - neurons - timers
    expected = rest + timers + found.reads * rows + found.moments * neurons
    assert clocked(whole).nominal == pytest.approx(expected, rel=1e-9)


def test_all_together_is_a_quotient_and_no_product(whole, pruned):
    chip = read_chip("cbram_512k:pcm")
    found = total_gain(whole, pruned, chip).nominal
    assert found == clocked(repriced(whole, chip)).nominal / energy(pruned).nominal
    product = device_gain(whole, chip).nominal * algorithm_gain(whole, pruned).nominal
    assert abs(found / product - 1) > 0.1


def test_only_chips_that_behave_alike_can_lend_their_prices(whole):
    for settings, message in (
        ({"behaviour.weight_bits": "4"}, "expected the behaviour of cbram_512k"),
        ({"layout": '["array[0..7]", control]'}, "expected the tiles and links of cbram_512k"),
    ):
        with pytest.raises(InputError, match=message):
            repriced(whole, read_chip("cbram_512k", settings=settings), name="other")


def test_other_workloads_have_no_such_gains():
    done = run("madem_braille", "madem_64", settings={"workload.test.copies": "1"})
    assert gains_section(done) is None
    with pytest.raises(InputError, match=r"expected the training of a workload of kind spiking"):
        sparsity(done)


def test_rows_read_as_inputs_come_and_go_have_no_clocked_counterpart():
    done = trained(**{"workload.storage.reads": "at_input_spikes"})
    with pytest.raises(InputError, match=r"expected storage.reads at_output_spikes"):
        sparsity(done)


def test_memories_are_variants_that_differ_in_prices_and_times_only(whole):
    assert list(memories(whole)) == ["cbram_512k:rram", "cbram_512k:pcm", "cbram_512k:sram"]
    changed = trained(**{"chip.tiles.control.neuron.energy": "{value: 1 pJ, source: test}"})
    assert memories(changed) == {}


@pytest.mark.slow
def test_the_report_keeps_the_gains_apart(whole, pruned):
    sections = (gains_section(whole), pruning_section(whole, pruned))
    text = page_markdown(Page(title="t", sections=sections))
    for title in ("Other memories for the same trace", "Sparse events", "update attempts"):
        assert title in text
    assert "They are no products of the gains above" in text
