"""The table of errors against the truth, and the sentences above it."""

import math

import pandas as pd
import pytest

from harness.report.model.run import read_run
from harness.report.sections.truth.section import TruthSection
from harness.report.sections.truth.table import truth_table
from report.changed_run import with_table

ROWS = [
    # estimator, kind, rmse, coverage, n_points, n_found
    ("ols", "level", 0.5, 0.25, 24, 24),
    ("rab", "level", 0.125, 0.96, 24, 24),
    ("ols", "maximum", math.nan, 0.0, 1, 0),
    ("rab", "maximum", 0.75, 1.0, 1, 2),
    ("rab", "average_effect", 0.02, 1.0, 1, 1),
]


@pytest.fixture(scope="module")
def run(wage):
    names = ["estimator", "kind", "rmse", "coverage", "n_points", "n_found"]
    frame = pd.DataFrame(ROWS, columns=names).assign(outcome="lwage", scenario="curve")
    return with_table(read_run(wage), "truth_errors", lambda _: frame)


def test_only_a_run_with_a_truth_has_the_section(wage, run):
    assert not TruthSection().is_present(read_run(wage))
    assert TruthSection().is_present(run)


def test_a_line_for_each_kind_and_a_cell_for_each_estimator(run):
    lines = {line.label: line for line in truth_table(run, "lwage").lines}
    assert list(lines) == ["curve over all rows", "average effect", "where the curve has maxima"]
    ols, fe, _, rab, _ = lines["curve over all rows"].cells
    assert (ols.value, ols.beneath, ols.is_lowest) == ("0.500", "held at 25%", False)
    assert (fe.value, fe.beneath) == ("", "")
    assert (rab.value, rab.beneath, rab.is_lowest) == ("0.125", "held at 96%", True)
    ols, _, _, rab, _ = lines["where the curve has maxima"].cells
    assert (ols.value, ols.beneath, ols.is_lowest) == ("–", "found 0, true 1", False)
    assert (rab.value, rab.beneath) == ("0.750", "found 2, true 1")


def test_the_sentence_names_the_nearest_curve_and_the_reference(run):
    assert truth_table(run, "lwage").sentences == (
        "RAB is nearest to the true curve over all rows of Log wage: 0.125 log dollars an hour away (root "
        "mean square; Pooled OLS 0.500); its pointwise intervals hold the truth at 96% of the points.",
    )


def test_where_the_reference_is_nearest_it_is_named_once(run):
    own = with_table(run, "truth_errors", lambda frame: frame[frame["estimator"] == "ols"])
    (sentence,) = truth_table(own, "lwage").sentences
    assert sentence.startswith(
        "Pooled OLS is nearest to the true curve over all rows of Log wage: 0.500 log dollars an hour away "
        "(root"
    )
    assert sentence.count("away") == 1
