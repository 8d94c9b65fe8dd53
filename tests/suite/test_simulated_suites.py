"""The suites of simulated panels: nothing is said where there is nothing, and what is there is said."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from harness.running.folder import RunFolder
from harness.suite.results import SUITE_TABLES
from suite_runs import run_suite_file

ROOT = Path(__file__).parents[2]
SUITES = ROOT / "suites"
TIMES = ["seconds", "memory"]


def said(name, out):
    folder = run_suite_file(SUITES / f"{name}.yaml", out, quick=True)
    return folder.read_table("suite_findings"), folder.read_table("suite_gain")


@pytest.mark.slow
def test_no_flexible_estimator_is_said_to_beat_two_way_effects_where_all_is_linear(tmp_path):
    findings, gains = said("linear_panels", tmp_path / "out")
    assert gains["study"].nunique() == 20
    assert (gains["status"] == "ok").all()
    two_way = findings[(findings["over"] == "two_way") & findings["is_established"]]
    better = two_way[(two_way["finding"] == "panels") | (two_way["estimate"] < 0)]
    assert better["text"].tolist() == []


@pytest.mark.slow
def test_splines_and_the_network_are_said_to_beat_two_way_effects_where_there_is_a_curve(tmp_path):
    findings, _ = said("curved_panels", tmp_path / "out")
    own = findings[(findings["over"] == "two_way") & (findings["protocol"] == "held_out_entities")]
    overall = own[own["finding"] == "overall"].set_index("estimator")
    for estimator in ("splines", "mlp", "splines_tuned", "mlp_tuned"):
        assert overall.loc[estimator, "is_established"]
        assert overall.loc[estimator, "conf_high"] < 0
    panels = own[own["finding"] == "panels"].set_index("estimator")
    for estimator in ("splines", "mlp", "splines_tuned"):
        assert panels.loc[estimator, "estimate"] >= 16  # of twenty: power by the panel, after Holm


@pytest.mark.slow
@pytest.mark.parametrize(("killed_with", "taken_up_with"), [("2", "1"), ("1", "2")])
def test_a_suite_that_was_killed_is_taken_up_with_equal_tables(
    small_suite, tmp_path, killed_with, taken_up_with
):
    whole, file = small_suite
    out = tmp_path / "out"
    command = [sys.executable, "-m", "harness.cli", "suite", str(file), "--out", str(out)]
    # In a session of its own, so that its workers end with it.
    process = subprocess.Popen(
        [*command, "--jobs", killed_with],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    cells = out / "cells"
    while process.poll() is None and (not cells.is_dir() or len(list(cells.iterdir())) < 10):
        time.sleep(0.05)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    assert not (out / "index.html").exists()
    done = subprocess.run(
        [*command, "--jobs", taken_up_with, "--resume"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert "results are taken up" in done.stderr
    for name in SUITE_TABLES:
        found, expected = (folder.read_table(name) for folder in (RunFolder(out), whole))
        pd.testing.assert_frame_equal(
            found.drop(columns=TIMES, errors="ignore"), expected.drop(columns=TIMES, errors="ignore")
        )
