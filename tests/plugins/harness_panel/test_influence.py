"""Which rows move the coefficients, against statsmodels and by leaving each row out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import OLSInfluence

from harness import Panel
from harness.plugin import random_stream
from harness_panel import Between, Classical, FirstDifference, FixedEffects, PooledOLS
from harness_panel.estimators.linear import influence
from panels import key_from, simulated_panel
from r_reference import r_panel


@pytest.fixture(scope="module")
def panel() -> Panel:
    base = simulated_panel(random_stream(111), n_entities=12, n_periods=6, share=0.7)
    industry = key_from("industry", random_stream(112).integers(0, 3, size=base.n_obs))
    weights = random_stream(113).uniform(0.5, 2.0, size=base.n_obs)
    return replace(base, groups=(industry,), weights=weights)


def fitted(panel: Panel, estimator):
    return estimator.fit(panel, rng=random_stream(0))


def test_the_influence_on_pooled_ols_is_that_of_statsmodels(panel):
    distance, leverage = influence(fitted(panel, PooledOLS()).regression)
    theirs = OLSInfluence(sm.OLS(panel.observed, sm.add_constant(panel.X)).fit())
    np.testing.assert_allclose(distance, theirs.cooks_distance[0], rtol=1e-9)
    np.testing.assert_allclose(leverage, theirs.hat_matrix_diag, rtol=1e-9)


@pytest.mark.parametrize(
    "estimator",
    [
        PooledOLS(Classical(), weighted=True),
        FixedEffects(("entity",), Classical()),
        FixedEffects(("entity", "time"), Classical()),
        FixedEffects(("entity", "time"), Classical(), absorb=("industry",), weighted=True),
    ],
    ids=["weighted", "entity", "twoway", "industry"],
)
def test_a_distance_is_how_far_coefficients_move_without_the_row(panel, estimator):
    fit = fitted(panel, estimator)
    table, alone = fit.coefficients(), estimator.for_folds()
    for row, distance in enumerate(influence(fit.regression)[0]):
        without = fitted(panel.take(np.delete(np.arange(panel.n_obs), row)), alone)
        gap = table.estimate - without.regression.estimate
        moved = gap @ np.linalg.solve(table.covariance, gap) / gap.size
        assert distance == pytest.approx(moved, rel=1e-6, abs=1e-12)


def test_the_outlier_of_grunfelds_firms_is_general_motors_in_its_last_year():
    table = fitted(r_panel("grunfeld"), PooledOLS()).details()["influence"]
    assert (table["entity"][0], table["period"][0]) == ("1", "1954")


@pytest.mark.parametrize("estimator", [Between(), FirstDifference()], ids=["between", "differences"])
def test_rows_of_an_equation_have_the_influence_they_have_in_it(panel, estimator):
    regression = fitted(panel, estimator).regression
    columns = (
        regression.panel.X if isinstance(estimator, FirstDifference) else sm.add_constant(regression.panel.X)
    )
    theirs = OLSInfluence(sm.OLS(regression.panel.observed, columns).fit())
    np.testing.assert_allclose(influence(regression)[0], theirs.cooks_distance[0], rtol=1e-8)
