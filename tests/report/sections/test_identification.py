"""The section of identification."""

from __future__ import annotations

import pandas as pd

from harness.findings.run import read_run
from harness.record.study import PrimaryRecord
from harness.report.sections.identification import IDENTIFICATION_SECTION
from harness.scenarios.robustness import CHANGES, PERMUTED
from harness.tables.effects import EFFECT_TESTS, EFFECTS, ROBUSTNESS
from report.changed_run import with_study, with_table
from report.shown_blocks import blocks_of, tables_in

PLACE = {"outcome": "lwage", "exposure": "exper", "method": "first_differences", "learner": "boosting"}


def with_rows(run, table, *rows):
    frame = pd.DataFrame([{"status": "ok", **row} for row in rows]).reindex(columns=list(table.columns))
    return with_table(run, table.name, lambda _: frame)


def test_each_assumption_has_what_the_tests_of_the_run_say(wage):
    primary = PrimaryRecord("effect", "first_differences", "line", "boosting", is_declared=True)
    run = with_study(read_run(wage), primary=primary)
    number = {"scenario": "effect", "form": "line", "band": "pointwise", "robustness_value": 0.0048}
    run = with_rows(run, EFFECTS, PLACE | number)
    untested = [row[2] for row, _ in tables_in(blocks_of(IDENTIFICATION_SECTION, run))[0].body_rows]
    assert untested[0].startswith("An omitted variable that explains 0.5%")
    assert untested[1:] == ["Not tested in this run."] * 3
    checks = [{"check": PERMUTED, "p_value": 0.04}, {"check": CHANGES["lead"][0], "p_value": 0.2}]
    run = with_rows(run, ROBUSTNESS, *(PLACE | check for check in checks))
    moran = {"outcome": "lwage", "test": "moran", "p_value": 0.03}
    run = with_rows(run, EFFECT_TESTS, moran, moran | {"p_value": 0.5})
    (table,) = tables_in(blocks_of(IDENTIFICATION_SECTION, run))
    rows = {row[0]: row[2].replace("\N{NO-BREAK SPACE}", " ") for row, _ in table.body_rows}
    assert rows["Strict exogeneity"].endswith("permuted over entities (p = 0.040).")
    no_effect = (
        "No evidence against it: the exposure of the next period has no significant effect (p = 0.200)."
    )
    assert rows["No feedback"] == rows["No anticipation"] == no_effect
    assert rows["No interference"].endswith("are not significantly correlated (p = 0.060).")
