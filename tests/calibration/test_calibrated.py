"""Error rates go beside the findings of the study that they are of, and of no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import harness
from command import harness as command
from harness.errors import ArtifactError
from harness.findings.run import read_run
from harness.findings.table import findings_table, with_error_rates
from harness.report.sections.verdict import verdict_of
from harness.running.calibration_record import CALIBRATION_RECORD
from harness.running.folder import RunFolder

SPEC = Path(__file__).parents[2] / "specs" / "grunfeld.yaml"
CHANGES = (
    "estimators=[{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}]",
    "evaluation.protocols=[held_out_entities]",
    "scenarios=[{use: curve, grid: 5, draws: 60}]",
)
NB = "\u00a0"


@pytest.fixture(scope="module")
def calibration(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrated") / "calibration"
    settings = [word for change in CHANGES for word in ("--set", change)]
    done = command("calibrate", SPEC, "--panels", 3, "--jobs", 1, "--out", folder, *settings)
    assert done.returncode == 0, done.stderr
    return folder


def run(folder, calibration, overrides=CHANGES, **options):
    return harness.run(
        SPEC, out=folder, overrides=overrides, calibrated=calibration, progress=False, **options
    )


FINDINGS = pd.DataFrame(
    [
        ("y", "", "gain", "ols", ""),
        ("y", "fe", "gain", "ols", ""),
        ("y", "fe", "gain", "mean", ""),
        ("y", "fe", "turning_point", "curve: maximum", ""),
        ("y", "fe", "turning_point", "curve: minimum", ""),
        ("z", "fe", "turning_point", "curve: minimum", ""),
        ("y", "", "lowest_error", "forward", ""),
    ],
    columns=["outcome", "estimator", "finding", "about", "text"],
)


def test_rates_are_matched_by_outcome_estimator_and_kind():
    rates = pd.DataFrame(
        {
            "outcome": "y",
            "estimator": [None, "fe", "fe", "ols"],
            "finding": ["gain", "gain", "turning_point", "turning_point"],
            "error_rate": [0.04, 0.02, 0.07, 0.5],
        }
    )
    found = with_error_rates(FINDINGS, rates, reference="ols")
    assert found["error_rate"].tolist() == pytest.approx(
        [0.04, 0.02, float("nan"), 0.07, 0.07, float("nan"), float("nan")], nan_ok=True
    )
    pd.testing.assert_frame_equal(found[FINDINGS.columns], FINDINGS)


def test_a_run_has_the_rates_of_its_calibration(calibration, tmp_path):
    result = run(tmp_path / "run", calibration)
    rates = pd.read_csv(calibration / "error_rates.csv").fillna({"estimator": ""})
    rates = rates.set_index(["outcome", "estimator", "finding"])["error_rate"]
    found = pd.read_csv(tmp_path / "run" / "findings.csv").fillna({"estimator": ""})
    filled = found[found["finding"] != "lowest_error"]
    assert {"gain", "turning_point"} <= set(filled["finding"])
    for row in filled.itertuples():
        assert row.error_rate == rates[row.outcome, row.estimator, row.finding]
    assert found.loc[found["finding"] == "lowest_error", "error_rate"].isna().all()
    command_words = RunFolder.open(result.path).manifest().command
    assert f"--calibrated {calibration.as_posix()}" in command_words
    checked = command("verify", tmp_path / "run")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_report_states_the_rate_of_what_is_established(calibration, tmp_path):
    run(tmp_path / "run", calibration)
    folder = RunFolder.open(tmp_path / "run")
    kept = folder.read_table("error_rates")
    rate = {"error_rate": 0.04, "conf_low": 0.011, "conf_high": 0.0993, "n_found": 4, "n_panels": 100}
    folder.write_table("error_rates", kept.assign(**rate))
    found = findings_table(read_run(folder))
    is_gain = (found["finding"] == "gain") & (found["estimator"] == "fe")
    folder.write_table("findings", found.assign(is_established=is_gain))
    (sentence,) = verdict_of(read_run(folder), "invest").gains
    # R: binom.test(4, 100)$conf.int is 0.01100449 to 0.09925716
    assert sentence.endswith(
        f" Where it is not there such a finding was made in 4.0% [1.1,{NB}9.9] of 100 panels."
    )
    assert not any("such a finding" in text for text in verdict_of(read_run(folder), "invest").effects)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("study=another", "study id is grunfeld, not another"),
        ("estimators=[{id: ols, use: pooled_ols}, {id: fe, use: random_effects}]", "estimator fe is"),
        ("scenarios=[{use: curve, grid: 6, draws: 60}]", "scenario curve is"),
        ("data.rows={year: {to: 1950}}", "data n_obs is 200, not 176"),
    ],
)
def test_a_calibration_of_another_study_is_refused_before_anything_is_fitted(
    calibration, tmp_path, change, told
):
    with pytest.raises(ArtifactError, match="is a calibration of another study") as error:
        run(tmp_path / "run", calibration, overrides=(*CHANGES, change))
    assert told in error.value.what
    assert error.value.hint == "calibrate this one: harness calibrate SPEC"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "is not the folder of a calibration"), ("{}", "calibration.json")],
    ids=["no-record", "damaged"],
)
def test_what_is_no_calibration_is_refused(calibration, tmp_path, content, told):
    shutil.copytree(calibration, tmp_path / "other")
    path = tmp_path / "other" / CALIBRATION_RECORD
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(ArtifactError, match=told):
        run(tmp_path / "run", tmp_path / "other")
