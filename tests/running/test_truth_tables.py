"""The truth in the folder of a run on simulated data, and its absence elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from harness.api import run_study
from harness.data.simulate.small_panels import InvertedU
from harness.running.options import RunOptions

SPEC = """\
spec_version: 1
study: parabola
title: A parabola
seed: 3
data: {simulate: {use: inverted_u, n_entities: 60, n_periods: 4}}
roles: {entity: city, time: year, outcomes: [outcome], exposure: EXPOSURE, moderators: [MODERATOR]}
estimators: [{id: ols, use: pooled_ols}, {id: cubic, use: polynomial_effects, effects: [entity], degree: 3}]
evaluation: {reference: ols, protocols: [in_sample]}
scenarios:
  - {use: curve, draws: 40, grid: 15}
  - {use: conditional, moderator: MODERATOR, draws: 20, grid: 5}
report: {formats: []}
"""


def folder_of(path, *, exposure, moderator, data=None):
    spec = path / "spec.yaml"
    spec.write_text(SPEC.replace("EXPOSURE", exposure).replace("MODERATOR", moderator), encoding="utf-8")
    return run_study(RunOptions(spec=spec, out=path / "out", data=data))


def test_the_truth_and_the_error_of_each_estimator(tmp_path):
    folder = folder_of(tmp_path, exposure="exposure", moderator="moderator")
    truth = folder.read_table("truth")
    level = truth[truth["kind"] == "level"]
    assert len(level) == 15
    assert np.ptp(level["truth"] - (1.0 - 4.0 * (level["at"] - InvertedU.turning_points[0]) ** 2)) < 1e-9
    errors = folder.read_table("truth_errors").set_index(["estimator", "kind"])
    assert errors.loc[("cubic", "level"), "rmse"] < 0.1 * errors.loc[("ols", "level"), "rmse"]
    assert errors.loc[("cubic", "level"), "coverage"] > errors.loc[("ols", "level"), "coverage"]
    curves = folder.read_table("curves").query(
        "estimator == 'ols' and kind == 'level' and band == 'pointwise'"
    )
    known = curves[curves["supported"]].merge(level[["at", "truth"]], on="at")
    expected = np.sqrt(((known["estimate"] - known["truth"]) ** 2).mean())
    assert errors.loc[("ols", "level"), "rmse"] == pytest.approx(expected, rel=1e-9)
    assert errors.loc[("ols", "conditional_effect"), "n_points"] > 0
    assert errors.loc[("ols", "surface"), "n_points"] <= 25


def test_every_kind_of_truth_has_its_error(tmp_path):
    folder = folder_of(tmp_path, exposure="exposure", moderator="moderator")
    truth, errors = folder.read_table("truth"), folder.read_table("truth_errors")
    assert set(truth["kind"]) == set(errors["kind"])
    own = errors.set_index(["estimator", "kind"])
    # pooled OLS has no turning point; the cubic's maximum is near the parabola's, 0.6
    assert own.loc[("ols", "maximum"), ["n_points", "n_found"]].tolist() == [1, 0]
    assert own.loc[("cubic", "maximum"), "rmse"] < 0.05
    # its mean slope is the coefficient, the true one -8 (mean exposure - 0.6)
    (coefficient,) = folder.read_table("coefficients").query("estimator == 'ols' and term == 'exposure'")[
        "estimate"
    ]
    (average,) = truth.loc[truth["kind"] == "average_effect", "truth"]
    assert own.loc[("ols", "average_effect"), "rmse"] == pytest.approx(abs(coefficient - average))


def test_no_truth_about_a_file_in_the_place_of_the_simulation(tmp_path):
    path = tmp_path / "cities.csv"
    drawn = InvertedU(n_entities=60, n_periods=4).draw()
    drawn.assign(city="市" + drawn["city"]).to_csv(path, index=False)
    folder = folder_of(tmp_path, exposure="exposure", moderator="moderator", data=path)
    assert len(folder.read_table("curves")) > 0
    assert len(folder.read_table("truth")) == 0


def test_no_truth_about_another_exposure(tmp_path):
    folder = folder_of(tmp_path, exposure="moderator", moderator="exposure")
    assert not (folder.path / "truth.csv").exists()
    assert not (folder.path / "truth_errors.csv").exists()
