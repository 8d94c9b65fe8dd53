"""Our estimators among scikit-learn's: its own checks, groups, pipelines and searches."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from statsmodels.datasets import grunfeld

from harness_panel import FixedEffects, PooledOLS
from harness_sklearn import Splines
from harness_sklearn.as_regressor import AsRegressor


@pytest.mark.parametrize("estimator", [PooledOLS(), Splines()], ids=type)
def test_scikit_learn_finds_nothing_amiss(estimator):
    found = check_estimator(AsRegressor(estimator), on_fail=None, on_skip=None)
    assert not [one["check_name"] for one in found if one["status"] == "failed"]
    assert len(found) > 40


@pytest.fixture(scope="module")
def data():
    return grunfeld.load_pandas().data


def test_fixed_effects_know_entities_and_new_ones_get_the_mean_effect(data):
    X, y = data[["firm", "year", "value", "capital"]], data["invest"]
    model = AsRegressor(FixedEffects(effects=["entity"]), entity="firm", time="year")
    dummies = np.column_stack([X[["value", "capital"]], *(X["firm"] == firm for firm in X["firm"].unique())])
    slopes = np.linalg.lstsq(dummies.astype(float), y.to_numpy())[0]
    shuffled = X.sample(frac=1.0, random_state=0)
    fitted = model.fit(X, y).predict(shuffled)
    assert fitted == pytest.approx((dummies.astype(float) @ slopes)[shuffled.index])
    split = GroupKFold(5)
    predicted = cross_val_predict(model, X, y, groups=X["firm"], cv=split)
    train, test = next(split.split(X, y, X["firm"]))
    inner = np.linalg.lstsq(dummies[train].astype(float), y.to_numpy()[train])[0]
    means = y.to_numpy()[train].mean() - X[["value", "capital"]].iloc[train].mean().to_numpy() @ inner[:2]
    expected = means + X[["value", "capital"]].iloc[test].to_numpy() @ inner[:2]
    assert predicted[test] == pytest.approx(expected)
    assert cross_val_score(model, X, y, groups=X["firm"], cv=split).size == 5


def test_it_is_a_part_of_pipelines_and_searches(data):
    X, y = data[["value", "capital"]], data["invest"]
    piped = make_pipeline(StandardScaler(), AsRegressor(PooledOLS())).fit(X, y).predict(X)
    assert piped == pytest.approx(AsRegressor(PooledOLS()).fit(X, y).predict(X))
    search = GridSearchCV(AsRegressor(), {"estimator": [PooledOLS(), Splines()]}, cv=3).fit(X, y)
    assert search.best_params_["estimator"] in (PooledOLS(), Splines())


def test_keys_need_a_table(data):
    with pytest.raises(TypeError, match="columns firm, year"):
        AsRegressor(entity="firm", time="year").fit(data[["value"]].to_numpy(), data["invest"])
