"""Specification curves: every number stands where it belongs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.report.drawing.canvas import house_style, printed
from harness.report.sections.multiverse.figures import (
    MOST_LINES,
    plot_specification_curves,
    round_positions,
)
from harness.report.sections.multiverse.rows import multiverses, published_gains
from harness.tables.claims import CLAIMS


def plotted(run, multiverse):
    published = published_gains(run.rows(CLAIMS), multiverse)
    with house_style():
        return plot_specification_curves(run.manifest.study, [multiverse], [published])


def test_gains_are_sorted_above_the_choices_behind_them(run):
    (multiverse,) = run.view(multiverses)
    curve, grid = plotted(run, multiverse).axes
    (dots,) = [line for line in curve.lines if line.get_marker() == "o"]
    assert dots.get_xdata().tolist() == list(range(1, 97))
    assert dots.get_ydata() == pytest.approx(100 * multiverse.gain)
    published = next(line for line in curve.lines if line.get_color() == "#7a1f5c")
    assert published.get_ydata()[0] == 67.8582
    drawn = [segment for lines in curve.collections for segment in lines.get_segments()]
    ends = {int(segment[0, 0]): segment[:, 1] for segment in drawn}
    assert ends[96] == pytest.approx([100 * limit[-1] for limit in multiverse.limits])
    names = [label.get_text() for label in grid.get_yticklabels()]
    assert names[:4] == ["Reference", "Pooled OLS", "Fixed effects", "Protocol"]
    line = names.index("Fixed effects")
    marked = {
        int(segment[0, 0])
        for lines in grid.collections
        for segment in lines.get_segments()
        if segment[:, 1].mean() == pytest.approx(line)
    }
    assert marked == set(np.flatnonzero(multiverse.taken("reference", ["fe"])) + 1)


def test_the_panels_fill_the_figure(run):
    (multiverse,) = run.view(multiverses)
    figure = plotted(run, multiverse)
    with house_style():
        printed(figure)
    curve, grid = (axes.get_position() for axes in figure.axes)
    assert curve.height > 0.35
    assert grid.height > 0.35
    assert curve.width > 0.7


def test_losses_beyond_the_axis_are_triangles_at_its_edge(run):
    (multiverse,) = run.view(multiverses)
    rows = multiverse.rows.copy()
    for name in ("gain", "conf_low", "conf_high"):
        rows.iloc[:3, rows.columns.get_loc(name)] -= [30.0, 20.0, 10.0]
    curve, _ = plotted(run, replace(multiverse, rows=rows)).axes
    start, _ = curve.get_ylim()
    assert start == -150.0
    (triangles,) = [line for line in curve.lines if line.get_marker() == "v"]
    assert triangles.get_xdata().tolist() == [1, 2, 3]
    assert triangles.get_ydata() == pytest.approx(start)


def test_outcomes_stand_next_to_one_another_and_many_combinations_stay_a_small_file(run):
    (multiverse,) = run.view(multiverses)
    n, rng = 4 * MOST_LINES, np.random.default_rng(5)
    gain = np.sort(rng.normal(0.1, 0.2, n))
    rows = pd.DataFrame({"gain": gain, "conf_low": gain - 0.05, "conf_high": gain + 0.05})
    rows["size"] = rng.choice(["2", "4", "8"], n)
    many = replace(multiverse, rows=rows, choices={"size": ("2", "4", "8")})
    with house_style():
        figure = plot_specification_curves(run.manifest.study, [many, replace(many, outcome="y")], [(), ()])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Log wage", "y", "", ""]
    assert len(printed(figure).svg) < 1_200_000


@pytest.mark.parametrize(
    ("n", "positions"), [(1, [1]), (6, [1, 2, 3, 4, 5, 6]), (240, [1, 40, 80, 120, 160, 200, 240])]
)
def test_numbered_positions(n, positions):
    assert round_positions(n, most=6) == positions
