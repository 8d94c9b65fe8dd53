"""From results to tables: holes are rows, and a cell with a hole is left out whole."""

from __future__ import annotations

import numpy as np

from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.evaluation.protocol import Fold
from harness.running.comparison import in_order, missing_cells, predictions_table, status_rows
from panels import panel_from_arrays

PANEL = panel_from_arrays(
    entity=["a", "a", "b", "b"], period=[1, 2, 1, 2], outcome=np.arange(4.0), X=np.arange(4.0)
)
FOLDS = {
    ("p", name): Fold(name, np.array(train), np.array(test), None, "row")
    for name, train, test in (("1", [0, 1], [2, 3]), ("2", [2, 3], [0, 1]))
}


def result(estimator, fold, status="ok"):
    ok = FoldPredictions(np.array([10.0, 11.0]), np.array([12.0, 13.0]), 1.0, 0, ())
    reason = "" if status == "ok" else "no room"
    return FoldResult(
        FoldCell("y", estimator, "p", fold), ok if status == "ok" else None, status, reason, 0.0
    )


RESULTS = [result("ols", "1"), result("ols", "2"), result("ann", "1"), result("ann", "2", "refused")]


def test_a_cell_with_a_refused_fold_is_missing_whole():
    missing = missing_cells(RESULTS)
    assert [(one.estimator, one.status, one.reason) for one in missing] == [
        ("ann", "refused", "fold 2: no room")
    ]
    frame = predictions_table(RESULTS, panels={"y": PANEL}, folds=FOLDS)
    assert set(frame["estimator"]) == {"ols"}
    holes = status_rows(missing, ("train", "test"))
    assert list(holes["sample"]) == ["train", "test"]
    assert set(holes["reason"]) == {"fold 2: no room"}


def test_predictions_stand_beside_what_they_predict():
    frame = predictions_table(RESULTS, panels={"y": PANEL}, folds=FOLDS)
    second = frame[frame["fold"] == "2"]
    assert second["entity"].tolist() == ["b", "b", "a", "a"]
    assert second["observed"].tolist() == [2.0, 3.0, 0.0, 1.0]
    assert second["predicted"].tolist() == [10.0, 11.0, 12.0, 13.0]
    assert second["sample"].tolist() == ["train", "train", "test", "test"]


def test_texts_are_held_once_and_sorted_as_texts():
    frame = predictions_table(RESULTS, panels={"y": PANEL}, folds=FOLDS)
    names = ["outcome", "estimator", "protocol", "fold", "entity", "time", "sample"]
    for name in names:
        assert frame[name].cat.categories.tolist() == sorted(set(frame[name]))
        assert frame[name].cat.codes.to_numpy().itemsize == 1


def test_entities_of_which_numbers_are_names_are_sorted_as_texts():
    entity = ["2", "2", "10", "10"]
    panel = panel_from_arrays(entity=entity, period=[1, 2, 1, 2], outcome=np.arange(4.0), X=np.arange(4.0))
    frame = predictions_table(RESULTS, panels={"y": panel}, folds=FOLDS)
    found = frame[frame["fold"] == "1"].sort_values("entity")
    assert found["entity"].tolist() == ["10", "10", "2", "2"]
    assert found["observed"].tolist() == [2.0, 3.0, 0.0, 1.0]


def test_no_result_at_all_is_an_empty_table_with_its_columns():
    frame = predictions_table([], panels={}, folds={})
    assert frame.empty
    assert "predicted" in frame.columns


def test_rows_come_in_the_order_of_the_spec():
    frame = status_rows(missing_cells([result("b", "1", "failed"), result("a", "1", "failed")]), ("test",))
    assert in_order(frame, {"estimator": ("a", "b")})["estimator"].tolist() == ["a", "b"]
