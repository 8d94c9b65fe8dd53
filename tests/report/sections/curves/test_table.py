"""Turning points, cell by cell."""

import pytest

from harness.report.model.run import read_run
from harness.report.sections.curves.table import turning_table
from report.changed_run import with_table

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_turning_points_established_or_not_and_their_absence(run):
    table = turning_table(run, "lwage")
    assert [(row.label, row.kind) for row in table] == [
        ("Pooled OLS", "no interior turning point"),
        ("Fixed effects", "no interior turning point"),
        ("SOM + ANN", "maximum, not established"),
        ("RAB", "maximum"),
        ("Boosting", "no interior turning point"),
    ]
    rab = table[3]
    # 0.068 / 0.0056 = 12.143, between 1.4 below and 1.1 above
    assert (rab.at, rab.interval, rab.share) == ("12.1", f"[10.7,{NB}13.2]", "92%")
    elsewhere = with_table(run, "turning_points", lambda frame: frame.assign(at=frame["conf_low"] - 1.0))
    kinds = [row.kind for row in turning_table(elsewhere, "lwage")]
    assert kinds[2:4] == ["maximum, not established, outside its interval", "maximum, outside its interval"]
