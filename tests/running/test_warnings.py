"""Warnings: each thing once, with its place."""

from __future__ import annotations

import numpy as np
from scipy import stats

from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.plugin import Note
from harness.running.warnings import (
    few_entities_note,
    fit_notes,
    skewed_outcome_notes,
    unseen_notes,
    warnings_table,
)
from harness.scenarios.full_fit import FullResult
from panels import panel_from_arrays


def fold(name, *notes, n_unseen=0, protocol="forward"):
    predictions = FoldPredictions(np.zeros(3), np.zeros(4), 1.0, n_unseen, notes)
    return FoldResult(FoldCell("y", "fe", protocol, name), predictions, "ok", "", 0.0)


def full(*notes):
    return FullResult(
        notes=notes,
        outcome="y",
        estimator="fe",
        answers={},
        status="ok",
        reason="",
        seconds=0.0,
    )


def test_folds_that_say_the_same_say_it_once():
    absorbed = Note("W-ABSORBED", "educ", "dropped")
    assert list(fit_notes([fold("1", absorbed), fold("2", absorbed)], [full(absorbed)])) == [
        Note("W-ABSORBED", "y · fe · educ", "dropped")
    ]


def test_the_fit_on_all_rows_speaks_for_folds_with_other_numbers():
    small, whole = Note("W-HIDDEN", "", "N = 0.4"), Note("W-HIDDEN", "", "N = 0.8")
    (note,) = fit_notes([fold("1", small)], [full(whole)])
    assert note.message == "N = 0.8 (one more fit has the same warning with other numbers)"
    assert note.where == "y · fe"


def test_what_folds_alone_say_names_their_protocols():
    short, other = Note("W-ROUNDS", "", "300 rounds"), Note("W-ROUNDS", "", "200 rounds")
    folds = [fold("1", short), fold("2", other), fold("1", short, protocol="random_rows"), fold("3")]
    (note,) = fit_notes([*folds, fold("2", Note("W-ROUNDS", "", "100 rounds"))], [full()])
    assert note.where == "y · fe · forward, random_rows"
    assert note.message == "300 rounds (2 more fits have the same warning with other numbers)"


def test_unseen_rows_are_counted_over_the_folds():
    (note,) = unseen_notes([fold("1", n_unseen=2), fold("2", n_unseen=1), fold("3")])
    assert note.message.startswith("3 of 8 test rows")


def test_few_entities_are_warned_of():
    assert list(few_entities_note(20)) == []
    assert "19 entities" in next(few_entities_note(19)).message


def test_the_table_is_sorted_and_has_its_columns_when_empty():
    table = warnings_table([Note("W-B", "x", "later"), Note("W-A", "x", "first"), Note("W-B", "x", "later")])
    assert table["code"].tolist() == ["W-A", "W-B"]
    assert list(warnings_table([]).columns) == ["code", "where", "message"]


def test_an_outcome_of_extreme_skew_brings_a_warning_and_its_logarithm_none():
    rng = np.random.default_rng(0)
    logs = rng.normal(scale=2.0, size=400)
    places = {"entity": np.repeat(np.arange(40), 10), "period": np.tile(np.arange(10), 40)}
    panels = {
        name: panel_from_arrays(**places, outcome=outcome, X=rng.normal(size=(400, 1)))
        for name, outcome in {"levels": np.exp(logs), "logs": logs}.items()
    }
    (note,) = skewed_outcome_notes(panels)
    assert (note.code, note.where) == ("W-SKEW", "levels")
    assert f"a skewness of {stats.skew(np.exp(logs)):.1f}" in note.message


def test_few_entities_are_counted():
    (note,) = few_entities_note(6)
    assert "based on 6 entities" in note.message
