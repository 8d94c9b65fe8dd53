"""The table of errors against the truth."""

import math

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.sections.truth import KINDS, TRUTH_SECTION, truth_table
from report.changed_run import with_table
from report.shown_blocks import blocks_of, cells, tables_in

PLACES = "where the curve has maxima"

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
    assert blocks_of(TRUTH_SECTION, read_run(wage)) == []
    assert tables_in(blocks_of(TRUTH_SECTION, run)) == [
        truth_table(run, ["level"]),
        truth_table(run, list(KINDS)),
    ]


def test_a_line_for_each_kind_and_a_cell_for_each_estimator(run):
    lines = cells(truth_table(run, list(KINDS)))
    curve, effect, maxima = (f"{name} curve" for name in ("curve over all rows", "average effect", PLACES))
    assert list(lines) == [curve, effect, maxima]
    ols, fe, _, rab, _ = lines[curve]
    assert (ols.words, ols.beneath, ols.look) == ("0.500", ("held at 25%",), "")
    assert fe.text == ""
    assert (rab.words, rab.beneath, rab.look) == ("0.125", ("held at 96%",), "lowest")
    ols, _, _, rab, _ = lines[maxima]
    assert (ols.text, ols.look, rab.text) == ("– found 0, true 1", "", "0.750 found 2, true 1")
