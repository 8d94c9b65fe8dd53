"""Variables by role, with their preparation."""

import math

import numpy as np
import pandas as pd
import pytest

from harness.evaluation.gain import NOTHING_GAINED
from harness.findings.gains import Gains
from harness.findings.run import read_run
from harness.report.sections.accuracy import gain_table, left_table
from harness.report.sections.curves import KINDS, TRUTH_SECTION, truth_table
from harness.report.sections.record import preparation_table, variable_table
from report.changed_run import with_table
from report.shown_blocks import blocks_of, cells, tables_in


@pytest.fixture(scope="module")
def run_of_variables(wage):
    return read_run(wage)


def test_what_rounding_leaves_of_a_mean_of_zero_is_zero(run_of_variables):
    def means(frame):
        return frame.assign(mean=frame["mean"].where(frame["role"] != "exposure", 5.8e-18))

    outcomes, exposure, *_ = variable_table(with_table(run_of_variables, "summary", means)).groups
    assert exposure.rows[0].cells[4] == "0"
    assert outcomes.rows[0].cells[4] != "0"


def test_variables_stand_by_role_with_their_preparation(run_of_variables):
    table = variable_table(run_of_variables)
    assert [group.heading for group in table.groups] == ["Outcomes", "Exposure", "Moderators", "Controls"]
    ((label, unit, prepared, *_),) = [row for row, _ in table.body_rows if row[0].startswith("Experience")]
    assert (label, unit, prepared) == ("Experience exper", "years", "square: age, schooling")
    assert table.groups[0].rows[0].cells[2].words == ()
    ((step, _),) = preparation_table(run_of_variables).body_rows
    assert step[:3] == ("Experience", "square", "age, schooling")


def test_gains_stand_from_the_training_sample_to_new_entities(run):
    table = left_table(Gains(run))
    assert table.heads[0][1:] == (
        *("In sample", "Other rows, used to select", "Other rows of the same entities", "New entities"),
    )
    found = cells(table)
    assert [cell.text for cell in found["MSE of Pooled OLS"]] == ["0.230", "0.231", "0.231", "0.234"]
    assert [(cell.words, cell.look) for cell in found["SOM + ANN"]] == [
        *(("44.7%", "better"), ("31.2%", "better"), ("12.1%", "better"), ("−14.3%", "worse"))
    ]
    assert (found["RAB"][-1].words, found["RAB"][-1].look) == ("−3.2%", "open")


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
    found = cells(gain_table(Gains(changed)))
    shown = {label: (own[-1].words, own[-1].beneath) for label, own in found.items()}
    assert shown["SOM + ANN"] == ("91.0%", ("[85.0,\xa097.0]",))
    assert shown["RAB"][0] == "all"
    assert shown["Fixed effects"] == ("–", (NOTHING_GAINED,))


PLACES = "where the curve has maxima"

ROWS = [
    # estimator, kind, rmse, coverage, n_points, n_found
    ("ols", "level", 0.5, 0.25, 24, 24),
    ("rab", "level", 0.125, 0.96, 24, 24),
    ("ols", "maximum", math.nan, 0.0, 1, 0),
    ("rab", "maximum", 0.75, 1.0, 1, 2),
    ("rab", "average_effect", 0.02, 1.0, 1, 1),
]


@pytest.fixture(scope="module")
def run_of_truth(wage):
    names = ["estimator", "kind", "rmse", "coverage", "n_points", "n_found"]
    frame = pd.DataFrame(ROWS, columns=names).assign(outcome="lwage", scenario="curve")
    return with_table(read_run(wage), "truth_errors", lambda _: frame)


def test_only_a_run_with_a_truth_has_the_section(wage, run_of_truth):
    assert blocks_of(TRUTH_SECTION, read_run(wage)) == []
    assert tables_in(blocks_of(TRUTH_SECTION, run_of_truth)) == [
        truth_table(run_of_truth, ["level"]),
        truth_table(run_of_truth, list(KINDS)),
    ]


def test_a_line_for_each_kind_and_a_cell_for_each_estimator(run_of_truth):
    lines = cells(truth_table(run_of_truth, list(KINDS)))
    curve, effect, maxima = (f"{name} curve" for name in ("curve over all rows", "average effect", PLACES))
    assert list(lines) == [curve, effect, maxima]
    ols, fe, _, rab, _ = lines[curve]
    assert (ols.words, ols.beneath, ols.look) == ("0.500", ("held at 25%",), "")
    assert fe.text == ""
    assert (rab.words, rab.beneath, rab.look) == ("0.125", ("held at 96%",), "lowest")
    ols, _, _, rab, _ = lines[maxima]
    assert (ols.text, ols.look, rab.text) == ("– found 0, true 1", "", "0.750 found 2, true 1")
