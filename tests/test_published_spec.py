"""The published study's spec on a file in the place of the simulated panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.api import prepare_study as prepare
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.execution.options import RunOptions

SPEC = Path(__file__).parents[1] / "specs" / "digital_carbon.yaml"


def panels(data):
    tasks = prepare(RunOptions(SPEC, data=data)).plan.full_tasks()
    return {task.outcome: task.panel for task in tasks if task.estimator_id == "ols"}


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
        ]
