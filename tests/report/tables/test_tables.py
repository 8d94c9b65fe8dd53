"""The tables of the report, cell by cell."""

import pytest

from harness.report.reading.results import Results
from harness.report.reading.run import read_run
from harness.report.tables.accuracy_table import accuracy_table
from harness.report.tables.coefficient_table import coefficient_table
from harness.report.tables.footnotes import Footnotes
from harness.report.tables.gain_table import gain_table

NB = "\u00a0"


@pytest.fixture(scope="module")
def results(wage):
    return Results(read_run(wage))


def test_gain_table(results):
    table = gain_table(results, "lwage")
    rows = {row.label: row for row in table.rows}
    assert list(rows) == ["Pooled OLS", "Fixed effects", "SOM + ANN", "RAB", "Boosting"]
    first = rows["Pooled OLS"].cells[0]
    assert (first.gain, first.beneath, first.symbol) == ("reference", "MSE 0.2312", "")
    assert [(cell.gain, cell.symbol) for cell in rows["SOM + ANN"].cells] == [
        ("31.2%", "▲"),
        ("44.7%", "▲"),
        ("−14.3%", "▼"),
        ("2.1%", "○"),
    ]
    assert rows["SOM + ANN"].cells[2].beneath == f"[−20.3,{NB}−8.3]"
    refused = rows["Fixed effects"].cells[2]
    assert (refused.gain, refused.mark, refused.standing) == ("refused", "a", "no result")
    assert table.footnotes == (
        ("a", "fold 1: experience is absorbed by the entity and time effects together"),
    )


def test_accuracy_table(results):
    table = accuracy_table(results, "lwage")
    first = table.groups[0]
    assert first.protocol.id == "as_published"
    ols, fe = first.rows[:2]
    assert (ols.mse_train, ols.mse_test, ols.mse_all) == ("0.2220", "0.2312", "0.2243")
    assert [row.is_lowest for row in first.rows] == [False, True, False, False, False]
    assert (fe.nmse, fe.r2, fe.n_obs, fe.n_entities) == ("0.472", "0.528", "1,308", "545")
    refused = table.groups[2].rows[1]
    assert (refused.mse_test, refused.mark) == ("–", "a")


def test_coefficient_table(results):
    table = coefficient_table(results.run, "lwage")
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


def test_footnotes_give_equal_reasons_one_mark():
    notes = Footnotes()
    assert [notes.mark(reason) for reason in ("x", "y", "x", "")] == ["a", "b", "a", ""]
    marks = [notes.mark(str(number)) for number in range(30)]
    assert (marks[23], marks[24], marks[29]) == ("z", "aa", "af")
