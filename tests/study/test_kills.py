"""Sweeps that are killed at any moment, and sweeps on a cluster: nothing lost, equal bytes."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("table.csv", "table.parquet", "means.csv", "report.md")
STUDY = """
kind: study
name: killed
chips: [madem_64]
workloads: [madem_braille]
settings: {workload.test.copies: 2, workload.stop.copies: 2, workload.stop.max_epochs: 1}
seeds: 6
sweep:
  - {name: energy, field: chip.tiles.array.adc.energy, from: 0.1 pJ, to: 10 pJ, count: 4}
  - {name: rate, field: chip.tiles.array.adc.rate, from: 0.1 GHz, to: 10 GHz, count: 12}
tables: [{name: means, by: [rate], show: [training_time_s]}]
"""


def command(folder, out, *options):
    return [sys.executable, "-m", "archsim.cli", "sweep", folder, "-o", out, "-q", *options]


def start(folder, out, *options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [str(part) for part in command(folder, out, *options)],
        env=environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def content(out):
    return {name: (out / name).read_bytes() for name in FILES}


def children(process):
    """Return the workers of a sweep."""
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(process.pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    return [int(line.split()[0]) for line in found if "popen_loky" in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("study")
    (path / "report.yaml").write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def whole(folder):
    """Files of a sweep that nothing disturbed."""
    assert start(folder, folder / "whole", "--workers", "1").wait(timeout=300) == 0
    return content(folder / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_any_number_of_workers_gives_the_same_bytes(folder, whole, workers):
    out = folder / f"workers_{workers}"
    assert start(folder, out, "--workers", workers).wait(timeout=300) == 0
    assert content(out) == whole


@pytest.mark.slow
def test_kills_at_fifty_random_moments_lose_double_and_tear_nothing(folder, whole):
    out = folder / "killed"
    draw = random.Random(0)  # noqa: S311
    kills = sweeps = 0
    while kills < 50:
        process = start(folder, out, "--workers", "2")
        sweeps += 1
        begin = time.monotonic()
        moment = draw.uniform(0.0, 8.0)
        while process.poll() is None and time.monotonic() - begin < moment:
            workers = children(process)
            if workers and draw.random() < 0.3:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(draw.choice(workers), signal.SIGKILL)
                    kills += 1
            time.sleep(draw.uniform(0.05, 0.4))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait(timeout=60)
        for path in (out / "points").glob("*.json") if (out / "points").exists() else ():
            assert path.read_bytes().endswith(b"}\n")
        if process.returncode == 0 and kills < 50:  # done early: begin again
            for path in sorted((out / "points").glob("*.json"))[::2]:
                path.unlink()
    assert sweeps >= 5
    assert start(folder, out, "--workers", "2").wait(timeout=300) == 0
    assert content(out) == whole


@pytest.mark.slow
def test_an_interrupt_ends_with_130_and_says_how_to_go_on(folder, whole):
    out = folder / "interrupted"
    process = subprocess.Popen(
        [str(part) for part in command(folder, out, "--workers", "2")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list((out / "points").glob("*.json")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert f"finished points are kept in {out}; give the same command to go on" in told
    assert start(folder, out, "--workers", "2").wait(timeout=300) == 0
    assert content(out) == whole


@contextlib.contextmanager
def dask(*arguments):
    """Run a part of a cluster."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes_also_when_a_worker_vanishes(folder, whole, tmp_path):
    pytest.importorskip("distributed")
    found = tmp_path / "scheduler.json"
    options = ("--scheduler-file", found)
    worker = ("worker", *options, "--nthreads", 1, "--no-nanny", "--no-dashboard")
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask("scheduler", *options, "--port", 0, "--no-dashboard"))
        while not found.exists():
            time.sleep(0.1)
        address = json.loads(found.read_text())["address"]
        first = stack.enter_context(dask(*worker))
        stack.enter_context(dask(*worker))
        out = folder / "cluster"
        process = start(folder, out, "--scheduler", address)
        while process.poll() is None and len(list(out.glob("points/*.json"))) < 5:
            time.sleep(0.05)
        first.kill()
        assert process.wait(timeout=300) == 0
    assert content(out) == whole
