"""Axes that draw their ticks together show what matplotlib shows, and give way to ticks made one by one."""

import re
from collections import Counter

import pytest
from matplotlib.axes import Axes

from harness.report.drawing.canvas import house_style, new_figure, printed

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
