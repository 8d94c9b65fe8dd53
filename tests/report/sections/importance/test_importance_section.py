"""The section of importance."""

from __future__ import annotations

import pandas as pd

from harness.report.drawing.canvas import FigureRenderer, house_style
from harness.report.model.run import read_run
from harness.report.sections.importance.section import ImportanceSection, ordered
from harness.tables.accuracy import IMPORTANCE
from report.changed_run import with_table


def test_the_most_important_group_comes_first_and_a_reason_is_a_footnote(wage):
    def table(_frame):
        place = {"outcome": "lwage", "estimator": "boosting", "scenario": "importance", "status": "ok"}
        rows = [
            place | {"group": "union", "importance": 0.01, "conf_low": -0.01, "conf_high": 0.02},
            place | {"group": "exper", "importance": 0.2, "conf_low": 0.1, "conf_high": 0.3},
            place | {"group": "educ", "status": "refused", "reason": "too few rows"},
        ]
        return pd.DataFrame(rows).reindex(columns=list(IMPORTANCE.columns))

    assert not ImportanceSection().is_present(read_run(wage))
    run = with_table(read_run(wage), "importance", table)
    assert [row.group for row in ordered(run, "lwage")] == ["exper", "union", "educ"]
    with house_style():
        content = ImportanceSection().content(run, FigureRenderer(is_simulated=False))
    (shown,) = content.shown
    assert [(row.importance.value, row.importance.excludes_zero, row.mark) for row in shown.rows] == [
        ("20.0%", True, ""),
        ("1.0%", False, ""),
        ("–", False, "a"),
    ]
    assert shown.footnotes == (("a", "too few rows"),)
    assert [figure.name for figure in content.figures] == ["importance-lwage-boosting"]
