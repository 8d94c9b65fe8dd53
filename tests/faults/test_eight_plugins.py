"""Eight hostile plugins in one folder: the study is finished, each is named, and no other number moves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pandas as pd
import psutil
import pytest

from plugin_files import TINY, write_tiny_study

pytestmark = pytest.mark.slow

PLUGINS = Path(__file__).parent / "eight"

FAILED = {
    "hangs": "its limit of 2 s was reached",
    "segfaults": "the worker process died each of the 3 times",
    "patches": "exchanged numpy.mean for its own",
    "writes": "cannot set WRITEABLE flag to True",
    "talks": "ValueError: word word",
}
"""What is said in the cells of those that have no numbers."""

NOTED = {"forks": "W-FORK", "noises": "W-OUTPUT"}
"""Warnings on those that have."""

OF_ALL = ("p_holm", "p_best")
"""Columns that count how many estimators there are."""

MARK = "HARNESS_TEST_OF_EIGHT"
"""Variable by which processes of a run are told from others."""


def run(folder, *words, mark=""):
    """Run the study of a folder, and return what the command said."""
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *words, "--time-limit", "2"],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", MARK: mark},
        capture_output=True,
        check=False,
    )


def left_over(mark):
    """Return the processes of a run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with a study of two estimators, and with one of these and all the hostile ones."""
    folder = tmp_path_factory.mktemp("eight")
    write_tiny_study(folder, other="pooled_ols")
    names = ", ".join((*FAILED, *NOTED))
    (folder / "hostile.yaml").write_text(
        TINY.replace("{id: other, use: OTHER}", f"{{id: other, use: pooled_ols}}, {names}").replace(
            "in_sample, held_out_entities", "in_sample"
        )
    )
    (folder / "alone.yaml").write_text(
        TINY.replace("OTHER", "pooled_ols").replace("in_sample, held_out_entities", "in_sample")
    )
    return folder


@pytest.fixture(scope="module")
def alone(place):
    """Return the folder of a run without them."""
    done = run(place, "run", "alone.yaml", "--out", "alone", "--jobs", "1")
    assert done.returncode == 0, done.stderr.decode()
    return place / "alone"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_study_beside_eight_hostile_plugins_is_finished_with_eight_reasons(place, alone, jobs):
    out, mark = place / f"hostile{jobs}", uuid.uuid4().hex
    words = ("--plugins-folder", str(PLUGINS), "run", "hostile.yaml", "--out", str(out), "--jobs", jobs)
    done = run(place, *words, mark=mark)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, said[-2000:]
    assert done.stdout.decode().startswith("report: ")
    assert "plugin exits is left out, it is broken: its import ended the process, with exit code 3" in said
    assert "Traceback" not in said

    cells = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["cells"]
    own = {name: [one for one in cells if f"· {name} ·" in one["cell"]] for name in (*FAILED, *NOTED)}
    for name, reason in FAILED.items():
        assert own[name]
        for cell in own[name]:
            assert (cell["status"], reason in cell["reason"]) == ("failed", True), cell
            assert len(cell["reason"]) < 1100
    warnings = pd.read_csv(out / "warnings.csv")
    for name, code in NOTED.items():
        assert {cell["status"] for cell in own[name]} == {"ok"}
        assert list(warnings.loc[warnings["where"].str.contains(name), "code"]) == [code]

    for table in ("accuracy", "gain", "coefficients"):
        there, here = (
            pd.read_csv(folder / f"{table}.csv").drop(columns=list(OF_ALL), errors="ignore")
            for folder in (out, alone)
        )
        here = here.reset_index(drop=True)
        there = there[there["estimator"].isin(here["estimator"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(there, here, check_exact=True, check_dtype=False)

    deadline = time.monotonic() + 5
    while (processes := left_over(mark)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not processes


def test_the_study_names_the_plugin_that_it_asks_for_and_that_is_left_out(place):
    (place / "asks.yaml").write_text(TINY.replace("OTHER", "exits"))
    done = run(place, "--plugins-folder", str(PLUGINS), "run", "asks.yaml")
    assert done.returncode == 2
    assert re.search(r"unknown estimator 'exits'(?s:.*)its import ended the process", done.stderr.decode())
