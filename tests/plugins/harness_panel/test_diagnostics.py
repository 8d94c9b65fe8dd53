"""Statistics and tests of fits against R, linearmodels and second implementations."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.diagnostic import het_breuschpagan, het_white, linear_reset
from statsmodels.stats.outliers_influence import OLSInfluence

import harness_panel
from harness import Panel
from harness.plugin import random_stream
from harness_panel import (
    Between,
    Classical,
    Clustered,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PooledOLS,
    RandomEffects,
)
from harness_panel.diagnostics import effects
from harness_panel.estimators.linear import influence
from panels import diagnostics_of, key_from, panel_from_arrays, simulated_panel
from r_reference import r_panel, reference

ESTIMATORS = {
    "pooled": PooledOLS(Classical()),
    "fe_entity": FixedEffects(("entity",), Classical()),
    "fe_time": FixedEffects(("time",), Classical()),
    "fe_twoway": FixedEffects(("entity", "time"), Classical()),
    "re_swar": RandomEffects(Classical()),
    "between": harness_panel.Between(),
    "fd": harness_panel.FirstDifference(covariance=Classical()),
    "fd_intercept": harness_panel.FirstDifference(constant=True, covariance=Classical()),
}
DUMMIES = {
    "pooled": "lm_pooled",
    "fe_entity": "lsdv_entity",
    "fe_time": "lsdv_time",
    "fe_twoway": "lsdv_twoway",
}


def by_row(panel: Panel) -> Panel:
    """The panel as plm differences it: an entity's rows are adjacent whatever lies between them."""
    firsts = np.unique(panel.entity.codes, return_index=True)[1]
    return replace(panel, period=np.arange(panel.n_obs) - firsts[panel.entity.codes])


def fitted(panel: Panel, estimator):
    return estimator.fit(panel, rng=random_stream(0))


def values(fit) -> dict[str, float]:
    return {statistic.name: statistic.value for statistic in fit.statistics()}


@pytest.mark.parametrize(("panel", "model"), list(product(("wage", "edge"), ESTIMATORS)))
def test_shares_of_variance_and_f_are_those_of_plm(panel, model):
    rows = by_row(r_panel(panel)) if model.startswith("fd") else r_panel(panel)
    expected, fit = reference()[panel][model], fitted(rows, ESTIMATORS[model])
    np.testing.assert_allclose(values(fit)["r2"], expected["r2_plm"], rtol=1e-9)
    np.testing.assert_allclose(values(fit)["r2_adjusted"], expected["r2_adj_plm"], rtol=1e-9)
    slopes = diagnostics_of(fit)["slopes"]
    per_degree = slopes.df[0] if model == "re_swar" else 1  # plm reports a chi-squared for random effects
    np.testing.assert_allclose(slopes.statistic * per_degree, expected["fstat"], rtol=1e-8)


@pytest.mark.parametrize(("panel", "model"), list(product(("wage", "edge"), DUMMIES)))
def test_likelihoods_are_those_of_lm_on_dummies(panel, model):
    expected, own = reference()[panel][DUMMIES[model]], values(fitted(r_panel(panel), ESTIMATORS[model]))
    assert own["n_parameters"] == expected["loglik_df"]
    pairs = {
        "log_likelihood": "loglik",
        "aic": "aic",
        "bic": "bic",
        "r2_dummies": "r2",
        "r2_dummies_adjusted": "r2_adj",
        "sigma": "sigma",
    }
    for name, theirs in pairs.items():
        np.testing.assert_allclose(own[name], expected[theirs], rtol=1e-10, err_msg=name)


@pytest.mark.parametrize(
    ("model", "name", "theirs"),
    [
        ("fe_entity", "f_effects", "pFtest_entity"),
        ("fe_twoway", "f_effects", "pFtest_twoway"),
        ("re_swar", "hausman", "hausman"),
        ("pooled", "breusch_pagan", "bp_lm_entity"),
    ],
)
@pytest.mark.parametrize("panel", ["grunfeld", "wage", "edge"])
def test_tests_are_those_of_plm(panel, model, name, theirs):
    own, expected = (
        diagnostics_of(fitted(r_panel(panel), ESTIMATORS[model]))[name],
        reference()[panel]["tests"][theirs],
    )
    np.testing.assert_allclose(own.statistic, expected["stat"], rtol=1e-8)
    np.testing.assert_allclose(own.df, np.ravel(expected["df"]))
    np.testing.assert_allclose(own.p_value, expected["p"], rtol=1e-5, atol=1e-300)


@pytest.mark.parametrize("panel", ["produc", "empluk", "edge"])
def test_a_hausman_statistic_without_a_distribution_carries_a_caution(panel):
    assert (
        "not positive definite" in diagnostics_of(fitted(r_panel(panel), RandomEffects()))["hausman"].caution
    )
    assert not diagnostics_of(fitted(r_panel("wage"), RandomEffects()))["hausman"].caution


@pytest.fixture
def panel() -> Panel:
    return simulated_panel(random_stream(81), n_entities=25, n_periods=9, share=0.6)


def residual_pairs(panel: Panel):
    """First-difference residuals and those one period before, by statsmodels."""
    frame = pd.DataFrame(panel.X, columns=list(panel.columns)).assign(
        y=panel.observed, entity=panel.entity.codes, period=panel.period
    )
    earlier = frame.assign(period=frame["period"] + 1)
    both = frame.merge(earlier, on=["entity", "period"], suffixes=("", "_before"))
    change = np.column_stack([both[name] - both[f"{name}_before"] for name in (*panel.columns, "y")])
    both["e"] = sm.OLS(change[:, -1], change[:, :-1]).fit().resid
    lagged = both[["entity", "period", "e"]].assign(period=both["period"] + 1)
    return both[["entity", "period", "e"]].merge(lagged, on=["entity", "period"], suffixes=("", "_before"))


def test_serial_correlation_is_the_regression_of_wooldridge(panel):
    pairs = residual_pairs(panel)
    result = sm.OLS(pairs["e"], pairs[["e_before"]]).fit(
        cov_type="cluster", cov_kwds={"groups": pairs["entity"]}, use_t=True
    )
    expected = result.f_test("e_before = -0.5")
    own = diagnostics_of(fitted(panel, FixedEffects()))["serial_correlation"]
    np.testing.assert_allclose(own.statistic, float(np.squeeze(expected.fvalue)), rtol=1e-9)
    np.testing.assert_allclose(own.p_value, float(expected.pvalue), rtol=1e-8)
    assert own.df == (1, pairs["entity"].nunique() - 1)


def test_cross_section_dependence_is_the_sum_over_pairs(panel):
    fit = fitted(panel, FixedEffects())
    table = pd.DataFrame(
        {"entity": panel.entity.codes, "period": panel.period, "e": panel.observed - fit.predict(panel)}
    ).pivot_table(values="e", index="entity", columns="period")
    terms = []
    for one, other in combinations(table.index, 2):
        both = table.loc[[one, other]].dropna(axis=1)
        if both.shape[1] >= 3:
            terms.append(np.sqrt(both.shape[1]) * np.corrcoef(both.loc[one], both.loc[other])[0, 1])
    own = diagnostics_of(fit)["cross_section_dependence"]
    np.testing.assert_allclose(own.statistic, np.sum(terms) / np.sqrt(len(terms)), rtol=1e-9)
    np.testing.assert_allclose(own.p_value, 2 * stats.norm.sf(abs(own.statistic)), rtol=1e-12)


def test_the_mundlak_form_is_the_wald_test_of_entity_means(panel):
    table = fitted(panel, Mundlak(Clustered())).coefficients()
    slopes, spread = table.estimate[4:], table.covariance[4:, 4:]
    expected = slopes @ np.linalg.inv(spread) @ slopes
    for estimator in (RandomEffects(), Mundlak(Clustered())):
        own = diagnostics_of(fitted(panel, estimator))["mundlak"]
        np.testing.assert_allclose(own.statistic, expected, rtol=1e-9)
        assert (own.distribution, own.df) == ("chi2", (3,))


@pytest.mark.slow
def test_tests_have_their_size_and_power():
    """200 panels without effects or dependence at level 0.05; then one with each."""
    rejected = dict.fromkeys(
        ["f_effects", "breusch_pagan", "serial_correlation", "cross_section_dependence"], 0
    )
    rng = random_stream(82)
    entity, period = (axis.ravel() for axis in np.indices((30, 10)))
    for _ in range(200):
        X = rng.normal(size=(300, 2))
        rows = panel_from_arrays(entity=entity, period=period, outcome=X[:, 0] + rng.normal(size=300), X=X)
        own = diagnostics_of(fitted(rows, PooledOLS()))
        for name in rejected:
            rejected[name] += own[name].p_value <= 0.05
    for name, count in rejected.items():
        assert 0.01 <= count / 200 <= 0.11, name
    shocks = rng.normal(size=10)[period] + rng.normal(size=30)[entity]
    walk = np.cumsum(rng.normal(size=(30, 10)), axis=1).ravel()
    rows = panel_from_arrays(entity=entity, period=period, outcome=X[:, 0] + 2.0 * shocks + walk, X=X)
    own = diagnostics_of(fitted(rows, PooledOLS()))
    assert all(own[name].p_value < 1e-3 for name in rejected)


def test_what_rows_cannot_carry_is_refused_with_its_reason():
    panel = simulated_panel(random_stream(83), n_entities=10, n_periods=2)
    own = diagnostics_of(fitted(panel, PooledOLS()))
    assert "two adjacent periods" in own["serial_correlation"].reason
    assert "three periods in common" in own["cross_section_dependence"].reason
    columns = fitted(panel, PooledOLS()).details()["diagnostics"]
    at = columns["test"].index("serial_correlation")
    assert columns["status"][at] == "refused"
    assert columns["p_value"][at] is None


def test_tests_of_pooled_errors_are_those_of_statsmodels_on_raw_columns():
    panel = r_panel("wage")
    design = sm.add_constant(panel.X)
    raw = sm.OLS(panel.observed, design).fit()
    own = diagnostics_of(fitted(panel, PooledOLS()))
    expected = {
        "heteroscedasticity": het_breuschpagan(raw.resid, design)[:2],
        "reset": (lambda test: (test.fvalue, test.pvalue))(linear_reset(raw, power=3, use_f=True)),
    }
    assert own["white"].df[0] < design.shape[1] * (design.shape[1] + 1) // 2 - 1  # squares of dummies
    for name, (statistic, p_value) in expected.items():
        np.testing.assert_allclose(own[name].statistic, statistic, rtol=1e-6, err_msg=name)
        np.testing.assert_allclose(own[name].p_value, float(p_value), rtol=1e-4, atol=1e-300, err_msg=name)


def test_white_is_that_of_statsmodels_and_refused_with_many_columns():
    panel = simulated_panel(random_stream(71), n_entities=40, n_periods=6)
    design = sm.add_constant(panel.X)
    statistic, p_value, *_ = het_white(sm.OLS(panel.observed, design).fit().resid, design)
    own = diagnostics_of(fitted(panel, PooledOLS()))["white"]
    np.testing.assert_allclose([own.statistic, own.p_value], [statistic, p_value], rtol=1e-8)
    few = simulated_panel(random_stream(71), n_entities=8, n_periods=3)
    assert "more than a third" in diagnostics_of(fitted(few, PooledOLS()))["white"].reason


def test_white_is_refused_where_its_products_would_fill_the_memory(monkeypatch):
    panel = simulated_panel(random_stream(71), n_entities=40, n_periods=6)
    n_terms = (panel.X.shape[1] + 1) * (panel.X.shape[1] + 2) // 2
    monkeypatch.setattr(effects, "MOST_PRODUCTS", n_terms * panel.n_obs)
    assert diagnostics_of(fitted(panel, PooledOLS()))["white"].df[0] > 0
    monkeypatch.setattr(effects, "MOST_PRODUCTS", n_terms * panel.n_obs - 1)
    refused = diagnostics_of(fitted(panel, PooledOLS()))["white"]
    assert f"{n_terms} squares and products of regressors in 240 rows" in refused.reason


@pytest.fixture(scope="module")
def influence_panel() -> Panel:
    base = simulated_panel(random_stream(111), n_entities=12, n_periods=6, share=0.7)
    industry = key_from("industry", random_stream(112).integers(0, 3, size=base.n_obs))
    weights = random_stream(113).uniform(0.5, 2.0, size=base.n_obs)
    return replace(base, groups=(industry,), weights=weights)


def test_the_influence_on_pooled_ols_is_that_of_statsmodels(influence_panel):
    distance, leverage = influence(fitted(influence_panel, PooledOLS()).regression)
    theirs = OLSInfluence(sm.OLS(influence_panel.observed, sm.add_constant(influence_panel.X)).fit())
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
def test_a_distance_is_how_far_coefficients_move_without_the_row(influence_panel, estimator):
    fit = fitted(influence_panel, estimator)
    table, alone = fit.coefficients(), estimator.for_folds()
    for row, distance in enumerate(influence(fit.regression)[0]):
        without = fitted(influence_panel.take(np.delete(np.arange(influence_panel.n_obs), row)), alone)
        gap = table.estimate - without.regression.estimate
        moved = gap @ np.linalg.solve(table.covariance, gap) / gap.size
        assert distance == pytest.approx(moved, rel=1e-6, abs=1e-12)


def test_the_outlier_of_grunfelds_firms_is_general_motors_in_its_last_year():
    table = fitted(r_panel("grunfeld"), PooledOLS()).details()["influence"]
    assert (table["entity"][0], table["period"][0]) == ("1", "1954")


@pytest.mark.parametrize("estimator", [Between(), FirstDifference()], ids=["between", "differences"])
def test_rows_of_an_equation_have_the_influence_they_have_in_it(influence_panel, estimator):
    regression = fitted(influence_panel, estimator).regression
    columns = (
        regression.panel.X if isinstance(estimator, FirstDifference) else sm.add_constant(regression.panel.X)
    )
    theirs = OLSInfluence(sm.OLS(regression.panel.observed, columns).fit())
    np.testing.assert_allclose(influence(regression)[0], theirs.cooks_distance[0], rtol=1e-8)
