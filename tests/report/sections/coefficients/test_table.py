"""Coefficients side by side, cell by cell."""

import pytest

from harness.report.model.run import read_run
from harness.report.sections.coefficients.table import coefficient_table

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_coefficient_table(run):
    table = coefficient_table(run, "lwage")
    assert [column.label for column in table.columns] == ["Pooled OLS", "Fixed effects"]
    assert [column.covariance for column in table.columns] == [
        "clustered by entity",
        "clustered by entity and time",
    ]
    assert [row.label for row in table.rows] == ["Experience", "Schooling", "union", "const"]
    cell = table.rows[0].cells[0]
    # 0.110124 -/+ 1.96 x 0.011857
    assert (cell.estimate, cell.std_error, cell.interval) == (
        "0.11012",
        "(0.01186)",
        f"[0.08688,{NB}0.13336]",
    )
    assert table.without == (
        ("SOM + ANN, RAB and Boosting", "no coefficients; the curves say what is estimated"),
    )
