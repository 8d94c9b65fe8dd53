"""The figure of gains: every dot where its number is."""

import pytest

from harness.findings.gains import Gains
from harness.findings.run import read_run
from harness.report.drawing.canvas import house_style
from harness.report.sections.gains.figure import axis_limits, gain_caption, plot_gains


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_gains_stand_where_their_numbers_are(run):
    study = run.manifest.study
    with house_style():
        figure = plot_gains(Gains(run).cells("lwage"), study.protocols, reference="Pooled OLS")
    assert [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes] == [
        one.title for one in study.protocols
    ]
    markers = {"^", "v", "o"}
    forward = [line for line in figure.axes[3].lines if line.get_marker() in markers]
    assert [float(line.get_xdata()[0]) for line in forward] == pytest.approx([39.5, 2.1, 3.4, -5.4])
    assert [line.get_marker() for line in forward] == ["^", "o", "o", "v"]
    held_out = figure.axes[2]
    assert [text.get_text() for text in held_out.texts] == ["refused", "−162%"]
    assert [line.get_marker() for line in held_out.lines].count("<") == 1


def test_the_axis_of_gains_is_not_ruled_by_one_loss(run):
    low, high = axis_limits(Gains(run).cells("lwage"))
    assert high == pytest.approx(0.478 + 0.02 + 0.05)
    assert low == pytest.approx(-high)


def test_the_caption_explains_filled_and_open_marks(run):
    caption = gain_caption(run.manifest.study, "lwage")
    assert "that are established, open triangles gains given the few periods tested, open circles" in caption
