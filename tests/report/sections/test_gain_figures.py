"""The figures of gains: every dot and bar where its number is."""

from dataclasses import replace

import numpy as np
import pytest

from harness.findings.gains import Gains
from harness.report.sections.gain_figures import gain_limits, plot_gains, plot_gains_left
from harness.report.sections.origin import gains_left
from report.shown_blocks import plotted


@pytest.fixture
def ann(run):
    return gains_left(run, "lwage")["ann"]


def test_gains_stand_where_their_numbers_are(run):
    figure = plotted(plot_gains, Gains(run), "lwage")
    titles = [one.title for one in run.manifest.study.honest_first]
    assert [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes] == titles
    held_out, forward = figure.axes[:2]
    dots = [line for line in forward.lines if line.get_marker() in {"^", "v", "o"}]
    assert [float(line.get_xdata()[0]) for line in dots] == pytest.approx([39.5, 2.1, 3.4, -5.4])
    assert [line.get_marker() for line in dots] == ["^", "o", "o", "v"]
    assert [text.get_text() for text in held_out.texts] == ["refused", "−162%"]
    assert [line.get_marker() for line in held_out.lines].count("<") == 1


def test_the_axis_of_gains_is_not_ruled_by_one_loss(run):
    low, high = gain_limits(Gains(run).cells("lwage"))
    assert 47.8 + 2.0 < high < 60.0
    assert low == pytest.approx(-high)


def test_the_bars_start_at_zero_and_bear_their_numbers(run, ann):
    (axes,) = plotted(plot_gains_left, run.manifest.study, {"ann": ann}).axes
    edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    expected = [(0.0, 44.7), (0.0, 31.2), (0.0, 12.1), (-14.3, 0.0)]
    assert np.array(edges) == pytest.approx(np.array(expected))
    assert [text.get_text() for text in axes.texts] == ["44.7", "31.2", "12.1", "−14.3"]
    assert axes.get_title(loc="left") == "SOM + ANN"
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "Entities never seen"


def test_a_huge_loss_is_cut_at_the_edge_and_its_number_stays(run, ann):
    name = list(ann)[-1]
    lost = dict(ann) | {name: replace(ann[name], estimate=-9.0, conf_low=-9.5, conf_high=-8.5)}
    (axes,) = plotted(plot_gains_left, run.manifest.study, {"ann": lost}).axes
    start, end = axes.get_xlim()
    assert start >= -1.3 * end
    assert axes.texts[-1].get_text() == "−900.0"
    assert "<" in [line.get_marker() for line in axes.lines]
    assert min(patch.get_x() for patch in axes.patches) == pytest.approx(start)
