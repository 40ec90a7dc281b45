"""Spiking workloads: what is learnt depends on nothing but seed and settings; counts add up; pruned
weights rest; faults are told."""

from __future__ import annotations

import functools
from collections import Counter

import numpy as np
import pytest

from archsim.chip import read_chip
from archsim.components.bit_sliced import substrate_of
from archsim.errors import InputError, SpecError
from archsim.runs import run
from archsim.runs.audit import LedgerLine, Reported, audit
from archsim.trace import Recorder
from archsim.workload import read_workload, train_spiking
from archsim.workload.spiking_layout import compacted, plain
from archsim.workload.spiking_pruning import pruned_set, recency_spread
from archsim.workload.spiking_readout import assigned, scores

pytest.importorskip("sklearn")

SMALL = {
    "epochs": "2",
    "readout.assign_count": "200",
    "dataset.test_count": "200",
    "readout.probes": "0",
}
HALF = "{method: soft, fraction: 0.5, timing: during, key: quiet, value: -1, stages: [{at: 0.5, share: 1}]}"


def small(variant="digits", **settings):
    return read_workload(f"cbram_mnist:{variant}", settings=SMALL | settings)


def learnt(task, *, recorder=None, seed=0, chip="cbram_512k", **settings):
    machine = read_chip(chip, settings=settings)
    substrate = substrate_of(machine.behaviour, task.shapes, seed=seed, recorder=recorder)
    measured = []
    result = train_spiking(task, substrate, seed=seed, on_metric=measured.append)
    return result, measured


@functools.cache
def known(**settings):
    """Return what `learnt` does of a small workload, learnt once for all tests."""
    return learnt(small(**settings))


@functools.cache
def counted(**settings):
    """Return the result and the recorder's totals, with every segment streamed; done once."""
    segments = []
    recorder = Recorder(segments.append)
    result, _ = learnt(small(**settings), recorder=recorder)
    return result, recorder, segments


class TestLearning:
    def test_is_the_same_for_the_same_seed(self):
        assert learnt(small())[0] == known()[0]

    def test_differs_with_the_seed(self):
        first, second = (learnt(small(), seed=seed)[0] for seed in (0, 1))
        assert first.activity.input_spikes != second.activity.input_spikes

    def test_is_the_same_with_and_without_a_recorder(self):
        bare, with_recorder = known()[0], counted()[0]
        assert bare.accuracy == with_recorder.accuracy
        assert bare.fired == with_recorder.fired
        assert bare.activity.changes == with_recorder.activity.changes

    def test_is_the_same_with_and_without_probes(self):
        plain_run, probed = known()[0], known(**{"readout.probes": "3"})
        assert plain_run == probed[0]
        steps = [row["step"] for row in probed[1] if row["metric"] == "probe_hard"]
        assert steps == [359, 719, 1438]

    def test_progress_rises_to_the_end_through_tests_too(self):
        machine, told = read_chip("cbram_512k"), []
        task = small(**{"readout.probes": "1", "readout.probe_count": "50"})
        substrate = substrate_of(machine.behaviour, task.shapes, seed=0)
        train_spiking(task, substrate, seed=0, progress=lambda *one: told.append(one))
        shares = [share for _, share in told]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        names = list(dict.fromkeys(text for text, _ in told))
        assert sorted(names) == ["assign", "epoch 1", "epoch 2", "test", "trained"]

    def test_learns_more_than_chance(self):
        result, _ = known(epochs="6")
        assert result.accuracy["hard"] > 0.6

    def test_does_not_depend_on_how_rows_are_read_or_images_paced(self):
        first = known()[0]
        other = known(**{"storage.reads": "at_input_spikes", "pacing": "real_time"})[0]
        assert first == other

    def test_every_attempt_is_a_live_weight_of_a_winner(self):
        activity = known()[0].activity
        assert activity.attempts == activity.output_spikes * 48
        assert 0 < activity.changes < activity.attempts

    def test_stuck_cells_hold_the_weights(self):
        note = "{value: 0.1, source: assumption, note: test}"
        stuck, _ = learnt(
            small(), **{"behaviour.cell.stuck_low": note, "behaviour.cell.stuck_high": note}
        )
        assert stuck != known()[0]

    def test_fewer_bits_are_fewer_values(self):
        result, _ = learnt(small(), **{"behaviour.weight_bits": "2"})
        assert result.accuracy["hard"] > 0.3


class TestTrace:
    def test_totals_are_the_same_streamed_or_not(self):
        silent = Recorder()
        learnt(small(pruning=HALF), recorder=silent)
        _, streamed, _ = counted(pruning=HALF)
        assert silent.totals.counts == streamed.totals.counts

    @pytest.mark.parametrize("group", [1, 7])
    def test_totals_do_not_depend_on_grouping(self, group):
        whole = counted(**{"storage.group": "10000"})[1]
        parts = counted(**{"storage.group": str(group)})[1]
        assert whole.totals.counts == parts.totals.counts

    def test_one_presentation_is_a_segment_that_reads_and_one_that_writes(self):
        _, _, segments = counted(epochs="1", **{"storage.group": "1"})
        phases = Counter(segment.phase.value for segment in segments)
        assert 1300 < phases["update"] <= 1438
        assert 1300 < phases["forward"] <= 1438

    def test_counts_follow_from_the_activity(self):
        result, recorder, _ = counted()
        activity, counts = result.activity, recorder.totals.counts
        assert counts["forward", "array.cell_read"] == activity.rows_read * 100 * 8
        assert counts["forward", "accumulator.add"] == activity.rows_read * 100
        assert counts["forward", "register.write"] == activity.input_spikes
        assert counts["forward", "neuron.operate"] == activity.output_spikes * 100
        assert counts["update", "alu.operate"] == activity.attempts
        assert counts["update", "array.set"] == activity.sets
        assert counts["update", "array.reset"] == activity.resets
        assert activity.changes <= activity.sets + activity.resets <= 8 * activity.changes

    def test_rows_can_be_read_as_inputs_come_and_go(self):
        _, late, _ = counted()
        _, early, _ = counted(**{"storage.reads": "at_input_spikes"})
        name = ("forward", "array.cell_read")
        assert early.totals.counts[name] != late.totals.counts[name]
        assert (
            early.totals.counts["update", "array.set"] == late.totals.counts["update", "array.set"]
        )

    def test_costs_lie_where_spikes_and_updates_are(self):
        rare = '{value: "1 Hz", source: assumption, note: test}'
        often, seldom = (counted(**settings) for settings in ({}, {"firing.rate": rare}))
        factor = seldom[0].activity.output_spikes / often[0].activity.output_spikes
        assert factor < 0.01
        for name in (("forward", "array.cell_read"), ("update", "array.cell_read")):
            ratio = seldom[1].totals.counts[name] / often[1].totals.counts[name]
            assert ratio == pytest.approx(factor, rel=0.3)

    def test_pruning_in_place_switches_cells_off(self):
        _, recorder, segments = counted(pruning=HALF)
        _, plain_recorder, _ = counted()
        resets = [
            sum(
                count
                for op in segment.ops
                for name, _, _, count in op.counts
                if name == "array.reset"
            )
            for segment in segments
            if segment.phase.value == "update" and len(segment.ops) == 1
        ]
        assert len(resets) == 1
        assert resets[0] > 0
        name = ("update", "alu.operate")
        assert recorder.totals.counts[name] < plain_recorder.totals.counts[name]


class TestRun:
    def test_real_time_leaves_gaps_to_whole_windows(self):
        result = run(small(pacing="real_time", epochs="1"), "cbram_512k")
        assert float(result.totals.training_time) == pytest.approx(1438 * 0.04, rel=1e-12)
        fast = run(small(epochs="1"), "cbram_512k")
        assert fast.totals.energy["training"] == result.totals.energy["training"]
        assert fast.totals.training_time < 0.1 * result.totals.training_time
        assert result.totals.energy["static"] > fast.totals.energy["static"]

    def test_grouping_changes_no_energy_and_hardly_any_time(self):
        one, many = (
            run(
                small(epochs="1", **{"dataset.train_count": "200", "storage.group": str(n)}),
                "cbram_512k",
            ).totals
            for n in (4, 40)
        )
        assert one.energy["training"] == many.energy["training"]
        assert one.training_time == pytest.approx(many.training_time, rel=1e-3)

    @pytest.mark.parametrize("detail", ["presentations", "spikes"])
    def test_audit_closes_at_zero(self, detail):
        settings = {"storage.detail": detail, "dataset.train_count": "30", "pacing": "real_time"}
        done = run(small(**settings), "cbram_512k", events=True)
        names = LedgerLine.__slots__
        ledger = tuple(
            LedgerLine(**{name: row[name] for name in names})
            for row in done.ledger.to_dict("records")
        )
        reported = Reported(
            ledger=ledger,
            energy=int(done.totals.grand_energy * 10**24 * 10**9 * 2**20),
            time_ticks=int(done.totals.grand_time * 10**15),
            events=tuple(done.event_rows),
        )
        lines = audit(reported, done.task, done.machine, seed=0)
        assert [(line.check, line.item) for line in lines if line.difference] == []

    def test_too_short_a_window_is_late(self):
        short = '{value: "1 ms", source: assumption, note: test}'
        window = {"encoding.duration": short, "encoding.window": short, "pacing": "real_time"}
        slow = {"tiles.array.array.set_time": '{value: "1 ms", source: test}'}
        quick, late = (
            run(
                small(**window, **{"dataset.train_count": "50"}),
                read_chip("cbram_512k", settings=chip),
            )
            for chip in ({}, slow)
        )
        assert quick.totals.training_time == pytest.approx(50 * 2 * 1e-3, rel=1e-9)
        assert late.totals.training_time > quick.totals.training_time
        assert (quick.late_windows, late.late_windows > 0) == (0, True)

    def test_too_few_arrays_says_what_fits(self):
        with pytest.raises(
            InputError,
            match=r"By capacity 198,500 weights of 8 bits take 1,588,000 cells, 3\.03 arrays of 524,288; one array holds 65,536, so they fit one from 67 % pruned on, and only if what is left is compacted",
        ):
            run(read_workload("cbram_mnist"), "cbram_512k:single")

    def test_analog_weights_are_refused(self):
        machine = read_chip("madem_64")
        substrate = substrate_of(machine.behaviour, {"weights": (48, 100)}, seed=0)
        with pytest.raises(
            InputError,
            match=r"learning by spike timing needs whole weights on binary cells \(weight_form bit_sliced\); the chip has weight_form balanced on exponential cells",
        ):
            train_spiking(small(), substrate, seed=0)

    @pytest.mark.parametrize(
        ("workload", "settings"),
        [("madem_braille", {}), ("ecram_digits:transfer", {"dataset.train_count": "20"})],
    )
    def test_weights_between_codes_are_refused(self, workload, settings):
        chip = read_chip("cbram_512k", settings={"layout": '["array[0..31]", control]'})
        with pytest.raises(
            InputError,
            match=r"expected cells whose conductance can be set to a weight; cell model binary with weight_form bit_sliced lacks that",
        ):
            run(read_workload(workload, settings=settings), chip)

    def test_more_inputs_than_pixels_are_refused(self):
        with pytest.raises(
            InputError, match=r"inputs: expected at most 64, images have 8 x 8 pixels, got 65"
        ):
            known(inputs="65")


class TestPruning:
    def test_soft_pruned_weights_rest_at_the_constant(self):
        result, _ = known(pruning=HALF)
        assert result.pruned == 0.5
        whole = known()[0].activity
        assert 0.7 < result.activity.attempts / whole.attempts < 0.8

    def test_own_value_keeps_the_weights(self):
        own = HALF.replace("-1,", "own,")
        first, second = known(pruning=HALF)[0], known(pruning=own)[0]
        assert first.activity != second.activity
        assert second.pruned == 0.5

    def test_after_training_changes_no_update(self):
        after = "{method: conventional, fraction: 0.4, timing: after, key: smallest}"
        pruned, whole = known(pruning=after)[0], known()[0]
        assert pruned.activity == whole.activity
        assert pruned.accuracy != whole.accuracy

    def test_keys_choose_whom_they_say(self):
        task = small(pruning=HALF)
        weights = np.array([[-1.0, 0.1], [0.5, -0.4]])
        none = np.zeros((2, 2), dtype=bool)

        def chosen(key, share=1.0, already=none):
            pruning = task.pruning.model_copy(update={"key": key})
            return pruned_set(
                pruning,
                weights=weights,
                spread=np.array([0.5, 0.1]),
                already=already,
                share=share,
                draw=np.random.default_rng(0),
            ).tolist()

        assert chosen("lowest") == [[True, False], [False, True]]
        assert chosen("smallest") == [[False, True], [False, True]]
        assert chosen("quiet") == [[True, False], [False, True]]
        assert chosen("lowest", share=0.5, already=np.array([[False, True], [False, False]])) == [
            [False, True],
            [False, False],
        ]

    def test_ties_are_settled_by_chance_not_by_place(self):
        pruning = small(pruning=HALF).pruning.model_copy(update={"key": "lowest"})
        found = pruned_set(
            pruning,
            weights=np.full((40, 50), -1.0),
            spread=np.ones(40),
            already=np.zeros((40, 50), dtype=bool),
            share=1.0,
            draw=np.random.default_rng(0),
        )
        assert found.sum() == 1000
        assert 10 < found.sum(axis=1).min() <= found.sum(axis=1).max() < 40

    def test_spread_is_that_of_how_recent_an_input_is(self):
        task = small()
        images = np.array([[0, 255], [255, 255]], dtype=np.uint8)
        chance = 1.0 - np.exp(-2.0)
        expected = np.sqrt([chance / 2 * (1 - chance / 2), chance * (1 - chance)])
        assert recency_spread(task, images, 255.0) == pytest.approx(expected, abs=1e-12)


class TestCompaction:
    def test_reads_live_weights_only_and_the_mask(self):
        _, plain_recorder, _ = counted(pruning=HALF)
        _, recorder, _ = counted(pruning=HALF, **{"storage.compaction": "mask"})
        name = ("evaluate", "array.cell_read")
        assert recorder.totals.counts[name] == pytest.approx(
            plain_recorder.totals.counts[name] / 2, rel=0.5
        )
        assert recorder.totals.counts[name] < plain_recorder.totals.counts[name]
        assert recorder.totals.counts["evaluate", "buffer.read"] > 0
        assert recorder.totals.counts["update", "buffer.write"] == 48 * 3
        assert plain_recorder.totals.counts["evaluate", "buffer.read"] == 0

    def test_learns_the_same(self):
        first = known(pruning=HALF)[0]
        second = known(pruning=HALF, **{"storage.compaction": "mask"})[0]
        assert first.accuracy == second.accuracy
        assert first.activity == second.activity

    def test_layout_holds_every_live_weight_once(self):
        behaviour = read_chip("cbram_512k").behaviour
        frozen = np.random.default_rng(3).random((397, 500)) < 0.75
        before = plain(397, 500, behaviour)
        assert before.lines.shape == (397, 4)
        assert before.words.sum() == 397 * 500
        after = compacted(frozen, behaviour, before)
        assert after.words.sum() == (~frozen).sum()
        assert (after.words <= 128 * after.lines).all()
        assert after.lines.sum(axis=0).max() <= 512

    def test_too_many_live_weights_are_refused(self):
        behaviour = read_chip("cbram_512k").behaviour
        frozen = np.zeros((400, 500), dtype=bool)
        one = plain(400, 500, behaviour)
        single = one._replace(lines=one.lines[:, :1])
        with pytest.raises(
            InputError,
            match=r"storage.compaction: 200,000 weights in rows of their own need 4 arrays of 512 word lines, there are 1",
        ):
            compacted(frozen, behaviour, single)

    def test_needs_one_constant(self):
        with pytest.raises(SpecError, match=r"expected none with pruning.value own, got mask"):
            small(pruning=HALF.replace("-1,", "own,"), **{"storage.compaction": "mask"})


class TestReadout:
    WINNERS = np.array([[0, 1, -1], [1, 1, 2], [2, 2, -1], [0, -1, -1]], dtype=np.int16)
    LABELS = np.array([0, 1, 1, 0])

    def test_shares_are_rates_for_each_class(self):
        shares = assigned(self.WINNERS, self.LABELS, neurons=4, classes=2).shares
        assert shares.tolist() == [[1.0, 0.0], [1 / 3, 2 / 3], [0.0, 1.0], [0.0, 0.0]]

    def test_votes_count_spikes(self):
        assignment = assigned(self.WINNERS, self.LABELS, neurons=4, classes=2)
        test = np.array([[0, 1, 1], [0, 2, 2], [1, -1, -1]], dtype=np.int16)
        found = scores(test, np.array([1, 1, 1]), assignment, log_floor=1e-3)
        assert found == {"hard": 1.0, "soft": 2 / 3, "log_soft": 2 / 3}


FAULTS = {
    "stages": ("{method: soft, fraction: 0.5, timing: during, key: quiet, value: -1}", "stages: expected at least one stage with timing during"),
    "after": ("{method: soft, fraction: 0.5, timing: after, key: quiet, value: -1, stages: [{at: 0.5, share: 1}]}", "stages: expected none with timing after"),
    "order": ("{method: soft, fraction: 0.5, timing: during, key: quiet, value: -1, stages: [{at: 0.5, share: 1}, {at: 0.2, share: 0.5}]}", "stages: expected rising values of at and of share"),
    "last": ("{method: soft, fraction: 0.5, timing: during, key: quiet, value: -1, stages: [{at: 0.5, share: 0.9}]}", "stages: expected a share of 1 in the last stage, got 0.9"),
    "value": ("{method: conventional, fraction: 0.5, timing: after, key: lowest, value: -1}", "value: expected none with method conventional, got -1.0"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_bad_pruning_is_refused(name):
    text, message = FAULTS[name]
    with pytest.raises(SpecError, match=message):
        small(pruning=text)


def test_more_than_one_output_spike_a_millisecond_is_refused():
    with pytest.raises(
        SpecError, match=r"firing.rate: expected at most 1 kHz, one a millisecond, got 2 kHz"
    ):
        small(**{"firing.rate": '{value: "2 kHz", source: assumption, note: test}'})


def test_image_shorter_than_the_window_is_refused():
    with pytest.raises(
        SpecError, match=r"readout.duration: expected from encoding.window to 1 s, got 5 ms"
    ):
        small(**{"readout.duration": '{value: "5 ms", source: assumption, note: test}'})
