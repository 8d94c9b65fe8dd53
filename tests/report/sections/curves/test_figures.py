"""Figures of curves: every line, band and turning point where it belongs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.findings.lines import TruthLine, curves, curves_of, truth_line
from harness.findings.run import Run, read_run
from harness.report.drawing.canvas import house_style
from harness.report.drawing.fonts import drawable
from harness.report.drawing.series import BESIDE_WIDTH
from harness.report.sections.curves.ale_figure import ale_scene, plot_ales
from harness.report.sections.curves.captions import curve_caption
from harness.report.sections.curves.figure import curve_scene, leading_of, plot_curves, plot_outcomes
from harness.report.sections.curves.scene import SupportedShare
from harness.report.sections.curves.section import extrapolates
from report.changed_run import with_table


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_two_curves_fit_one_column(run):
    with house_style():
        figure = plot_curves(curve_scene(run, curves_of(run, "lwage", "curve", "level")[:2]))
    assert figure.get_figwidth() == 3.5


def test_every_curve_is_in_the_same_axes_and_in_a_panel_of_its_own(run):
    level, slope = (curve_scene(run, curves_of(run, "lwage", "curve", kind)) for kind in ("level", "slope"))
    assert [one.label for one in level.series] == [
        "Pooled OLS",
        "Fixed effects",
        "SOM + ANN",
        "RAB",
        "Boosting",
    ]
    assert level.unsupported == ((0.0, 0.375), (15.375, 18.0))
    assert (level.x_label, level.y_label) == (
        "Experience (years)",
        "Mean predicted Log wage (log dollars an hour)",
    )
    assert (level.has_zero, slope.has_zero) == (False, True)
    with house_style():
        figure = plot_curves(level)
    main, strip, *panels = figure.axes
    drawn = [line for line in main.lines if line.get_linewidth() == 1.3 and line.get_marker() == "None"]
    assert len(drawn) == 5
    for line, series in zip(drawn, level.series, strict=True):
        shown = np.isfinite(line.get_ydata())
        assert np.array_equal(shown, series.line.supported)
    assert len({line.get_color() for line in drawn}) == 5
    assert [axes.get_title(loc="left") for axes in panels[:5]] == [one.label for one in level.series]
    assert strip.get_xlabel() == "Experience (years)"


def scene(run, outcome="intensity", estimators=("ols", "rab")):
    curves = [one for one in curves_of(run, outcome, "curve", "level") if one.estimator in estimators]
    return curve_scene(run, curves)


def test_turning_points_are_marked_where_they_are(chinese):
    shown = {series.label: series for series in scene(read_run(chinese)).series}
    assert shown["Pooled OLS"].marks == ()
    (mark,) = shown["RAB"].marks
    # 1.45 + 0.068 x - 0.8 * 0.0035 x^2 has its maximum at 0.068 / (2 * 0.0028)
    assert (mark.kind, mark.at) == ("maximum", pytest.approx(0.068 / 0.0056))
    assert mark.height == pytest.approx(1.45 + 0.068**2 / (4 * 0.0028))


def test_outcomes_stand_side_by_side_and_the_legend_names_everything(chinese):
    run = read_run(chinese)
    with house_style():
        figure = plot_outcomes([scene(run, outcome) for outcome in run.manifest.study.outcomes])
    panels = [axes for axes in figure.axes if axes.get_ylabel()]
    assert [axes.get_ylabel().replace("\n", " ") for axes in panels] == [
        drawable("Mean predicted 碳排放总量 (万吨)"),
        drawable("Mean predicted 碳强度 (万吨/亿元)"),
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "Pooled OLS",
        "RAB",
        "pointwise 95% band",
        "simultaneous 95% band",
        "maximum, with interval",
    ]
    assert all(len(axes.collections) == 4 for axes in panels)  # two bands of each of two estimators


def test_only_established_turning_points_are_marked(run):
    scene = curve_scene(run, curves_of(run, "lwage", "curve", "level"))
    assert [series.label for series in scene.series if series.marks] == ["RAB"]


def test_the_truth_of_simulated_data_is_drawn_and_named(run):
    scene = curve_scene(run, curves_of(run, "lwage", "curve", "level"))
    assert scene.truth is None
    at = np.linspace(0.0, 18.0, 5)
    true = TruthLine(at, 2.0 + 0.01 * at)
    for shown in (replace(scene, truth=true), replace(scene, series=scene.series[:1], truth=true)):
        with house_style():
            figure = plot_curves(shown)
        lines = [line for axes in figure.axes for line in axes.lines]
        drawn = [line for line in lines if np.array_equal(line.get_ydata(), true.truth)]
        assert len(drawn) == (1 if len(shown.series) == 1 else 1 + len(shown.series))
        assert "truth (simulated)" in [text.get_text() for text in figure.legends[0].get_texts()]


class Folder:
    """A folder with one table."""

    def __init__(self, frame):
        self.frame = frame

    def read_table(self, name):
        assert name == "truth"
        return self.frame


def test_the_truth_of_a_run_is_that_of_its_table():
    frame = pd.DataFrame(
        {"outcome": "y", "scenario": "curve", "kind": ["level", "level", "slope"], "at": [1.0, 0.0, 0.0]}
    ).assign(moderator_at=np.nan, group="", truth=[5.0, 4.0, 1.0])
    shown = Run(manifest=None, folder=Folder(frame))
    line = truth_line(shown, "y", "curve", "level")
    assert (line.at.tolist(), line.truth.tolist()) == ([0.0, 1.0], [4.0, 5.0])
    assert truth_line(shown, "z", "curve", "level") is None


def truth_table(*rows):
    """Return the table ``truth`` of rows of kind, at, moderator_at, group and truth."""
    names = ["kind", "at", "moderator_at", "group", "truth"]
    return pd.DataFrame(list(rows), columns=names).assign(outcome="lwage", scenario="curve")


def with_supported(run, share, *, names=("ols", "rab")):
    """Return a run of two estimators with curves over supported rows, half as steep, of a share of rows."""

    def added(frame):
        frame = frame[frame["estimator"].isin(names)]
        level = frame[frame["kind"] == "level"]
        own = level.assign(kind="level_supported", estimate=level["estimate"] / 2, share_of_rows=share)
        return pd.concat([frame, own], ignore_index=True)

    return with_table(run, "curves", added)


def drawn_scene(run):
    scene = curve_scene(run, curves_of(run, "lwage", "curve", "level"))
    with house_style():
        return scene, plot_curves(scene)


def test_the_curve_over_supported_rows_stands_beside_that_over_all(run):
    scene, figure = drawn_scene(with_supported(run, 0.8))
    main = figure.axes[0]
    assert scene.share == SupportedShare(0.8, 0.8, 0.75, is_leading=False)
    dotted = [line.get_ydata() for line in main.lines if line.get_linewidth() == BESIDE_WIDTH]
    for drawn, series in zip(dotted, scene.series, strict=True):
        assert np.nanmax(np.abs(drawn - series.line.estimate / 2)) < 1e-12
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "over supported rows" in texts
    caption = curve_caption(run.manifest.study, "lwage", leading_of(run, curves(run)[:1]), scene)
    assert "The share of such rows is 80% everywhere." in caption


def test_where_most_rows_extrapolate_the_supported_curve_leads(run):
    own = with_supported(run, 0.3)
    truth = truth_table(("level", 1.0, np.nan, "", 5.0), ("level_supported", 1.0, np.nan, "", 6.0))
    own = with_table(own, "truth", lambda _: truth)
    scene, figure = drawn_scene(own)
    assert scene.share.is_leading
    levels = {one.estimator: one for one in curves_of(own, "lwage", "curve", "level")}
    assert np.array_equal(scene.series[0].line.estimate, levels["ols"].estimate / 2)
    assert np.array_equal(scene.beside[0].line.estimate, levels["ols"].estimate)
    assert scene.truth.truth.tolist() == [6.0]  # of the rows that the leading curve is over
    assert "over all rows" in [text.get_text() for text in figure.legends[0].get_texts()]
    # the turning point is that of the curve over all rows, and still marked
    assert [line.get_marker() for line in figure.axes[0].lines].count("^") == 1
    leading = leading_of(own, curves_of(own, "lwage", "curve", "level"))
    caption = curve_caption(own.manifest.study, "lwage", leading, scene)
    assert caption.startswith(
        "Net effect curve over supported rows for Log wage. The mean prediction is moved from each"
    )
    assert "The dots are the curve over all rows, which extrapolates" in caption


def test_where_every_row_is_supported_there_is_but_one_curve(run):
    scene, _ = drawn_scene(with_supported(run, 1.0))
    assert scene.beside == ()


def test_true_turning_points_are_upright_dashes(run):
    own = with_table(
        run,
        "truth",
        lambda _: truth_table(("maximum", 9.0, np.nan, "", 2.0), ("level", 9.0, np.nan, "", 2.0)),
    )
    scene, figure = drawn_scene(own)
    assert scene.true_turns == (9.0,)
    upright = [line for line in figure.axes[0].lines if list(line.get_xdata()) == [9.0, 9.0]]
    assert [line.is_dashed() for line in upright] == [True]
    assert "true turning point" in [text.get_text() for text in figure.legends[0].get_texts()]
    slopes = curve_scene(own, curves_of(own, "lwage", "curve", "slope"))
    assert slopes.true_turns == ()


def test_true_accumulated_effects_are_raised_to_the_estimators_level(run):
    truth = truth_table(("ale", 9.0, np.nan, "", 0.25), ("level", 9.0, np.nan, "", 2.0))
    own = with_table(run, "truth", lambda _: truth)
    scene = ale_scene(own, "lwage", "curve")
    pair = next(pair for pair in scene.pairs if pair.level.label == "RAB")
    (ale,) = [one for one in curves_of(own, "lwage", "curve", "ale") if one.estimator == "rab"]
    assert pair.true_ale.truth.tolist() == pytest.approx([0.25 + ale.mean_level])
    with house_style():
        figure = plot_ales(scene)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    effects = ["accumulated local effects", "their pointwise 95% band", "their truth"]
    assert list(texts)[-4:] == ["truth (simulated)", *effects]
    drawn = [line.get_ydata().tolist() for line in figure.axes[0].lines if line.get_color() == "#000000"]
    assert [2.0] in drawn


def test_the_label_beside_one_row_of_panels_stays_under_the_legend(run):
    scene = ale_scene(run, "lwage", "curve")
    one_row = replace(scene, pairs=scene.pairs[:3], y_label="Mean predicted CO2 emissions (10⁴ t)")
    with house_style():
        figure = plot_ales(one_row)
        figure.draw_without_rendering()
    label = figure.get_supylabel()
    (text,) = [one for one in figure.texts if one.get_text() == label]
    assert "\n" in label
    assert text.get_window_extent().y1 <= figure.legends[0].get_window_extent().y0


def test_extrapolates_is_said_above_the_curves(run):
    assert not extrapolates(run)
    note = {"code": "W-EXTRAPOLATED", "where": "exper", "message": "at 3 of 25 exposures"}
    own = with_table(run, "warnings", lambda frame: pd.concat([frame, pd.DataFrame([note, note])]))
    assert extrapolates(own)
