"""Coefficients side by side, cell by cell."""

import pytest

from harness.report.model.run import read_run
from harness.report.sections.coefficients.table import coefficient_table, term_label

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


@pytest.mark.parametrize(
    ("term", "label"),
    [
        ("exper (educ <= 11.51256)", "Experience (Schooling ≤ 11.51)"),
        ("exper (-1.5 < educ <= 11.0)", "Experience (−1.5 < Schooling ≤ 11)"),
        ("level (educ > 1e-05)", "level (Schooling > 1.000 × 10⁻⁵)"),
        ("exper (squared)", "exper (squared)"),
        ("exper", "Experience"),
    ],
)
def test_terms_of_regimes_have_labels_and_four_digits(run, term, label):
    assert term_label(run.manifest.study, term) == label


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
