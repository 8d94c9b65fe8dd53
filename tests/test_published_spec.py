"""The published study's spec on a file in the place of the simulated panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.api import prepare_study as prepare
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.plugin import random_stream
from harness.running.options import RunOptions

SPEC = Path(__file__).parents[1] / "specs" / "digital_carbon.yaml"


def panels(data):
    tasks = prepare(RunOptions(SPEC, data=data)).plan.full_tasks()
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
    plan = prepare(RunOptions(SPEC)).plan
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
