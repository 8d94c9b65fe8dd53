"""Tests of a straight line."""

import pandas as pd
import pytest

from findings.wage_effects import told
from harness.findings.rules import linearity
from report.fake_run import with_table

linearity_findings = told(linearity.linearity_findings)


@pytest.mark.parametrize(("p_value", "is_bent"), [(0.049, True), (0.05, False), (0.6, False)])
def test_a_nonlinearity_is_established_where_linearity_is_rejected(run, p_value, is_bent):
    row = {"outcome": "lwage", "exposure": "exper", "test": "linearity", "estimator": "fe", "against": ""}
    rows = [row | {"statistic": 3.0, "p_value": p_value, "status": "ok", "reason": ""}]
    rows.append(rows[0] | {"test": "encompassing", "p_value": 0.5 - p_value / 2})
    tested = with_table(run, "effect_tests", lambda _: pd.DataFrame(rows))
    (found,) = linearity_findings(tested, "lwage")
    assert (found.is_established, found.p_value) == (is_bent, p_value)
    assert ("not rejected" in found.text) != is_bent
    assert found.finding == "nonlinearity"
    within = with_table(run, "effect_tests", lambda _: pd.DataFrame(rows).assign(estimator=""))
    (row,) = linearity_findings(within, "lwage")
    assert (found.screen, row.screen) == ("none", "trust" if is_bent else "none")
