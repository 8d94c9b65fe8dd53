"""Laws that all estimators of this plugin keep, and rows that all of them refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import EstimationError, Panel
from harness.plugin import random_stream
from harness_sklearn import Boosting, ElasticNet, RandomForest, Splines
from panels import panel_from_arrays

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
