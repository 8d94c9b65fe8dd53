"""A study of one estimator compares nothing, and its report shows no empty table or figure of gains."""

import json

import pytest

from harness.report.write import Reporter
from report.all_sections import SECTIONS
from report.fake_run import wage_run

COMPARE = (
    "</b> Gain over Pooled OLS",
    "predicts best?",
)


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
