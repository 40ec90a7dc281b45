"""Spiking runs from the command line: every sum closes, and equal inputs give equal bytes."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")

SMALL = {
    "workload.epochs": "2",
    "workload.dataset.train_count": "60",
    "workload.dataset.test_count": "20",
    "workload.readout.assign_count": "20",
    "workload.readout.probe_count": "20",
    "workload.readout.probes": "2",
    "workload.storage.group": "30",
}
PRUNED = "{method: %s, fraction: 0.5, timing: %s, key: %s%s}"
STAGES = ", stages: [{at: 0.2, share: 0.6}, {at: 0.5, share: 1}]"
CASES = {
    "whole": {},
    "set to a constant": {
        "workload.pruning": PRUNED % ("soft", "during", "quiet", ", value: -1" + STAGES)
    },
    "kept as they are": {
        "workload.pruning": PRUNED % ("soft", "during", "quiet", ", value: own" + STAGES)
    },
    "compacted": {
        "workload.pruning": PRUNED % ("soft", "during", "quiet", ", value: -0.5" + STAGES),
        "workload.storage.compaction": "mask",
    },
    "removed afterwards": {"workload.pruning": PRUNED % ("conventional", "after", "smallest", "")},
    "in real time": {"workload.pacing": "real_time"},
    "every spike": {"workload.storage.detail": "spikes"},
    "rows as inputs come and go": {"workload.storage.reads": "at_input_spikes"},
}


def given(settings):
    return [text for pair in settings.items() for text in ("--set", "=".join(pair))]


def written(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.log"}


SOON = ("compacted", "every spike")
"""Cases that are tried each time; all others take the same paths with other numbers."""


@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=() if name in SOON else pytest.mark.slow) for name in CASES]
)
def test_every_sum_closes_and_a_second_run_gives_equal_bytes(case, archsim, tmp_path):
    settings = given(SMALL | CASES[case])
    for name in ("first", "second"):
        done = archsim(
            "run", "cbram_mnist:digits", "cbram_512k", "-q", "--no-ranges", "-o", tmp_path / name, *settings
        )  # fmt: skip
        assert done.exit_code == 0, done.output
    assert written(tmp_path / "first") == written(tmp_path / "second")
    audit = archsim("audit", tmp_path / "first")
    assert audit.exit_code == 0, audit.output
    assert audit.stdout.startswith("Audit: every difference is 0\n")


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["digits", pytest.param("quick", marks=pytest.mark.mnist)])
def test_every_sum_of_a_whole_variant_closes(variant, archsim, tmp_path):
    folder = tmp_path / "run"
    done = archsim("run", f"cbram_mnist:{variant}", "cbram_512k", "-q", "--no-ranges", "-o", folder)
    assert done.exit_code == 0, done.output
    audit = archsim("audit", folder)
    assert audit.exit_code == 0, audit.output


def test_a_network_too_large_for_the_chip_says_when_it_would_fit(archsim, tmp_path):
    done = archsim("run", "cbram_mnist", "cbram_512k:single", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "needs 4 arrays (weights needs 4), chip cbram_512k has 1" in done.stderr
    assert "198,500 weights of 8 bits take 1,588,000 cells, 3.03 arrays of 524,288" in done.stderr
    assert "they fit one from 67 % pruned on, and only if what is left is compacted" in done.stderr
    assert list(tmp_path.iterdir()) == []
