"""Trees next to scikit-learn used directly, any of its regressors in a study, and laws of all estimators."""

import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from statsmodels.datasets import grunfeld

from harness import EstimationError, Panel
from harness.plugin import CanProfile, draw_weights, out_of_bag, random_stream
from harness.scenarios.grid import mean_predictions
from harness_panel import FixedEffects, PooledOLS
from harness_sklearn import Boosting, ElasticNet, RandomForest, Sklearn, Splines
from harness_sklearn.as_regressor import AsRegressor
from harness_sklearn.trees import Tree
from panels import balanced_panel, simulated_panel, wave_panel


def test_rounds_are_the_best_on_the_selection_rows():
    train, selection = wave_panel(seed=1, noise=1.0), wave_panel(seed=2, noise=1.0)
    fit = Boosting(max_rounds=60).fit(train, rng=random_stream(0, "b"), selection=selection)
    errors = []
    for rounds in range(1, 61):
        model = HistGradientBoostingRegressor(
            max_iter=rounds, max_leaf_nodes=15, early_stopping=False, random_state=0
        )
        predicted = model.fit(train.X, train.observed).predict(selection.X)
        errors.append(np.mean((predicted - selection.observed) ** 2))
    assert fit.n_rounds == 1 + int(np.argmin(errors)) < 60
    assert np.mean((fit.predict(selection) - selection.observed) ** 2) == pytest.approx(
        min(errors), rel=1e-12
    )


def test_growing_stops_when_rounds_bring_nothing_and_the_best_round_is_kept():
    train, selection = wave_panel(seed=1, noise=1.0), wave_panel(seed=2, noise=1.0)
    short, long = (
        Boosting(patience=patience).fit(train, rng=random_stream(0, "b"), selection=selection)
        for patience in (20, 300)
    )
    assert len(long.search.selection_nmse) == 300
    assert short.n_rounds < len(short.search.selection_nmse) <= short.n_rounds + 21
    grown = len(short.search.selection_nmse)
    np.testing.assert_allclose(short.search.selection_nmse, long.search.selection_nmse[:grown], rtol=1e-12)
    assert short.n_rounds == 1 + int(np.argmin(long.search.selection_nmse[:grown]))


def test_the_search_is_told_and_a_search_that_ended_too_soon_is_noted():
    train, selection = wave_panel(seed=1), wave_panel(seed=2)
    long, short = (
        Boosting(max_rounds=most).fit(train, rng=random_stream(0, "b"), selection=selection)
        for most in (300, 5)
    )
    table = long.details()["search"]
    assert table["chosen"].index(True) == long.n_rounds - 1
    assert len(table["rounds"]) >= long.n_rounds
    assert long.notes == ()
    assert short.n_rounds == 5
    assert [note.code for note in short.notes] == ["W-ROUNDS"]


def stepped_panel(n_obs=400):
    rng = random_stream(3, "panel")
    X = rng.normal(size=(n_obs, 4))
    X[:, 2] = np.round(X[:, 2])
    outcome = np.sin(2 * X[:, 0]) + X[:, 0] * X[:, 1] + X[:, 2] + 0.3 * rng.normal(size=n_obs)
    return balanced_panel((n_obs // 4, 4), outcome=outcome, X=X)


class Bare:
    """A fit that only predicts, so that every row is predicted at every point."""

    def __init__(self, fit):
        self.predict = fit.predict


@pytest.mark.parametrize(
    ("columns", "n_points"), [(("x0",), 13), (("x2",), 7), (("x1", "x0"), 40), (("x0", "x1", "x2", "x3"), 9)]
)
def test_they_are_the_means_of_predictions_of_all_rows(columns, n_points):
    panel = stepped_panel()
    fit = Boosting(max_rounds=60).fit(panel, rng=random_stream(0, "fit"))
    assert isinstance(fit, CanProfile)
    points = random_stream(1, "points").normal(size=(n_points, len(columns)))
    points[0] = np.round(points[0])
    found = mean_predictions(fit, panel, columns=columns, points=points)
    expected = mean_predictions(Bare(fit), panel, columns=columns, points=points)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_row_at_the_threshold_goes_to_the_left():
    tree = Tree(
        (0, None, 1, None, None), (1.0, 0.0, 2.0, 0.0, 0.0), (1, 0, 3, 0, 0), (2, 0, 4, 0, 0), (0, 5, 0, 7, 9)
    )
    sums = np.zeros(3)
    X = np.array([[9.0, 2.0], [9.0, 3.0], [9.0, 1.0]])
    tree.add_sums(sums, X, {0: np.array([0.5, 1.0, 1.5])})
    assert sums.tolist() == [15.0, 15.0, 7.0 + 9.0 + 7.0]


def direct(panel, *, min_leaf, trees=30, column_share=1 / 3):
    """The forest of scikit-learn on columns and outcome in their own units, from the same seed."""
    forest = RandomForestRegressor(
        n_estimators=trees,
        min_samples_leaf=min_leaf,
        max_features=column_share,
        random_state=int(random_stream(0, "f").integers(2**32)),
    )
    return forest.fit(panel.X, panel.observed)


@pytest.mark.parametrize("noise", [0.1, 3.0])
def test_leaves_are_the_best_on_the_selection_rows_and_the_fit_is_that_of_scikit_learn(noise):
    train, selection = wave_panel(seed=1, noise=noise), wave_panel(seed=2, noise=noise)
    fit = RandomForest(trees=30, min_leaf=(3, 30, 10)).fit(
        train, rng=random_stream(0, "f"), selection=selection
    )
    forests = {leaf: direct(train, min_leaf=leaf) for leaf in (30, 10, 3)}
    errors = {
        leaf: np.mean((forest.predict(selection.X) - selection.observed) ** 2) / train.observed.var()
        for leaf, forest in forests.items()
    }
    table = fit.details()["search"]
    assert dict(zip(table["min_leaf"], table["selection_nmse"], strict=True)) == pytest.approx(
        errors, rel=1e-6
    )
    assert fit.min_leaf == min(errors, key=errors.get) == (3 if noise < 1.0 else 30)
    assert fit.predict(selection) == pytest.approx(forests[fit.min_leaf].predict(selection.X), abs=1e-6)


def test_rows_set_aside_for_the_choice_are_fitted_on_after_it():
    panel = wave_panel(seed=3)
    fit = RandomForest(trees=1, min_leaf=(40,)).fit(panel)
    assert fit.model.estimators_[0].tree_.weighted_n_node_samples[0] == panel.n_obs


def test_leaves_that_rows_cannot_fill_are_not_tried():
    panel = wave_panel(n_entities=10, n_periods=3)
    fit = RandomForest(trees=5, min_leaf=(5, 12, 13, 60)).fit(panel)
    assert fit.details()["search"]["min_leaf"] == [12, 5]


FOREST = RandomForest(trees=20, draw_trees=10, min_leaf=(3, 30))
make_panel = partial(wave_panel, n_entities=40, n_periods=5, noise=0.3)


def drawn(panel, weights, *, estimator=FOREST, selection=None, seed=0):
    return estimator.fit_draws(panel, weights=weights, selection=selection, rng=random_stream(seed, "draws"))


def test_each_forest_is_that_of_scikit_learn_on_the_rows_of_its_draw():
    panel = make_panel()
    weights = draw_weights(panel, 3, unit="entity", rng=random_stream(1))
    draws = drawn(panel, weights)
    for weight, model, predicted in zip(weights, draws.models, draws.predict(panel), strict=True):
        rows = np.repeat(np.arange(panel.n_obs), weight.astype(int))
        direct = RandomForestRegressor(
            n_estimators=10, min_samples_leaf=3, max_features=1 / 3, random_state=model.random_state
        ).fit(panel.X[rows], panel.observed[rows])
        assert predicted == pytest.approx(direct.predict(panel.X), abs=1e-6)


def test_leaves_are_chosen_on_the_rows_that_all_draws_select_on():
    panel = make_panel(noise=0.05)
    is_aside = panel.entity.codes < 10
    weights = draw_weights(panel, 4, unit="entity", rng=random_stream(1))
    weights[:, is_aside] = 0.0
    scrambled = panel.observed.copy()
    scrambled[is_aside] = random_stream(4).permutation(scrambled[is_aside])
    noisy = replace(panel, observed=scrambled)
    selection = np.broadcast_to(is_aside.astype(float), weights.shape)
    assert drawn(panel, weights, selection=selection).min_leaf == 3
    assert drawn(noisy, weights, selection=selection).min_leaf == 30


def test_rows_left_out_draw_by_draw_choose_as_no_selection_rows_do():
    panel = make_panel()
    weights = draw_weights(panel, 4, unit="entity", rng=random_stream(1))
    np.testing.assert_array_equal(
        drawn(panel, weights, selection=out_of_bag(weights)).predict(panel),
        drawn(panel, weights).predict(panel),
    )


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
    return balanced_panel(
        (n_entities, n_periods),
        outcome=np.sin(2 * X[:, 0]) + X[:, 0] * X[:, 1] + 0.5 * X[:, 2] + 0.3 * rng.normal(size=len(X)),
        X=X,
        columns=["exposure", "moderator", "size", "age"],
        n_moderators=1,
    )


@with_each_estimator
def test_the_chosen_candidate_has_the_least_error_in_the_table(estimator, panel):
    table = estimator.fit(panel).details()["search"]
    errors = table["selection_nmse"]
    assert table["chosen"].count(True) == 1
    assert errors[table["chosen"].index(True)] == min(errors)
    assert {len(column) for column in table.values()} == {len(errors)}


@with_each_estimator
def test_a_control_that_does_not_vary_is_left_out_and_noted(estimator, panel):
    constant = panel.with_column("size", 0.1)
    fit = estimator.fit(constant)
    assert [(note.code, note.where) for note in fit.notes] == [("W-CONSTANT", "size")]
    wild = constant.with_column("size", 1e3)
    np.testing.assert_array_equal(fit.predict(wild), fit.predict(constant))


all_estimators = pytest.mark.parametrize(
    "estimator", [*ESTIMATORS.values(), Boosting()], ids=[*ESTIMATORS.keys(), "boosting"]
)


@all_estimators
def test_an_outcome_that_does_not_vary_is_refused(estimator, panel):
    flat = replace(panel, observed=np.full(panel.n_obs, 0.3))
    with pytest.raises(EstimationError, match=r"outcome: has the single value 0\.3 in the 192 training rows"):
        estimator.fit(flat)


@all_estimators
def test_an_exposure_that_does_not_vary_is_refused(estimator, panel):
    with pytest.raises(EstimationError, match="exposure: has the single value 7 in the 192 training rows"):
        estimator.fit(panel.with_column("exposure", 7.0))


FEW = {
    "elastic_net": (ElasticNet(), 11, "9 training rows are too few .*at least 10"),
    "random_forest": (RandomForest(min_leaf=(8, 6)), 11, "9 training rows cannot .*6 rows.*at least 12"),
    "splines": (Splines(), 6, "5 training rows are too few for a constant and 4 columns.*at least 6"),
}


@pytest.mark.parametrize(("estimator", "n_rows", "message"), FEW.values(), ids=FEW.keys())
def test_too_few_rows_are_refused_with_their_number_and_a_remedy(estimator, n_rows, message, panel):
    few = replace(panel.take(np.arange(n_rows)), split_unit="row")
    with pytest.raises(EstimationError) as refused:
        estimator.fit(few)
    assert refused.match(f"(?s){message}")
    assert refused.value.hint
