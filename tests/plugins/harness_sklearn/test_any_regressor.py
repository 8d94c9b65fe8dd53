"""Any regressor of scikit-learn in a study, and nothing else that a spec could name."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from statsmodels.datasets import grunfeld

from harness import EstimationError, Panel
from harness.plugin import random_stream
from harness_panel import FixedEffects, PooledOLS
from harness_sklearn import Boosting, ElasticNet, RandomForest, Sklearn, Splines
from harness_sklearn.as_regressor import AsRegressor
from panels import panel_from_arrays, simulated_panel


def test_it_predicts_as_the_regressor_does():
    panel = simulated_panel(random_stream(11))
    own = Sklearn.wrapping(LinearRegression()).fit(panel).predict(panel)
    np.testing.assert_allclose(own, PooledOLS().fit(panel).predict(panel), atol=1e-6)
    trees = Sklearn.wrapping(ExtraTreesRegressor(n_estimators=5, min_samples_leaf=3))
    assert trees.options == {"n_estimators": 5, "min_samples_leaf": 3}
    first, again = (trees.fit(panel, rng=random_stream(7)).predict(panel) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, trees.fit(panel, rng=random_stream(8)).predict(panel))


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "sklearn.conftest.Any",
        "sklearn.svm.SVC",
        "sklearn.utils.Bunch",
        "sklearn.svm._base.SVR",
        "this.S",
    ],
)
def test_nothing_but_a_regressor_of_scikit_learn_is_imported(path):
    before = set(sys.modules)
    with pytest.raises(ValueError, match="a regressor of scikit-learn"):
        Sklearn(path)
    assert all(name.partition(".")[0] == "sklearn" for name in set(sys.modules) - before)
    assert "sklearn.conftest" not in sys.modules


@pytest.mark.parametrize(
    ("options", "words"),
    [({"c": 1}, "no 'c', only kernel"), ({"C": "a"}, "'C' parameter"), ({"C": -1.0}, "range")],
)
def test_options_are_checked_at_once(options, words):
    with pytest.raises(ValueError, match=words):
        Sklearn("sklearn.svm.SVR", options)


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


ESTIMATORS = {
    "elastic_net": ElasticNet(),
    "random_forest": RandomForest(trees=20),
    "splines": Splines(),
    "splines with products": Splines(products="moderators"),
}
with_each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS.keys())


@pytest.fixture
def panel() -> Panel:
    rng = np.random.default_rng(5)
    n_entities, n_periods = 40, 6
    X = rng.uniform(-1, 2, size=(n_entities * n_periods, 4))
    return panel_from_arrays(
        entity=np.repeat(np.arange(n_entities), n_periods),
        period=np.tile(np.arange(n_periods), n_entities),
        outcome=np.sin(2 * X[:, 0]) + X[:, 0] * X[:, 1] + 0.5 * X[:, 2] + 0.3 * rng.normal(size=len(X)),
        X=X,
        columns=["exposure", "moderator", "size", "age"],
        n_moderators=1,
    )


@with_each_estimator
def test_the_chosen_candidate_has_the_least_error_in_the_table(estimator, panel):
    table = estimator.fit(panel, rng=random_stream(0)).details()["search"]
    errors = table["selection_nmse"]
    assert table["chosen"].count(True) == 1
    assert errors[table["chosen"].index(True)] == min(errors)
    assert {len(column) for column in table.values()} == {len(errors)}


@with_each_estimator
def test_a_control_that_does_not_vary_is_left_out_and_noted(estimator, panel):
    constant = panel.with_column("size", 0.1)
    fit = estimator.fit(constant, rng=random_stream(0))
    assert [(note.code, note.where) for note in fit.notes] == [("W-CONSTANT", "size")]
    wild = constant.with_column("size", 1e3)
    np.testing.assert_array_equal(fit.predict(wild), fit.predict(constant))


@with_each_estimator
def test_a_script_sees_what_was_chosen_in_a_line(estimator, panel, capsys):
    fit = estimator.fit(panel)
    fit.summary()
    said = capsys.readouterr().out
    table = fit.details()["search"]
    assert f"selection_nmse {min(table['selection_nmse']):.4g}" in said
    assert len(said.splitlines()) <= 15


all_estimators = pytest.mark.parametrize(
    "estimator", [*ESTIMATORS.values(), Boosting()], ids=[*ESTIMATORS.keys(), "boosting"]
)


@all_estimators
def test_an_outcome_that_does_not_vary_is_refused(estimator, panel):
    flat = replace(panel, observed=np.full(panel.n_obs, 0.3))
    with pytest.raises(EstimationError, match=r"outcome: has the single value 0\.3 in the 192 training rows"):
        estimator.fit(flat, rng=random_stream(0))


@all_estimators
def test_an_exposure_that_does_not_vary_is_refused(estimator, panel):
    with pytest.raises(EstimationError, match="exposure: has the single value 7 in the 192 training rows"):
        estimator.fit(panel.with_column("exposure", 7.0), rng=random_stream(0))


FEW = {
    "elastic_net": (ElasticNet(), 11, "9 training rows are too few .*at least 10"),
    "random_forest": (RandomForest(min_leaf=(8, 6)), 11, "9 training rows cannot .*6 rows.*at least 12"),
    "splines": (Splines(), 6, "5 training rows are too few for a constant and 4 columns.*at least 6"),
}


@pytest.mark.parametrize(("estimator", "n_rows", "message"), FEW.values(), ids=FEW.keys())
def test_too_few_rows_are_refused_with_their_number_and_a_remedy(estimator, n_rows, message, panel):
    few = replace(panel.take(np.arange(n_rows)), split_unit="row")
    with pytest.raises(EstimationError) as refused:
        estimator.fit(few, rng=random_stream(0))
    assert refused.match(f"(?s){message}")
    assert refused.value.hint
