"""Turning points, cell by cell, and what stands above the curves."""

import pandas as pd

from harness.report.sections.curves.section import CURVES_SECTION, extrapolates, turning_table
from report.changed_run import with_table
from report.shown_blocks import blocks_of, texts

NB = "\u00a0"


def test_turning_points_established_or_not_and_their_absence(run):
    table = texts(turning_table(run))
    assert table["Pooled OLS"][0] == "none"
    assert table["SOM + ANN"][0] == "maximum, not significant"
    # 0.068 / 0.0056 = 12.143, between 1.4 below and 1.1 above
    assert [*table["RAB"][:3], table["RAB"][4]] == ["maximum", "12.1", f"[10.7,{NB}13.2]", "92%"]
    elsewhere = with_table(run, "turning_points", lambda frame: frame.assign(at=frame["conf_low"] - 1.0))
    assert texts(turning_table(elsewhere))["RAB"][0] == "maximum, outside its interval"


def test_extrapolation_is_told_above_the_curves_and_no_curves_are_no_section(run):
    assert not extrapolates(run)
    note = {"code": "W-EXTRAPOLATED", "where": "exper", "message": "at 3 of 25 exposures"}
    assert extrapolates(with_table(run, "warnings", lambda frame: pd.concat([frame, pd.DataFrame([note])])))
    assert blocks_of(CURVES_SECTION, with_table(run, "curves", lambda frame: frame.head(0))) == []
