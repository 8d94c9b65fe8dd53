"""Specification curves: every number stands where it belongs."""

from dataclasses import replace

import numpy as np
import pytest

from harness.arrays import frozen_floats, frozen_ints
from harness.findings.run import read_run
from harness.report.drawing.canvas import FigureRenderer, house_style, settle
from harness.report.sections.multiverse.figure import (
    MOST_LINES,
    axis_limits,
    plot_specification_curve,
    round_places,
    specification_figure,
)
from harness.report.sections.multiverse.rows import Choice, multiverses
from harness.report.sections.multiverse.text import published_gains
from harness.tables.claims import CLAIMS


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def plotted(run, multiverse):
    published = published_gains(run.rows(CLAIMS), multiverse)
    return plot_specification_curve(run.manifest.study, multiverse, published)


def test_gains_are_sorted_above_the_choices_behind_them(run):
    (multiverse,) = run.view(multiverses)
    with house_style():
        curve, grid = plotted(run, multiverse).axes
    (dots,) = [line for line in curve.lines if line.get_marker() == "o"]
    assert dots.get_xdata().tolist() == list(range(1, 97))
    assert dots.get_ydata() == pytest.approx(100 * multiverse.gain)
    published = next(line for line in curve.lines if line.get_color() == "#7a1f5c")
    assert published.get_ydata()[0] == 67.8582
    assert curve.texts[0].get_text() == "published: 67.9% (Table 2)"
    drawn = [segment for lines in curve.collections for segment in lines.get_segments()]
    ends = {int(segment[0, 0]): segment[:, 1] for segment in drawn}
    assert ends[96] == pytest.approx([100 * multiverse.low[-1], 100 * multiverse.high[-1]])
    names = [label.get_text() for label in grid.get_yticklabels()]
    assert names[:4] == ["Reference", "Pooled OLS", "Fixed effects", "Protocol"]
    line = names.index("Fixed effects")
    marked = {
        int(segment[0, 0])
        for lines in grid.collections
        for segment in lines.get_segments()
        if segment[:, 1].mean() == pytest.approx(line)
    }
    (reference,) = [choice for choice in multiverse.choices if choice.name == "reference"]
    assert marked == {int(at) + 1 for at in np.flatnonzero(reference.taken == 1)}


def test_the_panels_fill_the_figure(run):
    (multiverse,) = run.view(multiverses)
    with house_style():
        figure = plotted(run, multiverse)
        settle(figure)
    curve, grid = (axes.get_position() for axes in figure.axes)
    assert curve.height > 0.35
    assert grid.height > 0.35
    assert curve.width > 0.7


def test_losses_beyond_the_axis_are_triangles_at_its_edge(run):
    (multiverse,) = run.view(multiverses)
    gain = np.array(multiverse.gain)
    gain[:3] = (-30.0, -20.0, -10.0)
    low, high = np.minimum(gain - 0.05, multiverse.low), np.array(multiverse.high)
    high[:3] = gain[:3] + 0.05
    lost = replace(multiverse, gain=frozen_floats(gain), low=frozen_floats(low), high=frozen_floats(high))
    start, end = axis_limits(lost, published_gains(run.rows(CLAIMS), lost))
    assert -2.2 * end < start < gain[3]
    with house_style():
        curve, _ = plotted(run, lost).axes
    (triangles,) = [line for line in curve.lines if line.get_marker() == "v"]
    assert triangles.get_xdata().tolist() == [1, 2, 3]
    assert triangles.get_ydata() == pytest.approx(100 * start)


def test_many_combinations_stay_a_small_file(run):
    (multiverse,) = run.view(multiverses)
    n = 4 * MOST_LINES
    rng = np.random.default_rng(5)
    gain = np.sort(rng.normal(0.1, 0.2, n))
    many = replace(
        multiverse,
        gain=frozen_floats(gain),
        low=frozen_floats(gain - 0.05),
        high=frozen_floats(gain + 0.05),
        choices=(Choice("size", ("2", "4", "8"), frozen_ints(rng.integers(0, 3, n))),),
    )
    figure = specification_figure(run, many, FigureRenderer(is_simulated=False))
    assert len(figure.svg) < 600_000


@pytest.mark.parametrize(
    ("n", "places"), [(1, [1]), (6, [1, 2, 3, 4, 5, 6]), (240, [1, 40, 80, 120, 160, 200, 240])]
)
def test_numbered_places(n, places):
    assert round_places(n) == places
