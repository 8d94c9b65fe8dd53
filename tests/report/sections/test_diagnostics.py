"""Diagnostics of the fits, cell by cell."""

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.sections.diagnostics import DIAGNOSTICS_SECTION
from report.changed_run import with_table
from report.shown_blocks import blocks_of, tables_in, texts

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_a_test_of_several_hypotheses_names_them_all(run):
    def both(frame):
        own = frame[frame["test"] == "f_effects"]
        other = own.assign(estimator="fe", null_hypothesis="all entity and time effects are equal")
        return pd.concat([frame, other])

    table, _ = tables_in(blocks_of(DIAGNOSTICS_SECTION, with_table(run, "details/diagnostics", both)))
    assert table.groups[0].rows[0].cells[0].beneath == (
        "all entity effects are equal; all entity and time effects are equal",
    )


def test_diagnostics_stand_side_by_side(run):
    table, selected = tables_in(blocks_of(DIAGNOSTICS_SECTION, run))
    assert table.heads[0][1:] == ("Pooled OLS", "Fixed effects")
    effects, hausman, dependence = (row.cells for row in table.groups[0].rows)
    assert effects[0].text == "F test of the effects all entity effects are equal"
    assert (effects[1].words, effects[1].beneath, effects[2]) == (
        *("F(541, 3,810) = 8.317", (f"p{NB}<{NB}0.001",), ""),
    )
    assert (hausman[2].words, hausman[2].beneath) == ("χ²(5) = 46.35", (f"p{NB}={NB}0.042",))
    assert (dependence[1].words, dependence[2].words, dependence[2].mark) == ("z = 3.472", "refused", "b")
    assert table.footnotes[0] == (hausman[2].mark, "the difference of covariances is no covariance")
    assert texts(table, 1) == {
        "Rows": ["4,360", "4,360"],
        "R² within": ["0.184", "0.199"],
        "R² overall": ["0.192", "−0.049"],
    }
    assert texts(selected) == {"Boosting": ["4", "rounds 38", "0.800"]}
