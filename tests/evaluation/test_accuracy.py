"""Errors of predictions, and intervals for entities never seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_squared_error, r2_score

from harness.evaluation.accuracy import accuracy, coverage_table, entity_half_widths, with_limits
from harness.evaluation.tables import accuracy_table


def test_by_hand():
    figures = accuracy(
        np.array([1.0, 2.0, 3.0, 4.0]),
        np.array([1.0, 2.0, 5.0, 4.0]),
        train_variance=np.array([2.0, 2.0, 4.0, 4.0]),
        entities=np.array([0, 0, 1, 1]),
    )
    assert figures.mse == 1.0
    assert figures.rmse == 1.0
    assert figures.nmse == 0.25
    assert figures.r2 == pytest.approx(1.0 - 1.0 / 1.25)
    assert (figures.n_obs, figures.n_entities) == (4, 2)


def test_against_scikit_learn():
    rng = np.random.default_rng(0)
    observed, predicted = rng.normal(size=(2, 50))
    figures = accuracy(observed, predicted, train_variance=np.ones(50), entities=np.arange(50))
    assert figures.mse == pytest.approx(mean_squared_error(observed, predicted), rel=1e-14)
    assert figures.r2 == pytest.approx(r2_score(observed, predicted), rel=1e-12)


N_FOLDS = 5


def predictions(seed, *, n_entities=60, n_periods=6, protocol="held_out"):
    """Return predictions of least squares by folds of entities, whose errors last and differ in size."""
    rng = np.random.default_rng([11, seed])
    entity = np.repeat(np.arange(n_entities), n_periods)
    x = rng.standard_normal(entity.size)
    size = np.exp(0.4 * rng.standard_normal(n_entities))
    level = size * rng.standard_normal(n_entities)
    observed = x + level[entity] + 0.7 * rng.standard_normal(entity.size)
    fold = rng.permutation(np.arange(n_entities) % N_FOLDS)[entity]
    parts = []
    for at in range(N_FOLDS):
        train = fold != at
        design = np.column_stack([np.ones(entity.size), x])
        slopes = np.linalg.lstsq(design[train], observed[train], rcond=None)[0]
        sample = np.where(train, "train", "test")
        columns = {"entity": entity, "time": np.tile(np.arange(n_periods), n_entities), "observed": observed}
        parts.append(pd.DataFrame(columns).assign(predicted=design @ slopes, fold=str(at), sample=sample))
    place = {"outcome": "y", "estimator": "ols", "protocol": protocol, "train_variance": 1.0}
    return pd.concat(parts, ignore_index=True).assign(**place)


def coverage(n_panels):
    return np.mean([coverage_table(predictions(seed))["coverage"][0] for seed in range(n_panels)])


def test_the_width_is_the_quantile_of_entities_that_count_alike():
    """By hand: nine entities in the other fold, one with two rows; the eighth error reaches 0.8 of ten."""
    errors = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.5, 9.0]
    tested = pd.DataFrame(
        {
            "fold": ["a"] * 10 + ["b"],
            "entity": [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9],
            "observed": [*errors, 0.0],
            "predicted": 0.0,
        }
    )
    assert entity_half_widths(tested, level=0.8)[-1] == 8.0
    assert entity_half_widths(tested, level=0.85)[-1] == 8.0
    assert entity_half_widths(tested, level=0.86)[-1] == 9.0
    assert entity_half_widths(tested, level=0.95)[-1] == np.inf
    assert np.isinf(entity_half_widths(tested, level=0.8)[:-1]).all()


def test_intervals_hold_rows_of_entities_never_seen():
    assert 0.85 <= coverage(12) <= 0.95


@pytest.mark.slow
def test_coverage():
    assert 0.88 <= coverage(100) <= 0.93


def test_accuracy_has_coverage_and_predictions_limits_where_whole_entities_are_tested():
    frame = predictions(1)
    found = accuracy_table(frame).set_index("sample")
    assert found.loc["test", "coverage"] == coverage_table(frame)["coverage"][0]
    assert found.loc[["train", "all"], "coverage"].isna().all()
    limits = with_limits(frame)
    tested = limits[limits["sample"] == "test"]
    inside = tested["observed"].between(tested["predicted_low"], tested["predicted_high"])
    assert inside.mean() == found.loc["test", "coverage"]
    width = tested["predicted_high"] - tested["predicted_low"]
    assert width.mean() == pytest.approx(found.loc["test", "width"])
    assert limits[limits["sample"] == "train"]["predicted_low"].isna().all()
    rows_apart = frame.assign(sample=np.where(frame["time"] == 0, "test", "train"))
    assert accuracy_table(rows_apart)["coverage"].isna().all()
