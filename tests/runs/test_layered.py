"""Runs of layered workloads: what the ledger shows of them."""

from __future__ import annotations

import pytest

from archsim.runs.audit import LedgerLine, Reported, audit
from archsim.runs.simulate import run

SMALL = {
    "workload.dataset.train_count": "12",
    "workload.dataset.test_count": "8",
    "workload.stop.max_epochs": "2",
}
STEPS = 12 * 2


def small(variant="", **others):
    return run(
        f"ecram_digits:{variant}".rstrip(":"), "ecram_2layer", seed=3, settings=SMALL, **others
    )


@pytest.fixture(scope="module")
def progressive():
    return small()


@pytest.fixture(scope="module")
def stored():
    return small("stored_gradients")


def counts(finished, component):
    rows = finished.ledger[finished.ledger.component == component]
    return rows.groupby(["phase", "action"])["count"].sum().to_dict()


def test_progressive_training_stores_no_gradient(progressive):
    assert counts(progressive, "gradient") == {}


def test_conventional_training_stores_a_word_for_each_weight_and_step(stored):
    words = (65 * 64 + 65 * 10) * STEPS
    assert counts(stored, "gradient") == {
        ("backward", "write"): words,
        ("update", "read"): words,
    }


def test_one_activity_and_one_error_vector_a_layer_is_kept(progressive):
    kept = counts(progressive, "buffer")
    assert kept["forward", "write"] == (64 + 64) * STEPS
    assert kept["backward", "write"] == (10 + 64) * STEPS


def test_a_step_takes_as_many_reads_and_writes_as_the_rule_says(progressive):
    totals = progressive.trace.counts
    assert totals["forward", "adc.convert"] == (64 + 10) * STEPS
    assert totals["backward", "adc.convert"] == 65 * STEPS
    assert progressive.learnt.reads == 3 * STEPS
    assert totals["update", "array.pulse"] == progressive.learnt.pulses


@pytest.mark.slow
def test_the_time_of_a_step_is_about_the_declared_one_over_a_whole_training():
    whole = run("ecram_digits", "ecram_2layer", seed=0)
    mean = whole.totals.training_time / whole.learnt.steps
    assert mean == pytest.approx(whole.machine.behaviour.step_period.value, rel=0.1)


def test_segments_that_were_merged_give_the_same_tables(progressive):
    single = small(events=lambda _: None)
    assert single.ledger.equals(progressive.ledger)
    assert single.metrics.equals(progressive.metrics)
    assert single.manifest() == progressive.manifest()
    assert single.trace == progressive.trace


VARIANTS = {
    "progressive": ("ecram_digits", "ecram_2layer"),
    "conventional": ("ecram_digits:conventional", "ecram_2layer"),
    "stored gradients": ("ecram_digits:stored_gradients", "ecram_2layer"),
    "deep": ("ecram_digits:deep", "ecram_2layer:four_arrays"),
    "transfer": ("ecram_digits:transfer", "ecram_2layer"),
    "memristors": ("ecram_digits:two_terminal", "taox_2layer"),
    "random crossings": ("ecram_digits:two_terminal", "taox_random_3d:quarter"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_audit_closes_at_zero(variant):
    finished = run(*VARIANTS[variant], seed=3, settings=SMALL)
    names = LedgerLine.__slots__
    reported = Reported(
        ledger=tuple(
            LedgerLine(**{name: row[name] for name in names})
            for row in finished.ledger.to_dict("records")
        ),
        energy=int(finished.totals.grand_energy * 10**24 * 10**9 * 2**20),
        time_ticks=int(finished.totals.grand_time * 10**15),
    )
    lines = audit(reported, finished.task, finished.machine, seed=3)
    assert lines
    assert [(line.check, line.item, line.difference) for line in lines if line.difference] == []


def test_accuracy_comes_with_energy_and_time(progressive):
    rows = progressive.metrics[progressive.metrics.metric == "test_accuracy"]
    assert rows.value.tolist() == list(progressive.learnt.course)
    assert rows.cumulative_energy_j.is_monotonic_increasing
    assert rows.cumulative_time_s.iloc[-1] == progressive.totals.training_time
