"""Random effects, between and first differences against R's plm."""

from dataclasses import replace
from itertools import product

import html5lib
import maketables
import numpy as np
import pandas as pd
import pytest
from docx import Document
from statsmodels.datasets import grunfeld

import harness
from harness import Panel
from harness.plugin import random_stream
from harness_panel import (
    Between,
    Classical,
    Clustered,
    DriscollKraay,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PooledOLS,
    RandomEffects,
    Robust,
    WildCluster,
)
from harness_panel.estimators.transformed import DIFFERENCES
from harness_panel.library import LibraryData, report_of
from harness_panel.solver.equation import Centring, Equation, Pairs
from harness_panel.solver.within import Absorber
from panels import key_from, simulated_panel
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


# Every estimator with a table, as a script uses it: options, panel, table.
EVERY = {
    "Pooled OLS": PooledOLS(weighted=True),
    "Fixed effects": FixedEffects(("entity", "time"), DriscollKraay(2), absorb=("industry",)),
    "Correlated random effects": Mundlak(WildCluster(draws=99)),
}


@pytest.fixture(scope="module")
def panel() -> Panel:
    base = simulated_panel(random_stream(91), share=0.8)
    industry = key_from("industry", random_stream(93).integers(0, 3, size=base.n_obs))
    weights = random_stream(94).uniform(0.5, 2.0, size=base.n_obs)
    return replace(base, groups=(industry,), weights=weights)


@pytest.mark.parametrize("title", EVERY)
def test_a_fit_shows_itself_in_a_notebook(panel, title):
    fitted = EVERY[title].fit(panel, rng=random_stream(0))
    page = fitted._repr_html_()
    html5lib.HTMLParser(strict=False).parseFragment(page)
    assert title in page
    table = fitted.coefficients()
    for term, estimate, error in zip(table.terms, table.estimate, table.std_error, strict=True):
        assert term in page
        assert f"<td>{estimate:.6g}</td>" in page
        assert f"<td>{error:.6g}</td>" in page
    assert fitted.how in page
    assert ("rows weighted" in page) == (title == "Pooled OLS")
    assert ("industry" in page) == title.startswith("Fixed")


@pytest.mark.parametrize("title", EVERY)
def test_a_fit_has_what_maketables_asks_for(panel, title, tmp_path):
    """The protocol of its documents, without a class of maketables' own."""
    fitted = EVERY[title].fit(panel, rng=random_stream(0))
    frame = fitted.__maketables_coef_table__
    assert {"b", "se", "t", "p", "ci95l", "ci95u"} <= set(frame.columns)
    assert tuple(frame.index) == fitted.coefficients().terms
    assert fitted.__maketables_depvar__ == "outcome"
    assert fitted.__maketables_stat__("N") == fitted.regression.panel.n_obs
    assert 0.0 <= fitted.__maketables_stat__("r2") <= 1.0
    assert fitted.__maketables_stat__("no such statistic") is None
    alone = maketables.ETable([fitted])
    for kind in ("tex", "html"):
        assert f"{frame['b'].iloc[0]:.3f}" in str(alone.make(kind))
    alone.save("docx", str(tmp_path / "one.docx"), show=False)
    (grid,) = Document(str(tmp_path / "one.docx")).tables
    shown = [cell.text for row in grid.rows for cell in row.cells]
    assert any(f"{frame['b'].iloc[0]:.3f}" in text for text in shown)


def test_a_script_fits_a_table_and_reads_its_coefficients(capsys):
    """As least squares on dummies of every entity gives them."""
    frame = grunfeld.load_pandas().data
    columns = {"outcome": "invest", "exposure": "value", "controls": ["capital"]}
    panel = harness.panel_from_frame(frame, entity="firm", time="year", **columns)
    fitted = FixedEffects(effects=["entity"]).fit(panel)
    X = np.column_stack([frame[["value", "capital"]], pd.get_dummies(frame["firm"], dtype=float)])
    slopes, *_ = np.linalg.lstsq(X, frame["invest"].to_numpy())
    assert fitted.coef.to_dict() == pytest.approx(dict(zip(("value", "capital"), slopes, strict=False)))
    ordered = frame.assign(fitted=X @ slopes).sort_values(["firm", "year"])
    assert fitted.predict(panel) == pytest.approx(ordered["fitted"].to_numpy())
    assert fitted.std_error.to_numpy() == pytest.approx(fitted.coefficients().std_error)
    fitted.summary()
    assert f"{slopes[0]:.6g}" in capsys.readouterr().out


def test_a_name_with_markup_stays_a_name():
    panel = simulated_panel(random_stream(92), n_columns=1)
    script = "<script>alert(1)</script>"
    entity = replace(panel.entity, name=script)
    hostile = replace(panel, exposure=script, outcome="<b>y</b>", entity=entity)
    page = FixedEffects().fit(hostile, rng=random_stream(0))._repr_html_()
    assert "<script>" not in page
    assert "<b>y</b>" not in page
