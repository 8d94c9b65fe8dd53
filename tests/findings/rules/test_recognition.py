"""Gains that come from recognising entities."""

import pandas as pd

from findings.wage_effects import params, part
from harness.tables.csv_table import as_declared
from harness.tables.gain import RECOGNITION
from report.fake_run import with_table


def test_recognition_is_of_the_largest_gain_without_effects_of_entities(run):
    table = pd.DataFrame(
        [("fe", 2.0, 0.9, -0.9), ("ann", 0.9, 0.6, 0.06), ("rab", 1.1, 0.7, -0.07)],
        columns=["estimator", "estimate", "gain_known", "gain_new"],
    ).assign(outcome="lwage", reference="ols", decision="above", status="ok", reason="")
    changed = with_table(run, "recognition", lambda _: as_declared(RECOGNITION, [table]))
    (found,) = (one for one in part(changed, "trust") if one.code == "recognised")
    assert (found.estimator, found.estimate) == ("rab", 1.1)
    assert params(found) == {"reference": "ols", "gain": 0.7, "gain_new": -0.07}
    assert found.text == "RAB gains 70% over Pooled OLS for men it has seen, none for others."
    some = with_table(changed, "recognition", lambda rows: rows.assign(gain_new=0.056))
    (found,) = (one for one in part(some, "trust") if one.code == "recognised")
    assert found.text == "RAB gains 70% over Pooled OLS for men it has seen, 6% for others."
