"""The published study's spec on a file instead of the simulated panel."""

import copy
import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from harness.api import prepare_study as prepare
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.plugin import random_stream
from harness.running.options import RunOptions
from small_run import SPEC, exit_code, run_small

PUBLISHED = Path(__file__).parents[1] / "specs" / "digital_carbon.yaml"


def panels(data):
    tasks = prepare(RunOptions(PUBLISHED, data=data)).plan.full_tasks()
    return {task.subject.panel.outcome: task.subject.panel for task in tasks if task.estimator_id == "ols"}


def test_a_file_of_the_same_columns_needs_no_other_line(tmp_path):
    path = tmp_path / "cities.csv"
    DigitalCarbon().draw().to_csv(path, index=False)
    simulated, read = panels(None), panels(path)
    assert list(read) == ["co2", "co2_intensity", "co2_pc"]
    for outcome, panel in read.items():
        expected = simulated[outcome]
        assert panel.entity.labels == expected.entity.labels
        np.testing.assert_array_equal(panel.observed, expected.observed)
        np.testing.assert_array_equal(panel.X, expected.X)
        assert [key.labels for key in panel.groups] == [
            ("super and mega", "large", "small and medium"),
            ("first rank", "other"),
            ("pilot", "other"),
            ("pilot, before 2019", "pilot, from 2019", "other"),
        ]


def test_the_zones_are_a_policy_of_2019_and_a_threshold_stands_beside_the_network():
    plan = prepare(RunOptions(PUBLISHED)).plan
    (task,) = [
        one
        for one in plan.full_tasks()
        if (one.subject.panel.outcome, one.estimator_id) == ("co2", "threshold")
    ]
    policy = task.subject.panel.group("pilot_policy")
    labels = np.array(policy.labels, dtype=object)[policy.codes]
    years = np.array(task.subject.panel.time.labels, dtype=object)[task.subject.panel.time.codes].astype(int)
    zone = task.subject.panel.group("pilot_zone")
    is_zone = np.array(zone.labels, dtype=object)[zone.codes] == "pilot"
    np.testing.assert_array_equal(labels == "pilot, from 2019", is_zone & (years >= 2019))
    np.testing.assert_array_equal(labels == "pilot, before 2019", is_zone & (years < 2019))
    fit = task.subject.estimator.for_folds().fit(task.subject.panel, rng=random_stream(1))
    assert fit.regimes.variable == "gdp_pc"
    assert "by_policy" in task.scenarios


FIXED = {"id": "fe", "use": "fixed_effects", "effects": ["entity"], "label": "Fixed effects"}


def spec_with(*further):
    spec = copy.deepcopy(SPEC) | {
        "report": {"formats": []},
        "scenarios": [],
        "multiverse": None,
        "claims": [],
    }
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
