"""Errors by other losses as a reader sees them, from a run that asked for some."""

from __future__ import annotations

import pandas as pd
import pytest

from harness.api import run_study
from harness.findings.run import read_run
from harness.report.sections.accuracy import metric_tables
from harness.running.options import RunOptions
from harness.study.spec.written import written_spec
from report.shown_blocks import cells

STUDY = {
    "spec_version": 1,
    "study": "losses",
    "title": "Other losses",
    "seed": 3,
    "data": {"dataset": "grunfeld"},
    "roles": {"entity": "firm", "time": "year", "outcomes": ["invest"], "exposure": "value"},
    "estimators": [{"id": "ols", "use": "pooled_ols"}, {"id": "fe", "use": "fixed_effects"}],
    "evaluation": {
        "reference": "ols",
        "protocols": ["forward"],
        "metrics": [{"id": "mae", "use": "absolute_error"}],
    },
    "report": {"formats": []},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run_study(RunOptions(written_spec(STUDY), out=tmp_path_factory.mktemp("run") / "losses"))


def test_values_are_those_of_the_stored_predictions(folder):
    (table,) = metric_tables(read_run(folder))
    assert table.caption == "Absolute error, and the gain over ols"
    rows = pd.read_parquet(folder.path / "predictions.parquet")
    test = rows[rows["sample"] == "test"]
    losses = (test["observed"] - test["predicted"]).abs().groupby(test["estimator"]).mean()
    found = cells(table)
    for label, (cell,) in found.items():
        assert float(cell.words.replace(",", "")) == pytest.approx(losses[label], rel=1e-3)
    assert found["ols"][0].beneath == ()
    gain = float(found["fe"][0].beneath[0].partition("%")[0].replace("−", "-"))
    assert gain == pytest.approx(100 * (1 - losses["fe"] / losses["ols"]), abs=0.051)
