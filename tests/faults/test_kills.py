"""Runs that are killed, find the disk full or lose power, and are taken up to the same tables."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest

import command
from command import ROOT
from harness.plugin import random_stream
from harness.running.files import sha256_of
from harness.running.folder import RunFolder
from harness.study.spec.document import written_spec
from small_run import SPEC, TINY, kept_results, run_small, wait_for_results

N_KILLS, N_LOSSES = 20, 12


def tables(out):
    """Return the hash of every table in a CSV file."""
    return {name: sha256_of(out / name) for name in RunFolder(out).files() if name.endswith(".csv")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole") / "run"
    run_small(out, overrides=TINY)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_killed_twenty_times_gives_the_tables_of_an_undisturbed_one(tmp_path, jobs):
    data = {**SPEC["data"], "dataset": "grunfeld"}
    spec = tmp_path / "spec.yaml"
    spec.write_text(written_spec({**SPEC, "data": data}).text, encoding="utf-8")
    notes = tmp_path / "notes.txt"
    notes.write_text("kept")
    words = ["run", spec, "--quick", "--jobs", jobs, *(word for change in TINY for word in ("--set", change))]

    started = time.perf_counter()
    assert command.harness(*words, "--out", tmp_path / "whole").returncode == 0
    seconds = time.perf_counter() - started
    rng, cut = random_stream(1, "kills"), tmp_path / "cut"
    for delay in rng.uniform(0.2, 1.0, N_KILLS) * seconds:
        process = command.begun(*words, "--out", cut, "--resume", folder=tmp_path)
        process.join(delay)
        process.kill()
        process.join()
    assert command.harness(*words, "--out", cut, "--resume").returncode == 0
    assert tables(cut) == tables(tmp_path / "whole")
    assert notes.read_text() == "kept"


@pytest.mark.slow
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


# After which none of its processes may be left.
SECONDS = 5


def begun(run, *options):
    """Start a run that hears Ctrl-C, which what a shell starts in the background does not."""
    words = ["run", "specs/grunfeld.yaml", "--jobs", "2", "--out", str(run), *options]
    whole = [sys.executable, "-m", "harness.cli", *words, "--set", "scenarios=[]"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(whole, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=heard)


def ended_by(signal_, run, *options):
    """Send a signal to the main process of a run; return its exit code, last words and other processes."""
    with begun(run, *options) as process:
        wait_for_results(process, run)
        others = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal_)
        said = process.communicate(timeout=60)[1]
    return process.returncode, said, others


def without_progress(stderr):
    return [line for line in stderr.splitlines() if line and " done in " not in line]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "code", "how"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "ended by SIGTERM")]
)
def test_a_signal_ends_a_run_on_dask_with_one_message(tmp_path, by, code, how):
    returned, said, others = ended_by(by, tmp_path / "run", "--backend", "dask")
    (line,) = without_progress(said)
    assert (returned, line.partition(";")[0]) == (code, how)
    assert "--backend dask" in line
    assert "--resume" in line
    _, alive = psutil.wait_procs(others, timeout=SECONDS)
    assert alive == []


@pytest.mark.slow
def test_a_scheduler_that_is_killed_ends_a_run_with_one_message(tmp_path):
    file, dask = tmp_path / "scheduler.json", [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    of_scheduler = ["scheduler", "--scheduler-file", file, "--port", "0", "--no-dashboard"]
    of_worker = ["worker", "--scheduler-file", file, "--nthreads", "1", "--no-dashboard"]
    with (
        subprocess.Popen([*dask, *of_scheduler], **quiet) as scheduler,
        subprocess.Popen([*dask, *of_worker], **quiet) as worker,
    ):
        while not file.is_file():
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        with begun(tmp_path / "run", "--scheduler", address) as process:
            wait_for_results(process, tmp_path / "run")
            scheduler.kill()
            output = process.communicate(timeout=120)[1]
        worker.kill()
    first, hint = without_progress(output)
    assert process.returncode == 7
    assert first == f"error: --scheduler {address}: the scheduler has gone"
    assert "finished cells are kept, to resume: harness run" in hint


@pytest.mark.slow
def test_workers_end_when_their_run_is_killed(tmp_path):
    _, _, others = ended_by(signal.SIGKILL, tmp_path / "run")
    assert others
    _, alive = psutil.wait_procs(others, timeout=SECONDS)
    assert alive == []


@pytest.mark.parametrize(
    ("seconds", "times"),
    [
        (0.15, 2),
        *(
            pytest.param(seconds, n, marks=pytest.mark.slow)
            for n in (1, 2)
            for seconds in (0.3, 0.6, 1.0, 3.0)
        ),
    ],
)
def test_ctrl_c_in_the_first_seconds_ends_in_order(tmp_path, seconds, times):
    """From the moment on at which Python itself is there, also where the key is pressed twice."""
    words = [sys.executable, "-X", "importtime", "-m", "harness", "run", "specs/grunfeld.yaml", "--out"]
    with subprocess.Popen(
        [*words, tmp_path / "run"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background hears no Ctrl-C, nor does what that starts in turn.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        for line in process.stderr:
            if line.endswith("| harness\n"):
                break
        time.sleep(seconds)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said, said


@pytest.mark.slow
@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_workers_and_says_how_to_go_on(tmp_path, by, code):
    returned, said, others = ended_by(by, tmp_path / "run")
    assert returned == code
    assert f"ended by {by.name}; finished cells are kept" in said
    assert "--resume" in said
    assert "Traceback" not in said, said
    assert others
    _, alive = psutil.wait_procs(others, timeout=SECONDS)
    assert alive == []
    assert not (tmp_path / "run" / ".new").exists()
    assert kept_results(tmp_path / "run")
