"""A run that a signal ends: its workers go with it, and it says how to go on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from kept_results import kept_results, wait_for_results

ROOT = Path(__file__).parents[2]
# After which none of its processes may be left.
SECONDS = 5
SLOW = pytest.mark.slow


def ended_by(signal_, run):
    """Send a signal to the main process of a run; return its exit code, last words and other processes."""
    words = ["run", "specs/grunfeld.yaml", "--jobs", "2", "--out", str(run)]
    command = [sys.executable, "-m", "harness.cli", *words, "--set", "scenarios=[]"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        wait_for_results(process, run)
        others = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal_)
        said = process.communicate(timeout=60)[1]
    return process.returncode, said, others


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
    command = [sys.executable, "-X", "importtime", "-m", "harness", "run", "specs/grunfeld.yaml", "--out"]
    with subprocess.Popen(
        [*command, tmp_path / "run"],
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


@pytest.mark.parametrize(
    ("by", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow)]
)
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
