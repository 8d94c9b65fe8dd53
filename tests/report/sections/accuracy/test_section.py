"""Errors by protocol and estimator, cell by cell."""

import pytest

from harness.report.model.run import read_run
from harness.report.sections.accuracy.section import accuracy_table


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_accuracy_table(run):
    table = accuracy_table(run, "lwage")
    assert table.groups[0].protocol.keeps_test_rows_apart
    first = table.groups[2]
    assert first.protocol.id == "as_published"
    ols, fe = first.rows[:2]
    assert (ols.mse_train, ols.mse_test, ols.mse_all) == ("0.2220", "0.2312", "0.2243")
    assert [row.is_lowest for row in first.rows] == [False, True, False, False, False]
    assert (fe.nmse, fe.r2, fe.n_obs, fe.n_entities) == ("0.472", "0.528", "1,308", "545")
    refused = table.groups[0].rows[1]
    assert (refused.mse_test, refused.mark) == ("–", "a")
