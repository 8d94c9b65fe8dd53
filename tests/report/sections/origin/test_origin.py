"""Where gains come from: table, figure and sentences, against the tables of the run."""

from dataclasses import replace

import numpy as np
import pytest

from harness.report.drawing.canvas import house_style
from harness.report.model.gains import Gains
from harness.report.model.run import read_run
from harness.report.sections.origin.figure import axis_limits as waterfall_limits
from harness.report.sections.origin.figure import bars, draw_waterfalls
from harness.report.sections.origin.rows import decompositions
from harness.report.sections.origin.table import decomposition_table
from harness.report.sections.origin.text import origin
from report.fake_comparison import RANDOM_ROWS, parts_of
from report.fake_run import GAINS

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_parts_stand_in_order_and_end_with_their_sum(run):
    table = decomposition_table(Gains(run), "lwage")
    assert table.heads == (
        "Functional form",
        "Recognising entities and periods",
        "Selection on the test rows",
        "Optimism of in-sample fit",
        "In-sample gain",
    )
    ann = next(row for row in table.rows if row.label == "SOM + ANN")
    assert [cell.value for cell in ann.cells] == ["−14.3%", "26.4%", "19.1%", "13.5%", "44.7%"]
    assert [cell.status for cell in ann.cells] == ["worse", "better", "better", "better", "better"]
    rab = next(row for row in table.rows if row.label == "RAB")
    assert (rab.cells[0].value, rab.cells[0].status) == ("−3.2%", "open")
    assert table.left_out == "Fixed effects"


def test_the_parts_add_up(run):
    for one in decompositions(run, "lwage"):
        assert sum(part.estimate for part in one.parts) == pytest.approx(one.total.estimate)
        assert one.total.estimate == GAINS[one.estimator]["in_sample"]


def test_the_sentences_have_the_numbers_of_the_table(run):
    study = run.manifest.study
    ann = [one for one in study.estimators if one.id == "ann"]
    # 0.447 - 0.312 = 0.135; 0.312 - 0.121 = 0.191; 0.121 + 0.143 = 0.264
    assert parts_of(GAINS["ann"], RANDOM_ROWS["ann"])["recognising entities and periods"] == pytest.approx(
        0.264
    )
    assert origin(study, decompositions(run, "lwage"), ann) == (
        f"SOM + ANN gains 44.7% [39.7,{NB}49.7] over Pooled OLS in sample. Of these 44.7 percentage points, "
        f"−14.3 [−19.3,{NB}−9.3] are what is left for entities never seen (functional form), "
        f"26.4 [21.4,{NB}31.4] come from recognising entities and periods, "
        f"19.1 [14.1,{NB}24.1] from selecting models on the test rows and "
        f"13.5 [8.5,{NB}18.5] from comparing on the rows that were trained on.",
        "For no estimator is what functional form brings established to be above zero.",
        "It is below zero for SOM + ANN and Boosting: entities never seen are predicted worse.",
    )


def test_nothing_is_said_where_nothing_was_taken_apart(run):
    assert origin(run.manifest.study, (), run.manifest.study.estimators) == ()


@pytest.fixture(scope="module")
def ann(run):
    return next(one for one in decompositions(run, "lwage") if one.estimator == "ann")


def test_each_bar_starts_where_the_one_before_it_ends(ann):
    shown = bars(ann)
    assert [bar.start for bar in shown] == pytest.approx([0.0, -14.3, 12.1, 31.2, 0.0])
    assert [bar.end for bar in shown] == pytest.approx([-14.3, 12.1, 31.2, 44.7, 44.7])
    assert shown[1].limits == pytest.approx((-14.3 + 21.4, -14.3 + 31.4))


def test_the_waterfall_has_its_bars_whiskers_and_numbers(ann):
    with house_style():
        (axes,) = draw_waterfalls([ann], ["SOM + ANN"], reference="Pooled OLS").axes
    edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    expected = [(-14.3, 0.0), (-14.3, 12.1), (12.1, 31.2), (31.2, 44.7), (0.0, 44.7)]
    assert np.array(edges) == pytest.approx(np.array(expected))
    assert [text.get_text() for text in axes.texts] == ["−14.3", "26.4", "19.1", "13.5", "44.7"]
    assert axes.get_title(loc="left") == "SOM + ANN"
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "In-sample gain"


def test_a_huge_loss_is_cut_at_the_edge_and_its_number_stays(ann):
    lost = replace(ann.parts[0], estimate=-9.0, conf_low=-9.5, conf_high=-8.5)
    found = replace(ann, parts=(lost, replace(ann.parts[1], estimate=9.121), *ann.parts[2:]))
    start, end = waterfall_limits([found])
    assert start >= -1.3 * end
    with house_style():
        (axes,) = draw_waterfalls([found], ["SOM + ANN"], reference="Pooled OLS").axes
    assert axes.texts[0].get_text() == "−900.0"
    assert [line.get_marker() for line in axes.lines].count("<") == 2
    assert min(patch.get_x() for patch in axes.patches) == pytest.approx(start)
