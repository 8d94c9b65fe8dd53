"""The section of identification."""

from __future__ import annotations

import pandas as pd

from harness.findings.run import read_run
from harness.record.study import PrimaryRecord
from harness.report.sections.effects.identification import identification_tables
from harness.scenarios.robustness import CHANGES, PERMUTED
from harness.tables.effects import EFFECT_TESTS, EFFECTS, ROBUSTNESS
from report.changed_run import with_study, with_table

PLACE = {"outcome": "lwage", "exposure": "exper", "method": "first_differences", "learner": "boosting"}


def with_rows(run, table, *rows):
    frame = pd.DataFrame([{"status": "ok", **row} for row in rows]).reindex(columns=list(table.columns))
    return with_table(run, table.name, lambda _: frame)


def test_each_assumption_has_what_the_tests_of_the_run_say(wage):
    primary = PrimaryRecord("effect", "first_differences", "line", "boosting", is_declared=True)
    run = with_study(read_run(wage), primary=primary)
    number = {"scenario": "effect", "form": "line", "band": "pointwise"}
    run = with_rows(run, EFFECTS, PLACE | number)
    (untested,) = identification_tables(run)
    assert [row[2] for row, _ in untested.body_rows] == ["–"] * 4
    checks = [{"check": PERMUTED, "p_value": 0.04}, {"check": CHANGES["lead"][0], "p_value": 0.2}]
    run = with_rows(run, ROBUSTNESS, *(PLACE | check for check in checks))
    moran = {"outcome": "lwage", "test": "moran", "p_value": 0.03}
    run = with_rows(run, EFFECT_TESTS, moran, moran | {"p_value": 0.5})
    (table,) = identification_tables(run)
    assert table.heads == (("Assumption", "Test", "Log wage"),)
    assert [row[2] for row, _ in table.body_rows] == ["0.040", "0.200", "0.200", "0.060"]
