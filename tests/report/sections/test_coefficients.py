"""Coefficients side by side, cell by cell."""

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.sections.coefficients import regression_table, term_label, without_coefficients
from report.changed_run import with_table
from report.shown_blocks import cells


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


def with_errors(run, factor):
    names = ["estimate", "std_error"]

    def scaled(frame):
        return frame.assign(**{name: frame[name] * factor for name in names})

    return with_table(run, "coefficients", scaled)


def test_a_regression_is_printed_whole_with_three_decimals(run):
    table = regression_table(run, "lwage")
    assert table.heads == (("", "(1)", "(2)"), ("", "Pooled OLS", "Fixed effects"))
    rows = cells(table)
    assert list(rows) == ["Experience", "Schooling", "union", "Constant"]
    assert (rows["Experience"][0].words, rows["Experience"][0].beneath) == ("0.110", ("(0.012)",))
    foot = {row.cells[0]: row.cells[1:] for row in table.foot}
    assert foot["Man fixed effects"] == foot["Year fixed effects"] == ("No", "Yes")
    assert foot["Observations"] == ("4,360", "4,360")
    assert table.notes == (
        "Standard errors in brackets, clustered by entity (1); clustered by entity and time (2).",
    )
    assert list(without_coefficients(run, "lwage")) == [
        "SOM + ANN, RAB and Boosting: no coefficients; the curves say what is estimated."
    ]


def test_tiny_coefficients_are_in_powers_of_ten_and_a_unit_is_suggested(run):
    table = regression_table(with_errors(run, 1e-5), "lwage")
    first = cells(table)["Experience"][0]
    assert (first.words, first.beneath) == ("1.101 × 10⁻⁶", ("(1.186 × 10⁻⁷)",))
    assert "Experience (10⁵)" in table.notes[1]


def test_r2_is_that_of_the_regression_on_dummies_and_that_within_all_effects(run):
    """The R2 within is the statistic ``r2`` of the estimated equation, which tests hold to that of plm."""
    rows = [("ols", "r2", 0.2), ("ols", "r2_dummies", 0.2), ("fe", "r2", 0.1), ("fe", "r2_dummies", 0.6)]
    frame = pd.DataFrame(rows, columns=["estimator", "statistic", "value"]).assign(
        outcome="lwage", definition=""
    )
    table = regression_table(with_table(run, "details/statistics", lambda _: frame), "lwage")
    foot = {row.cells[0]: row.cells[1:] for row in table.foot}
    assert (foot["R²"], foot["Within R²"]) == (("0.200", "0.600"), ("", "0.100"))
