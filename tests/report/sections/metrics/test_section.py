"""Errors by other losses as a reader sees them, from a run that asked for some."""

from __future__ import annotations

import pandas as pd
import pytest

from harness.api import run_study
from harness.report.model.run import read_run
from harness.report.sections.metrics.section import metric_tables
from harness.running.options import RunOptions
from harness.study.spec.document import written_spec

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
        "draws": 50,
        "metrics": [{"id": "mae", "use": "absolute_error"}],
    },
    "report": {"formats": ["html"]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run_study(RunOptions(written_spec(STUDY), out=tmp_path_factory.mktemp("run") / "losses"))


def test_values_are_those_of_the_stored_predictions(folder):
    (table,) = metric_tables(read_run(folder))
    assert (table.title, table.rows[0][0]) == ("Absolute error", "ols")
    rows = pd.read_parquet(folder.path / "predictions.parquet")
    test = rows[rows["sample"] == "test"]
    losses = (test["observed"] - test["predicted"]).abs().groupby(test["estimator"]).mean()
    for label, (cell,) in table.rows:
        assert float(cell.value.replace(",", "")) == pytest.approx(losses[label], rel=1e-3)
    (reference,), (other,) = (cells for _, cells in table.rows)
    assert (reference.gain, reference.interval) == ("", "")
    gain = 100 * (1 - losses["fe"] / losses["ols"])
    assert float(other.gain.removesuffix("%").replace("−", "-")) == pytest.approx(gain, abs=0.051)


def test_the_page_has_the_section(folder):
    page = (folder.path / "report.html").read_text(encoding="utf-8")
    assert '<section id="metrics">' in page
    assert "Mean absolute error, outcome units" in page
