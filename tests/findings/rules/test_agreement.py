"""How often all columns of a table of regressions agree."""

import pandas as pd

from findings.wage_effects import told
from harness.findings.rules.agreement import agreement_findings
from harness.tables.csv_table import as_declared
from harness.tables.effects import AGREEMENT
from report.fake_run import with_table


def test_how_often_columns_agree_is_a_row_for_each_estimator(run):
    of_row = {"outcome": "lwage", "scenario": "specifications", "n_draws": 200, "status": "ok", "reason": ""}
    shares = [(0.0, 0.01, 0.001, 0.036), (0.15, 0.9, 0.85, 0.94)]
    columns = ["effect", "share", "conf_low", "conf_high"]
    rows = [
        {**of_row, "estimator": name, **dict(zip(columns, numbers, strict=True))}
        for name in ("fe", "ols")
        for numbers in shares
    ]
    rows.append({**of_row, "estimator": "rab", "status": "refused", "reason": "no coefficient"})
    table = as_declared(AGREEMENT, [pd.DataFrame(rows)])
    first, second = told(agreement_findings)(with_table(run, "agreement", lambda _: table), "lwage")
    assert first.key == "agreement/lwage/scenario=specifications/estimator=fe"
    assert first.text == (
        "Log wage, Fixed effects: with no effect all columns agree in 1.0% [0.1,\u00a03.6] of 200 draws, "
        "with an effect of 0.15 in 90.0% [85.0,\u00a094.0]."
    )
    assert second.estimator == "ols"
