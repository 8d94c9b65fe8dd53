"""Estimators that choose among candidates."""

import pandas as pd

from findings.wage_effects import params, told
from harness.findings.rules import choice
from harness.tables.accuracy import CHOSEN
from harness.tables.csv_table import as_declared
from report.fake_run import with_table


def test_which_candidate_was_chosen_in_how_many_folds_is_a_row(run):
    where = {"outcome": "lwage", "estimator": "fe", "n_folds": 5}
    rows = [
        {**where, "protocol": "forward", "candidate": "Splines", "n_chosen": 3},
        {**where, "protocol": "forward", "candidate": "Pooled OLS", "n_chosen": 2},
        {**where, "protocol": "in_sample", "candidate": "Pooled OLS in logs", "n_chosen": 5},
    ]
    chosen = with_table(run, "chosen", lambda _: as_declared(CHOSEN, [pd.DataFrame(rows)]))
    first, second = told(choice.chosen_findings)(chosen, "lwage")
    assert (first.key, first.code) == ("chosen/lwage/estimator=fe/protocol=forward", "chosen_candidate")
    assert params(first)["candidate"] == "Splines"
    assert "is Splines in 3 of 5 folds of" in first.text
    assert (params(second)["n_chosen"], params(second)["n_folds"]) == (5, 5)
    assert not list(choice.chosen_findings(run, "lwage"))
