"""Every kind of finding that a study makes has an error rate, measured on panels with its own features."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import harness
from command import harness as command
from harness.calibration.rows import KINDS
from harness.rng import random_stream

SPEC = """
spec_version: 1
study: plants
title: Plants
seed: 1
data: {path: plants.csv}
roles: {entity: plant, time: year, outcomes: [y], exposure: EXPOSURE, moderators: [m]}
estimators:
  - {id: ols, use: pooled_ols}
  - {id: bent, use: polynomial_effects, effects: [entity]}
  - {id: fe, use: fixed_effects, effects: [entity]}
evaluation: {reference: ols, protocols: [held_out_entities]}
scenarios: [SCENARIOS]
report: {formats: []}
"""
OF_A_DOSE = """
  {use: curve, draws: 20}, {use: heterogeneity, by: half, draws: 20},
  {use: conditional, moderator: m, draws: 20},
  {use: effect, methods: [first_differences], forms: [line], learners: [ols], repeats: 1},
  {use: robustness, learners: [ols], checks: [winsorised, periods]}
"""
OF_LEVELS = "{use: contrast, draws: 20}"


def plants(*, n=45, periods=8, seed=2):
    """Return an unbalanced panel with levels of plants, shocks of years, lasting errors and heavy tails."""
    rng = random_stream(seed, "plants")
    plant, year = (axis.ravel() for axis in np.indices((n, periods)))
    errors = np.zeros((n, periods))
    for at in range(periods):
        errors[:, at] = 0.85 * errors[:, at - 1] * (at > 0) + rng.standard_t(4, size=n)
    x, m = rng.standard_normal((2, plant.size))
    y = (
        2.0 * rng.standard_normal(n)[plant]
        + 0.7 * rng.standard_normal(periods)[year]
        + 0.5 * m
        + errors.ravel()
    )
    frame = pd.DataFrame({"plant": plant, "year": 2000 + year, "y": y, "x": x, "m": m})
    frame["half"] = np.where(frame["m"] > 0.0, "high", "low")
    frame["kind"] = np.array(["a", "b", "c"])[np.digitize(x, (-0.4, 0.4))]
    return frame[rng.uniform(size=len(frame)) > 0.15]


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[("x", OF_A_DOSE), ("kind", OF_LEVELS)], ids=["dose", "levels"])
def calibrated(request, tmp_path_factory):
    """Return the exposure, the calibration and the run with its rates."""
    exposure, scenarios = request.param
    folder = tmp_path_factory.mktemp("kinds")
    plants().to_csv(folder / "plants.csv", index=False)
    spec = folder / "spec.yaml"
    spec.write_text(SPEC.replace("EXPOSURE", exposure).replace("SCENARIOS", scenarios), encoding="utf-8")
    done = command("calibrate", spec, "--panels", 2, "--jobs", 1, "--out", folder / "calibration")
    assert done.returncode == 0, done.stderr
    run = harness.run(spec, out=folder / "run", calibrated=folder / "calibration", quick=True, progress=False)
    return exposure, folder / "calibration", run


def test_every_kind_that_the_study_makes_is_counted(calibrated):
    exposure, folder, run = calibrated
    rates = pd.read_csv(folder / "error_rates.csv", keep_default_na=False)
    expected = set(KINDS) - {"contrast"} if exposure == "x" else {"gain", "contrast"}
    assert set(rates["finding"]) == expected == set(run.table("findings")["finding"]) - {"lowest_error"}
    assert (rates["n_panels"] == 2).all()
    if exposure == "x":
        made = set(rates[["estimator", "finding"]].itertuples(index=False, name=None))
        assert {("", "effect"), ("", "nonlinearity"), ("bent", "nonlinearity"), ("fe", "threshold")} <= made


def test_every_sentence_of_the_run_has_its_rate(calibrated):
    _, _, run = calibrated
    found = run.table("findings").query("finding != 'lowest_error'")
    failed = found["text"].str.contains("no result under")
    assert found.loc[~failed, "error_rate"].notna().all()


def test_panels_keep_what_makes_errors_hard(calibrated):
    _, folder, _ = calibrated
    kept = pd.read_csv(folder / "calibration_features.csv").set_index("feature")
    drawn = kept["drawn"]
    assert drawn["missing_rows"] == kept.loc["missing_rows", "fitted"] > 0.1
    assert drawn["share_entity"] > 0.2
    assert drawn["autocorrelation"] == pytest.approx(kept.loc["autocorrelation", "fitted"], abs=0.25)
    assert drawn["correlation_between_entities"] > 0.1
    assert drawn["kurtosis"] > 3.1


def test_how_often_all_checks_pass_goes_with_the_run(calibrated):
    exposure, folder, run = calibrated
    rates = pd.read_csv(folder / "check_rates.csv")
    assert list(zip(rates["estimator"], rates["finding"], strict=True)) == (
        [("ols", "checks_agree"), ("ols", "checks_confirm")] if exposure == "x" else []
    )
    assert len(run.table("check_rates")) == len(rates)
