"""From results to tables: holes are rows, and a cell with a hole is left out whole."""

import numpy as np
import pytest

from harness.api import run_study
from harness.data.simulate.small_panels import InvertedU
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.evaluation.protocol import Fold
from harness.running.comparison import in_order, missing_cells, predictions_table, status_rows
from harness.running.options import RunOptions
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


SPEC = """\
spec_version: 1
study: parabola
title: A parabola
seed: 3
data: {simulate: {use: inverted_u, n_entities: 60, n_periods: 4}}
roles: {entity: city, time: year, outcomes: [outcome], exposure: EXPOSURE, moderators: [MODERATOR]}
estimators: [{id: ols, use: pooled_ols}, {id: cubic, use: polynomial_effects, effects: [entity], degree: 3}]
evaluation: {reference: ols, protocols: [in_sample]}
scenarios:
  - {use: curve, draws: 40, grid: 15}
  - {use: conditional, moderator: MODERATOR, draws: 20, grid: 5}
report: {formats: []}
"""


def folder_of(path, *, exposure, moderator, data=None):
    spec = path / "spec.yaml"
    spec.write_text(SPEC.replace("EXPOSURE", exposure).replace("MODERATOR", moderator), encoding="utf-8")
    return run_study(RunOptions(spec=spec, out=path / "out", data=data))


def test_the_truth_and_the_error_of_each_estimator(tmp_path):
    folder = folder_of(tmp_path, exposure="exposure", moderator="moderator")
    truth = folder.read_table("truth")
    level = truth[truth["kind"] == "level"]
    assert len(level) == 15
    assert np.ptp(level["truth"] - (1.0 - 4.0 * (level["at"] - InvertedU.turning_points[0]) ** 2)) < 1e-9
    errors = folder.read_table("truth_errors").set_index(["estimator", "kind"])
    assert errors.loc[("cubic", "level"), "rmse"] < 0.1 * errors.loc[("ols", "level"), "rmse"]
    assert errors.loc[("cubic", "level"), "coverage"] > errors.loc[("ols", "level"), "coverage"]
    curves = folder.read_table("curves").query(
        "estimator == 'ols' and kind == 'level' and band == 'pointwise'"
    )
    known = curves[curves["supported"]].merge(level[["at", "truth"]], on="at")
    expected = np.sqrt(((known["estimate"] - known["truth"]) ** 2).mean())
    assert errors.loc[("ols", "level"), "rmse"] == pytest.approx(expected, rel=1e-9)
    assert errors.loc[("ols", "conditional_effect"), "n_points"] > 0
    assert errors.loc[("ols", "surface"), "n_points"] <= 25


def test_every_kind_of_truth_has_its_error(tmp_path):
    folder = folder_of(tmp_path, exposure="exposure", moderator="moderator")
    truth, errors = folder.read_table("truth"), folder.read_table("truth_errors")
    assert set(truth["kind"]) == set(errors["kind"])
    own = errors.set_index(["estimator", "kind"])
    # pooled OLS has no turning point; the cubic's maximum is near the parabola's, 0.6
    assert own.loc[("ols", "maximum"), ["n_points", "n_found"]].tolist() == [1, 0]
    assert own.loc[("cubic", "maximum"), "rmse"] < 0.05
    # its mean slope is the coefficient, the true one -8 (mean exposure - 0.6)
    (coefficient,) = folder.read_table("coefficients").query("estimator == 'ols' and term == 'exposure'")[
        "estimate"
    ]
    (average,) = truth.loc[truth["kind"] == "average_effect", "truth"]
    assert own.loc[("ols", "average_effect"), "rmse"] == pytest.approx(abs(coefficient - average))


def test_no_truth_about_a_file_in_the_place_of_the_simulation(tmp_path):
    path = tmp_path / "cities.csv"
    drawn = InvertedU(n_entities=60, n_periods=4).draw()
    drawn.assign(city="市" + drawn["city"]).to_csv(path, index=False)
    folder = folder_of(tmp_path, exposure="exposure", moderator="moderator", data=path)
    assert len(folder.read_table("curves")) > 0
    assert len(folder.read_table("truth")) == 0


def test_no_truth_about_another_exposure(tmp_path):
    folder = folder_of(tmp_path, exposure="moderator", moderator="exposure")
    assert not (folder.path / "truth.csv").exists()
    assert not (folder.path / "truth_errors.csv").exists()
