"""What is left of the gains: table, figure and sentences, against the tables of the run."""

from dataclasses import replace

import numpy as np
import pytest

from harness.findings.gains import Gains
from harness.findings.run import read_run
from harness.report.drawing.canvas import house_style
from harness.report.sections.origin.figure import axis_limits, plot_gains_left
from harness.report.sections.origin.left import left_table, never_seen
from harness.report.sections.origin.rows import gains_left
from harness.report.sections.origin.section import ORIGIN_SECTION
from report.shown_blocks import blocks_of, cells, said_in

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


@pytest.fixture(scope="module")
def ann(run):
    return next(left for left in gains_left(run, "lwage") if left.estimator == "ann")


def test_gains_stand_from_rows_at_hand_to_entities_never_seen(run):
    table = left_table(Gains(run), "lwage")
    assert table.heads[0][1:] == (
        *("Rows at hand", "Other rows, selected on", "Other rows of the same entities"),
        "Entities never seen",
    )
    found = cells(table)
    assert [cell.text for cell in found["MSE of Pooled OLS"]] == ["0.230", "0.231", "0.231", "0.234"]
    assert [(cell.words, cell.look) for cell in found["SOM + ANN"]] == [
        *(("44.7%", "better"), ("31.2%", "better"), ("12.1%", "better"), ("−14.3%", "worse")),
    ]
    assert (found["RAB"][-1].words, found["RAB"][-1].look) == ("−3.2%", "open")
    left_out = "Without a result under any of these protocols: Fixed effects."
    assert left_out in said_in(blocks_of(ORIGIN_SECTION, run))


def test_the_sentences_say_what_is_left_for_entities_never_seen(run):
    assert tuple(never_seen(run.manifest.study, gains_left(run, "lwage"))) == (
        "For entities never seen no estimator has an interval above zero.",
        "It lies below zero for SOM + ANN and Boosting.",
    )


def test_nothing_is_said_where_nothing_is_left(run):
    assert not list(never_seen(run.manifest.study, ()))


def test_the_bars_start_at_zero_and_bear_their_numbers(ann):
    with house_style():
        (axes,) = plot_gains_left([ann], ["SOM + ANN"], reference="Pooled OLS").axes
    edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    expected = [(0.0, 44.7), (0.0, 31.2), (0.0, 12.1), (-14.3, 0.0)]
    assert np.array(edges) == pytest.approx(np.array(expected))
    assert [text.get_text() for text in axes.texts] == ["44.7", "31.2", "12.1", "−14.3"]
    assert axes.get_title(loc="left") == "SOM + ANN"
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "Entities never seen"


def test_a_huge_loss_is_cut_at_the_edge_and_its_number_stays(ann):
    lost = replace(ann.parts[-1], estimate=-9.0, conf_low=-9.5, conf_high=-8.5)
    found = replace(ann, parts=(*ann.parts[:-1], lost))
    start, end = axis_limits([found])
    assert start >= -1.3 * end
    with house_style():
        (axes,) = plot_gains_left([found], ["SOM + ANN"], reference="Pooled OLS").axes
    assert axes.texts[-1].get_text() == "−900.0"
    assert [line.get_marker() for line in axes.lines].count("<") == 1
    assert min(patch.get_x() for patch in axes.patches) == pytest.approx(start)
