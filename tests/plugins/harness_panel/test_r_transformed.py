"""Random effects, between and first differences against R's plm."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from harness import Panel
from harness.plugin import random_stream
from harness_panel import Between, Classical, Clustered, DriscollKraay, FirstDifference, RandomEffects, Robust
from harness_panel.estimators.transformed import DIFFERENCES
from harness_panel.library import LibraryData, report_of
from harness_panel.solver.equation import Centring, Equation, Pairs
from harness_panel.solver.within import Absorber
from r_reference import PANELS, in_order, r_panel, reference

BOTH = ("entity", "time")
COVARIANCES = {
    "classical": Classical(),
    "white1_HC0": Robust("HC0"),
    "cl_entity_HC0": Clustered(correction="none"),
    "cl_entity_sss": Clustered(),
    "cl_time_HC0": Clustered(("time",), correction="none"),
    "cl_twoway_HC0": Clustered(BOTH, correction="none"),
    "cl_twoway_sss": Clustered(BOTH),
    "dk_HC0_lag2": DriscollKraay(2),
}

# plm's HC1 multiplies by n / (N - K) with N the rows before differencing, which shrinks the variance.
OTHERWISE_DEFINED = {"white1_HC1": Robust("HC0"), "dk_HC1_lag2": DriscollKraay(2)}
NOT_OFFERED = {"nw_HC0_lag2"}

ESTIMATORS = {
    "re_swar": lambda covariance: RandomEffects(covariance),
    "fd": lambda covariance: FirstDifference(covariance=covariance),
    "fd_intercept": lambda covariance: FirstDifference(constant=True, covariance=covariance),
}


def by_row(panel: Panel) -> Panel:
    """The panel as plm differences it: an entity's rows are adjacent whatever lies between them."""
    firsts = np.unique(panel.entity.codes, return_index=True)[1]
    period = np.arange(panel.n_obs) - firsts[panel.entity.codes]
    return replace(panel, period=period, groups=(replace(panel.time, name="calendar"),))


def fit(panel: str, model: str, covariance):
    rows = r_panel(panel)
    if panel == "edge" and model != "re_swar":
        rows = by_row(rows)
        if isinstance(covariance, Clustered):
            by = tuple("calendar" if key == "time" else key for key in covariance.by)
            covariance = replace(covariance, by=by)
    return ESTIMATORS[model](covariance).fit(rows, rng=random_stream(0))


@pytest.mark.parametrize(("panel", "model"), list(product(PANELS, ESTIMATORS)))
def test_coefficients_and_degrees_of_freedom(panel, model):
    expected = reference()[panel][model]
    fitted = fit(panel, model, Classical())
    table = fitted.coefficients()
    assert set(table.terms) == {name.replace("(Intercept)", "const") for name in expected["coef"]}
    np.testing.assert_allclose(table.estimate, in_order(expected["coef"], table.terms), rtol=1e-9)
    np.testing.assert_allclose(fitted.regression.rss, expected["rss"], rtol=1e-10)
    assert (table.correction.df_resid, table.correction.n_obs) == (expected["df_resid"], expected["nobs"])


# Differences across gaps at their calendar periods, which no panel of ours has.
LAGS_OF_ROWS = {("edge", "fd"), ("edge", "fd_intercept")}


def compared(panel: str, model: str, names) -> list[str]:
    return [name for name in names if not ((panel, model) in LAGS_OF_ROWS and name.startswith("dk"))]


@pytest.mark.parametrize(("panel", "model"), list(product(PANELS, ESTIMATORS)))
def test_standard_errors(panel, model):
    for name in compared(panel, model, COVARIANCES):
        table = fit(panel, model, COVARIANCES[name]).coefficients()
        expected = in_order(reference()[panel][model]["se"][name], table.terms)
        rtol = 1e-9 if name == "classical" else 1e-8
        np.testing.assert_allclose(table.std_error, expected, rtol=rtol, err_msg=name)
    for name in compared(panel, model, OTHERWISE_DEFINED):
        table = fit(panel, model, OTHERWISE_DEFINED[name]).coefficients()
        factor = table.correction.n_obs / (r_panel(panel).n_obs - table.correction.n_coef)
        expected = in_order(reference()[panel][model]["se"][name], table.terms)
        np.testing.assert_allclose(np.sqrt(factor) * table.std_error, expected, rtol=1e-8, err_msg=name)


@pytest.mark.parametrize("model", ["fd", "fd_intercept"])
def test_lags_of_differences_across_gaps_are_those_of_the_calendar(model):
    """plm's differences of adjacent rows, at the calendar periods of the later ones."""
    rows, expected = r_panel("edge"), reference()["edge"][model]
    changes = Pairs.of(by_row(rows)).differenced(rows)
    absorber = Absorber(()) if model == "fd" else Absorber.constant(changes.n_obs)
    equation = Equation(changes, Centring.at_zero(rows), absorber, np.ones(changes.n_obs))
    data = LibraryData(changes, equation.regression())
    report = report_of(DIFFERENCES, data, DriscollKraay(2), rng=random_stream(0))
    table = report.table
    factor = changes.n_obs / (rows.n_obs - table.correction.n_coef)
    for name, of_variance in (("dk_HC0_lag2", 1.0), ("dk_HC1_lag2", factor)):
        own = np.sqrt(of_variance) * table.std_error
        np.testing.assert_allclose(own, in_order(expected["se"][name], table.terms), rtol=1e-8)


def test_every_standard_error_of_the_reference_is_compared():
    for panel, model in product(PANELS, ESTIMATORS):
        assert set(reference()[panel][model]["se"]) == {*COVARIANCES, *OTHERWISE_DEFINED, *NOT_OFFERED}


@pytest.mark.parametrize("panel", PANELS)
def test_hc1_of_random_effects_is_n_over_n_less_k(panel):
    expected = reference()[panel]["re_swar"]["se"]["white1_HC1"]
    table = fit(panel, "re_swar", Robust("HC1")).coefficients()
    np.testing.assert_allclose(table.std_error, in_order(expected, table.terms), rtol=1e-8)


@pytest.mark.parametrize("panel", PANELS)
def test_variance_components_of_swamy_and_arora(panel):
    expected = reference()[panel]["re_swar"]
    components = fit(panel, "re_swar", Classical()).equation.components
    np.testing.assert_allclose(components.idiosyncratic, expected["sigma2"]["idios"], rtol=1e-10)
    np.testing.assert_allclose(components.entity, expected["sigma2"]["id"], rtol=1e-10)
    theta, by_row = expected["theta"], components.theta[r_panel(panel).entity.codes]
    if isinstance(theta, float):
        np.testing.assert_allclose(components.theta, theta, rtol=1e-10)
    else:
        summary = [by_row.min(), by_row.mean(), by_row.max()]
        np.testing.assert_allclose(summary, [theta["min"], theta["mean"], theta["max"]], rtol=1e-10)


@pytest.mark.parametrize("panel", PANELS)
def test_between(panel):
    expected = reference()[panel]["between"]
    fitted = Between().fit(r_panel(panel), rng=random_stream(0))
    table = fitted.coefficients()
    np.testing.assert_allclose(table.estimate, in_order(expected["coef"], table.terms), rtol=1e-9)
    classical = in_order(expected["se"]["classical"], table.terms)
    np.testing.assert_allclose(table.std_error, classical, rtol=1e-9)
    np.testing.assert_allclose(fitted.regression.rss, expected["rss"], rtol=1e-10)
    assert (table.correction.df_resid, table.correction.n_obs) == (expected["df_resid"], expected["nobs"])


def test_a_gap_in_time_gives_no_difference():
    """Of the panel with gaps, plm differences 812 pairs of rows, of which 793 are one period apart."""
    rows = r_panel("edge")
    assert reference()["edge"]["fd"]["nobs"] == 812
    assert FirstDifference().fit(rows, rng=random_stream(0)).coefficients().correction.n_obs == 793
    assert FirstDifference().fit(by_row(rows), rng=random_stream(0)).coefficients().correction.n_obs == 812
