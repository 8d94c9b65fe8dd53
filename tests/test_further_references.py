"""Gains over more than one reference: tables, verdicts, report, checks."""

from __future__ import annotations

import copy
import json
from importlib.resources import files

import jsonschema
import pytest

from small_run import SPEC, exit_code, run_small

FIXED = {"id": "fe", "use": "fixed_effects", "effects": ["entity"], "label": "Fixed effects"}


def spec_with(*further):
    spec = copy.deepcopy(SPEC) | {"report": {"formats": []}}
    spec["estimators"].append(FIXED)
    spec["evaluation"]["further_references"] = list(further)
    return spec


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_small(tmp_path_factory.mktemp("runs") / "further", spec=spec_with("fe"))


def test_gains_over_each_reference_follow_from_the_errors(run):
    mse = run.accuracy.set_index(["protocol", "sample", "estimator"])["mse"]
    gain = run.gain
    assert list(gain["reference"].drop_duplicates()) == ["ols", "fe"]
    assert gain.groupby("reference")["estimator"].unique().map(list).to_dict() == {
        "ols": ["curved", "fe"],
        "fe": ["ols", "curved"],
    }
    for row in gain.itertuples():
        errors = (mse[row.protocol, row.sample, one] for one in (row.estimator, row.reference))
        own, reference = errors
        assert row.gain == pytest.approx(1.0 - own / reference, rel=1e-9)
        # An interval without a bound has no limits.
        if row.conf_low == row.conf_low:
            assert row.conf_low <= row.gain <= row.conf_high


def test_the_gains_over_the_reference_are_those_of_a_study_without_others(run, tmp_path):
    alone = run_small(tmp_path / "alone", spec=spec_with()).gain
    own = run.gain[run.gain["reference"] == "ols"].reset_index(drop=True)
    assert own.equals(alone)


def test_programs_read_each(run):
    report = json.loads((run.path / "gain_report.json").read_text(encoding="utf-8"))
    schema = json.loads((files("harness.report") / "gain_report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(report)
    assert [one["reference"] for one in report["verdicts"]] == ["ols"]
    assert [one["reference"] for one in report["further_verdicts"]] == ["fe"]
    found = {
        (cell["estimator"], cell["protocol"], cell["sample"]): [
            one["estimate"] for one in cell["further_gains"]
        ]
        for cell in report["cells"]
    }
    over = run.gain[run.gain["reference"] == "fe"]
    for row in over.itertuples():
        assert found[row.estimator, row.protocol, row.sample] == [row.gain]
    assert found["fe", "in_sample", "test"] == []


def test_the_run_verifies(run, monkeypatch):
    assert exit_code(monkeypatch, "verify", str(run.path)) == 0
