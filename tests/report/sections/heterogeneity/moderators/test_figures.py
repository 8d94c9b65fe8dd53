"""Figures of surfaces: contours, signs, thresholds and legend."""

import numpy as np
import pytest

from harness.report.drawing.palette import THRESHOLD_COLOUR
from harness.report.sections.heterogeneity.moderators.figures import plot_conditional, plot_surfaces
from harness.report.sections.heterogeneity.moderators.surfaces import surfaces, true_levels
from harness.tables.conditional import SurfaceKey
from report.changed_run import with_truth
from report.shown_blocks import legend_of, plotted

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
