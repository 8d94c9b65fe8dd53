"""The figure of gains: every dot where its number is."""

import pytest

from harness.findings.gains import Gains
from harness.report.drawing.canvas import FigureRenderer, house_style
from harness.report.sections.gains import gain_figure


@pytest.fixture(scope="module")
def figure(run):
    with house_style():
        return gain_figure(Gains(run), "lwage", FigureRenderer(is_simulated=False)).content


def test_gains_stand_where_their_numbers_are(run, figure):
    titles = [one.title for one in run.manifest.study.honest_first]
    assert [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes] == titles
    held_out, forward = figure.axes[:2]
    dots = [line for line in forward.lines if line.get_marker() in {"^", "v", "o"}]
    assert [float(line.get_xdata()[0]) for line in dots] == pytest.approx([39.5, 2.1, 3.4, -5.4])
    assert [line.get_marker() for line in dots] == ["^", "o", "o", "v"]
    assert [text.get_text() for text in held_out.texts] == ["refused", "−162%"]
    assert [line.get_marker() for line in held_out.lines].count("<") == 1


def test_the_axis_of_gains_is_not_ruled_by_one_loss(figure):
    low, high = figure.axes[0].get_xlim()
    assert 47.8 + 2.0 < high < 60.0
    assert low == pytest.approx(-high)
