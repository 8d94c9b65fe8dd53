"""Axes on a grid: no label over another or beyond the edge, panels of one size, nothing given away."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from harness.report.drawing.canvas import house_style, mark_simulated, new_figure
from harness.report.drawing.layout import PAD, lay_out
from harness.report.drawing.lines import axes_over_rug
from harness.report.drawing.svg import SvgRenderer

LABEL = "Emissions per head\n(10⁴ t per person)"


def laid_out(fill, *, width=7.0, height=4.0):
    with house_style():
        figure = new_figure(width, height)
        fill(figure)
        renderer = SvgRenderer(*figure.bbox.size)
        lay_out(figure, renderer)
        figure.draw(renderer)
        extents = [one.get_tightbbox(renderer) for one in (*figure.axes, *figure.legends, *figure.texts)]
    return figure, extents


def panels(figure):
    grid = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    for panel in grid:
        panel.plot([0.0, 1.0], [0.0, 1234.5], label="a line")
        panel.set_title("Panel (a)")
    grid[0].set_ylabel(LABEL)
    figure.supxlabel("Index")
    figure.supylabel("Emissions")
    figure.legend(handles=grid[0].lines, loc="outside upper left")
    mark_simulated(figure)


def rugs(figure):
    halves = figure.add_gridspec(2, 1, height_ratios=[2, 1])
    main, strip = axes_over_rug(figure, halves[0], np.array([0.1, 0.2]))
    main.plot([0.0, 1.0], [0.3, 0.5])
    main.set_ylabel(LABEL)
    strip.set_xlabel("Index")
    for panel in halves[1].subgridspec(1, 3).subplots():
        panel.plot([0.0, 1.0], [-0.123, 5e-4])
        panel.set_ylabel(LABEL)


@pytest.mark.parametrize("fill", [panels, rugs])
def test_nothing_lies_over_anything_else_or_beyond_the_edge(fill):
    figure, extents = laid_out(fill)
    for one in extents:
        assert figure.bbox.padded(0.5).containsx(one.x0)
        assert figure.bbox.padded(0.5).containsx(one.x1)
        assert figure.bbox.padded(0.5).containsy(one.y0)
        assert figure.bbox.padded(0.5).containsy(one.y1)
    for one, other in combinations(extents, 2):
        assert one.padded(-0.5).overlaps(other.padded(-0.5)) == 0


def test_panels_are_alike_and_take_what_is_free():
    figure, extents = laid_out(panels)
    sizes = np.array([axes.get_position().size for axes in figure.axes])
    assert np.ptp(sizes, axis=0) == pytest.approx([0.0, 0.0], abs=1e-5)
    gaps = [other.x0 - one.x1 for one, other in pairwise(extents[:3])]
    assert gaps == pytest.approx([2 * PAD] * 2, abs=1.0)


def test_axes_at_given_places_stay_there():
    figure, _ = laid_out(lambda figure: figure.add_axes((0.2, 0.3, 0.4, 0.5)))
    assert figure.axes[0].get_position().bounds == pytest.approx((0.2, 0.3, 0.4, 0.5))
