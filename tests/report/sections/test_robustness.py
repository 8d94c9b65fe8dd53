"""The section of robustness."""

from __future__ import annotations

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.sections.robustness import ROBUSTNESS_SECTION
from harness.scenarios.robustness import JOINT
from harness.tables.effects import ROBUSTNESS as TABLE
from report.changed_run import with_table
from report.shown_blocks import blocks_of, cells, names_of_figures, said_in, tables_in


@pytest.mark.parametrize(
    ("p_joint", "words"),
    [(0.03, "some differ"), (0.4, "none is told from what it should be at 5% (p = 0.40")],
)
def test_the_joint_test_is_said_and_a_reason_is_a_footnote(wage, p_joint, words):
    def table(_frame):
        place = {"outcome": "lwage", "exposure": "exper", "method": "first_differences", "status": "ok"}
        place |= {"learner": "boosting", "scenario": "robustness", "n_obs": 100}
        slope = {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3, "p_value": 0.01}
        rows = [
            place | slope | {"check": "as it is"},
            place | slope | {"check": "without half a", "estimate": 0.15, "p_difference": 0.4},
            place | {"check": "outcome in logs", "status": "refused", "reason": "no logarithm"},
            place | {"check": JOINT, "p_difference": p_joint},
        ]
        return pd.DataFrame(rows).reindex(columns=list(TABLE.columns))

    assert blocks_of(ROBUSTNESS_SECTION, read_run(wage)) == []
    blocks = blocks_of(ROBUSTNESS_SECTION, with_table(read_run(wage), "robustness", table))
    assert words in said_in(blocks)[1]
    (shown,) = tables_in(blocks)
    assert [own[0].words for own in cells(shown).values()] == ["0.20", "0.15", "–", "–"]
    assert shown.footnotes == (("a", "no logarithm"),)
    assert names_of_figures(blocks) == ["robustness-lwage-exper-first_differences-boosting"]
