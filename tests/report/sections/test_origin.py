"""What is left of the gains: table, figure and sentences, against the tables of the run."""

import numpy as np
import pandas as pd
import pytest

from harness.evaluation.recognition import NOTHING_GAINED
from harness.findings.gains import Gains
from harness.report.drawing.canvas import house_style
from harness.report.sections.origin import (
    ORIGIN_SECTION,
    gains_left,
    left_figure,
    left_table,
    never_seen,
)
from report.changed_run import with_table
from report.shown_blocks import blocks_of, cells, said_in


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
    assert not list(never_seen(run.manifest.study, {}))


def panel_of(run):
    """Return the panel of SOM + ANN."""
    with house_style():
        figure = left_figure(Gains(run), "lwage").content
    return next(axes for axes in figure.axes if axes.get_title(loc="left") == "SOM + ANN")


def test_the_bars_start_at_zero_and_bear_their_numbers(run):
    axes = panel_of(run)
    edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    expected = [(0.0, 44.7), (0.0, 31.2), (0.0, 12.1), (-14.3, 0.0)]
    assert np.array(edges) == pytest.approx(np.array(expected))
    assert [text.get_text() for text in axes.texts] == ["44.7", "31.2", "12.1", "−14.3"]
    names = [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()]
    assert names[-1] == "Entities never seen"


def test_a_huge_loss_is_cut_at_the_edge_and_its_number_stays(run):
    def lost(frame):
        is_lost = (frame["estimator"] == "ann") & (frame["part"] == "entities never seen")
        return frame.assign(
            **{name: frame[name] - 9.0 * is_lost for name in ("estimate", "conf_low", "conf_high")}
        )

    axes = panel_of(with_table(run, "decomposition", lost))
    start, end = axes.get_xlim()
    assert start >= -1.3 * end
    assert axes.texts[-1].get_text() == "−914.3"
    assert "<" in [line.get_marker() for line in axes.lines]
    assert min(patch.get_x() for patch in axes.patches) == pytest.approx(start)


def test_recognition_stands_in_the_table_with_the_reason_where_there_is_none(run):
    shares = pd.DataFrame(
        [
            ("ann", 0.91, 0.85, 0.97, 0.6, "ok", ""),
            ("rab", 1.2, 1.1, 1.4, 0.5, "ok", ""),
            ("boosting", 0.1, -0.1, 0.3, 0.4, "ok", ""),
            ("fe", np.nan, np.nan, np.nan, 0.0, "refused", NOTHING_GAINED),
        ],
        columns=["estimator", "estimate", "conf_low", "conf_high", "gain_known", "status", "reason"],
    ).assign(outcome="lwage", reference="ols")
    changed = with_table(run, "recognition", lambda _: shares)
    table = left_table(Gains(changed), "lwage")
    assert table.heads[0][-1] == "Recognition"
    assert cells(table)["SOM + ANN"][-1].words == "91.0%"
