"""Contrasts: rows, table, sentences and figure, on a run to which contrasts are added."""

import math

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.drawing.canvas import house_style
from harness.report.drawing.palette import line_style
from harness.report.sections.contrasts.figure import panels_of, plot_contrasts
from harness.report.sections.contrasts.rows import ContrastQuestion, contrast_questions, contrasts_of
from harness.report.sections.contrasts.section import contrast_table, established_texts
from harness.report.sections.curves.section import CURVES_SECTION
from harness.tables.heterogeneity import CONTRASTS
from report.changed_run import with_table
from report.shown_blocks import blocks_of, cells

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


REFUSED = {"outcome": "lwage", "estimator": "rab", "scenario": "all", "status": "refused", "reason": "why"}

FRAME = pd.DataFrame(
    [
        *rows("ols", "all", (0, 1), 0.2, 0.05),
        *rows("fe", "all", (0, 1), 0.08, 0.05),
        REFUSED,
        *rows("ols", "by_rank", (0, 1), 0.3, 0.1, by="rank", group=1),
        *rows("ols", "by_rank", (0, 1), -0.3, 0.1, by="rank", group=2),
        *(
            row
            for at in (8.0, 12.0)
            for pair in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
            for row in rows("ols", "given_educ", pair, 0.01, 0.05, moderator="educ", moderator_at=at)
        ),
    ]
).reindex(columns=list(CONTRASTS.columns))


@pytest.fixture(scope="module")
def run(wage):
    return with_table(read_run(wage), "contrasts", lambda _: FRAME)


@pytest.fixture(scope="module")
def true_run(run):
    truth = pd.DataFrame({"at": [1.0], "truth": [0.15], "moderator_at": math.nan, "group": ""})
    return with_table(run, "truth", lambda _: truth.assign(outcome="lwage", scenario="all", kind="contrast"))


def test_questions_and_places(run):
    assert contrast_questions(run) == (ALL, BY, GIVEN)
    found = contrasts_of(run, BY, "lwage", "ols")
    assert [one.place.group for one in found] == ["1", "2"]  # not 1.0, although other rows have no group
    assert (found[0].low, found[0].all_low) == (pytest.approx(0.2), pytest.approx(0.1))


def test_of_many_pairs_those_with_the_least_value_are_shown(run):
    found = contrasts_of(run, GIVEN, "lwage", "ols")
    places = [(one.place.moderator_at, one.place.exposure_from, one.place.exposure_to) for one in found]
    assert places == [(at, "0", to) for at in (8.0, 12.0) for to in "123"]


def test_the_table_says_what_is_established_and_why_something_is_missing(run):
    table = contrast_table(run, ALL)
    found = cells(table)
    assert [cell.text for cell in found["Pooled OLS"][:2]] == ["1 less 0", "101, 100"]
    number = found["Pooled OLS"][2]
    assert (number.words, number.beneath, number.look) == ("0.20", (f"[0.15,{NB}0.25]",), "lowest")
    # that of fixed effects excludes zero for itself alone, but not for all at once
    assert (found["Fixed effects"][2].text, found["Fixed effects"][2].look) == (f"0.08 [0.03,{NB}0.13]", "")
    assert (table.groups[0].rows[2].cells[0].mark, table.footnotes) == ("a", (("a", "why"),))
    assert list(established_texts(run, ALL)) == [
        "Pooled OLS: Log wage is higher at 1 than at 0.",
        "Fixed effects: no difference in Log wage is established.",
    ]
    assert "Truth" not in table.heads[0]


def test_sentences_count_what_is_established_on_each_side(run):
    told = "Pooled OLS: of {} differences in Log wage, established are {}."
    assert list(established_texts(run, BY)) == [told.format(2, "1 above and 1 below zero")]
    assert list(established_texts(run, GIVEN)) == [told.format(6, "none")]


def plotted(run, question, *estimators):
    study = run.manifest.study
    answered = [
        (entry, line_style(place), contrasts_of(run, question, "lwage", entry.id))
        for place, entry in enumerate(study.estimators)
        if entry.id in estimators
    ]
    with house_style():
        return plot_contrasts(panels_of(study, question, answered), x_label="Difference", level=0.95)


def test_one_contrast_of_each_estimator_goes_in_one_panel_with_the_truth(true_run):
    figure = plotted(true_run, ALL, "ols", "fe")
    (axes,) = figure.axes
    assert [one.get_text() for one in axes.get_yticklabels()] == ["Pooled OLS", "Fixed effects"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [float(line.get_xdata()[0]) for line in dots] == [0.2, 0.08]
    thick = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 1.9]
    assert thick[0] == pytest.approx([0.15, 0.25])
    true = [line for line in axes.lines if line.is_dashed()]
    assert [list(line.get_xdata()) for line in true] == [[0.15, 0.15]] * 2
    assert "truth (simulated)" in [one.get_text() for one in figure.legends[0].get_texts()]


def test_several_contrasts_have_a_panel_for_each_estimator(run):
    figure = plotted(run, BY, "ols")
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "Pooled OLS"
    assert [one.get_text() for one in axes.get_yticklabels()] == ["rank 1", "rank 2"]


def test_a_contrast_not_with_the_least_value_has_the_difference_of_two_truths(run):
    truth = pd.DataFrame({"at": [1.0, 2.0], "truth": [0.1, 0.5], "group": ""}).assign(
        outcome="lwage", scenario="all", kind="contrast", moderator_at=math.nan
    )
    frame = pd.DataFrame(
        [row for pair in ((0, 1), (0, 2), (1, 2)) for row in rows("ols", "all", pair, 0.2, 0.1)]
    )
    frame = frame.reindex(columns=list(CONTRASTS.columns))
    own = with_table(with_table(run, "contrasts", lambda _: frame), "truth", lambda _: truth)
    assert [one.truth for one in contrasts_of(own, ALL, "lwage", "ols")] == pytest.approx([0.1, 0.5, 0.4])


def test_a_study_of_contrasts_alone_has_no_section_of_curves(run):
    assert blocks_of(CURVES_SECTION, with_table(run, "curves", lambda frame: frame.head(0))) == []
