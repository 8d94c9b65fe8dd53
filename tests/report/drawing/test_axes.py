"""Axes that draw their ticks together show what matplotlib shows, and give way to ticks made one by one."""

import re
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.report.blocks import ReportFigure
from harness.report.drawing.canvas import (
    ShortNumbers,
    finish,
    house_style,
    mark_simulated,
    new_figure,
    printed,
)
from harness.report.drawing.layout import PAD, lay_out
from harness.report.drawing.lines import axes_over_rug
from harness.report.drawing.svg import SvgRenderer

TEXT = re.compile(r'<g[^>]*transform="translate\(([\d.]+) ([\d.]+)\)[^>]*>((?:<use[^>]*>)+)')
NAME = re.compile(r'id="(n\d+)" d="([^"]*)"')
USE, POINT = (
    re.compile(r'xlink:href="#(n\d+)"(?: x="([-\d.]+)")?(?: y="([-\d.]+)")?'),
    re.compile(r"[\d.]+ [\d.]+"),
)


def grids(axes):
    axes.grid(axis="both")
    axes.set_xlim(-0.3, 7.3)
    axes.set_ylim(1.0, -2e5)


def only_below(axes):
    axes.tick_params(axis="y", labelleft=False, length=0)
    axes.tick_params(axis="x", labeltop=True, top=True)


def named(axes):
    axes.set_yticks(range(3), ["one", "two", "three"])
    axes.get_yticklabels()[1].set_fontweight("bold")


def logarithms(axes):
    axes.set_ylim(0.5, 300.0)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")


def shown(fill, kind):
    """Return letters and marks of a figure with axes of a kind, with their places, and the ends of lines."""
    with house_style():
        figure = new_figure(3.0, 2.0)
        axes = figure.add_axes((0.2, 0.2, 0.7, 0.6), axes_class=kind)
        axes.set_xlabel("Index")
        fill(axes)
        svg = printed(figure).svg
    outlines = dict(NAME.findall(svg))
    letters = Counter(
        (x, y, tuple((outlines[name], along) for name, along, _ in USE.findall(uses)))
        for x, y, uses in TEXT.findall(svg)
    )
    marks = Counter((outlines[name], x, y) for name, x, y in USE.findall(svg) if y)
    ends = Counter(POINT.findall(" ".join(re.findall(r'<path[^>]*d="([^"]*)"', svg))))
    return letters, marks, ends


@pytest.mark.parametrize("fill", [grids, only_below, named, logarithms])
def test_ticks_are_those_of_matplotlib(fill):
    with house_style():
        kind = type(new_figure(3.0, 2.0).subplots())
    assert kind is not Axes
    own, other = shown(fill, kind), shown(fill, Axes)
    assert own == other
    assert sum(own[0].values()) > 3


@pytest.mark.parametrize(
    ("ticks", "shown"),
    [
        ([0.0, 0.5, 1.0], ["0", "0.5", "1.0"]),
        ([-500.0, 0.0, 500.0], ["−500", "0", "500"]),
        ([-200_000.0, 0.0, 250_000.0], ["−200k", "0", "250k"]),
        ([0.0, 500_000.0, 1_500_000.0], ["0", "500k", "1.5M"]),
        ([0.0, 4e9], ["0", "4bn"]),
        ([0.0, 2e-5], ["0", "2e−05"]),
        ([1_000_000.5, 1_000_001.0], ["1M", "1M"]),
    ],
)
def test_numbers_of_any_size(ticks, shown):
    figure = Figure()
    axes = figure.subplots()
    axes.yaxis.set_major_formatter(ShortNumbers())
    axes.set_ylim(min(ticks), max(ticks))
    axes.yaxis.set_ticks(ticks)
    assert [one.get_text() for one in axes.get_yticklabels()] == shown


def test_every_axis_with_plain_numbers_gets_short_ones_and_no_factor_beside_it():
    with house_style():
        figure = new_figure(3.0, 3.0)
        flat, solid = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2, projection="3d")
        flat.plot([0.0, 1.0], [0.0, 3e6])
        flat.set_xticks([0.0, 1.0], ["first", "last"])
        finish(ReportFigure("ticks", figure, alt="", caption=""), is_simulated=False)
        figure.draw_without_rendering()
    assert isinstance(solid.zaxis.get_major_formatter(), ShortNumbers)
    assert [one.get_text() for one in flat.get_xticklabels()] == ["first", "last"]
    assert flat.yaxis.get_offset_text().get_text() == ""
    assert "2M" in [one.get_text() for one in flat.get_yticklabels()]


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


@pytest.mark.parametrize("size", [6.0, 8.0])
def test_a_line_of_text_is_as_high_as_matplotlib_takes_it(size, monkeypatch):
    def extent():
        with house_style():
            figure = new_figure(3.0, 2.0)
            text = figure.text(0.1, 0.5, "ag\nÅ", size=size, rotation=30)
            return text.get_window_extent(SvgRenderer(*figure.bbox.size)).extents.tolist()

    own = extent()
    monkeypatch.delattr(SvgRenderer, "_get_font_height_metrics")
    assert own == extent()
