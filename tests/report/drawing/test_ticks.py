"""Numbers beside ticks: short, and each complete in itself."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from harness.report.blocks import ReportFigure
from harness.report.drawing.canvas import ShortNumbers, finish, house_style, new_figure


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
