"""Contrasts: rows, table, sentences and figure, on a run to which contrasts are added."""

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.drawing.canvas import house_style
from harness.report.drawing.forest import plot_forest
from harness.report.sections.contrasts import (
    CONTRASTS_SECTION,
    ContrastQuestion,
    contrast_panels,
    contrast_table,
    contrasts_of,
    significant_texts,
)
from harness.report.sections.gain_sources import IMPORTANCE_SECTION, ordered
from harness.report.table import cell_of
from harness.tables.accuracy import IMPORTANCE as TABLE
from harness.tables.heterogeneity import CONTRASTS
from report.changed_run import with_table, with_truth
from report.shown_blocks import blocks_of, cells, legend_of, names_of_figures, tables_in

ALL = ContrastQuestion("all", "", "")
BY = ContrastQuestion("by_rank", "rank", "")
GIVEN = ContrastQuestion("given_educ", "", "educ")
NB = "\u00a0"


def rows(estimator, scenario, pair, estimate, half, **place):
    """Return a contrast with its two intervals, the simultaneous one twice as wide."""
    low, high = pair
    own = {"outcome": "lwage", "estimator": estimator, "scenario": scenario, "status": "ok", "reason": ""}
    own |= {"exposure_from": low, "exposure_to": high, "estimate": estimate, "n_draws": 40, **place}
    own |= {"n_obs_from": 100 + low, "n_obs_to": 100 + high}
    return [
        own | {"band": band, "conf_low": estimate - width * half, "conf_high": estimate + width * half}
        for band, width in (("pointwise", 1.0), ("simultaneous", 2.0))
    ]


PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
ROWS = [
    *rows("ols", "all", (0, 1), 0.2, 0.05),
    *rows("fe", "all", (0, 1), 0.08, 0.05),
    {"outcome": "lwage", "estimator": "rab", "scenario": "all", "status": "refused", "reason": "why"},
    *rows("ols", "by_rank", (0, 1), 0.3, 0.1, by="rank", group=1),
    *rows("ols", "by_rank", (0, 1), -0.3, 0.1, by="rank", group=2),
    *(
        row
        for at in (8.0, 12.0)
        for pair in PAIRS
        for row in rows("ols", "given_educ", pair, 0.01, 0.05, moderator="educ", moderator_at=at)
    ),
]


def with_contrasts(run, own):
    frame = pd.DataFrame(own).reindex(columns=list(CONTRASTS.columns))
    return with_table(run, "contrasts", lambda _: frame)


@pytest.fixture(scope="module")
def asked(run):
    return with_contrasts(run, ROWS)


def figure_of(run, question):
    with house_style():
        return plot_forest(contrast_panels(run, question, "lwage"), x_label="Difference", level=0.95)


def test_the_table_says_what_is_significant_and_why_something_is_missing(asked):
    table = contrast_table(asked, ALL)
    shown = cells(table)
    assert [cell.text for cell in shown["Pooled OLS"][:2]] == ["1 less 0", "101, 100"]
    number = shown["Pooled OLS"][2]
    assert (number.words, number.beneath, number.look) == ("0.20", (f"[0.15,{NB}0.25]",), "lowest")
    # that of fixed effects excludes zero for itself alone, but not for all at once
    assert (shown["Fixed effects"][2].text, shown["Fixed effects"][2].look) == (f"0.08 [0.03,{NB}0.13]", "")
    assert (table.groups[0].rows[2].cells[0].mark, table.footnotes) == ("a", (("a", "why"),))
    assert "Truth" not in table.heads[0]


def test_sentences_count_what_is_significant_on_each_side(asked):
    assert list(significant_texts(asked, ALL)) == [
        "Pooled OLS: Log wage is higher at 1 than at 0.",
        "Fixed effects: no significant difference in Log wage.",
    ]
    ((several,), (none,)) = (list(significant_texts(asked, question)) for question in (BY, GIVEN))
    assert several.endswith(
        "of 2 differences in Log wage, 1 significantly positive, 1 significantly negative."
    )
    assert none.endswith("of 6 differences in Log wage, 0 significantly positive, 0 significantly negative.")


def test_one_contrast_of_each_estimator_goes_in_one_panel_with_the_truth(asked):
    own = with_truth(asked, "all", {"kind": "contrast", "at": 1.0, "truth": 0.15})
    figure = figure_of(own, ALL)
    (axes,) = figure.axes
    assert [one.get_text() for one in axes.get_yticklabels()] == ["Pooled OLS", "Fixed effects"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [float(line.get_xdata()[0]) for line in dots] == [0.2, 0.08]
    thick = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 1.9]
    assert thick[0] == pytest.approx([0.15, 0.25])
    true = [line for line in axes.lines if line.is_dashed()]
    assert [list(line.get_xdata()) for line in true] == [[0.15, 0.15]] * 2
    assert "truth (simulated)" in legend_of(figure)


def test_several_contrasts_have_a_panel_for_each_estimator(asked):
    (axes,) = figure_of(asked, BY).axes
    assert axes.get_title(loc="left") == "Pooled OLS"
    assert [one.get_text() for one in axes.get_yticklabels()] == ["rank 1", "rank 2"]


def test_a_contrast_not_with_the_least_value_has_the_difference_of_two_truths(run):
    own = with_contrasts(
        run, [row for pair in PAIRS[:2] + PAIRS[3:4] for row in rows("ols", "all", pair, 0.2, 0.1)]
    )
    truths = [{"kind": "contrast", "at": at, "truth": truth} for at, truth in ((1.0, 0.1), (2.0, 0.5))]
    own = with_truth(own, "all", *truths)
    assert [one.truth for one in contrasts_of(own, ALL, "lwage", "ols")] == pytest.approx([0.1, 0.5, 0.4])


def test_the_section_has_a_figure_for_every_question(asked):
    names = names_of_figures(blocks_of(CONTRASTS_SECTION, asked))
    assert names == [f"contrast-lwage-{name}" for name in ("all", "by_rank", "given_educ")]


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
        *(("20.0%", "lowest", ""), ("1.0%", "", ""), ("–", "", "a"))
    ]
    assert shown.footnotes == (("a", "too few rows"),)
    assert names_of_figures(blocks) == ["importance-lwage-boosting"]
