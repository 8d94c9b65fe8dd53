"""Gains and errors, variables, truth and groups, cell by cell."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.api import run_study
from harness.evaluation.gain import NOTHING_GAINED
from harness.findings.lines import Band, Curve
from harness.findings.run import Gains, Run, read_run
from harness.report.figures.effects import levels_of, plot_groups
from harness.report.sections.accuracy import (
    error_table,
    gain_figure,
    gain_table,
    left_table,
    metric_tables,
    pair_table,
)
from harness.report.sections.curves import KINDS, TRUTH_SECTION, truth_table
from harness.report.sections.heterogeneity_tables import (
    difference_table,
    group_table,
    grouped_by,
    partitions,
    rows_of_groups,
)
from harness.report.sections.record import preparation_table, variable_table
from harness.report.sections.verdict import (
    effect_table,
    effects,
    findings_table,
    other_gains,
    read_curve,
    shown_findings,
)
from harness.running.options import RunOptions
from harness.tables.heterogeneity import HETEROGENEITY
from harness.text import render
from report.fake_run import blocks_of, cells, legend_of, plotted, tables_in, with_table, with_truth

REFUSED = ("a", "fold 1: experience is absorbed by the entity and time effects together")


def test_errors_of_every_protocol_honest_ones_first(run):
    table = error_table(run, "lwage")
    assert [group.heading for group in table.groups][::2] == [
        "Held-out entities",
        "As published (random rows)",
    ]
    ols, fe = list(cells(table, 2).values())[:2]
    assert [cell.text for cell in ols[:3]] == ["0.2220", "0.2312", "0.2243"]
    assert [own[1].look for own in cells(table, 2).values()] == ["", "lowest", "", "", ""]
    assert [cell.text for cell in fe[3:]] == ["0.472", "0.528", "1,308", "545"]
    refused = table.groups[0].rows[1].cells
    assert (table.marks[refused[0].reason], refused[1]) == ("a", "–")


def test_an_interval_that_is_cut_off_or_has_no_bound_says_so(run):
    """On the page, and in the sentences of terminal and gain_report.json."""
    for low, high, words in ((-3.19, 1.0, "[too few entities]"), (math.nan, math.nan, "[no bound]")):
        limits = {"conf_low": low, "conf_high": high}
        changed = with_table(run, "gain", lambda gain, limits=limits: gain.assign(**limits))
        table = gain_table(Gains(changed))
        assert {cell.beneath for row in cells(table).values() for cell in row if cell.symbol} == {(words,)}
        rows = render.findings_table(changed).query("finding == 'gain'")
        texts = " ".join(rows["text"])
        assert words in texts
        assert ("has no bound" if high != 1.0 else "too few men for an interval") in texts
        assert "319" not in texts


def test_any_two_estimators_stand_in_a_table_of_rows_over_columns(run):
    of_cell = {"outcome": "lwage", "protocol": "random_rows", "sample": "test", "status": "ok", "reason": ""}
    numbers = {"gain": 0.2, "conf_low": 0.1, "conf_high": 0.3, "p_value": 0.01, "p_holm": 0.02}
    pair = {**of_cell, **numbers, "estimator": "ann", "reference": "fe", "decision": "above"}
    table = pair_table(Run(run.manifest, run.folder, {"gain_pairs": pd.DataFrame([pair])}), "lwage")
    assert [column.head for column in table.columns[1:]] == ["(1)", "(2)", "(3)", "(4)", "(5)"]
    shown = cells(table)
    assert [cell.text for cell in shown["(3) SOM + ANN"]] == ["", "▲20%", "", "", ""]
    hint = "20.0% [10.0, 30.0], p = 0.010, adjusted p = 0.020, better"
    assert shown["(3) SOM + ANN"][1].hint.replace("\u00a0", " ") == hint


def test_gains_have_a_symbol_an_interval_and_a_p_value_on_hover(run):
    table = gain_table(Gains(run))
    found = cells(table)
    assert list(found) == ["Fixed effects", "SOM + ANN", "RAB", "Boosting"]
    assert [(cell.words, cell.symbol) for cell in found["SOM + ANN"]] == [
        *(("−14.3%", "▼"), ("2.1%", "●"), ("31.2%", "▲"), ("44.7%", "▲"))
    ]
    assert found["SOM + ANN"][0].beneath == ("[−20.3,\u00a0−8.3]",)
    refused = found["Fixed effects"][0]
    assert (refused.words, refused.look) == ("refused", "none")
    assert table.marks == {refused.reason: "a"}
    assert ("a", refused.reason) == REFUSED
    published, inside = found["Boosting"][2:]
    assert (published.symbol, published.hint) == ("○", "cannot tell; p\u00a0=\u00a00.081")
    assert (inside.symbol, inside.look) == ("▲", "better")
    assert [column.mark for column in table.columns] == ["", "", "", "†", "†"]


@pytest.fixture(scope="module")
def figure(run):
    return plotted(gain_figure, Gains(run)).content


def test_gains_stand_where_their_numbers_are(run, figure):
    titles = [one.title for one in run.manifest.study.honest_first if one.keeps_test_rows_apart]
    assert [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes] == titles
    held_out, forward = figure.axes[:2]
    dots = [line for line in forward.lines if line.get_marker() in {"^", "v", "o"}]
    assert [float(line.get_xdata()[0]) for line in dots] == pytest.approx([39.5, 2.1, 3.4, -5.4])
    assert [line.get_marker() for line in dots] == ["^", "o", "o", "v"]
    assert [text.get_text() for text in held_out.texts] == ["refused", "−162%"]
    assert [line.get_marker() for line in held_out.lines].count("<") == 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run_study(
        RunOptions(Path(__file__).with_name("losses.yaml"), out=tmp_path_factory.mktemp("run") / "losses")
    )


def test_values_are_those_of_the_stored_predictions(folder):
    (table,) = metric_tables(read_run(folder))
    assert table.caption == "Absolute error, and the gain over ols"
    rows = pd.read_parquet(folder.path / "predictions.parquet")
    test = rows[rows["sample"] == "test"]
    losses = (test["observed"] - test["predicted"]).abs().groupby(test["estimator"]).mean()
    found = cells(table)
    for label, (cell,) in found.items():
        assert float(cell.words.replace(",", "")) == pytest.approx(losses[label], rel=1e-3)
    assert found["ols"][0].beneath == ()
    gain = float(found["fe"][0].beneath[0].partition("%")[0].replace("−", "-"))
    assert gain == pytest.approx(100 * (1 - losses["fe"] / losses["ols"]), abs=0.051)


def test_the_first_screen_tells_of_one_protocol_and_the_section_of_the_others(run):
    assert other_gains(run, "lwage").startswith("For later periods of the same men, ")
    assert "not used in training" not in other_gains(run, "lwage")


def test_findings_of_no_estimator_stand_there_and_of_featured_ones_what_is_significant(run):
    significant = with_table(run, "findings", lambda frame: frame.assign(is_established=True))
    shown = {row.estimator for row in shown_findings(significant, "lwage")}
    assert shown == {"ols", "rab"}
    kinds = {row.finding for row in shown_findings(significant, "lwage")}
    assert kinds.isdisjoint({"gain", "lowest_error"})
    none = with_table(run, "findings", lambda frame: frame.assign(is_established=False))
    assert shown_findings(none, "lwage") == ()
    rows = shown_findings(significant, "lwage")
    table = findings_table(run, "lwage", rows)
    labels = [row[0] for row, _ in table.body_rows]
    assert len(labels) == len(rows)
    assert all(len(label) < 80 for label in labels)


AT = np.array([0.0, 1.0, 2.0, 4.0])


def curve(kind, estimate, half, supported=(True, True, True, True)):
    estimate = np.asarray(estimate, dtype=float)
    return Curve(
        scenario="curve",
        outcome="y",
        estimator="ann",
        kind=kind,
        at=AT,
        estimate=estimate,
        supported=np.array(supported),
        share_of_rows=np.full(4, np.nan),
        bands=(Band("pointwise", 40, 0.95, "entity", estimate - half, estimate + half, estimate),),
    )


def test_a_reading_uses_the_supported_points_alone():
    level = curve("level", [9.0, 1.0, 3.0, 6.0], 0.5, (False, True, True, True))
    slope = curve("slope", [5.0, 0.4, 0.6, -0.7], 0.5, (False, True, True, True))
    fewer = curve("level_supported", [9.0, 1.0, 3.0, 4.5], 0.5, (False, True, True, True))
    reading = read_curve(level, slope, fewer)
    assert reading.supported_change == 3.5
    assert (reading.low_at, reading.high_at, reading.change) == (1.0, 4.0, 5.0)
    assert (reading.rising, reading.falling) == pytest.approx((1 / 3, 1 / 3))


def test_a_slope_on_the_other_side_of_zero_than_its_band_neither_rises_nor_falls():
    """Networks of resamples can all rise where the network of all rows falls."""
    level, slope = curve("level", [1.0, 2.0, 3.0, 4.0], 0.5), curve("slope", [0.6, 0.6, 0.6, -0.7], 0.5)
    other = replace(slope, estimate=np.array([-0.1, 0.6, 0.0, 0.2]))
    reading = read_curve(level, other, None)
    assert (reading.rising, reading.falling) == (0.25, 0.0)


def test_effects_put_coefficient_and_curve_of_an_estimator_together(run):
    found = {one.estimator.id: one for one in effects(run, "lwage")}
    assert list(found) == ["ols", "fe", "ann", "rab", "boosting"]
    assert found["ols"].coefficient.estimate == 0.110124
    assert found["ann"].coefficient is None
    assert found["ols"].curve.change == pytest.approx(0.03 * (15.0 - 0.75))


def test_coefficients_of_an_outcome_of_very_small_numbers_are_told_apart_from_their_errors(run):
    def small(table):
        return table.assign(
            **{name: 1e-9 * table[name] for name in ("estimate", "std_error", "conf_low", "conf_high")}
        )

    changed = with_table(run, "coefficients", small)
    table = effect_table(changed, "lwage", effects(changed, "lwage"))
    coefficient, interval, *_ = next(iter(cells(table).values()))
    assert (coefficient.words, coefficient.beneath) == ("1.101 × 10⁻¹⁰", ("(1.186 × 10⁻¹¹)",))
    assert "10⁻¹¹" in interval.text


def test_bands_that_rounding_of_a_level_leaves_off_zero_are_at_zero():
    """A mean of 8 at every exposure is summed to slopes of 1e-15, the same in every draw."""
    level = curve("level", [8.0, 8.0, 8.0, 8.0], 0.5)
    rounding = curve("slope", [4e-15, -4e-15, 2e-15, 0.0], 1e-16)
    reading = read_curve(level, rounding, None)
    assert (reading.rising, reading.falling) == (0.0, 0.0)
    steep = read_curve(level, curve("slope", [4e-12, -4e-12, 2e-12, 0.0], 1e-16), None)
    assert (steep.rising, steep.falling) == (0.5, 0.25)


def test_what_rounding_leaves_of_a_mean_of_zero_is_zero(run):
    def means(frame):
        return frame.assign(mean=frame["mean"].where(frame["role"] != "exposure", 5.8e-18))

    outcomes, exposure, *_ = variable_table(with_table(run, "summary", means)).groups
    assert exposure.rows[0].cells[4] == "0"
    assert outcomes.rows[0].cells[4] != "0"


def test_variables_stand_by_role_with_their_preparation(run):
    table = variable_table(run)
    assert [group.heading for group in table.groups] == ["Outcomes", "Exposure", "Moderators", "Controls"]
    ((label, unit, prepared, *_),) = [row for row, _ in table.body_rows if row[0].startswith("Experience")]
    assert (label, unit, prepared) == ("Experience exper", "years", "square: age, schooling")
    assert table.groups[0].rows[0].cells[2].words == ()
    ((step, _),) = preparation_table(run).body_rows
    assert step[:3] == ("Experience", "square", "age, schooling")


def test_gains_stand_from_the_training_sample_to_new_entities(run):
    table = left_table(Gains(run))
    assert table.heads[0][1:] == (
        *("In sample", "Other rows, used to select", "Other rows of the same entities", "New entities"),
    )
    found = cells(table)
    assert [cell.text for cell in found["MSE of Pooled OLS"]] == ["0.230", "0.231", "0.231", "0.234"]
    assert [(cell.words, cell.look) for cell in found["SOM + ANN"]] == [
        *(("44.7%", "better"), ("31.2%", "better"), ("12.1%", "better"), ("−14.3%", "worse"))
    ]
    assert (found["RAB"][-1].words, found["RAB"][-1].look) == ("−3.2%", "open")


def test_recognition_stands_in_the_table_with_the_reason_where_there_is_none(run):
    shares = pd.DataFrame(
        [
            ("ann", 0.91, 0.85, 0.97, 0.6, "ok", ""),
            ("rab", 1.2, 1.1, 1.4, 0.5, "ok", ""),
            ("boosting", 0.1, -0.1, 0.3, 0.4, "ok", ""),
            ("fe", np.nan, np.nan, np.nan, 0.0, "refused", NOTHING_GAINED),
        ],
        columns=["estimator", "estimate", "conf_low", "conf_high", "gain_known", "status", "reason"],
    ).assign(outcome="lwage", reference="ols")
    changed = with_table(run, "recognition", lambda _: shares)
    found = cells(gain_table(Gains(changed)))
    shown = {label: (own[-1].words, own[-1].beneath) for label, own in found.items()}
    assert shown["SOM + ANN"] == ("91.0%", ("[85.0,\xa097.0]",))
    assert shown["RAB"][0] == "all"
    assert shown["Fixed effects"] == ("–", (NOTHING_GAINED,))


PLACES = "where the curve has maxima"

ROWS = [
    # estimator, kind, rmse, coverage, n_points, n_found
    ("ols", "level", 0.5, 0.25, 24, 24),
    ("rab", "level", 0.125, 0.96, 24, 24),
    ("ols", "maximum", math.nan, 0.0, 1, 0),
    ("rab", "maximum", 0.75, 1.0, 1, 2),
    ("rab", "average_effect", 0.02, 1.0, 1, 1),
]


@pytest.fixture(scope="module")
def run_of_truth(wage):
    names = ["estimator", "kind", "rmse", "coverage", "n_points", "n_found"]
    frame = pd.DataFrame(ROWS, columns=names).assign(outcome="lwage", scenario="curve")
    return with_table(read_run(wage), "truth_errors", lambda _: frame)


def test_only_a_run_with_a_truth_has_the_section(wage, run_of_truth):
    assert blocks_of(TRUTH_SECTION, read_run(wage)) == []
    assert tables_in(blocks_of(TRUTH_SECTION, run_of_truth)) == [
        truth_table(run_of_truth, ["level"]),
        truth_table(run_of_truth, list(KINDS)),
    ]


def test_a_line_for_each_kind_and_a_cell_for_each_estimator(run_of_truth):
    lines = cells(truth_table(run_of_truth, list(KINDS)))
    curve, effect, maxima = (f"{name} curve" for name in ("curve over all rows", "average effect", PLACES))
    assert list(lines) == [curve, effect, maxima]
    ols, fe, _, rab, _ = lines[curve]
    assert (ols.words, ols.beneath, ols.look) == ("0.500", ("held at 25%",), "")
    assert fe.text == ""
    assert (rab.words, rab.beneath, rab.look) == ("0.125", ("held at 96%",), "lowest")
    ols, _, _, rab, _ = lines[maxima]
    assert (ols.text, ols.look, rab.text) == ("– found 0, true 1", "", "0.750 found 2, true 1")


NB = "\u00a0"
SIZE, RANK = ("size", "size"), ("rank", "rank")


def test_levels_of_a_group_are_its_quantiles_and_a_refused_one_has_none(run):
    assert partitions(run) == (SIZE, RANK)
    rows = rows_of_groups(run, HETEROGENEITY, RANK, "lwage", "ols")
    assert [(row.group, row.mode, row.is_done) for row in rows] == [
        ("first rank", "pooled", True),
        ("other", "pooled", True),
        ("first rank", "refit", True),
        ("other", "refit", False),
    ]
    levels = levels_of(run, RANK, "lwage", "ols")
    assert set(levels) == {(row.group, row.mode) for row in rows if row.is_done}
    quantile, level = levels["first rank", "pooled"]
    assert quantile.tolist() == pytest.approx(np.linspace(0.0, 1.0, 41).tolist())
    assert level[20] == pytest.approx(1.6)


def test_groups_have_levels_effects_and_differences(run):
    grouped = grouped_by(run, SIZE)
    table, differences = group_table(grouped), difference_table(grouped)
    headings = ["Log wage (log dollars an hour), RAB", "Log wage (log dollars an hour), Pooled OLS"]
    assert [group.heading for group in table.groups[:2]] == headings
    assert len(table.groups) == len(run.manifest.study.estimators)
    n_obs, n_entities, effect, level, refit, _ = cells(table)["small and medium"]
    assert (n_obs.text, n_entities.text) == ("402", "52")
    assert (effect.words, effect.beneath) == ("0.010", (f"[0.004,{NB}0.016]",))
    assert (effect.look, refit.look) == ("lowest", "")
    assert (level.words, level.beneath, level.look) == ("1.700", (f"[1.670,{NB}1.720]",), "")
    name, (first, *_) = next(iter(cells(differences).items()))
    assert (name, first.words) == ("large less mega and super", "0.012")
    assert not any(own[0].look for own in cells(differences, 1).values())


def test_what_has_no_answer_tells_why(run):
    table = group_table(grouped_by(run, RANK))
    refused = table.groups[1].rows[1].cells[5]
    reason = "fold 1: experience is absorbed by the entity and time effects together"
    assert (refused.words, refused.reason) == ("–", reason)
    assert table.marks == {reason: "a"}
    nothing = {"group": "", "mode": "", "status": "refused", "reason": "why", "effect": float("nan")}
    own = with_table(run, "heterogeneity", lambda frame: frame.head(1).assign(**nothing))
    own = with_table(own, "heterogeneity_differences", lambda frame: frame.head(0))
    (group,) = group_table(grouped_by(own, SIZE)).groups
    (row,) = group.rows
    assert (row.cells[0], [cell.reason for cell in row.cells[3::2]]) == ("all groups", ["why", "why"])


def test_boxes_and_effects_of_groups(run):
    effects, pooled, refit = plotted(plot_groups, run, SIZE, ["lwage"], "rab").axes
    names = [label.get_text().replace("\n", " ") for label in effects.get_xticklabels()]
    assert names == ["large", "mega and super", "small and medium"]
    assert pooled.get_title(loc="left") == "Log wage"
    for levels in (pooled, refit):
        medians = [line for line in levels.lines if line.get_linewidth() == 1.6]
        # levels are 1.6 + 0.05 a group at the middle quantile, pooled and refitted alike
        assert [float(line.get_ydata()[0]) for line in medians] == pytest.approx([1.6, 1.65, 1.7])
    dots = {round(float(line.get_xdata()[0]), 2): line for line in effects.lines if line.get_marker() in "oD"}
    assert float(dots[-0.19].get_ydata()[0]) == pytest.approx(0.034)
    assert float(dots[2.19].get_ydata()[0]) == pytest.approx(0.034 - 0.024)
    assert effects.get_ylabel().replace("\n", " ") == "Effect (log dollars an hour per unit)"


def test_the_truth_of_groups_is_dashed_across_their_positions(run):
    rows = [("effect", "large", 0.05), ("effect", "mega and super", 0.01), ("median", "large", 1.7)]
    own = with_truth(
        run, "size", *({"kind": kind, "group": name, "truth": number} for kind, name, number in rows)
    )
    figure = plotted(plot_groups, own, SIZE, ["lwage"], "rab")
    effects, levels, refit = ([line for line in axes.lines if line.is_dashed()] for axes in figure.axes)
    assert [list(line.get_ydata()) for line in effects] == [[0.05, 0.05], [0.01, 0.01]]
    assert [float(np.mean(line.get_xdata())) for line in effects] == [0.0, 1.0]
    assert [list(line.get_ydata()) for line in levels] == [[1.7, 1.7]]
    assert refit == []  # a model for each group averages over other rows
    assert "truth (simulated)" in legend_of(figure)
    assert figure.axes[0].get_ylim()[1] < 0.05  # the axis is that of the estimates


def test_the_two_levels_of_a_binary_exposure_are_not_drawn(run):
    own = with_table(
        run, "heterogeneity_rows", lambda frame: frame.assign(level=(frame["quantile"] > 0.5) * 1.0)
    )
    (effects,) = plotted(plot_groups, own, SIZE, ["lwage"], "rab").axes
    assert effects.get_title(loc="left") == "Log wage"
