"""The section of sensitivity."""

from __future__ import annotations

import pandas as pd

from harness.findings.run import read_run
from harness.report.drawing.canvas import house_style
from harness.report.sections.sensitivity import (
    SENSITIVITY_SECTION,
    plot_contours,
    strongest_first,
)
from harness.tables.effects import SENSITIVITY as TABLE
from report.changed_run import with_table
from report.shown_blocks import blocks_of, names_of_figures, said_in


def table(_frame):
    place = {"outcome": "lwage", "exposure": "exper", "method": "first_differences", "status": "ok"}
    place |= {"learner": "boosting", "scenario": "effect", "robustness_value": 0.2, "oster_delta": 1.5}
    place |= {"overlap": 0.75}

    def row(covariate, multiple, r2, slope):
        numbers = {"r2_exposure": r2, "r2_outcome": r2, "estimate": slope}
        limits = {"conf_low": slope - 0.1, "conf_high": slope + 0.1}
        return place | {"covariate": covariate, "multiple": multiple} | numbers | limits

    rows = [row("", 0, 0.0, 0.5), *(row("educ", at, 0.01 * at, 0.5 - 0.01 * at) for at in (1, 2, 3))]
    rows += [row("hours", at, 0.1 * at, 0.5 - 0.2 * at) for at in (1, 2)]
    rows.append(place | {"covariate": "hours", "multiple": 3, "status": "refused", "reason": "too strong"})
    rows.append(place | {"method": "instrumented", "status": "refused", "reason": "not known"})
    return pd.DataFrame(rows).reindex(columns=list(TABLE.columns))


def test_the_strongest_covariate_is_named_and_every_reason_said(wage):
    assert blocks_of(SENSITIVITY_SECTION, read_run(wage)) == []
    run = with_table(read_run(wage), "sensitivity", table)
    blocks = blocks_of(SENSITIVITY_SECTION, run)
    said, reason = said_in(blocks)[:2]
    assert said.startswith("An omitted variable that explains 20.0% of the remaining variation of both")
    assert (
        "as strong as hours would leave 0.30 [0.20,\N{NO-BREAK SPACE}0.40]; one twice as strong 0.10" in said
    )
    assert "Oster's delta is 1.50" in said
    assert "Overlap: for 75% of the rows" in said
    assert reason == "not known"
    assert names_of_figures(blocks) == ["sensitivity-lwage-exper-first_differences-boosting"]


def test_contours_are_those_of_the_bound_and_points_lie_on_theirs(wage):
    run = with_table(read_run(wage), "sensitivity", table)
    rows = run.rows(TABLE)[:7]
    with house_style():
        (axes,) = plot_contours(run.manifest.study, rows[0], strongest_first(rows)).axes
    zero = axes.collections[-1]
    x, y = zero.get_paths()[0].vertices.T / 100.0
    # With slope 0.5 and robustness value 0.2 both shares are 0.2 where the slope is zero.
    assert abs(x * y / (1.0 - x) - 0.2 * 0.2 / 0.8).max() < 0.002
    assert [len(line.get_xdata()) for line in axes.lines] == [2, 3]
    assert [line.get_label().split()[0] for line in axes.lines] == [
        "hours",
        "Schooling",
    ]
