"""What omitted variables would do to the slope."""

from __future__ import annotations

import pandas as pd

from harness.findings.run import read_run
from harness.report.sections.effects.sensitivity import plot_sensitivity, sensitivity_figures, strongest_of
from harness.tables.effects import SENSITIVITY as TABLE
from report.changed_run import with_table
from report.shown_blocks import plotted


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


def test_the_strongest_covariate_is_named(wage):
    assert not strongest_of(read_run(wage))
    run = with_table(read_run(wage), "sensitivity", table)
    (row,) = strongest_of(run).values()
    assert (row.covariate, row.multiple, row.estimate) == ("hours", 1, 0.3)
    (figure,) = plotted(sensitivity_figures, run)
    assert figure.name == "sensitivity-exper-first_differences-boosting"


def test_contours_are_those_of_the_bound_and_points_lie_on_theirs(wage):
    run = with_table(read_run(wage), "sensitivity", table)
    rows = run.rows(TABLE)[:7]
    (axes,) = plotted(plot_sensitivity, run.manifest.study, [rows]).axes
    zero = axes.collections[-1]
    x, y = zero.get_paths()[0].vertices.T / 100.0
    # With slope 0.5 and robustness value 0.2 both shares are 0.2 where the slope is zero.
    assert abs(x * y / (1.0 - x) - 0.2 * 0.2 / 0.8).max() < 0.002
    assert [len(line.get_xdata()) for line in axes.lines] == [2, 3]
    assert [line.get_label().split()[0] for line in axes.lines] == [
        "hours",
        "Schooling",
    ]
