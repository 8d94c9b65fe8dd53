"""The table of gains and its p-values, cell by cell."""

import pytest

from harness.report.model.gains import Gains
from harness.report.model.run import read_run
from harness.report.sections.gains.table import gain_table, p_value_groups
from harness.tables.gain import GainStatus

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_gain_table(run):
    table = gain_table(Gains(run), "lwage")
    rows = {row.estimator.label: row for row in table.rows}
    assert list(rows) == ["Pooled OLS", "Fixed effects", "SOM + ANN", "RAB", "Boosting"]
    first = rows["Pooled OLS"].cells[0]
    assert (first.text, first.beneath, first.symbol) == ("reference", "MSE 0.2341", "")
    assert [(cell.text, cell.symbol) for cell in rows["SOM + ANN"].cells] == [
        ("−14.3%", "▼"),
        ("2.1%", "○"),
        ("31.2%", "▲"),
        ("44.7%", "▲"),
    ]
    assert rows["SOM + ANN"].cells[0].beneath == f"[−20.3,{NB}−8.3]"
    refused = rows["Fixed effects"].cells[0]
    assert (refused.text, table.mark(refused), refused.status) == ("refused", "a", GainStatus.MISSING)
    assert table.footnotes == (
        ("a", "fold 1: experience is absorbed by the entity and time effects together"),
    )


def test_a_gain_that_comparisons_undo_is_open(run):
    table = gain_table(Gains(run), "lwage")
    boosting = next(row for row in table.rows if row.estimator.label == "Boosting")
    published, inside = boosting.cells[2:]
    assert (published.text, published.beneath, published.symbol) == ("26.8%", f"[22.8,{NB}30.8]", "○")
    assert published.p_adjusted_text == f"p{NB}={NB}0.081"
    assert (inside.symbol, inside.p_adjusted_text) == ("▲", f"p{NB}={NB}0.030")


def test_p_values_are_grouped_by_protocol_without_refusals(run):
    groups = p_value_groups(Gains(run), "lwage")
    assert [group.protocol.id for group in groups] == [
        "held_out_entities",
        "forward",
        "as_published",
        "in_sample",
    ]
    assert [len(group.cells) for group in groups] == [3, 4, 4, 4]
    cell = groups[2].cells[-1]
    assert cell.estimator.label == "Boosting"
    row = cell.row
    assert (row.p_value, row.p_splits, row.p_holm, row.p_best) == (0.01, 0.004, 0.081, 0.012)
