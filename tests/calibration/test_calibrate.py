"""Calibration: a study on panels with a known truth."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from harness.api import prepare_study as prepare
from harness.calibration.table import Truth, calibration_table
from harness.execution.options import RunOptions
from harness.execution.workers import LocalWorkers
from harness.report.calibration.rows import VERDICT
from harness.report.calibration.table import HEADINGS
from test_run import harness

SPEC = Path(__file__).parents[2] / "specs" / "grunfeld.yaml"
LINEAR = (
    "estimators=[{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}]",
    "evaluation.protocols=[as_published, held_out_entities]",
    "evaluation.draws=200",
    "scenarios=[{use: curve, grid: 5, draws: 60}]",
)


@cache
def table(effect, n_panels=40, n_jobs=1):
    plan = prepare(RunOptions(spec=SPEC, quick=True, overrides=LINEAR)).plan
    truth, workers = Truth(n_panels, effect), LocalWorkers(n_jobs)
    return calibration_table(plan, truth, workers=workers, on_done=lambda _: None)


def test_entity_constants_make_gains_under_the_published_protocol_and_none_for_new_entities():
    shares = table(0.0).set_index(["estimator", "protocol", "finding"])["share"]
    assert shares["fe", "as_published", "gain established"] > 0.8
    assert shares["fe", "held_out_entities", "gain established"] < 0.2
    assert shares["fe", "", VERDICT] <= shares["fe", "held_out_entities", "gain established"]


@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_fixed_effects_cover_a_linear_truth(effect):
    asked = "estimator == 'fe' and finding == 'slope inside the pointwise band'"
    (row,) = table(effect).query(asked).to_dict("records")
    # Ten entities are few for a bootstrap of entities; it covers less than it says, as the warning tells.
    assert row["share"] >= 0.75
    assert row["conf_low"] < row["share"] < row["conf_high"] or row["share"] == 1.0
    assert row["n_panels"] == 40


def test_workers_change_no_number():
    pd.testing.assert_frame_equal(table(0.0, 4, n_jobs=1), table(0.0, 4, n_jobs=2), check_exact=True)


def test_the_command_writes_its_table_and_shows_its_progress(tmp_path):
    settings = [word for change in LINEAR for word in ("--set", change)]
    done = harness("calibrate", SPEC, "--panels", 2, "--jobs", 1, "--out", tmp_path / "run", *settings)
    assert done.returncode == 0, done.stderr
    assert done.stderr.index("fitted 0 of 2") < done.stderr.index("fitted 2 of 2, last panel 2")
    form = pd.read_csv(tmp_path / "run" / "calibration_form.csv").set_index(["id", "option"])
    assert form.loc[("curve", "draws"), ["in_study", "here"]].astype(int).tolist() == [60, 40]
    assert form.loc[("as_published", "repeats"), ["in_study", "here"]].astype(int).tolist() == [10, 1]
    found = pd.read_csv(tmp_path / "run" / "calibration.csv")
    assert set(found["n_panels"]) == {2}
    assert {"gain established", "loss established"} <= set(found["finding"])
    assert set(found["finding"]) == set(HEADINGS)
    assert found.loc[found["finding"] == VERDICT, "estimator"].tolist() == ["fe"]
    page = (tmp_path / "run" / "calibration.html").read_text(encoding="utf-8")
    assert "SIMULATED OUTCOMES." in page
    assert "which a table below gives, on 2 panels" in page
