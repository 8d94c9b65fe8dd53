"""Coefficients side by side, cell by cell."""

import pytest

from harness.findings.run import read_run
from harness.report.sections.coefficients import coefficient_table, term_label, without_coefficients
from report.shown_blocks import cells

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
    assert table.heads == (("Term", "Pooled OLS", "Fixed effects"),)
    assert table.foot[1].cells[1:] == ("clustered by entity", "clustered by entity and time")
    rows = cells(table)
    assert list(rows) == ["Experience (exposure)", "Schooling", "union", "const"]
    # 0.110124 -/+ 1.96 x 0.011857
    first = rows["Experience (exposure)"][0]
    assert (first.words, first.beneath) == ("0.11012", ("(0.01186)", f"[0.08688,{NB}0.13336]"))
    assert list(without_coefficients(run, "lwage")) == [
        "SOM + ANN, RAB and Boosting: no coefficients; the curves say what is estimated."
    ]
