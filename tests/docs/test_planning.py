"""The commands of the page on large studies run, on a cluster of this machine, and give the same numbers."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from doc_pages import blocks_of
from plugin_files import write_tiny_study
from test_run import ROOT

PAGE = (ROOT / "docs" / "planning.md").read_text(encoding="utf-8")
ADDRESS = "tcp://10.0.0.1:8786"

pytest.importorskip("distributed")


def dask_calls():
    """Return the words of the two commands that start a cluster."""
    scheduler, worker = re.findall(r"`dask (scheduler|worker ADDRESS[^`]*)`", PAGE)
    return scheduler.split(), worker.split()


def harness_calls():
    """Return the words of the commands that run a study, comments left out."""
    (block,) = [one for one in blocks_of(PAGE) if one.language == "sh"]
    calls = [shlex.split(line, comments=True) for line in block.content.splitlines()]
    assert [words[:3] for words in calls] == [["harness", "run", "my_study.yaml"]] * 3
    return [words[1:] for words in calls]


@contextmanager
def running(*words):
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def address():
    """The address of a scheduler with a worker, both started as the page says, on a port that is free."""
    scheduler, worker = dask_calls()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    found = f"tcp://127.0.0.1:{port}"
    here = {"ADDRESS": found, "N": "1"}
    with (
        running(*scheduler, "--host", "127.0.0.1", "--port", port, "--no-dashboard"),
        running(*(here.get(word, word) for word in worker), "--no-dashboard"),
    ):
        yield found


@pytest.mark.slow
def test_every_way_to_run_a_study_gives_the_same_numbers(address, tmp_path):
    study = write_tiny_study(tmp_path, other="pooled_ols")
    here = {"my_study.yaml": str(study), ADDRESS: address, "8": "2"}
    gains = []
    for number, words in enumerate(harness_calls()):
        out = tmp_path / f"run-{number}"
        own = [*(here.get(word, word) for word in words), "--out", str(out)]
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", *own],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        gains.append((out / "gain.csv").read_bytes())
    assert len(set(gains)) == 1
