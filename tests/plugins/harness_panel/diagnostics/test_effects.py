"""Statistics and tests of fits and of data against R, linearmodels, esda and second implementations."""

from __future__ import annotations

import warnings
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
    DataDiagnostics,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PooledOLS,
    RandomEffects,
)
from harness_panel.diagnostics import effects
from harness_panel.diagnostics.unit_roots import unit_root_tests
from harness_panel.estimators.linear import influence
from harness_panel.spatial.estimator import Neighbours
from panels import diagnostics_of, key_from, simulated_panel
from r_reference import R_FOLDER, r_panel, reference

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
    return estimator.fit(panel)


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


def panel_and_tests():
    panel = simulated_panel(random_stream(4), n_entities=30, n_periods=8)
    places = random_stream(5).uniform((25, 90), (45, 120), size=(30, 2))
    panel = replace(panel, coordinates=places[panel.entity.codes])
    found = pd.DataFrame(DataDiagnostics().answer_of(panel, rng=random_stream(0))["data_tests"])
    return panel, found.set_index(["test", "variable", "period"]).sort_index()


def test_inflation_is_the_inverse_of_correlations():
    panel, tests = panel_and_tests()
    inverse = np.diag(np.linalg.inv(np.corrcoef(panel.X.T)))
    assert tests.loc["vif"]["statistic"].to_numpy() == pytest.approx(inverse, rel=1e-9)
    assert set(tests.loc["im_pesaran_shin"]["status"]) == {"ok"}


def test_dependence_of_errors_is_that_of_r():
    """By plm's pcdtest of its within model, test cd, and by least squares of differences on produc."""
    found = DataDiagnostics().answer_of(r_panel("produc"), rng=random_stream(0))["data_tests"]
    own = {row["test"]: row["statistic"] for row in found}
    assert own["cross_section_dependence"] == pytest.approx(30.3685013093, rel=1e-9)
    assert own["serial_correlation"] == pytest.approx(115.819410729, rel=1e-9)


@pytest.mark.slow
def test_morans_i_by_period_is_that_of_esda():
    panel, tests = panel_and_tests()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda import Moran
        from libpysal.weights import W

        for rows, matrix in Neighbours().matrices(panel):
            near = {at: np.flatnonzero(own).tolist() for at, own in enumerate(matrix)}
            expected = Moran(panel.observed[rows], W(near, silence_warnings=True), permutations=0)
            period = panel.time.labels[panel.time.codes[rows[0]]]
            found = tests.loc["moran", panel.outcome, period]
            assert found["statistic"] == pytest.approx(expected.I, rel=1e-9)
            assert found["p_value"] == pytest.approx(expected.p_norm, rel=1e-6)


# By unit_roots.R: Im-Pesaran-Shin, Levin-Lin-Chu.
PLM = {
    0: (2.64870138516, 3.54615279034),
    1: (2.55019041018, 4.04333154724),
    2: (4.49194015999, 7.45926949268),
}


@pytest.fixture(scope="module")
def investment() -> pd.DataFrame:
    return pd.read_csv(R_FOLDER / "data" / "grunfeld.csv")


def rows_of(frame, **options):
    frame = frame.sample(frac=1.0, random_state=1)
    return unit_root_tests(frame["inv"], frame["firm"], frame["year"], **options)


@pytest.mark.parametrize("lags", PLM)
def test_statistics_are_those_of_plm(investment, lags):
    found = rows_of(investment, lags=lags)
    np.testing.assert_allclose([row.statistic for row in found], PLM[lags], rtol=1e-10)
    assert [row.p_value for row in found] == pytest.approx(stats.norm.cdf(PLM[lags]), rel=1e-9)
    assert [bool(row.caution) for row in found] == [False, True]


def test_short_series_have_their_own_moments(investment):
    short = rows_of(investment.query("year < 1943"))[0]
    assert short.statistic == pytest.approx(-1.83678027227, rel=1e-10)


@pytest.mark.parametrize(
    ("query", "options", "reasons"),
    [
        ("year != 1940", {}, ("series of 1 has a gap", "series of 1 has a gap")),
        ("year < 1940 or firm != 3", {}, ("series of 3 has 5 periods: too few", "series of 3 has 5 periods")),
        ("year < 1950 or firm != 3", {}, ("", "balanced")),
        ("year < 1945", {"lags": 1}, ("no moments are tabulated for 10 periods with 1 lags", "")),
        ("year < 1945", {"lags": 6}, ("10 periods: too few for 6", "10 periods: too few for 6")),
    ],
)
def test_refusals_name_their_reason(investment, query, options, reasons):
    found = rows_of(investment.query(query), **options)
    for row, reason in zip(found, reasons, strict=True):
        assert reason in row.reason
        assert (row.statistic is None) == bool(reason)


@pytest.mark.parametrize("line", [np.zeros(20), np.arange(20.0), np.r_[np.zeros(19), 1.0]])
def test_series_without_variation_are_refused(investment, line):
    flat = investment.assign(inv=np.where(investment.firm == 2, np.tile(line, 10), investment.inv))
    assert "the series of 2 varies too little" in rows_of(flat)[0].reason
