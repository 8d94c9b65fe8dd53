"""Weighted fits against statsmodels' WLS on dummies, linearmodels and pyfixest, and the laws of weights."""

from __future__ import annotations

from dataclasses import replace

import linearmodels.panel as lm
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import harness_panel
from harness import EstimationError, Panel
from harness.plugin import Floats, draw_weights, random_stream
from harness_panel import Classical, Clustered, FirstDifference, FixedEffects, PooledOLS, Robust
from panels import diagnostics_of, key_from, simulated_panel

ESTIMATORS = {
    "pooled": PooledOLS(weighted=True),
    "entity": FixedEffects(("entity",), weighted=True),
    "time": FixedEffects(("time",), weighted=True),
    "entity and time": FixedEffects(("entity", "time"), weighted=True),
    "industry": FixedEffects((), absorb=("industry",), weighted=True),
    "entity, time, industry": FixedEffects(("entity", "time"), absorb=("industry",), weighted=True),
}
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
ALL = ESTIMATORS | {
    "difference": FirstDifference(weighted=True),
    "difference with a trend": FirstDifference(constant=True, weighted=True),
    "curved": harness_panel.PolynomialEffects(("entity", "time"), weighted=True),
}
every_estimator = pytest.mark.parametrize("estimator", ALL.values(), ids=ALL)


def weighed(panel: Panel) -> Panel:
    """Weights over three orders of magnitude, of which the errors' variance is one over."""
    weights = 10.0 ** random_stream(71).uniform(-1.5, 1.5, size=panel.n_obs)
    noise = random_stream(72).normal(size=panel.n_obs) / np.sqrt(weights)
    industry = random_stream(73).integers(0, 4, size=panel.n_obs)
    return replace(
        panel, observed=panel.observed + noise, weights=weights, groups=(key_from("industry", industry),)
    )


@pytest.fixture
def panel() -> Panel:
    return weighed(simulated_panel(random_stream(74), n_entities=18, n_periods=7, share=0.6))


def design(panel: Panel, estimator) -> Floats:
    """Columns, then independent dummies or a constant."""
    keys = {"entity": panel.entity, "time": panel.time}
    own = [keys[one] for one in getattr(estimator, "effects", ())]
    own += [panel.group(one) for one in getattr(estimator, "absorb", ())]
    columns = [np.ones(panel.n_obs)]
    for key in own:
        columns += [(key.codes == level).astype(np.float64) for level in np.unique(key.codes)[1:]]
    return np.column_stack([panel.X, *columns])


def wls(panel: Panel, estimator):
    return sm.WLS(panel.observed, design(panel, estimator), weights=panel.weights)


def slopes(table, panel: Panel):
    at = [table.terms.index(name) for name in panel.columns]
    return table.estimate[at], table.covariance[np.ix_(at, at)]


STATSMODELS = {
    "classical": (Classical(), {}),
    "HC0": (Robust("HC0"), {"cov_type": "HC0"}),
    "HC1": (Robust("HC1"), {"cov_type": "HC1"}),
    "HC2": (Robust("HC2"), {"cov_type": "HC2"}),
    "HC3": (Robust("HC3"), {"cov_type": "HC3"}),
}


@each_estimator
def test_tables_are_those_of_weighted_least_squares_on_dummies(panel, estimator):
    for covariance, options in STATSMODELS.values():
        expected = wls(panel, estimator).fit(**options)
        table = replace(estimator, covariance=covariance).fit(panel, rng=random_stream(0)).coefficients()
        estimate, own = slopes(table, panel)
        assert table.correction.df_resid == expected.df_resid
        np.testing.assert_allclose(estimate, expected.params[:3], rtol=1e-9)
        np.testing.assert_allclose(own, expected.cov_params()[:3, :3], rtol=1e-9, atol=1e-13)


@each_estimator
@pytest.mark.parametrize("by", [("entity",), ("time",), ("entity", "time")], ids=" and ".join)
def test_clustered_errors_are_those_of_weighted_least_squares_on_dummies(panel, estimator, by):
    """statsmodels counts the dummies in (n - 1) / (n - K), which `sss` does not."""
    codes = {"entity": panel.entity.codes, "time": panel.time.codes}
    groups = np.column_stack([codes[one] for one in by])
    theirs = wls(panel, estimator).fit(
        cov_type="cluster", cov_kwds={"groups": groups if len(by) > 1 else groups[:, 0]}
    )
    table = replace(estimator, covariance=Clustered(by)).fit(panel, rng=random_stream(0)).coefficients()
    if table.correction.kind.endswith("set to zero"):
        pytest.skip("a negative variance, which statsmodels leaves")
    factor = (panel.n_obs - theirs.model.rank) / (panel.n_obs - table.correction.n_coef)
    own = slopes(table, panel)[1]
    np.testing.assert_allclose(own, factor * theirs.cov_params()[:3, :3], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("constant", [False, True])
def test_differences_weigh_by_the_variance_of_both_rows_as_in_linearmodels(panel, constant):
    index = pd.MultiIndex.from_arrays([panel.entity.codes, panel.period], names=["entity", "time"])
    y, weights = (pd.Series(one, index=index, name="y") for one in (panel.observed, panel.weights))
    X = pd.DataFrame(panel.X, index=index, columns=list(panel.columns))
    if constant:
        X = X.assign(trend=panel.period.astype(float))
    expected = lm.FirstDifferenceOLS(y, X, weights=weights).fit()
    estimator = FirstDifference(constant=constant, covariance=Classical(), weighted=True)
    table = estimator.fit(panel, rng=random_stream(0)).coefficients()
    names = [name.replace("const", "trend") for name in table.terms]
    np.testing.assert_allclose(table.estimate, expected.params[names], rtol=1e-9)
    np.testing.assert_allclose(table.std_error, expected.std_errors[names], rtol=1e-9)


@each_estimator
def test_statistics_are_those_of_weighted_least_squares_on_dummies(panel, estimator):
    expected = wls(panel, estimator).fit()
    own = {one.name: one.value for one in estimator.fit(panel, rng=random_stream(0)).statistics()}
    np.testing.assert_allclose(own["log_likelihood"], expected.llf, rtol=1e-10)
    np.testing.assert_allclose(own["rss"], expected.ssr, rtol=1e-10)
    np.testing.assert_allclose(own["sigma"] ** 2, expected.scale, rtol=1e-10)
    np.testing.assert_allclose(own["r2_dummies"], expected.rsquared, rtol=1e-10)
    np.testing.assert_allclose(own["r2_dummies_adjusted"], expected.rsquared_adj, rtol=1e-9)
    if isinstance(estimator, PooledOLS):
        np.testing.assert_allclose(own["r2"], expected.rsquared, rtol=1e-10)


@each_estimator
def test_the_test_of_effects_compares_weighted_fits(panel, estimator):
    effects = replace(estimator) if hasattr(estimator, "effects") else FixedEffects(weighted=True)
    full, pooled = wls(panel, effects).fit(), wls(panel, PooledOLS()).fit()
    expected, p_value, df = full.compare_f_test(pooled)
    own = diagnostics_of(estimator.fit(panel, rng=random_stream(0)))["f_effects"]
    np.testing.assert_allclose([own.statistic, own.df[0]], [expected, df], rtol=1e-9)
    np.testing.assert_allclose(own.p_value, p_value, rtol=1e-8)


def test_tests_without_a_weighted_form_are_refused(panel):
    for estimator, name in (
        (PooledOLS(weighted=True), "breusch_pagan"),
        (FixedEffects(weighted=True), "hausman"),
    ):
        own = diagnostics_of(estimator.fit(panel, rng=random_stream(0)))[name]
        assert own.reason == "the test is not defined with weights"
        alike = replace(panel, weights=np.full(panel.n_obs, 3.0))
        own = diagnostics_of(estimator.fit(alike, rng=random_stream(0)))[name]
        assert own.statistic > 0


# A difference counts as often as the less frequent of its rows: both, where entities are drawn.
DRAWN = [(name, "entity") for name in ALL] + [("entity and time", "row")]


@pytest.mark.parametrize(("name", "unit"), DRAWN)
def test_draws_multiply_the_weights(panel, name, unit):
    """A fit whose weights are the products is the draw."""
    counts = draw_weights(panel, 4, unit=unit, rng=random_stream(76))
    predicted = (
        ALL[name].fit_draws(panel, weights=counts, selection=None, rng=random_stream(0)).predict(panel)
    )
    for draw, own in enumerate(counts * panel.weights):
        used = np.flatnonzero(own > 0)
        rows = replace(panel.take(used), weights=own[used])
        expected = ALL[name].fit(rows, rng=random_stream(0)).predict(panel.take(used))
        np.testing.assert_allclose(predicted[draw, used], expected, rtol=1e-7, atol=1e-7)


@every_estimator
def test_weights_that_the_panel_lacks_and_those_that_are_none_are_refused(panel, estimator):
    with pytest.raises(EstimationError, match="the panel has none") as caught:
        estimator.fit(replace(panel, weights=None), rng=random_stream(0))
    assert "roles.weights" in caught.value.hint
    for bad in (0.0, -1.0, np.nan, np.inf):
        weights = panel.weights.copy()
        weights[[2, 5]] = bad
        with pytest.raises(EstimationError, match=f"2 of {panel.n_obs} are zero, negative or not numbers"):
            estimator.fit(replace(panel, weights=weights), rng=random_stream(0))
