"""Turning points, cell by cell, and what stands above the curves."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Polygon

from harness.findings.lines import Band, curves_of
from harness.findings.run import read_run
from harness.report.drawing.fonts import drawable
from harness.report.drawing.lines import DOTTED
from harness.report.figures.curves import (
    band_text,
    curve_panel,
    plot_ales,
    plot_curves,
    plot_outcomes,
    scatter_figures,
)
from harness.report.sections.curves import CURVES_SECTION, extrapolates, turning_table
from report.changed_run import with_table, with_truth
from report.fake_run import manifest, read_manifest
from report.shown_blocks import blocks_of, legend_of, plotted, texts

NB = "\u00a0"


def test_turning_points_established_or_not_and_their_absence(run):
    table = texts(turning_table(run))
    assert table["Pooled OLS"][0] == "none"
    assert table["SOM + ANN"][0] == "maximum, not significant"
    # 0.068 / 0.0056 = 12.143, between 1.4 below and 1.1 above
    assert [*table["RAB"][:3], table["RAB"][4]] == ["maximum", "12.1", f"[10.7,{NB}13.2]", "92%"]
    elsewhere = with_table(run, "turning_points", lambda frame: frame.assign(at=frame["conf_low"] - 1.0))
    assert texts(turning_table(elsewhere))["RAB"][0] == "maximum, outside its interval"


def test_extrapolation_is_told_above_the_curves_and_no_curves_are_no_section(run):
    assert not extrapolates(run)
    note = {"code": "W-EXTRAPOLATED", "where": "exper", "message": "at 3 of 25 exposures"}
    assert extrapolates(with_table(run, "warnings", lambda frame: pd.concat([frame, pd.DataFrame([note])])))
    assert blocks_of(CURVES_SECTION, with_table(run, "curves", lambda frame: frame.head(0))) == []


def levels_of(run, outcome="lwage", names=("ols", "fe", "ann", "rab", "boosting"), kind="level"):
    return [one for one in curves_of(run, outcome, "curve", kind) if one.estimator in names]


def test_every_curve_has_a_panel_with_its_bands_over_the_reference(run):
    panel, slopes = (curve_panel(run, levels_of(run, kind=kind)) for kind in ("level", "slope"))
    labels = ["Pooled OLS", "Fixed effects", "SOM + ANN", "RAB", "Boosting"]
    assert [one.label for one in panel.lines] == labels
    assert panel.unsupported == ((0.0, 0.375), (15.375, 18.0))
    assert (panel.has_zero, slopes.has_zero) == (False, True)
    figure = plotted(plot_curves, run, levels_of(run))
    assert figure.get_supylabel().replace("\n", " ") == "Mean predicted Log wage (log dollars an hour)"
    assert figure.get_supxlabel() == "Experience (years)"
    panels = figure.axes[:5]
    assert [axes.get_title(loc="left") for axes in panels] == labels
    for axes, series in zip(panels, panel.lines, strict=True):
        (drawn,) = [
            line for line in axes.lines if line.get_linewidth() == 1.3 and line.get_marker() == "None"
        ]
        assert np.array_equal(np.isfinite(drawn.get_ydata()), series.line.supported)
    assert len(legend_of(figure)) <= 6
    assert plotted(plot_outcomes, run, [levels_of(run)[:2]]).get_figwidth() == 3.5  # one fits one column


def test_a_binned_scatter_has_a_dot_and_an_interval_for_each_bin(run):
    (shown,) = plotted(lambda run: list(scatter_figures(run)), run)
    assert shown.name == "binned-scatter"
    pooled, within = shown.content.axes
    assert [axes.get_title(loc="left") for axes in (pooled, within)] == ["Pooled", "Within man and year"]
    stored = run.frame("binned_scatter")
    for axes, variation in ((pooled, "raw"), (within, "within_entity_and_time")):
        rows = stored[stored["variation"] == variation]
        (dots,), (intervals,) = (
            axes.lines,
            [one for one in axes.collections if isinstance(one, LineCollection)],
        )
        assert np.array_equal(dots.get_xydata(), rows[["at", "estimate"]])
        limits = [segment[:, 1] for segment in intervals.get_segments() if len(segment)]
        assert np.array_equal(limits, rows[["conf_low", "conf_high"]].dropna())


def test_established_turning_points_are_marked_where_they_are(run):
    shown = {series.label: series.marks for series in curve_panel(run, levels_of(run)).lines}
    assert [label for label, marks in shown.items() if marks] == ["RAB"]
    (mark,) = shown["RAB"]
    # 1.45 + 0.068 x - 0.8 * 0.0035 x^2 has its maximum at 0.068 / (2 * 0.0028)
    assert (mark.kind, mark.at) == ("maximum", pytest.approx(0.068 / 0.0056))
    assert mark.estimate == pytest.approx(1.45 + 0.068**2 / (4 * 0.0028))


def test_outcomes_stand_side_by_side_and_the_legend_names_everything(chinese):
    run = read_run(chinese)
    chosen = [levels_of(run, outcome, ("ols", "rab")) for outcome in run.manifest.study.outcomes]
    figure = plotted(plot_outcomes, run, chosen)
    panels = [axes for axes in figure.axes if axes.get_ylabel()]
    assert [axes.get_ylabel().replace("\n", " ") for axes in panels] == [
        drawable("Mean predicted 碳排放总量 (万吨)"),
        drawable("Mean predicted 碳强度 (万吨/亿元)"),
    ]
    bands = ["pointwise 95% band", "simultaneous 95% band"]
    assert legend_of(figure) == ["Pooled OLS", "RAB", *bands, "maximum, with interval"]
    bands = [[one for one in axes.patches if isinstance(one, Polygon)] for axes in panels]
    assert [len(own) for own in bands] == [4] * len(panels)  # two of each of two estimators


@pytest.mark.parametrize("n_curves", [1, 5])
def test_truth_and_true_turning_points_of_simulated_data_are_drawn_and_named(run, n_curves):
    rows = [{"kind": "level", "at": at, "truth": 2.0 + 0.01 * at} for at in (18.0, 0.0, 9.0)]
    own = with_truth(run, "curve", *rows, {"kind": "maximum", "at": 9.0, "truth": 2.0})
    assert curve_panel(run, levels_of(run)).truth is None
    curves = levels_of(own)[:n_curves]
    figure = plotted(plot_curves, own, curves) if n_curves > 1 else plotted(plot_outcomes, own, [curves])
    lines = [line for axes in figure.axes for line in axes.lines]
    drawn = [line for line in lines if len(line.get_xdata()) == 3 and line.get_color() == "#000000"]
    assert [list(line.get_ydata()) for line in drawn] == [[2.0, 2.09, 2.18]] * n_curves
    (mark,) = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert mark.get_xydata().tolist() == [[9.0, 2.09]]  # on the true curve
    assert legend_of(figure)[-2:] == ["truth (simulated)", "true turning point"]
    assert curve_panel(own, levels_of(own, kind="slope")).turns == []


def with_supported(run, share):
    """Return a run of two estimators with curves over supported rows, half as steep, of a share of rows."""

    def added(frame):
        frame = frame[frame["estimator"].isin(["ols", "rab"])]
        level = frame[frame["kind"] == "level"]
        own = level.assign(kind="level_supported", estimate=level["estimate"] / 2, share_of_rows=share)
        return pd.concat([frame, own], ignore_index=True)

    return with_table(run, "curves", added)


def test_the_curve_over_supported_rows_stands_beside_that_over_all(run):
    own = with_supported(run, 0.8)
    figure = plotted(plot_outcomes, own, [levels_of(own)])
    dotted = [line.get_ydata() for line in figure.axes[0].lines if line.get_linewidth() == DOTTED.width]
    for drawn, curve in zip(dotted, levels_of(own), strict=True):
        assert np.nanmax(np.abs(drawn - curve.estimate / 2)) < 1e-12
    assert "over supported rows" in legend_of(figure)
    whole = with_supported(run, 1.0)
    assert curve_panel(whole, levels_of(whole)).beside == []


def test_where_most_rows_extrapolate_the_supported_curve_leads(run):
    own = with_truth(
        with_supported(run, 0.3),
        "curve",
        {"kind": "level", "at": 1.0, "truth": 5.0},
        {"kind": "level_supported", "at": 1.0, "truth": 6.0},
    )
    panel, figure = curve_panel(own, levels_of(own)), plotted(plot_curves, own, levels_of(own))
    ols = levels_of(own, names=["ols"])[0]
    assert np.array_equal(panel.lines[0].line.estimate, ols.estimate / 2)
    assert np.array_equal(panel.beside[0].line.estimate, ols.estimate)
    assert panel.truth.truth.tolist() == [6.0]  # of the rows that the leading curve is over
    assert "over all rows" in legend_of(figure)
    # the turning point is that of the curve over all rows, and still marked
    assert [line.get_marker() for line in figure.axes[1].lines].count("^") == 1
    assert panel.turns == []  # the true ones are those of another curve


def test_true_accumulated_effects_are_raised_to_the_estimators_level(run):
    rows = ({"kind": "ale", "at": 9.0, "truth": 0.25}, {"kind": "level", "at": 9.0, "truth": 2.0})
    own = with_truth(run, "curve", *rows)
    ales = levels_of(own, kind="ale")
    figure = plotted(plot_ales, own, levels_of(own), ales)
    effects = ["accumulated local effects", "their pointwise 95% band", "their truth"]
    assert legend_of(figure)[-4:] == ["truth (simulated)", *effects]
    for axes, ale in zip(figure.axes, ales, strict=False):
        true = [line.get_ydata().tolist() for line in axes.lines if list(line.get_xdata()) == [9.0]]
        assert true == [[2.0], pytest.approx([0.25 + ale.mean_level])]


STUDY = read_manifest(manifest(outcomes={"y": ("Y", "")})).study
EDGES = np.array([0.0, 1.0])


def band(kind, n_draws, level, unit):
    return Band(kind, n_draws, level, unit, EDGES, EDGES, np.full(2, math.nan))


ENTITIES, ROWS = "bootstrap draws of whole entities (man)", "bootstrap draws of single rows"


@pytest.mark.parametrize(
    ("bands", "parts"),
    [
        ([band("pointwise", 200, 0.9, "entity")], ["pointwise 90%", f"200 {ENTITIES}"]),
        (
            [band("simultaneous", 200, math.nan, "row"), band("simultaneous", 1000, math.nan, "row")],
            ["simultaneous 95%", f"200 to 1,000 {ROWS}"],
        ),
        (
            [band("pointwise", 200, 0.95, "entity"), band("simultaneous", 200, 0.95, "entity")],
            ["pointwise (darker) and simultaneous (lighter) 95%", f"200 {ENTITIES}"],
        ),
        ([], ["No curve has a band."]),
    ],
    ids=["pointwise-entities", "simultaneous-rows", "both", "none"],
)
def test_bands_in_words(bands, parts):
    text = band_text(bands, STUDY)
    assert [part for part in parts if part not in text] == []
