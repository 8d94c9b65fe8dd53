"""Curves and their turning points; surfaces over moderators and their page."""

import json
import math
import re

import html5lib
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Polygon
from plotly.offline import get_plotlyjs

from harness.errors import ArtifactError
from harness.findings.lines import Band, curves_of
from harness.findings.run import read_run
from harness.report.drawing.canvas import drawable
from harness.report.drawing.lines import DOTTED
from harness.report.drawing.palette import THRESHOLD_COLOUR
from harness.report.figures.curves import (
    band_text,
    curve_panel,
    plot_ales,
    plot_curves,
    plot_outcomes,
    scatter_figures,
)
from harness.report.figures.moderators import (
    plot_conditional,
    plot_surfaces,
    rounded,
    script_json,
    surface_content,
)
from harness.report.render.html import script_hash
from harness.report.sections.curves import CURVES_SECTION, extrapolates, turning_table
from harness.report.sections.heterogeneity_tables import conditional_table, surfaces, true_levels
from harness.tables.heterogeneity import SurfaceKey
from report.fake_run import (
    HOSTILE,
    blocks_of,
    cells,
    legend_of,
    manifest,
    plotted,
    read_manifest,
    texts,
    with_table,
    with_truth,
)

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
            ["pointwise (stronger) and simultaneous (fainter) 95%", f"200 {ENTITIES}"],
        ),
        ([], ["No curve has a band."]),
    ],
    ids=["pointwise-entities", "simultaneous-rows", "both", "none"],
)
def test_bands_in_words(bands, parts):
    text = band_text(bands, STUDY)
    assert [part for part in parts if part not in text] == []


XHTML = "{http://www.w3.org/1999/xhtml}"
RUNS = ["wage", "chinese", "hostile"]
LIBRARY = "library"


@pytest.fixture
def folder(request):
    return request.getfixturevalue(request.param)


def elements(folder):
    """Return every element, the drawing library replaced by a word: it is megabytes long."""
    source = (folder.path / "surfaces.html").read_text(encoding="utf-8")
    assert source.count(get_plotlyjs()) == 1
    return list(html5lib.HTMLParser(strict=True).parse(source.replace(get_plotlyjs(), LIBRARY)).iter())


def scripts(folder):
    return [one for one in elements(folder) if one.tag == f"{XHTML}script"]


@pytest.mark.parametrize("folder", RUNS, indirect=True)
def test_the_policy_allows_the_two_scripts_that_are_there_and_no_request(folder):
    found = elements(folder)
    (policy,) = [one.get("content") for one in found if one.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data: blob:"
    assert "unsafe-eval" not in policy
    running = [one.text for one in scripts(folder) if one.get("type") is None]
    assert running[0] == LIBRARY
    assert rules["script-src"].split() == [script_hash(get_plotlyjs()), script_hash(running[1])]
    assert "</script" not in get_plotlyjs().lower()
    assert not any("src" in one.attrib for one in scripts(folder))
    assert not any(name.lower().startswith("on") for one in found for name in one.attrib)


@pytest.mark.parametrize("folder", RUNS, indirect=True)
def test_the_content_is_that_of_the_run(folder):
    (content,) = [one.text for one in scripts(folder) if one.get("type") == "application/json"]
    assert json.loads(content) == surface_content(read_run(folder))


def test_hostile_names_are_data(hostile):
    (content,) = [one.text for one in scripts(hostile) if one.get("type") == "application/json"]
    assert json.loads(content)["outcomes"] == [f"{HOSTILE['label']} ({HOSTILE['unit']})"]
    assert not set(content) & set("<>&\u2028\u2029")


def test_a_text_cannot_end_the_script():
    text = "</script><!--<script>&amp;\u2028\u2029"
    written = script_json({"text": text})
    assert not set(written) & set("<>&\u2028\u2029")
    assert json.loads(written) == {"text": text}


def test_surfaces_have_a_row_a_moderator_value_and_their_effects(run):
    content = surface_content(run)
    assert content["estimators"] == ["RAB", "Pooled OLS", "Fixed effects", "SOM + ANN", "Boosting"]
    rab = next(one for one in content["surfaces"] if one["estimator"] == 0)
    assert (rab["x"][-1], rab["y"][-1]) == (18.0, 16.0)
    assert len(rab["estimate"]) == len(rab["y"]) == 12
    surface = run.view(surfaces)["educ", "educ", "lwage", "rab"]
    assert rab["estimate"][4][7] == pytest.approx(surface.estimate[7, 4], rel=1e-4)
    assert rab["supported"][0][0] == 0
    assert rab["thresholds"] == [{"at": 9.7, "text": "9.7 [9.1,\u00a010.4], from − to +, in 98% of draws"}]
    assert set(rab["line"]) == {"at", "effect", "pointwise", "simultaneous"}


def test_numbers_are_rounded_and_gaps_are_null():
    assert rounded([1.0 / 3.0, 123456.0, float("nan"), float("inf")]) == [0.33333, 123460.0, None, None]


def test_labels_stay_plain_text_in_the_script(wage):
    own = scripts(wage)[-1].text
    assert "innerHTML" not in own
    assert re.search(r"modeBarButtons: BUTTONS", own)  # the library's other buttons would send data away


def test_the_truth_of_simulated_data_goes_with_every_surface(run):
    assert all(one["truth"] is None for one in surface_content(run)["surfaces"])
    surface = next(iter(run.view(surfaces).values()))
    own = with_truth(
        run,
        "educ",
        *(
            {"kind": "surface", "at": x, "moderator_at": m, "truth": x + 10.0 * m}
            for m in surface.moderator_at
            for x in surface.exposure_at
        ),
        {"kind": "conditional_effect", "moderator_at": 6.0, "truth": 1.0},
    )
    for one in surface_content(own)["surfaces"]:
        assert one["truth"]["estimate"][3][7] == pytest.approx(one["x"][7] + 10.0 * one["y"][3], rel=1e-4)
        assert (one["truth"]["at"], one["truth"]["effect"]) == ([6.0], [1.0])


RAB = SurfaceKey("educ", "educ", "lwage", "rab")
OLS = RAB._replace(estimator="ols")


def thresholds_in(axes):
    return [line for line in axes.lines if line.get_color() == THRESHOLD_COLOUR]


def test_contours_show_signs_support_and_threshold(run):
    surface, figure = run.view(surfaces)[RAB], plotted(plot_surfaces, run, [RAB])
    contours, bar = figure.axes
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("Experience (years)", "Schooling (years)")
    signs = {line.get_marker(): line.get_xydata() for line in contours.lines if line.get_marker() in "^v"}
    assert (signs["^"][:, 1] > 9.5).all()
    assert (signs["v"][:, 1] < 10.6).all()
    across, up = signs["^"].T
    at = np.searchsorted(surface.exposure_at, across), np.searchsorted(surface.moderator_at, up)
    assert surface.supported[at].all()
    assert [float(line.get_ydata()[0]) for line in thresholds_in(contours)] == [9.7, 9.1, 10.4]
    assert not bar.get_xlabel()
    assert legend_of(figure) == [
        "few entities near",
        "effect above zero, its interval too",
        "effect below zero, its interval too",
        "effect of zero",
        "average effect changes sign, with interval (dashed)",
    ]


def test_a_surface_without_a_change_of_sign_has_no_threshold(run):
    assert not any(map(thresholds_in, plotted(plot_surfaces, run, [OLS]).axes))


def test_the_truth_is_dashed_contours_and_a_dashed_effect_with_marked_thresholds(run):
    surface = run.view(surfaces)[RAB]
    grids = surface.exposure_at, surface.moderator_at
    own = with_truth(
        run,
        "educ",
        *(
            {"kind": "surface", "at": x, "moderator_at": m, "truth": 1.2 + 0.02 * x * (m - 9.0)}
            for x in grids[0][::-1]
            for m in grids[1]
        ),
        *({"kind": "conditional_effect", "moderator_at": m, "truth": 0.02 * (m - 9.0)} for m in grids[1]),
        {"kind": "threshold", "moderator_at": 9.0, "truth": 0.0},
    )
    assert true_levels(own, RAB)[3, 5] == pytest.approx(1.2 + 0.02 * grids[0][3] * (grids[1][5] - 9.0))
    figure = plotted(plot_surfaces, own, [RAB])
    assert [one for one in figure.axes[0].collections if one.get_linewidth()[0] == 0.7]
    assert legend_of(figure)[-1] == "truth (simulated)"
    figure = plotted(plot_conditional, own, [RAB])
    (effects,) = figure.axes
    (line,) = [one for one in effects.lines if len(one.get_xdata()) == 12 and one.get_color() == "#000000"]
    assert line.get_ydata() == pytest.approx(0.02 * (grids[1] - 9.0))
    assert [one.get_xydata().tolist() for one in effects.lines if one.get_marker() == "x"] == [[[9.0, 0.0]]]
    assert legend_of(figure)[-2:] == ["truth (simulated)", "true change of sign"]


def test_a_truth_on_other_cells_is_not_drawn(run):
    own = with_truth(run, "educ", {"kind": "surface", "at": 0.0, "moderator_at": 6.0, "truth": 1.0})
    assert true_levels(own, RAB) is None


def surface_cells():
    exposure, moderator = np.meshgrid([0.0, 1.0, 3.0], [10.0, 20.0], indexing="ij")
    level = exposure * moderator
    frame = pd.DataFrame({"exposure_at": exposure.ravel(), "moderator_at": moderator.ravel()})
    layers = {"estimate": 0.0, "conf_low": -1.0, "conf_high": 1.0}
    return frame.assign(
        **{name: level.ravel() + more for name, more in layers.items()},
        effect=moderator.ravel(),
        effect_low=0.0,
        effect_high=1.0,
        n_obs=5,
        supported=[True, False] * 3,
        status="ok",
        scenario="educ",
        moderator="educ",
        outcome="y",
        estimator="rab",
    )


def surfaces_in(run, frame):
    return with_table(run, "surfaces", lambda _: frame).view(surfaces)


def test_cells_become_a_surface_whatever_their_order(run):
    ((key, made),) = surfaces_in(run, surface_cells().sample(frac=1.0, random_state=3)).items()
    assert key == SurfaceKey("educ", "educ", "y", "rab")
    assert made.estimate.tolist() == [[0.0, 0.0], [10.0, 20.0], [30.0, 60.0]]
    assert made.supported.tolist() == [[True, False]] * 3
    assert (made.conf_high - made.conf_low == 2.0).all()


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda frame: frame.drop(columns=["effect", "n_obs"]), "the table lacks effect, n_obs"),
        (lambda frame: frame.iloc[1:], "rab on y by educ: cells are missing"),
    ],
    ids=["columns", "cells"],
)
def test_a_broken_table_is_refused(run, spoil, what):
    with pytest.raises(ArtifactError, match=what):
        surfaces_in(run, spoil(surface_cells()))


def test_a_refused_surface_has_a_reason_and_no_cells(run):
    refused = pd.DataFrame([{"outcome": "y", "estimator": "fe", "moderator": "educ", "scenario": "educ"}])
    whole = pd.concat([surface_cells(), refused.assign(status="refused")], ignore_index=True)
    assert [key.estimator for key in surfaces_in(run, whole)] == ["rab"]


def test_a_moderator_has_effects_thresholds_and_interactions(run):
    table = conditional_table(run, ("educ", "educ"))
    assert table.caption == "Effect by Schooling (years)"
    found = cells(table)
    assert list(found) == ["RAB", "Pooled OLS"]
    rab, ols = found.values()
    assert [cell.words[0].text for cell in rab[:3]] == ["6:", "11.45:", "16:"]
    # 0.068 (6 - 9.5) / 4 - 0.8 * 0.0008 * 9.818
    assert rab[0].text.startswith("6: −0.066 [")
    assert [cell.words[2].look for cell in rab[:3]] == ["lowest"] * 3
    assert rab[3].text == f"9.7 [9.1,{NB}10.4], from − to +, in 98% of draws"
    assert ols[3].text == "no change of sign"
    assert (rab[4].words, ols[4].words) == ("0.310", "0.000")
    assert rab[5].beneath == (f"[0.060,{NB}0.220]",)
