"""The first screen: columns of the figure of gains, curves less their mean, and published gains."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from harness.findings.answers import headline, leading_protocols
from harness.findings.run import read_run
from harness.report.front import headline_table, leading_curves, published_protocol, slope_shape
from harness.report.write import BRIEF, Reporter
from report.changed_run import with_study, with_table
from report.fake_run import SECTIONS, wage_run


def test_columns_are_entities_never_seen_and_later_periods_and_the_published_comparison_is_pale(run):
    study = run.manifest.study
    assert [protocol.use for protocol in leading_protocols(study)] == ["held_out_entities", "forward"]
    assert published_protocol(study).use == "as_published"
    assert [one.keeps_test_rows_apart for one in study.honest_first] == [True, True, False, False]
    alone = replace(study, protocols=study.protocols[:1])
    assert [protocol.use for protocol in leading_protocols(alone)] == ["as_published"]
    assert published_protocol(alone) is None


def test_the_curves_are_those_of_the_reference_and_of_the_leading_estimator(run):
    first, leading = leading_curves(run, "lwage")
    assert first.estimator == run.manifest.study.reference != leading.estimator
    assert leading_curves(run, "no such outcome") == ()


def test_a_debiased_slope_is_a_line_through_the_mean_exposure():
    row = SimpleNamespace(estimate=-0.2, conf_low=-0.5, conf_high=0.1)
    at, rug = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.5, 1.0, 1.5])
    shape = slope_shape(row, at, rug)
    np.testing.assert_allclose(shape.estimate, row.estimate * (at - 1.0))
    np.testing.assert_allclose(shape.high - shape.low, (row.conf_high - row.conf_low) * np.abs(at - 1.0))
    assert (shape.low <= shape.estimate).all()
    assert (shape.estimate <= shape.high).all()


def test_the_brief_has_the_first_screen_and_every_warning(wage, tmp_path):
    folder = shutil.copytree(wage.path, tmp_path / "run")
    page = Reporter().brief(folder)
    assert page == folder / BRIEF
    source = page.read_text(encoding="utf-8")
    assert source.count("<img ") == 3
    assert "<script" not in source
    for code in set(read_run(wage).frame("warnings")["code"]):
        assert f"<h4>{code}</h4>" in source


def test_published_gains_stand_next_to_those_of_the_run(run):
    changed = with_table(run, "claims", lambda frame: frame.assign(sample="test"))
    beside = with_study(changed, further_references=("fe",))
    study = beside.manifest.study
    gains = run.frame("gain")
    gains = gains[(gains["sample"] == "test") & (gains["reference"] == "ols")]
    gains = gains.set_index(["estimator", "protocol"])["gain"]
    cells = [("ann", "as_published"), ("fe", "as_published"), ("ann", "held_out_entities")]
    here = [f"{100 * gains[cell]:.1f}%".replace("-", "−") for cell in cells]
    table = headline_table(study, list(headline(beside)))
    assert table.rows == (("Log wage", "67.9%", *here),)
    alone = with_table(changed, "claims", lambda frame: frame.assign(counterpart=np.nan))
    assert len(headline_table(alone.manifest.study, list(headline(alone))).heads) == 3


COMPARE = ("</b> Gain over Pooled OLS", "predicts best?")


def kept(folder, names):
    """Leave these estimators of a run alone."""
    path = folder.path / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    study = manifest["study"]
    study["estimators"] = [entry for entry in study["estimators"] if entry["id"] in names]
    study["further_references"] = []
    path.write_text(json.dumps(manifest), encoding="utf-8")
    for table in ("gain", "findings"):
        frame = folder.read_table(table)
        own = frame["estimator"].isin(names) & ~frame["estimator"].isin(["ols"] if table == "gain" else [])
        folder.write_table(table, frame[own])


@pytest.mark.parametrize(("names", "compares"), [(["ols"], False), (["ols", "fe"], True)])
def test_gains_are_shown_where_estimators_are_compared(tmp_path, names, compares):
    folder = wage_run(tmp_path)
    kept(folder, names)
    Reporter(SECTIONS).write(folder, ("html",))
    html = (folder.path / "report.html").read_text(encoding="utf-8")
    assert [part in html for part in COMPARE] == [compares] * len(COMPARE)
    assert ("Pooled OLS is the only estimator: nothing is compared." in html) != compares
    assert ("Mean squared error in predicting" in html) != compares
