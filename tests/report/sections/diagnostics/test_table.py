"""Diagnostics of the fits, cell by cell."""

import pandas as pd
import pytest

from harness.report.model.run import read_run
from harness.report.sections.diagnostics.table import diagnostic_table
from report.changed_run import with_table

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_a_test_of_several_hypotheses_names_them_all(run):
    def both(frame):
        own = frame[frame["test"] == "f_effects"]
        other = own.assign(estimator="fe", null_hypothesis="all entity and time effects are equal")
        return pd.concat([frame, other])

    effects, *_ = diagnostic_table(with_table(run, "details/diagnostics", both), "lwage").tests
    assert effects.null_hypothesis == "all entity effects are equal; all entity and time effects are equal"


def test_diagnostics_stand_side_by_side(run):
    table = diagnostic_table(run, "lwage")
    assert table.columns == ("Pooled OLS", "Fixed effects")
    assert [row.label for row in table.tests] == ["F test of the effects", "Hausman test", "Pesaran CD test"]
    effects, hausman, dependence = table.tests
    assert effects.null_hypothesis == "all entity effects are equal"
    assert [cell.value for cell in effects.cells] == ["F(541, 3,810) = 8.317", ""]
    assert effects.cells[0].p_value == f"p{NB}<{NB}0.001"
    assert (hausman.cells[1].value, hausman.cells[1].p_value) == ("χ²(5) = 46.35", f"p{NB}={NB}0.042")
    assert (dependence.cells[0].value, dependence.cells[1].value) == ("z = 3.472", "refused")
    assert dict(table.footnotes) == {
        hausman.cells[1].mark: "the difference of covariances is no covariance",
        dependence.cells[1].mark: "too few periods",
    }
    assert [(row.label, [cell.value for cell in row.cells]) for row in table.statistics] == [
        ("Rows", ["4,360", "4,360"]),
        ("R² within", ["0.184", "0.199"]),
        ("R² overall", ["0.192", "−0.049"]),
    ]
    (chosen,) = table.selections
    assert (chosen.label, chosen.n_candidates, chosen.chosen, chosen.error) == (
        "Boosting",
        "4",
        "rounds 38",
        "0.800",
    )
