"""The section of robustness."""

from __future__ import annotations

import pandas as pd

from harness.findings.run import read_run
from harness.report.sections.robustness import ROBUSTNESS_SECTION, rate_sentences
from harness.scenarios.robustness import JOINT
from harness.tables.effects import ROBUSTNESS as TABLE
from harness.tables.findings import CHECK_RATES
from report.changed_run import with_table
from report.shown_blocks import blocks_of, cells, names_of_figures, tables_in, texts


def test_a_slope_stands_with_the_range_under_its_checks_and_every_check_in_the_appendix(wage):
    def table(_frame):
        place = {"outcome": "lwage", "exposure": "exper", "method": "first_differences", "status": "ok"}
        place |= {"learner": "boosting", "scenario": "robustness", "n_obs": 100}
        slope = {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3, "p_value": 0.01}
        rows = [
            place | slope | {"check": "as it is"},
            place | slope | {"check": "without exper: a", "estimate": 0.15, "p_difference": 0.4},
            place | slope | {"check": "without half: b", "estimate": 0.18, "p_difference": 0.5},
            place | {"check": "outcome in logs", "status": "refused", "reason": "no logarithm"},
            place | {"check": JOINT, "p_difference": 0.4},
        ]
        return pd.DataFrame(rows).reindex(columns=list(TABLE.columns))

    assert blocks_of(ROBUSTNESS_SECTION, read_run(wage)) == []
    blocks = blocks_of(ROBUSTNESS_SECTION, with_table(read_run(wage), "robustness", table))
    summary, shown = tables_in(blocks)
    slope = ["0.20 [0.10,\u00a00.30]", "0.150 to 0.180", "–", "0.400"]
    assert texts(summary) == {"First differences, Boosting": slope}
    assert [own[0].words for own in cells(shown).values()] == ["0.20", "0.15", "0.18", "–", "–"]
    assert list(cells(shown))[1:3] == ["without Experience: a", "without half: b"]
    assert shown.footnotes == (("a", "no logarithm"),)
    assert names_of_figures(blocks) == ["robustness-lwage-exper-first_differences-boosting"]


def test_how_often_all_checks_pass_is_said_where_a_calibration_is_there(wage):
    rows = [
        ("lwage", "boosting", "checks_agree", effect, share, share - 0.02, share + 0.02, 200)
        for effect, share in ((0.0, 0.9), (0.3, 0.92))
    ]
    run = with_table(read_run(wage), "check_rates", lambda _: pd.DataFrame(rows, columns=CHECK_RATES.columns))
    (said,) = rate_sentences(run)
    words = "90.0% [88.0, 92.0] of 200 panels with an effect of 0 and 92.0% [90.0, 94.0] of 200 panels with"
    assert f"Boosting: all robustness checks agreed with the slope in {words}" in said.replace("\xa0", " ")
