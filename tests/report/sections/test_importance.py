"""The section of importance."""

from __future__ import annotations

import pandas as pd

from harness.findings.run import read_run
from harness.report.sections.importance import IMPORTANCE_SECTION, ordered
from harness.report.table import cell_of
from harness.tables.accuracy import IMPORTANCE as TABLE
from report.changed_run import with_table
from report.shown_blocks import blocks_of, names_of_figures, tables_in


def test_the_most_important_group_comes_first_and_a_reason_is_a_footnote(wage):
    def table(_frame):
        place = {"outcome": "lwage", "estimator": "boosting", "scenario": "importance", "status": "ok"}
        rows = [
            place | {"group": "union", "importance": 0.01, "conf_low": -0.01, "conf_high": 0.02},
            place | {"group": "exper", "importance": 0.2, "conf_low": 0.1, "conf_high": 0.3},
            place | {"group": "educ", "status": "refused", "reason": "too few rows"},
        ]
        return pd.DataFrame(rows).reindex(columns=list(TABLE.columns))

    assert blocks_of(IMPORTANCE_SECTION, read_run(wage)) == []
    run = with_table(read_run(wage), "importance", table)
    assert [row.group for row in ordered(run, "lwage")] == ["exper", "union", "educ"]
    blocks = blocks_of(IMPORTANCE_SECTION, run)
    (shown,) = tables_in(blocks)
    rows = [[cell_of(cell) for cell in row.cells] for row in shown.groups[0].rows]
    assert [(row[2].words, row[2].look, row[0].mark) for row in rows] == [
        *(("20.0%", "lowest", ""), ("1.0%", "", ""), ("–", "", "a")),
    ]
    assert shown.footnotes == (("a", "too few rows"),)
    assert names_of_figures(blocks) == ["importance-lwage-boosting"]
