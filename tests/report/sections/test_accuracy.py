"""Gains, errors and p-values by protocol and estimator, cell by cell, and the dots of the figure."""

import pytest

from harness.findings.gains import Gains
from harness.report.sections.accuracy import error_table, gain_figure, gain_table
from report.shown_blocks import cells, plotted

REFUSED = ("a", "fold 1: experience is absorbed by the entity and time effects together")


def test_errors_of_every_protocol_honest_ones_first(run):
    table = error_table(run, "lwage")
    assert [group.heading for group in table.groups][::2] == [
        "Held-out entities",
        "As published (random rows)",
    ]
    ols, fe = list(cells(table, 2).values())[:2]
    assert [cell.text for cell in ols[:3]] == ["0.2220", "0.2312", "0.2243"]
    assert [own[1].look for own in cells(table, 2).values()] == ["", "lowest", "", "", ""]
    assert [cell.text for cell in fe[3:]] == ["0.472", "0.528", "1,308", "545"]
    refused = table.groups[0].rows[1].cells
    assert (refused[0].mark, refused[1], table.footnotes[0][0]) == ("a", "–", "a")


def test_gains_have_a_symbol_an_interval_and_a_p_value_on_hover(run):
    table = gain_table(Gains(run))
    found = cells(table)
    assert list(found) == ["Fixed effects", "SOM + ANN", "RAB", "Boosting"]
    assert [(cell.words, cell.symbol) for cell in found["SOM + ANN"]] == [
        *(("−14.3%", "▼"), ("2.1%", "●"), ("31.2%", "▲"), ("44.7%", "▲")),
    ]
    assert found["SOM + ANN"][0].beneath == ("[−20.3,\u00a0−8.3]",)
    refused = found["Fixed effects"][0]
    assert (refused.words, refused.mark, refused.look, table.footnotes) == (
        "refused",
        "a",
        "none",
        (REFUSED,),
    )
    published, inside = found["Boosting"][2:]
    assert (published.symbol, published.hint) == ("○", "cannot tell, p\u00a0=\u00a00.081")
    assert (inside.symbol, inside.look) == ("▲", "better")
    assert [column.mark for column in table.columns] == ["", "", "", "†", "†"]


@pytest.fixture(scope="module")
def figure(run):
    return plotted(gain_figure, Gains(run)).content


def test_gains_stand_where_their_numbers_are(run, figure):
    titles = [one.title for one in run.manifest.study.honest_first if one.keeps_test_rows_apart]
    assert [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes] == titles
    held_out, forward = figure.axes[:2]
    dots = [line for line in forward.lines if line.get_marker() in {"^", "v", "o"}]
    assert [float(line.get_xdata()[0]) for line in dots] == pytest.approx([39.5, 2.1, 3.4, -5.4])
    assert [line.get_marker() for line in dots] == ["^", "o", "o", "v"]
    assert [text.get_text() for text in held_out.texts] == ["refused", "−162%"]
    assert [line.get_marker() for line in held_out.lines].count("<") == 1


def test_the_axis_of_gains_is_not_ruled_by_one_loss(figure):
    low, high = figure.axes[0].get_xlim()
    assert (low, 47.8 + 2.0 < high < 60.0) == (-150.0, True)
