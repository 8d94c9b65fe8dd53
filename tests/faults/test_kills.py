"""Runs that are killed, find the disk full or lose power, and are taken up to the same tables."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import time

import pytest

from harness import MachineError
from harness.plugin import random_stream
from harness.running.files import sha256_of
from harness.running.folder import RunFolder
from harness.study.spec.written import written_spec
from small_run import SPEC, TINY, run_small

pytestmark = pytest.mark.slow

N_KILLS, N_SIZES, N_LOSSES = 20, 12, 12


def tables(out):
    """Return the hash of every table in a CSV file."""
    return {name: sha256_of(out / name) for name in RunFolder(out).files() if name.endswith(".csv")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole") / "run"
    run_small(out, overrides=TINY)
    return out


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_killed_twenty_times_gives_the_tables_of_an_undisturbed_one(tmp_path, jobs):
    data = {**SPEC["data"], "dataset": "grunfeld"}
    spec = tmp_path / "spec.yaml"
    spec.write_text(written_spec({**SPEC, "data": data}).text, encoding="utf-8")
    own = tmp_path / "notes.txt"
    own.write_text("kept")
    options = ["--quick", "--jobs", jobs, *(word for change in TINY for word in ("--set", change))]
    command = [sys.executable, "-m", "harness.cli", "run", str(spec), *options]

    started = time.perf_counter()
    subprocess.run([*command, "--out", str(tmp_path / "whole")], check=True, capture_output=True)
    seconds = time.perf_counter() - started
    rng, cut = random_stream(1, "kills"), tmp_path / "cut"
    for delay in rng.uniform(0.2, 1.0, N_KILLS) * seconds:
        with subprocess.Popen(
            [*command, "--out", str(cut), "--resume"], stderr=subprocess.DEVNULL
        ) as process:
            try:
                process.wait(timeout=delay)
            except subprocess.TimeoutExpired:
                process.kill()
    subprocess.run([*command, "--out", str(cut), "--resume"], check=True, capture_output=True)
    assert tables(cut) == tables(tmp_path / "whole")
    assert own.read_text() == "kept"


@pytest.mark.parametrize("part", range(N_SIZES))
def test_a_disk_that_fills_up_is_a_message_and_costs_nothing_that_was_there(
    tmp_path, whole, part, monkeypatch
):
    room = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file()) * part // N_SIZES
    earlier = tmp_path / "run"
    run_small(earlier, overrides=(*TINY, "seed=8"))
    before, left = tables(earlier), [room]

    def flush(descriptor, real=os.fsync):
        state = os.fstat(descriptor)
        left[0] -= state.st_size if stat.S_ISREG(state.st_mode) else 0
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", flush)
        with pytest.raises(MachineError, match=r"No space left.*\n.*free some space"):
            run_small(earlier, overrides=TINY)
    # The earlier run, or, where the disk was full for the report alone, the new one; never some of each.
    assert tables(earlier) in (before, tables(whole))
    listed = RunFolder.open(earlier).manifest().files
    assert {name: listed[name] for name in tables(earlier)} == tables(earlier)
    run_small(earlier, overrides=TINY, resume=True)
    assert tables(earlier) == tables(whole)


def test_a_loss_of_power_after_any_write_leaves_a_run_that_can_be_taken_up(tmp_path, whole, monkeypatch):
    out, states = tmp_path / "run", []

    def flush(descriptor, real=os.fsync):
        real(descriptor)
        states.append(tmp_path / f"state-{len(states)}")
        shutil.copytree(out, states[-1], ignore=shutil.ignore_patterns(".lock"))

    with monkeypatch.context() as recorded:
        recorded.setattr(os, "fsync", flush)
        run_small(out, overrides=TINY)
    assert len(states) > 2 * N_LOSSES
    for state in states[:: max(1, len(states) // N_LOSSES)]:
        run_small(state, overrides=TINY, resume=True)
        assert tables(state) == tables(whole)
