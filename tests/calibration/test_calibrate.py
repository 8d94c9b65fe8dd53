"""Calibration: a study on panels with a known truth."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from command import harness
from harness.api import prepare_study as prepare
from harness.calibration.page import HEADINGS
from harness.calibration.rows import VERDICT
from harness.calibration.run import calibration_manifest, calibration_tables
from harness.findings.checks import CHECKS
from harness.running.options import RunOptions
from harness.running.shape import exact_limits
from harness.running.workers import LocalWorkers, ThisProcess

NOT_ASKED = {"effect", "interaction", "contrast", "group_difference", "sign_change", "threshold", *CHECKS}
SPEC = Path(__file__).parents[2] / "specs" / "grunfeld.yaml"
LINEAR = (
    "estimators=[{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}]",
    "evaluation.protocols=[as_published, held_out_entities]",
    "scenarios=[{use: curve, grid: 5, draws: 60}]",
)


@cache
def tables(effect=0.0, n_panels=20, n_jobs=1, changes=LINEAR):
    options = RunOptions(spec=SPEC, quick=True, overrides=changes)
    prepared, started = prepare(options), datetime.now(UTC)
    manifest = calibration_manifest(options, prepared, n_panels=n_panels, effect=effect, started=started)
    asked = {"n_panels": n_panels, "effects": (0.0, effect) if effect else (0.0,)}
    workers = LocalWorkers(n_jobs) if n_jobs > 1 else ThisProcess()
    return calibration_tables(prepared.plan, manifest, **asked, workers=workers, on_done=lambda _: None)


def shares(effect, n_panels=20):
    found = tables(0.3, n_panels)["calibration"]
    return found[found["effect"] == effect].set_index(["estimator", "protocol", "finding"])


@pytest.mark.slow
def test_entity_constants_make_gains_under_the_published_protocol_and_none_for_new_entities():
    share = shares(0.0, 40)["share"]
    assert share["fe", "as_published", "gain established"] > 0.8
    assert share["fe", "held_out_entities", "gain established"] < 0.2
    assert share["fe", "", VERDICT] <= share["fe", "held_out_entities", "gain established"]


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_fixed_effects_cover_a_linear_truth(effect):
    row = shares(effect, 40).loc["fe", "curve", "slope inside the pointwise band"]
    # Ten entities are few for a bootstrap of entities; it covers less than it says, as the warning tells.
    assert row["share"] >= 0.75
    assert row["conf_low"] < row["share"] < row["conf_high"] or row["share"] == 1.0
    assert row["n_panels"] == 40


def test_an_effect_is_found_where_there_is_one_and_a_line_never_turns():
    assert shares(0.3).loc["fe", "", "model_curve"]["share"] > 0.9
    assert shares(0.0).loc["fe", "", "model_curve"]["share"] < 0.4
    for effect in (0.0, 0.3):
        for kind in ("turning_point", "nonlinearity"):
            assert shares(effect).loc["fe", "", kind]["share"] == 0.0


def test_error_rates_are_the_shares_of_panels_without_an_effect():
    rates = tables(0.3)["error_rates"].set_index(["estimator", "finding"])
    assert set(rates.index) == {
        *(
            (name, kind)
            for name in ("ols", "fe")
            for kind in ("model_curve", "nonlinearity", "turning_point")
        ),
        *(("fe", "gain"), ("", "gain")),
    }
    for (estimator, kind), row in rates.iterrows():
        own = shares(0.0).loc[estimator or "fe", "", kind]
        assert row["error_rate"] == own["share"] == row["n_found"] / 20
        assert (row["conf_low"], row["conf_high"]) == exact_limits(row["n_found"], 20)


@pytest.mark.parametrize("n_panels", [1, 40, 300])
def test_limits_without_a_finding_are_those_of_the_closed_form(n_panels):
    # Clopper and Pearson (1934): with none of n the upper limit solves (1 - p)^n = .025.
    assert exact_limits(0, n_panels) == pytest.approx((0.0, 1 - 0.025 ** (1 / n_panels)))
    assert exact_limits(n_panels, n_panels) == pytest.approx((0.025 ** (1 / n_panels), 1.0))


def test_debiased_effects_and_contrasts_are_counted_by_themselves():
    """No exposure of ten firms establishes a debiased effect; a curve's own is another row."""
    asked = "scenarios=[{use: curve, grid: 5, draws: 40}, {use: effect, methods: [first_differences]}]"
    rates = tables(0.0, 2, changes=(*LINEAR[:3], asked))["error_rates"].set_index(["estimator", "finding"])
    assert rates.loc[("", "effect"), "error_rate"] == 0.0
    assert ("fe", "model_curve") in rates.index
    assert ("fe", "contrast") not in rates.index


def test_workers_change_no_number():
    one, two = tables(0.0, 4), tables(0.0, 4, n_jobs=2)
    assert list(one) == ["calibration", "check_rates", "error_rates", "calibration_features"]
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, two[name], check_exact=True)


def test_the_command_writes_its_table_and_shows_its_progress(tmp_path):
    settings = [word for change in LINEAR for word in ("--set", change)]
    done = harness("calibrate", SPEC, "--panels", 2, "--jobs", 1, "--out", tmp_path / "run", *settings)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 done in " in done.stderr
    form = pd.read_csv(tmp_path / "run" / "calibration_form.csv").set_index(["id", "option"])
    assert form.loc[("curve", "draws"), ["in_study", "here"]].astype(int).tolist() == [60, 40]
    assert form.loc[("as_published", "repeats"), ["in_study", "here"]].astype(int).tolist() == [10, 1]
    found = pd.read_csv(tmp_path / "run" / "calibration.csv")
    assert set(found["n_panels"]) == {2}
    assert {"gain established", "loss established"} <= set(found["finding"])
    assert set(found["finding"]) == set(HEADINGS) - NOT_ASKED
    assert found.loc[found["finding"] == VERDICT, "estimator"].tolist() == ["fe"]
    page = (tmp_path / "run" / "calibration.html").read_text(encoding="utf-8")
    assert "SIMULATED OUTCOMES." in page
    assert "(table below) on 2 panels" in page
    assert "Features of the data that the panels preserve" in page
