"""Figures of surfaces: contours, signs, thresholds and legend."""

import numpy as np
import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.drawing.canvas import house_style
from harness.report.drawing.palette import THRESHOLD_COLOUR
from harness.report.sections.moderators.contour import plot_contours
from harness.report.sections.moderators.figure import plot_surfaces, surface_scene
from harness.report.sections.moderators.rows import conditional
from harness.tables.conditional import SurfaceKey
from report.changed_run import with_table


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


RAB = SurfaceKey("educ", "educ", "lwage", "rab")


def test_contours_show_signs_support_and_threshold(run):
    surface = run.view(conditional).surface(RAB)
    with house_style():
        figure = plot_surfaces([surface_scene(run, RAB)])
    relief, contours, bar, effect = figure.axes
    assert relief.name == "3d"
    assert (contours.get_ylabel(), effect.get_xlabel()) == ("Schooling (years)", "Schooling (years)")
    assert effect.get_ylabel().replace("\n", " ") == "Effect (log dollars an hour per unit)"
    signs = {line.get_marker(): line.get_xydata() for line in contours.lines if line.get_marker() in "^v"}
    assert (signs["^"][:, 1] > 9.5).all()
    assert (signs["v"][:, 1] < 10.6).all()
    across, up = signs["^"].T
    place = np.searchsorted(surface.exposure_at, across), np.searchsorted(surface.moderator_at, up)
    assert surface.supported[place].all()
    threshold = [line for line in contours.lines if line.get_color() == THRESHOLD_COLOUR]
    assert [float(line.get_ydata()[0]) for line in threshold] == [9.7, 9.1, 10.4]
    assert not bar.get_xlabel()


def test_a_surface_without_a_change_of_sign_has_no_threshold(run):
    surface = run.view(conditional).surface(SurfaceKey("educ", "educ", "lwage", "ols"))
    with house_style():
        figure = plot_surfaces([surface_scene(run, SurfaceKey("educ", "educ", "lwage", "ols"))])
        axes = figure.add_subplot()
        plot_contours(axes, surface, run.view(conditional).thresholds_of(surface.key))
    assert not [line for line in axes.lines if line.get_color() == THRESHOLD_COLOUR]


def test_the_legend_of_surfaces_names_what_they_show(run):
    with house_style():
        figure = plot_surfaces([surface_scene(run, RAB)])
    (legend,) = figure.legends
    assert [one.get_text() for one in legend.get_texts()] == [
        "few entities near",
        "effect above zero, its interval too",
        "effect below zero, its interval too",
        "effect of zero",
        "average effect changes sign, with interval (dashed)",
        "pointwise 95% band",
        "simultaneous 95% band",
    ]


def test_the_truth_is_dashed_contours_a_dashed_effect_and_dashed_thresholds(run):
    surface = run.view(conditional).surface(RAB)
    cells = [
        {"kind": "surface", "at": x, "moderator_at": m, "truth": 1.2 + 0.02 * x * (m - 9.0)}
        for x in surface.exposure_at
        for m in surface.moderator_at
    ]
    effect = [
        {"kind": "conditional_effect", "moderator_at": m, "truth": 0.02 * (m - 9.0)}
        for m in surface.moderator_at
    ]
    threshold = {"kind": "threshold", "moderator_at": 9.0, "truth": 0.0}
    frame = pd.DataFrame([*cells[::-1], *effect, threshold]).assign(
        outcome="lwage", scenario="educ", group=""
    )
    scene = surface_scene(with_table(run, "truth", lambda _: frame), RAB)
    assert scene.true_levels[3, 5] == pytest.approx(
        1.2 + 0.02 * surface.exposure_at[3] * (surface.moderator_at[5] - 9.0)
    )
    with house_style():
        figure = plot_surfaces([scene])
    _, contours, _, effects = figure.axes
    dashed = [one for one in contours.collections if one.get_linewidth()[0] == 0.7]
    assert dashed
    assert any(list(line.get_ydata()) == [9.0, 9.0] and line.is_dashed() for line in contours.lines)
    (line,) = [one for one in effects.lines if len(one.get_xdata()) == 12 and one.get_color() == "#000000"]
    assert line.get_ydata() == pytest.approx(0.02 * (surface.moderator_at - 9.0))
    assert any(list(one.get_xdata()) == [9.0, 9.0] and one.is_dashed() for one in effects.lines)
    names = [one.get_text() for one in figure.legends[0].get_texts()]
    assert names[-2:] == ["truth (simulated)", "true change of sign"]


def test_a_truth_on_other_cells_is_not_drawn(run):
    frame = pd.DataFrame([{"kind": "surface", "at": 0.0, "moderator_at": 6.0, "truth": 1.0}])
    frame = frame.assign(outcome="lwage", scenario="educ", group="")
    assert surface_scene(with_table(run, "truth", lambda _: frame), RAB).true_levels is None
