"""Sweeps that are killed at any moment, and sweeps on a cluster: nothing lost, equal bytes."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
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


def begun(folder, out, *options):
    """Start a sweep and return it when some points are finished."""
    process = subprocess.Popen(
        [str(part) for part in command(folder, out, *options)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    limit = time.monotonic() + 120
    while not list((out / "points").glob("*.json")) and time.monotonic() < limit:
        time.sleep(0.05)
    return process


def told(process):
    """Return what a sweep says as it ends."""
    return process.communicate(timeout=120)[1]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_sweep_that_says_how_to_go_on(folder, whole, workers, number, code):
    out = folder / f"signal_{code}_{workers}"
    process = begun(folder, out, "--workers", workers)
    if number == signal.SIGINT:  # Ctrl-C reaches all processes of the terminal
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    text = told(process)
    assert process.returncode == code, text
    assert f"finished points are kept in {out}; give the same command to go on" in text
    assert "Traceback" not in text
    assert start(folder, out, "--workers", "2").wait(timeout=300) == 0
    assert content(out) == whole


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_disk_that_is_really_full_loses_nothing(folder, whole, tmp_path, workers):
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system of a given size can be mounted here")
    try:
        process = begun(folder, place / "out", "--workers", workers)
        text = told(process)
        assert process.returncode == 4, text
        assert "cannot be written: No space left on device" in text
        assert f"finished points are kept in {place / 'out'}; give the same command" in text
        shutil.copytree(place / "out", tmp_path / "out")
    finally:
        subprocess.run(["umount", str(place)], check=True)  # noqa: S607
    assert list((tmp_path / "out" / "points").iterdir())
    assert start(folder, tmp_path / "out", "--workers", "2").wait(timeout=300) == 0
    assert content(tmp_path / "out") == whole


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


@contextlib.contextmanager
def cluster(tmp_path, *, workers):
    """Give the address of a cluster, its scheduler, its workers, and what starts one more."""
    pytest.importorskip("distributed")
    found = tmp_path / "scheduler.json"
    options = ("--scheduler-file", found)
    worker = ("worker", *options, "--nthreads", 1, "--no-nanny", "--no-dashboard")
    with contextlib.ExitStack() as stack:
        scheduler = stack.enter_context(dask("scheduler", *options, "--port", 0, "--no-dashboard"))
        while not found.exists():
            time.sleep(0.1)
        address = json.loads(found.read_text())["address"]
        all_workers = [stack.enter_context(dask(*worker)) for _ in range(workers)]
        yield address, scheduler, all_workers, lambda: stack.enter_context(dask(*worker))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_cluster_gives_the_same_bytes_also_when_a_worker_vanishes(
    folder, whole, tmp_path, workers
):
    with cluster(tmp_path, workers=workers) as (address, _, all_workers, one_more):
        out = folder / f"cluster_{workers}"
        process = begun(folder, out, "--scheduler", address)
        all_workers[0].kill()
        if workers == 1:
            one_more()
        text = told(process)
    assert process.returncode == 0, text
    assert content(out) == whole


@pytest.mark.slow
def test_a_scheduler_that_vanishes_ends_a_sweep_that_another_one_goes_on_with(
    folder, whole, tmp_path
):
    out = folder / "scheduler"
    with cluster(tmp_path, workers=1) as (address, scheduler, _, _):
        process = begun(folder, out, "--scheduler", address)
        scheduler.kill()
        text = told(process)
    assert process.returncode == 5, text
    assert text.splitlines() == [
        f"archsim: finished points are kept in {out}; give the same command to go on",
        f"archsim: error: scheduler {address!r}: lost in the middle; start it again",
    ]
    assert start(folder, out, "--workers", "2").wait(timeout=300) == 0
    assert content(out) == whole


@pytest.mark.slow
def test_an_interrupt_takes_its_work_off_the_cluster(folder, whole, tmp_path):
    out = folder / "interrupted"
    with cluster(tmp_path, workers=1) as (address, _, _, _):
        process = begun(folder, out, "--scheduler", address)
        process.send_signal(signal.SIGINT)
        text = told(process)
        assert process.returncode == 130, text
        assert f"finished points are kept in {out}; give the same command to go on" in text
        time.sleep(3.0)
        kept = sorted(out.glob("points/*.json"))
        time.sleep(3.0)
        assert sorted(out.glob("points/*.json")) == kept, "nobody works on"
        assert start(folder, out, "--scheduler", address).wait(timeout=300) == 0
    assert content(out) == whole
