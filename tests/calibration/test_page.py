"""Error rates go beside the findings of the study that they are of; the page of a calibration says them."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import html5lib
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import harness
from command import harness as command
from harness.calibration.findings import (
    GAIN,
    LOSS,
    VERDICT,
    Calibration,
    CalibrationRow,
    FeatureRow,
    Reduction,
    band_finding,
    decide_share,
)
from harness.calibration.page import calibration_page, share_table
from harness.errors import ArtifactError
from harness.findings.run import read_run
from harness.findings.table import with_error_rates
from harness.report.render.html import script_hash
from harness.report.sections.verdict import rate_blocks
from harness.running.calibration_record import CALIBRATION_RECORD
from harness.running.folder import RunFolder
from harness.tables.findings import ErrorRateRow, FindingRow
from harness.tables.table import NAN
from report.fake_run import HOSTILE, manifest, read_manifest
from small_run import copy_of, exit_code

SPEC = Path(__file__).parents[2] / "specs" / "grunfeld.yaml"
CHANGES = (
    "estimators=[{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}]",
    "evaluation.protocols=[held_out_entities]",
    "scenarios=[{use: curve, grid: 5, draws: 60}]",
)


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


EFFECTS = SimpleNamespace(id="mean", has_entity_effects=True, goes_by_within=True)
STUDY = SimpleNamespace(reference="ols", estimators=[EFFECTS], headline=[], protocols=[])


def matched(findings, rates):
    rows = [
        FindingRow(
            **dict(zip(("outcome", "estimator", "finding", "about"), place, strict=True)),
            key=f"row {number}",
            code="",
            family="outcomes:1" if is_primary else "",
        )
        for number, (*place, is_primary) in enumerate(findings)
    ]
    known = [
        ErrorRateRow(
            **dict(zip(("outcome", "estimator", "finding", "error_rate"), rate, strict=True)),
            **dict.fromkeys(("conf_low", "conf_high", "n_found", "n_panels")),
        )
        for rate in rates
    ]
    found = list(with_error_rates(rows, known, study=STUDY))
    assert [replace(row, error_rate=NAN, rate_of="") for row in found] == rows
    assert all(bool(row.rate_of) == np.isfinite(row.error_rate) for row in found)
    return pytest.approx([row.error_rate for row in found], nan_ok=True)


def test_rates_are_matched_by_outcome_estimator_and_kind():
    findings = [
        ("y", "", "gain", "ols", False),
        ("y", "fe", "gain", "ols", False),
        ("y", "fe", "gain", "mean", False),
        ("y", "fe", "turning_point", "curve: maximum", False),
        ("y", "fe", "turning_point", "curve: minimum", False),
        ("z", "fe", "turning_point", "curve: minimum", False),
        ("y", "", "lowest_error", "forward", False),
    ]
    rates = [
        ("y", "", "gain", 0.04),
        ("y", "fe", "gain", 0.02),
        ("y", "fe", "turning_point", 0.07),
        ("y", "ols", "turning_point", 0.5),
    ]
    assert matched(findings, rates) == [0.04, 0.02, np.nan, 0.07, 0.07, np.nan, np.nan]


def test_rates_of_shapes_are_matched_by_kind():
    findings = [
        ("y", "", "gain", "ols", False),
        ("y", "fe", "gain", "mean", False),
        ("y", "", "effect", "line", True),
        ("y", "", "effect", "line", False),
        ("y", "fe", "nonlinearity", "curve", False),
        ("y", "", "nonlinearity", "test", False),
        ("z", "", "gain", "ols", False),
    ]
    kinds = ["gain", "gain_over_fixed_effects", "primary_effect", "secondary_effect"]
    kinds += ["bend_learner", "nonlinearity"]
    rates = [("y", "", kind, at / 100) for at, kind in enumerate(kinds, start=1)]
    assert matched(findings, rates) == [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, np.nan]


@pytest.fixture(scope="module")
def calibrated(calibration, tmp_path_factory):
    """Return a run with the rates of its calibration."""
    return run(tmp_path_factory.mktemp("rated") / "run", calibration)


def test_a_run_has_the_rates_of_its_calibration(calibration, calibrated, monkeypatch):
    rates = pd.read_csv(calibration / "error_rates.csv").fillna({"estimator": ""})
    rates = rates.set_index(["outcome", "estimator", "finding"])["error_rate"]
    found = pd.read_csv(calibrated.path / "findings.csv").fillna({"estimator": ""})
    uncounted = found["finding"].isin(["lowest_error", "within_effect", "caution"])
    filled = found[~uncounted]
    assert {"gain", "turning_point"} <= set(filled["finding"])
    for row in filled.itertuples():
        assert row.error_rate == rates[row.outcome, row.estimator, row.finding]
        assert row.rate_of == f"{row.outcome}/{row.estimator}/{row.finding}"
    assert found.loc[uncounted, "error_rate"].isna().all()
    command_words = RunFolder.open(calibrated.path).manifest().command
    assert f"--calibrated {calibration.as_posix()}" in command_words
    assert exit_code(monkeypatch, "verify", str(calibrated.path)) == 0


def test_the_report_states_the_rates(calibrated, tmp_path):
    folder = RunFolder.open(copy_of(calibrated, tmp_path / "run"))
    kept = folder.read_table("error_rates")
    rate = {"error_rate": 0.04, "conf_low": 0.011, "conf_high": 0.0993, "n_found": 4, "n_panels": 100}
    folder.write_table("error_rates", kept.assign(**rate))
    (table,) = rate_blocks(read_run(folder))
    rows = {row.cells for group in table.groups for row in group.rows}
    assert ("fe: Turning point", "4%", "10%", "100") in rows
    folder.write_table("error_rates", kept.assign(outside="entities, tails"))
    table, note = rate_blocks(read_run(folder))
    assert {row.cells[1] for group in table.groups for row in group.rows} == {"untested"}
    assert "number of entities and tails of residuals" in note.words


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


N_PANELS = 50
NB = "\u00a0"
XHTML = "{http://www.w3.org/1999/xhtml}"


NOMINAL = {
    VERDICT: 0.025,
    GAIN: 0.025,
    **dict.fromkeys((band_finding("level", "pointwise"), band_finding("slope", "simultaneous")), 0.95),
}


def row(estimator, protocol, finding, n_found, effect=0.0):
    limits = binomtest(n_found, N_PANELS).proportion_ci(0.95, method="exact")
    promised = NOMINAL.get(finding, NAN) if protocol != "as_published" else NAN
    share = n_found / N_PANELS, float(limits.low), float(limits.high)
    cell = ("lwage", estimator, protocol, finding)
    return CalibrationRow(effect, *cell, *share, N_PANELS, promised, decide_share(*share, promised))


ROWS = (
    row("fe", "", VERDICT, 0),
    row("ann", "", VERDICT, 1),
    row("fe", "as_published", GAIN, 50),
    row("ann", "as_published", GAIN, 31),
    row("fe", "held_out_entities", GAIN, 2),
    row("ann", "held_out_entities", GAIN, 6),
    row("ann", "held_out_entities", LOSS, 30),
    row("ann", "curve", band_finding("level", "pointwise"), 46),
    row("ann", "curve", band_finding("slope", "simultaneous"), 40),
    row("ann", "", "turning_point", 2),
)
FEATURES = (
    FeatureRow("lwage", "share_period", 0.08, 0.081, 0.01, is_kept=True),
    FeatureRow("lwage", "kurtosis", 9.0, 4.0, 0.1, is_kept=False),
)


def found(*effects, **texts):
    outcome = texts.get("outcome", ("Log wage", "log dollars an hour"))
    content = manifest(outcomes={"lwage": outcome}, title=texts.get("title", "Experience and log wages"))
    return Calibration(
        *(read_manifest(content), N_PANELS, effects or (0.0,), 0.95),
        tuple(replace(row, effect=effect) for effect in effects or (0.0,) for row in ROWS),
        FEATURES,
        reductions=(Reduction("estimator, folds", "ann", "restarts", "3", "1"),),
    )


@pytest.mark.parametrize(
    ("place", "off"),
    [
        pytest.param(3, False, id="gain-where-entities-are-known"),
        pytest.param(4, False, id="limits-reach-what-is-promised"),
        pytest.param(5, True, id="gain-too-often"),
        pytest.param(6, False, id="a-loss-is-no-error"),
        pytest.param(7, False, id="band-holds-enough"),
        pytest.param(8, True, id="band-holds-too-little"),
    ],
)
def test_what_is_off(place, off):
    assert ROWS[place].is_off is off


def test_the_table_groups_by_finding():
    groups = share_table(found(), "lwage").groups
    assert [(group.end[0], len(group.rows)) for group in groups] == [
        *(("at most 2.5%", 2), ("", 1), ("at most 2.5%", 4), ("", 1), ("95.0%", 1), ("95.0%", 1))
    ]
    assert groups[2].rows[3].cells[:2] == ("SOM + ANN", "Held-out entities")


def test_the_page_is_offline_labelled_and_escaped():
    source = calibration_page(found(outcome=(HOSTILE["label"], HOSTILE["unit"]), title=HOSTILE["title"]))
    root = html5lib.HTMLParser(strict=True).parse(source)
    tags = {one.tag.removeprefix(XHTML) for one in root.iter() if isinstance(one.tag, str)}
    assert not tags & {"iframe", "object", "embed", "link", "svg"}
    # The one script is that of the report, which its policy names by its hash.
    (script,) = [one.text for one in root.iter(f"{XHTML}script")]
    assert f"script-src {script_hash(script)};" in source.replace("&#39;", "'")
    assert not re.findall(r'(?:src|href)="https?:', source)
    text = " ".join("".join(next(root.iter(f"{XHTML}body")).itertext()).split())
    assert "SIMULATED OUTCOMES." in text
    assert HOSTILE["label"] in text
    assert "harness run specs/wage_panel.yaml" in text
    assert "estimator, foldsannrestarts31" in text.replace(" ann ", "ann")


def test_panels_with_an_effect_have_a_block_of_their_own():
    blocks = list(found(0.0, 0.25).each())
    assert [(own.effect, len(own.rows)) for own in blocks] == [(0.0, len(ROWS)), (0.25, len(ROWS))]
    page = calibration_page(found(0.0, 0.25))
    assert "<h3>No effect</h3>" in page
    assert "<h3>An effect of Experience of 0.25</h3>" in page
