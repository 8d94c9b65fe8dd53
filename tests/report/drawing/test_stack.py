"""Panels one beneath the other on narrow screens: nothing is lost, and nothing lies on anything else."""

import re
from itertools import combinations
from urllib.parse import unquote

import numpy as np
import pytest

from harness.report.blocks import ReportFigure
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    finish,
    house_style,
    new_figure,
    panel_grid,
    printed,
)
from harness.report.drawing.forest import plot_forest
from harness.report.drawing.layout import lay_out
from harness.report.drawing.lines import axes_over_rug, entry
from harness.report.drawing.palette import LineStyle, Whisker
from harness.report.drawing.stack import stack_panels
from harness.report.drawing.svg import SvgRenderer
from harness.report.render.html import environment


def forest():
    rows = [Whisker(f"Estimator {row}", float(row), row - 1.0, row + 1.0) for row in range(3)]
    return plot_forest(
        [(f"Protocol {panel}", rows) for panel in range(5)], x_label="Gain over pooled OLS (%)"
    )


def curves():
    figure, panels = panel_grid(4, most_columns=3, height=1.8, head=0.9, shared="both")
    for panel, axes in enumerate(panels):
        axes.plot([0.0, 1.0], [panel, 10.0 * panel])
        axes.set_title(f"Model {panel}")
    figure.supxlabel("Market value of the firm (million 1947 US dollars)")
    figure.supylabel("Mean predicted investment (million)")
    names = [f"model {panel}, each in a colour of its own" for panel in range(4)]
    handles = [entry(name, LineStyle("#00558c")) for name in names]
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure


def rugs():
    figure = new_figure(DOUBLE_COLUMN, 3.0)
    for cell in figure.add_gridspec(1, 2):
        main, _ = axes_over_rug(figure, cell, np.linspace(0.0, 1.0, 40))
        main.plot([0.0, 1.0], [1.0, 3.0])
        main.set_ylabel("Outcome")
    figure.supxlabel("Exposure")
    return figure


def unlike_rows():
    figure = new_figure(DOUBLE_COLUMN, 4.0)
    grid = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=[3, 1])
    for row, column in np.ndindex(2, 2):
        grid[row, column].plot([0.0, 1.0], [row, column])
        grid[row, column].set_title(f"{row}{column}")
    return figure


@pytest.mark.parametrize("make", [forest, curves, rugs, unlike_rows])
def test_panels_stand_in_one_column_in_order_and_on_nothing_else(make):
    with house_style():
        figure = make()
        lay_out(figure, SvgRenderer(*figure.bbox.size))
        titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
        entries = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
        drawn = [[line.get_xydata().tolist() for line in axes.lines] for axes in figure.axes if axes.lines]
        assert stack_panels(figure, width=SINGLE_COLUMN)
        renderer = SvgRenderer(*figure.bbox.size)
        lay_out(figure, renderer)
        extents = [axes.get_tightbbox(renderer) for axes in figure.axes]
        extents += [artist.get_window_extent(renderer) for artist in (*figure.texts, *figure.legends)]
        lefts = {round(axes.get_position().x0, 6) for axes in figure.axes}
    assert figure.get_figwidth() == SINGLE_COLUMN
    assert len(lefts) == 1
    assert all(figure.bbox.padded(0.5).contains(*corner) for extent in extents for corner in extent.corners())
    assert not [pair for pair in combinations(extents, 2) if pair[0].padded(-0.5).overlaps(pair[1])]
    tops = sorted(
        (axes for axes in figure.axes if axes.get_title(loc="left")), key=lambda axes: -axes.get_position().y0
    )
    expected = titles if make is not unlike_rows else ["00", "10", "01", "11"]
    assert [axes.get_title(loc="left") for axes in tops] == expected
    assert [text.get_text() for legend in figure.legends for text in legend.get_texts()] == entries
    kept = [[line.get_xydata().tolist() for line in axes.lines] for axes in figure.axes if axes.lines]
    assert kept == drawn


def test_names_labels_and_numbers_that_panels_share_stand_next_to_each():
    with house_style():
        figure = curves()
        lay_out(figure, SvgRenderer(*figure.bbox.size))
        stack_panels(figure, width=SINGLE_COLUMN)
        names = forest()
        lay_out(names, SvgRenderer(*names.bbox.size))
        stack_panels(names, width=SINGLE_COLUMN)
    assert {axes.get_ylabel().replace("\n", " ") for axes in figure.axes} == {
        "Mean predicted investment (million)"
    }
    assert all(axes.xaxis.get_tick_params()["labelbottom"] for axes in figure.axes)
    assert all(axes.yaxis.get_tick_params()["labelleft"] for axes in names.axes)
    assert len(names.axes) == 5


def coloured():
    figure = new_figure(DOUBLE_COLUMN, 3.0)
    for axes in figure.subplots(1, 2):
        figure.colorbar(axes.imshow([[0.0, 1.0]]), ax=axes)
    return figure


def alone():
    return panel_grid(2, most_columns=1, height=1.5, head=0.3)[0]


@pytest.mark.parametrize("make", [coloured, alone])
def test_scales_of_colours_and_a_single_column_stay_as_they_are(make):
    with house_style():
        prints = printed(make())
    assert prints.stacked == ""
    assert (prints.is_narrow, prints.svg.startswith("<svg")) == (make is alone, True)


def test_a_page_has_a_second_drawing_for_narrow_screens_where_panels_stand_side_by_side():
    with house_style():
        stacked, single = (
            finish(ReportFigure("x", make(), alt="a < b", caption=""), is_simulated=False)
            for make in (forest, alone)
        )
    picture = environment().get_template("blocks.html.j2").module.picture
    html, (address,) = str(picture(stacked)), re.findall('srcset="([^"]*)"', str(picture(stacked)))
    # A blank would end the address.
    assert " " not in address
    assert unquote(address.removeprefix("data:image/svg+xml,")).replace("'", '"') == stacked.prints.stacked
    assert html.count('alt="a &lt; b"') == 1
    assert "srcset" not in str(picture(single))
