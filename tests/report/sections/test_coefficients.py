"""Coefficients, diagnostics, robustness, contrasts and importance."""

from dataclasses import replace

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.record.manifest import ScaleRecord
from harness.report.blocks import cell_of
from harness.report.drawing.canvas import house_style
from harness.report.drawing.forest import plot_forest
from harness.report.sections.coefficients import (
    OddsRow,
    odds_table,
    regression_table,
    term_label,
    transformed_table,
    without_coefficients,
)
from harness.report.sections.contrasts import (
    CONTRASTS_SECTION,
    ContrastQuestion,
    contrast_panels,
    contrast_table,
    contrasts_of,
    significant_texts,
)
from harness.report.sections.gain_sources import IMPORTANCE_SECTION, ordered
from harness.report.sections.record import DIAGNOSTICS_SECTION
from harness.report.sections.robustness import ROBUSTNESS_SECTION, rate_sentences
from harness.scenarios.robustness import JOINT
from harness.tables.accuracy import IMPORTANCE
from harness.tables.coefficients import TransformedRow
from harness.tables.findings import CHECK_RATES
from harness.tables.heterogeneity import CONTRASTS
from harness.tables.variations import VARIATION_EFFECTS
from harness.text.numbers import MISSING
from report.fake_run import (
    blocks_of,
    cells,
    legend_of,
    names_of_figures,
    tables_in,
    texts,
    with_table,
    with_truth,
)


@pytest.mark.parametrize(
    ("term", "label"),
    [
        ("exper (educ <= 11.51256)", "Experience (Schooling ≤ 11.51)"),
        ("exper (-1.5 < educ <= 11.0)", "Experience (−1.5 < Schooling ≤ 11)"),
        ("level (educ > 1e-05)", "level (Schooling > 1.000 × 10⁻⁵)"),
        ("exper (squared)", "exper (squared)"),
        ("exper (lag 2)", "Experience (lag 2)"),
        ("exper (entity mean)", "Experience (entity mean)"),
        ("exper", "Experience"),
    ],
)
def test_terms_of_regimes_have_labels_and_four_digits(run, term, label):
    assert term_label(run.manifest.study, term) == label


def with_errors(run, factor):
    names = ["estimate", "std_error"]

    def scaled(frame):
        return frame.assign(**{name: frame[name] * factor for name in names})

    return with_table(run, "coefficients", scaled)


def test_a_regression_is_printed_whole_with_three_decimals(run):
    table = regression_table(run, "lwage")
    assert table.heads == (("", "(1)", "(2)"), ("", "Pooled OLS", "Fixed effects"))
    rows = cells(table)
    assert list(rows) == ["Experience", "Schooling", "union", "Constant"]
    assert (rows["Experience"][0].words, rows["Experience"][0].beneath) == ("0.110", ("(0.012)",))
    foot = {row.cells[0]: row.cells[1:] for row in table.foot}
    assert foot["Man fixed effects"] == foot["Year fixed effects"] == ("No", "Yes")
    assert foot["Observations"] == ("4,360", "4,360")
    assert table.notes == (
        "Standard errors in brackets, clustered by entity, correction stata, 545 clusters (1); "
        "clustered by entity and time, correction stata, 545 clusters (2).",
    )
    assert list(without_coefficients(run, "lwage")) == [
        "SOM + ANN, RAB and Boosting: no coefficients; the curves say what is estimated."
    ]


def test_tiny_coefficients_are_in_powers_of_ten_and_a_unit_is_suggested(run):
    table = regression_table(with_errors(run, 1e-5), "lwage")
    first = cells(table)["Experience"][0]
    assert (first.words, first.beneath) == ("1.101 × 10⁻⁶", ("(1.186 × 10⁻⁷)",))
    assert "Experience (10⁵)" in table.notes[1]


def test_a_slope_of_logs_is_in_per_cent_for_a_step_and_one_on_a_logarithm_an_elasticity(run):
    scales = {"exper": ScaleRecord(step=0.2), "educ": ScaleRecord("log", source="wealth")}
    study, (fe, ols, *_) = replace(run.manifest.study, scales=scales), run.manifest.study.estimators
    slope = TransformedRow("lwage", fe.id, "exper", 0.5, 0.25, 0.75, 64.872, 3.25)
    of_log = replace(slope, term="educ")
    bare = TransformedRow("lwage", ols.id, "exper", -2.0, -3.0, -1.0)
    table = transformed_table(study, study.outcomes[0], [slope, of_log, bare])
    assert [group.heading for group in table.groups] == [fe.label, ols.label]
    # exp(0.2 * 0.5) - 1, and 1.01 ** 0.5 - 1, with their limits.
    assert texts(table) == {
        "Experience": ["0.50", f"[0.25,{NB}0.75]", "0.2 years", f"11 [5,{NB}16]%", "3.250"],
        "Schooling": ["0.50", f"[0.25,{NB}0.75]", "1%", f"0.50 [0.25,{NB}0.75]%", "0.5000"],
    }
    assert texts(table, 1)["Experience"][2:] == ["0.2 years", MISSING, MISSING]


def test_odds_ratios_stand_with_their_intervals_and_logarithms(run):
    study = run.manifest.study
    row = OddsRow("lwage", study.estimators[0].id, "exper", 0.5, 0.125, 1.6487, 1.29, 2.11)
    assert texts(odds_table(study, study.outcomes[0], [row])) == {
        "Experience": ["1.65", f"[1.29,{NB}2.11]", "0.5000", "0.1250"]
    }
    of_a_logit = with_table(
        run, "details/odds_ratios", lambda _: pd.DataFrame([{**vars(row), "estimator": "rab"}])
    )
    (others,) = without_coefficients(of_a_logit, "lwage")
    assert others == "SOM + ANN and Boosting: no coefficients; the curves say what is estimated."


def test_r2_is_that_of_the_regression_on_dummies_and_that_within_all_effects(run):
    """The R2 within is the statistic ``r2`` of the estimated equation, which tests hold to that of plm."""
    rows = [("ols", "r2", 0.2), ("ols", "r2_dummies", 0.2), ("fe", "r2", 0.1), ("fe", "r2_dummies", 0.6)]
    frame = pd.DataFrame(rows, columns=["estimator", "statistic", "value"]).assign(
        outcome="lwage", definition=""
    )
    table = regression_table(with_table(run, "details/statistics", lambda _: frame), "lwage")
    foot = {row.cells[0]: row.cells[1:] for row in table.foot}
    assert (foot["R²"], foot["Within R²"]) == (("0.200", "0.600"), ("", "0.100"))


NB = "\u00a0"


def test_a_test_of_several_hypotheses_names_them_all(run):
    def both(frame):
        own = frame[frame["test"] == "f_effects"]
        other = own.assign(estimator="fe", null_hypothesis="all entity and time effects are equal")
        return pd.concat([frame, other])

    table, _ = tables_in(blocks_of(DIAGNOSTICS_SECTION, with_table(run, "details/diagnostics", both)))
    assert table.groups[0].rows[0].cells[0].beneath == (
        "all entity effects are equal; all entity and time effects are equal",
    )


def test_diagnostics_stand_side_by_side(run):
    table, selected = tables_in(blocks_of(DIAGNOSTICS_SECTION, run))
    assert table.heads[0][1:] == ("Pooled OLS", "Fixed effects")
    effects, hausman, dependence = (row.cells for row in table.groups[0].rows)
    assert effects[0].text == "F test of the effects all entity effects are equal"
    assert (effects[1].words, effects[1].beneath, effects[2]) == (
        *("F(541, 3,810) = 8.317", (f"p{NB}<{NB}0.001",), ""),
    )
    assert (hausman[2].words, hausman[2].beneath) == ("χ²(5) = 46.35", (f"p{NB}={NB}0.042",))
    assert (dependence[1].words, dependence[2].words) == ("z = 3.472", "refused")
    assert hausman[2].reason == "the difference of covariances is no covariance"
    assert [table.marks[cell.reason] for cell in (hausman[2], dependence[2])] == ["a", "b"]
    assert texts(table, 1) == {
        "Rows": ["4,360", "4,360"],
        "R² within entities": ["0.184", "0.199"],
        "R² overall": ["0.192", "−0.049"],
    }
    assert texts(selected) == {"Boosting": ["4", "rounds 38", "0.800"]}


def test_a_slope_stands_with_the_range_under_its_checks_and_every_check_in_the_appendix(wage):
    def table(_frame):
        place = {"outcome": "lwage", "exposure": "exper", "method": "first_differences", "status": "ok"}
        place |= {"learner": "boosting", "list": "robustness", "n_obs": 100}
        slope = {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3, "p_value": 0.01}
        rows = [
            place | slope | {"variation": "as it is"},
            place | slope | {"variation": "without exper: a", "estimate": 0.15, "p_difference": 0.4},
            place | slope | {"variation": "without half: b", "estimate": 0.18, "p_difference": 0.5},
            place | {"variation": "outcome in logs", "status": "refused", "reason": "no logarithm"},
            place | {"variation": JOINT, "p_difference": 0.4},
        ]
        return pd.DataFrame(rows).reindex(columns=list(VARIATION_EFFECTS.columns))

    assert blocks_of(ROBUSTNESS_SECTION, read_run(wage)) == []
    blocks = blocks_of(ROBUSTNESS_SECTION, with_table(read_run(wage), "variation_effects", table))
    summary, shown = tables_in(blocks)
    slope = ["0.20 [0.10,\u00a00.30]", "0.150 to 0.180", "–", "0.400"]
    assert texts(summary) == {"First differences, Boosting": slope}
    assert [own[0].words for own in cells(shown).values()] == ["0.20", "0.15", "0.18", "–", "–"]
    assert list(cells(shown))[1:3] == ["without Experience: a", "without half: b"]
    assert shown.marks == {"no logarithm": "a"}
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


ALL = ContrastQuestion("all", "", "")
BY = ContrastQuestion("by_rank", "rank", "")
GIVEN = ContrastQuestion("given_educ", "", "educ")


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
    assert (table.groups[0].rows[2].cells[0].reason, table.marks) == ("why", {"why": "a"})
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
        return pd.DataFrame(rows).reindex(columns=list(IMPORTANCE.columns))

    assert blocks_of(IMPORTANCE_SECTION, read_run(wage)) == []
    run = with_table(read_run(wage), "importance", table)
    assert [row.group for row in ordered(run, "lwage")] == ["exper", "union", "educ"]
    blocks = blocks_of(IMPORTANCE_SECTION, run)
    (shown,) = tables_in(blocks)
    rows = [[cell_of(cell) for cell in row.cells] for row in shown.groups[0].rows]
    assert [(row[2].words, row[2].look, row[0].reason) for row in rows] == [
        *(("20.0%", "lowest", ""), ("1.0%", "", ""), ("–", "", "too few rows"))
    ]
    assert shown.marks == {"too few rows": "a"}
    assert names_of_figures(blocks) == ["importance-lwage-boosting"]
